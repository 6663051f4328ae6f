"""A first APNN: linear transport in micro-macro form, and the lines that HRGrad changes."""

from functools import partial

import torch
from torch import nn
from torch.func import jvp

from hrgradlib import HRGrad, task_gradients
from hrgradlib.kinetics.velocity import gauss_legendre

T = 0.1  # final time
V, W = (torch.tensor(a, dtype=torch.float32) for a in gauss_legendre(8))  # velocities, weights


class APNN(nn.Module):  # rho [N] and g [N, 8], at points t, x and Knudsen numbers eps, [N] each
    def __init__(self, width=32):
        super().__init__()
        middle = [layer for _ in range(2) for layer in (nn.Linear(width, width), nn.Tanh())]
        self.body = nn.Sequential(nn.Linear(4, width), nn.Tanh(), *middle, nn.Linear(width, 9))

    def forward(self, t, x, eps):
        cos, sin = torch.cos(2 * torch.pi * x), torch.sin(2 * torch.pi * x)
        out = self.body(torch.stack([2 * t / T - 1, cos, sin, eps.log10() / 2 + 1], 1))
        rho = 1 + cos / 2 + t / T * out[:, 0]  # the initial density is built in,
        g = (1 - torch.exp(-t / eps**2))[:, None] * out[:, 1:]  # and so is g = 0 at t = 0,
        return rho, g - (g @ W)[:, None]  # and <g> = 0


def point_losses(model, t, x, eps):  # squared residuals of the two equations, [N]
    one = torch.ones_like(t)
    (_, g), (rho_t, g_t) = jvp(lambda t: model(t, x, eps), (t,), (one,))
    _, (rho_x, g_x) = jvp(lambda x: model(t, x, eps), (x,), (one,))
    flux = (V * g_x) @ W
    macro = rho_t + flux
    eps = eps[:, None]
    micro = eps**2 * g_t + eps * (V * g_x - flux[:, None]) + V * rho_x[:, None] + g
    return macro.square() + micro.square() @ W


def sample(low, high, count=256):  # eps log-uniform, rows sorted by it
    t, x, u = torch.rand(3, count)
    return T * t, x, low * (high / low) ** u.sort().values


def train(low, high, method="sum", steps=1000, lr=1e-2):
    torch.manual_seed(0)
    model = APNN()
    if method == "HRGrad":
        optimizer = HRGrad(model.parameters(), lr=lr, metric="soap")
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        points, losses = sample(low, high), partial(point_losses, model)
        if method == "HRGrad":  # four tasks: quarters of the batch, ranges of eps
            optimizer.step(task_gradients(losses, model, [64] * 4, points=points))
        else:
            optimizer.zero_grad()
            losses(*points).mean().backward()
            optimizer.step()
        schedule.step()
    return model


if __name__ == "__main__":
    for method in ("sum", "HRGrad"):
        losses = point_losses(train(1e-4, 1.0, method), *sample(1e-4, 1.0, 4096))
        print(f"{method:6s} loss {losses.detach().mean():.1e}")
