"""One training step on `transport-inflow` at the literature's size, done two ways, side by side.

    python benchmarks/literature_step.py [--points 1024] [--velocities 30] [--repeats 5] [--json F]
                                         [--width W --depth D]

The usual way: two networks, ρ(t, x) with 5×128 and g(t, x, v) with 5×256 neurons, the second one
evaluated at every (point, velocity), derivatives by nested reverse mode, penalties for <g> = 0, the
initial and the inflow conditions, one Adam step. Our way: `InflowModel` at the same points,
tangents carried forward, velocity in half-range modes, residuals and task gradients, one step of
HRGrad in Adam's metric.
Each step yields the residuals at all points and velocities. Times vary between machines; the ratio
is what is claimed. Ours has a tenth of the weights; a second row is of both its trunks as
wide and as deep as the larger of the usual networks.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from hrgradlib import HRGrad, task_gradients
from hrgradlib._system.threads import threads_limited
from hrgradlib.chapters.ch13_literature import SIZE
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Table, here
from hrgradlib.kinetics.inflow_basis import even_odd
from hrgradlib.kinetics.velocity import gauss_legendre

#: Of our network: as it is used, and as large as theirs.
SIZES: list[dict[str, int]] = [{}, {"width": 256, "depth": 5}]


def perceptron(inputs: int, width: int) -> nn.Sequential:
    layers = []
    for size in (inputs, *[width] * 4):
        layers += [nn.Linear(size, width), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


class Usual:
    """Micro–macro loss with nested reverse mode, point by point and velocity by velocity."""

    def __init__(self, points: int, velocities: int, eps: float = 1e-3) -> None:
        torch.manual_seed(0)
        self.rho, self.g, self.eps = perceptron(2, 128), perceptron(3, 256), eps
        nodes, weights = gauss_legendre(velocities)
        self.v = torch.tensor(nodes, dtype=torch.float32)
        self.w = torch.tensor(weights, dtype=torch.float32)
        self.place = torch.rand(points, 2)
        parameters = [*self.rho.parameters(), *self.g.parameters()]
        self.adam = torch.optim.Adam(parameters, lr=1e-3)

    def step(self) -> torch.Tensor:
        t, x = (p.requires_grad_() for p in self.place.clone().T[:, :, None])
        count = len(self.v)
        wide_t, wide_x = (
            p.detach().expand(-1, count).reshape(-1, 1).requires_grad_() for p in (t, x)
        )
        v = self.v.repeat(len(t))[:, None]
        rho = self.rho(torch.cat([t, x], 1))
        g = self.g(torch.cat([wide_t, wide_x, v], 1))
        rho_t, rho_x = torch.autograd.grad(rho.sum(), (t, x), create_graph=True)
        g_t, g_x = torch.autograd.grad(g.sum(), (wide_t, wide_x), create_graph=True)
        g, g_t, g_x = (p.view(-1, count) for p in (g, g_t, g_x))
        drift = (self.v * g_x) @ self.w
        macro = rho_t[:, 0] + drift
        micro = self.eps**2 * g_t + self.eps * (self.v * g_x - drift[:, None]) + self.v * rho_x + g
        # Initial and inflow conditions and <g> = 0 by penalty, at the same points moved there.
        start = self.rho(torch.cat([torch.zeros_like(t), x], 1))
        wall = self.rho(torch.cat([t, torch.zeros_like(x)], 1)) - 1
        loss = (
            macro.square().mean()
            + micro.square().mean()
            + (g @ self.w).square().mean()
            + start.square().mean()
            + wall.square().mean()
        )
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return micro.detach()


class Ours:
    """`InflowModel` and HRGrad at the same number of points, all ranges of ε at once."""

    def __init__(self, points: int, velocities: int, **size: int) -> None:
        per_task = points // SIZE["tasks"]
        self.spec = make_spec(**SIZE | {"per_task": per_task} | size)
        self.model = self.spec.build_model()
        self.residuals = self.spec.case.residuals(self.spec)
        self.optimizer = HRGrad(self.model.parameters(), lr=1e-3)
        self.sizes = [self.spec.per_task] * self.spec.tasks
        generator = torch.Generator().manual_seed(0)
        x, t = torch.rand(2, points, generator=generator).clamp(1e-3, 1 - 1e-3)
        eps = 10 ** (-4 * torch.linspace(1, 0, points))
        self.points = 0.1 * t, x, eps
        even, odd = even_odd(gauss_legendre(velocities)[0], self.spec.modes)
        self.basis = torch.tensor(np.concatenate([even, odd], 1).T, dtype=torch.float32)

    def step(self) -> torch.Tensor:
        kept = []

        def losses() -> torch.Tensor:
            kept.append(self.residuals(self.model, *self.points))
            return kept[-1].square().sum(1)

        self.optimizer.step(task_gradients(losses, self.model, self.sizes))
        return kept[0].detach() @ self.basis  # the kinetic residual at every velocity


def seconds(step, count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--velocities", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--width", type=int, help="of ours, in place of the usual one")
    parser.add_argument("--depth", type=int, help="of ours, in place of the usual one")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also keep the result in this table")
    parser.add_argument("--force", action="store_true", help="it is always measured anew")
    options = parser.parse_args()
    asked = {n: v for n in ("width", "depth") if (v := getattr(options, n)) is not None}
    usual = Usual(options.points, options.velocities)
    with threads_limited(options.threads):
        for size in [asked] if asked else SIZES:
            row = measure(usual, size, options.points, options.velocities, options.repeats)
            if options.json:
                key = "{points} x {velocities}".format(**row)
                key += "".join(f", {name} {value}" for name, value in size.items())
                Table(options.json).put(key, {"rows": [row]}, here(roots=[Path(__file__)]))


def measure(usual: Usual, size: dict, points: int, velocities: int, repeats: int) -> dict:
    """The two steps in turns; one row."""
    ours = Ours(points, velocities, **size)
    if usual.step().shape != ours.step().shape:
        sys.exit("the two steps do not yield residuals at the same points and velocities")
    pairs = np.array([(seconds(usual.step, 1), seconds(ours.step, 20)) for _ in range(repeats)])
    ratios = pairs[:, 0] / pairs[:, 1]
    row = {
        "points": points,
        "velocities": velocities,
        "usual_milliseconds": round(1e3 * float(np.median(pairs[:, 0])), 1),
        "ours_milliseconds": round(1e3 * float(np.median(pairs[:, 1])), 2),
        "ratio": round(float(np.median(ratios)), 1),
        "ratio_low": round(float(ratios.min()), 1),
        "ratio_high": round(float(ratios.max()), 1),
    } | size
    print(
        "{points} x {velocities}: usual {usual_milliseconds} ms, ours {ours_milliseconds} ms, "
        "ratio {ratio} [{ratio_low}, {ratio_high}]".format(**row),
        *(f"{name} {value}" for name, value in size.items()),
    )
    return row


if __name__ == "__main__":
    main()
