"""ConFIG's four problems (Liu, Chu, Thuerey, arXiv 2408.11104): residuals, points, validation.

Domains, data, networks, losses and validation grids are those of the authors' public code
(github.com/tum-pbs/ConFIG), but for three things: truths are computed here
(:mod:`peer_truths`); Schrödinger's boundary holds the slopes too, which their problem names and
their loss leaves out; and batches are smaller, for one core instead of a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from peer_network import Network
from peer_truths import (
    HALF_WIDTH,
    REYNOLDS,
    SCHROEDINGER_TIME,
    VISCOSITY,
    beltrami,
    burgers,
    kovasznay,
    schroedinger,
)
from torch import Tensor

Points = tuple[Tensor, ...]


@dataclass(frozen=True)
class Part:
    """Tasks whose points are evaluated together.

    Attributes:
        tasks: their names.
        residuals: (network, *points) to [N, C]; a task's loss is the mean over its points of the
            squared residuals' sum.
        sample: (sizes, generator) to points, float64; those of a task are consecutive.
        components: C.
    """

    tasks: tuple[str, ...]
    residuals: Callable[..., Tensor]
    sample: Callable[[tuple[int, ...], torch.Generator], Points]
    components: int


@dataclass(frozen=True)
class Problem:
    """One of the four.

    Attributes:
        inputs, outputs: of the network.
        parts: all of its tasks: equation first, then boundary and initial data.
        validation: () to places [M, d] and true values [M, C].
        data: share of boundary and initial data in the points of a step.
    """

    inputs: int
    outputs: int
    parts: tuple[Part, ...]
    validation: Callable[[], tuple[NDArray, NDArray]]
    data: float = 0.25

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.tasks)

    def network(self) -> Network:
        return Network(self.inputs, self.outputs)


# --- points ------------------------------------------------------------------------------------


def latin(count: int, low: list[float], high: list[float], generator: torch.Generator) -> Tensor:
    """A Latin hypercube of so many points, [count, d] float64."""
    d = len(low)
    order = torch.rand(count, d, generator=generator).argsort(0)
    unit = (order + torch.rand(count, d, generator=generator, dtype=torch.float64)) / count
    bottom = torch.tensor(low, dtype=torch.float64)
    return bottom + unit * (torch.tensor(high, dtype=torch.float64) - bottom)


def inside(low: list[float], high: list[float]):
    return lambda sizes, generator: (latin(sizes[0], low, high, generator),)


def given(network: Network, places: Tensor, wanted: Tensor) -> Tensor:
    """Data: the mean over the components of squared differences, as a sum."""
    return (network(places) - wanted) * wanted.shape[1] ** -0.5


# --- Burgers -----------------------------------------------------------------------------------


def burgers_equation(network: Network, places: Tensor) -> Tensor:
    u = network.jet(places, second=1)
    return (
        u.slopes[:, 1] + u.value * u.slopes[:, 0] - VISCOSITY * u.laplacian
    )  # u_t + u u_x = ν u_xx


def burgers_data(sizes: tuple[int, ...], generator: torch.Generator) -> Points:
    """Zero at both ends, -sin πx at the beginning."""
    walls = latin(sizes[0], [0.0, 0.0], [1.0, 1.0], generator)
    walls[:, 0] = torch.where(torch.arange(sizes[0]) % 2 == 0, -1.0, 1.0)
    first = latin(sizes[1], [-1.0, 0.0], [1.0, 0.0], generator)
    wanted = torch.cat([torch.zeros(sizes[0]), -torch.sin(torch.pi * first[:, 0])])
    return torch.cat([walls, first]), wanted[:, None]


def burgers_validation() -> tuple[NDArray, NDArray]:
    t, x = np.meshgrid(np.linspace(0, 1, 100), -1 + (np.arange(256) + 0.5) / 128, indexing="ij")
    return np.stack([x, t], -1).reshape(-1, 2), burgers(t, x).reshape(-1, 1)


# --- Schrödinger ---------------------------------------------------------------------------------

_ENDS = [-HALF_WIDTH, HALF_WIDTH]


def schroedinger_equation(network: Network, places: Tensor) -> Tensor:
    h = network.jet(places, second=1)
    nonlinear = h.value.square().sum(1, keepdim=True) * h.value
    bent = 0.5 * h.laplacian + nonlinear  # i h_t + h_xx/2 + |h|² h = 0, by parts
    u_t, v_t = h.slopes[:, 1].unbind(1)
    return torch.stack([u_t + bent[:, 1], v_t - bent[:, 0]], 1)


def schroedinger_periodic(network: Network, t: Tensor) -> Tensor:
    """Values and slopes at both ends."""
    ends = torch.tensor(_ENDS, dtype=t.dtype).expand(len(t), 2)
    found = network.jet(torch.stack([ends, t.expand(-1, 2)], 2), second=0)
    both = torch.stack([found.value, found.slopes[..., 0, :]], 2)
    return (both[:, 0] - both[:, 1]).flatten(1)


def schroedinger_first(sizes: tuple[int, ...], generator: torch.Generator) -> Points:
    places = latin(sizes[0], [-HALF_WIDTH, 0.0], [HALF_WIDTH, 0.0], generator)
    wanted = 2 / torch.cosh(places[:, 0])
    return places, torch.stack([wanted, torch.zeros_like(wanted)], 1)


def schroedinger_validation() -> tuple[NDArray, NDArray]:
    x, t, h = schroedinger(points=1024, outputs=201, steps=20)
    x, h = x[::4], h[:, ::4]  # the peer's 256 points
    places = np.stack(np.broadcast_arrays(x, t[:, None]), -1)
    return places.reshape(-1, 2), np.stack([h.real, h.imag], -1).reshape(-1, 2)


# --- Navier–Stokes -------------------------------------------------------------------------------


def flow(network: Network, places: Tensor, dimensions: int, viscosity: float) -> Tensor:
    """Momentum and continuity; the components are the velocities and, last, the pressure."""
    found = network.jet(places, second=dimensions)
    velocity, by_place = found.value[:, :-1], found.slopes[:, :dimensions]
    carried = (velocity[:, :, None] * by_place[:, :, :-1]).sum(1)
    momentum = carried + by_place[:, :, -1] - viscosity * found.laplacian[:, :-1]
    if places.shape[1] > dimensions:
        momentum = momentum + found.slopes[:, -1, :-1]
    divergence = torch.stack([by_place[:, i, i] for i in range(dimensions)]).sum(0)
    return torch.cat([momentum, divergence[:, None]], 1)


def kovasznay_equation(network: Network, places: Tensor) -> Tensor:
    return flow(network, places, dimensions=2, viscosity=1 / REYNOLDS)


def kovasznay_boundary(sizes: tuple[int, ...], generator: torch.Generator) -> Points:
    """All around [-1/2, 1] × [-1/2, 3/2], evenly along the edge."""
    along = latin(sizes[0], [0.0], [7.0], generator)[:, 0]
    x = torch.where(along < 1.5, along, torch.where(along < 3, along - 1.5, 0.0))
    x = torch.where((along >= 3) & (along < 5), 1.5, x)
    y = torch.where(along < 1.5, 0.0, torch.where(along < 3, 2.0, (along - 3) % 2))
    places = torch.stack([x, y], 1) - 0.5
    return places, torch.from_numpy(kovasznay(places.numpy()))


def kovasznay_validation() -> tuple[NDArray, NDArray]:
    places = _grid(np.linspace(-0.5, 1, 27), np.linspace(-0.5, 1.5, 37))
    return places, kovasznay(places)


def beltrami_equation(network: Network, places: Tensor) -> Tensor:
    return flow(network, places, dimensions=3, viscosity=1.0)


def beltrami_data(sizes: tuple[int, ...], generator: torch.Generator) -> Points:
    """The six faces of the cube at all times, and the whole cube at the beginning."""
    walls = latin(sizes[0], [-1.0, -1.0, -1.0, 0.0], [1.0] * 4, generator)
    face = torch.arange(sizes[0])
    walls[face, face % 3] = torch.where(face % 6 < 3, -1.0, 1.0).double()
    first = latin(sizes[1], [-1.0, -1.0, -1.0, 0.0], [1.0, 1.0, 1.0, 0.0], generator)
    places = torch.cat([walls, first])
    return places, torch.from_numpy(beltrami(places.numpy()))


def beltrami_validation() -> tuple[NDArray, NDArray]:
    side = np.linspace(-1, 1, 7)
    places = _grid(side, side, np.linspace(-1, 1, 8), np.linspace(0, 1, 5))
    return places, beltrami(places)


def _grid(*axes: NDArray) -> NDArray:
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))


PROBLEMS = {
    "burgers": Problem(
        2,
        1,
        (
            Part(("equation",), burgers_equation, inside([-1.0, 0.0], [1.0, 1.0]), 1),
            Part(("boundary", "initial"), given, burgers_data, 1),
        ),
        cache(burgers_validation),
    ),
    "schroedinger": Problem(
        2,
        2,
        (
            Part(
                ("equation",),
                schroedinger_equation,
                inside([-HALF_WIDTH, 0.0], [HALF_WIDTH, SCHROEDINGER_TIME]),
                2,
            ),
            Part(("boundary",), schroedinger_periodic, inside([0.0], [SCHROEDINGER_TIME]), 4),
            Part(("initial",), given, schroedinger_first, 2),
        ),
        cache(schroedinger_validation),
    ),
    "kovasznay": Problem(
        2,
        3,
        (
            Part(("equation",), kovasznay_equation, inside([-0.5, -0.5], [1.0, 1.5]), 3),
            Part(("boundary",), given, kovasznay_boundary, 3),
        ),
        cache(kovasznay_validation),
    ),
    "beltrami": Problem(
        4,
        4,
        (
            Part(("equation",), beltrami_equation, inside([-1.0, -1.0, -1.0, 0.0], [1.0] * 4), 4),
            Part(("boundary", "initial"), given, beltrami_data, 4),
        ),
        cache(beltrami_validation),
        data=0.5,  # they fill three dimensions, not one
    ),
}


def judged(network: Network, problem: Problem) -> tuple[float, float]:
    """Relative L² error over all components, and the mean squared error that the authors quote."""
    places, truth = problem.validation()
    dtype = next(network.parameters()).dtype
    with torch.no_grad():
        found = network(torch.from_numpy(places).to(dtype)).double().numpy()
    squares = (found - truth) ** 2
    return float(np.sqrt(squares.sum() / np.square(truth).sum())), float(squares.mean())
