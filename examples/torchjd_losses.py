"""Position, radius and brightness of a blob, read from its picture.

Three losses on the same pictures, any layers: TorchJD finds the Jacobian.
"""

import torch
from torch import nn
from torchjd.autojac import backward, jac_to_grad

from hrgradlib import HRGrad, HRGradAggregator, TaskGradients

PIXELS = torch.linspace(-1, 1, 12)


def sample(count):
    position, radius = torch.rand(count, 2) - 0.5, torch.rand(count, 1)
    radius, brightness = 0.1 + 0.3 * radius, 1 + 2 * torch.rand(count, 1)
    away = (PIXELS - position[..., None]) / radius[..., None]
    x, y = torch.exp(-0.5 * away**2).unbind(1)
    pictures = brightness[..., None] * x[:, :, None] * y[:, None]
    return pictures[:, None], (position, radius, brightness)


def losses(model, count):
    pictures, truths = sample(count)
    pairs = zip(model(pictures).split([2, 1, 1], 1), truths, strict=True)
    return [nn.functional.mse_loss(found, truth) for found, truth in pairs]


def train(method, steps=300):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(),
        nn.Flatten(), nn.LayerNorm(256), nn.Linear(256, 32), nn.ReLU(),
        nn.Linear(32, 4))  # fmt: skip
    parameters = list(model.parameters())
    kind = HRGrad if method == "HRGrad" else torch.optim.Adam
    optimizer = kind(parameters, lr=5e-3, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        if method == "sum":
            sum(losses(model, 64)).backward()
            optimizer.step()
        else:
            backward(losses(model, 64))  # fills p.jac, [K, *p.shape]
            if method == "aggregator":
                jac_to_grad(parameters, HRGradAggregator())  # .jac to .grad
                optimizer.step()
            else:
                optimizer.step(TaskGradients.from_jac(parameters))
        schedule.step()
    with torch.no_grad():
        spreads = [truth.var(0).mean() for truth in sample(2000)[1]]
        left = zip(losses(model, 2000), spreads, strict=True)
        return [float(loss / spread) for loss, spread in left]


def main(steps=300):
    print("share of the variance left of position, radius, brightness")
    for method in ("sum", "aggregator", "HRGrad"):
        shown = " ".join(f"{share:.3f}" for share in train(method, steps))
        print(f"{method:10s} {shown}")


if __name__ == "__main__":
    main()
