"""Helmholtz equation by a network; inside and two pairs of walls: 3 tasks, one backward pass."""

from functools import partial
from statistics import median

import torch
from torch import nn
from torch.autograd import grad

from hrgradlib import HRGrad, task_gradients

SIZES = [128, 32, 32]  # rows of a batch: inside, x = ±1, y = ±1


def exact(x):
    return torch.sin(torch.pi * x).prod(1)


def sample():  # rows sorted by task
    x = 2 * torch.rand(sum(SIZES), 2) - 1
    for i, wall in enumerate(x.split(SIZES)[1:]):
        wall[:, i] = wall[:, i].sign()
    return x.requires_grad_()


def point_losses(model, x):  # one number per row, from this row alone
    u, truth, n = model(x)[:, 0], exact(x.detach()), SIZES[0]
    du = grad(u.sum(), x, create_graph=True)[0]
    uxx, uyy = (grad(d.sum(), x, create_graph=True)[0] for d in du.T)
    force = (1 - 2 * torch.pi**2) * truth
    residual = uxx[:, 0] + uyy[:, 1] + u - force
    return torch.cat([residual[:n], (u - truth)[n:]]).square()


def train(method, steps=400, lr=2e-2, harmony=0.5, weights=(1, 1, 1), seed=0):
    torch.manual_seed(seed)
    hidden = [p for n in (2, 24, 24) for p in (nn.Linear(n, 24), nn.Tanh())]
    model, records = nn.Sequential(*hidden, nn.Linear(24, 1)), []
    ours, theirs = partial(HRGrad, harmony=harmony), torch.optim.Adam
    kind = ours if method == "HRGrad" else theirs
    optimizer = kind(model.parameters(), lr=lr, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        losses = partial(point_losses, model, sample())
        if method == "HRGrad":
            gradients = task_gradients(losses, model, SIZES)
            records.append(optimizer.step(gradients))
        else:
            optimizer.zero_grad()
            tasks = zip(weights, losses().split(SIZES), strict=True)
            sum(weight * task.mean() for weight, task in tasks).backward()
            optimizer.step()
        schedule.step()
    x = 2 * torch.rand(4000, 2) - 1
    error = (model(x)[:, 0] - exact(x)).detach().norm() / exact(x).norm()
    ends = point_losses(model, sample()).detach().split(SIZES)
    return records, [float(end.mean()) for end in ends], float(error)


def main(steps=400):  # medians of three seeds
    for method in ("sum", "HRGrad"):
        _, losses, errors = zip(*(train(method, steps, seed=s) for s in range(3)), strict=True)
        shown = " ".join(f"{median(task):.1e}" for task in zip(*losses, strict=True))
        print(f"{method:6s} losses {shown} error {median(errors):.3f}")


if __name__ == "__main__":
    main()
