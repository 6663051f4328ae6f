"""The interactive picture of chapter 9: density against ε, network beside reference and lines.

Everything is computed when the chapter is executed, on a grid of Knudsen numbers and times, and
stands in the page as JSON; `book/static/slider.js` only draws. Where that does not run, nothing is
shown, and the figure above it stands.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.experiments.solution import Solution
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["Curves", "curves", "interactive"]

REFERENCE, NETWORK = "exact", "network"


class Curves(NamedTuple):
    """Densities on a grid.

    Attributes:
        eps: [E] Knudsen numbers, equally spaced in the logarithm; ``times``: [T]; ``x``: [X].
        density: [E, T, X] by name, the exact one first, the network second.
        errors: [E, T] relative L2 distance from the exact one, by name, without it.
    """

    eps: NDArray
    times: NDArray
    x: NDArray
    density: dict[str, NDArray]
    errors: dict[str, NDArray]


def curves(
    solution: Solution, problem: PeriodicTransport, count: int = 41, cells: int = 32
) -> Curves:
    """What the picture shows of a trained network.

    Args:
        solution: of ``transport-periodic``.
        problem: the same problem; its range of ε and its times are shown.
        count: Knudsen numbers on the slider.
        cells: places in [0, 1).
    """
    low, high = sorted(problem.eps_range)
    eps = np.geomspace(low, high, count)
    times = np.array(problem.eval_times)
    x = np.arange(cells) / cells
    t, places, grid = np.broadcast_arrays(times[:, None], x, eps[:, None, None])
    density = {
        REFERENCE: PeriodicReference(dict(problem.modes)).density(t, places, grid),
        NETWORK: solution.density(t, places, grid),
        "free transport": problem.free_density(t, places, grid),
        "diffusion": problem.diffusion_density(t, places),
        "untrained": np.broadcast_to(problem.diffusion_density(np.zeros_like(t), places), t.shape),
    }
    errors = {
        name: relative_l2(values, density[REFERENCE])
        for name, values in density.items()
        if name != REFERENCE
    }
    return Curves(eps, times, x, density, errors)


def interactive(found: Curves) -> str:
    """HTML of the picture; deterministic, and without a request to another host."""
    data = {
        "eps": [float(f"{e:.4g}") for e in found.eps],
        "times": found.times.tolist(),
        "x": np.round(found.x, 5).tolist(),
        "lines": [
            {
                "name": name,
                "density": np.round(values, 4).tolist(),
                "errors": _digits(found.errors[name]) if name in found.errors else None,
            }
            for name, values in found.density.items()
        ],
    }
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return (
        '<link rel="stylesheet" href="../_static/slider.css">\n'
        '<div class="eps-slider" hidden>'
        f'<script type="application/json">{text}</script></div>\n'
        '<script src="../_static/slider.js" defer></script>'
    )


def _digits(values: NDArray) -> list[list[float]]:
    return [[float(f"{value:.2e}") for value in row] for row in values.tolist()]
