"""A small problem of three tasks that want different things of one network; shared by tests."""

from functools import partial

import torch
from torch import nn

from hrgradlib.optim import task_gradients
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Settings

SIZES = [5, 4, 3]


def network(seed=2):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)).double()


def residuals(model, x, target):
    return model(x) - target


def batch(generator):
    x = torch.rand(sum(SIZES), 1, generator=generator, dtype=torch.float64)
    wanted = torch.tensor([1.0, -2.0, 0.3]).repeat_interleave(torch.tensor(SIZES))[:, None]
    return x, wanted * (3 * x).cos()


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def trained(method, steps=12, observe=False, sizes=SIZES, seed=2):
    """Parameters after some steps, the trainer and its records."""
    model, generator, records = network(seed), torch.Generator().manual_seed(0), []
    trainer = METHODS[method](model, Settings(1e-2, beta2=0.95))
    for _ in range(steps):
        records.append(trainer.step(partial(residuals, model), batch(generator), sizes, observe))
    return flat(model), trainer, records


def gradients(seed=2):
    """A network, its points and the task gradients there."""
    model, points = network(seed), batch(torch.Generator().manual_seed(0))
    return (
        model,
        points,
        task_gradients(lambda: residuals(model, *points).square().sum(1), model, SIZES),
    )
