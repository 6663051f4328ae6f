"""The pictures that open chapters 10 and 11: the scales, and what is left after free flight."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLACK, BLUE, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, subplots
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.free_flight import free_flight

__all__ = ["free_density", "scales_and_flight", "uncollided_density"]

_INKS = (BLUE, VERMILLION, BLACK, ORANGE)


def uncollided_density(t: float, x: NDArray, eps: float, nodes: int = 40) -> NDArray:
    """Density of those who came in at x = 0 and have not collided (transport, inflow 1 for v > 0).

    ``½ ∫ e^{−x/(εv)} dv`` over the velocities that have arrived, ``εx/t < v ≤ 1``.

    Args:
        t: time, diffusive; x: [X] places, not negative; eps: Knudsen number; all dimensionless.
        nodes: of the Gauss sum over the velocities.

    Returns:
        [X].
    """
    y, weights = np.polynomial.legendre.leggauss(nodes)
    slowest = np.minimum(eps * np.asarray(x) / t, 1.0)[:, None]
    v = slowest + (1 - slowest) * (y + 1) / 2
    return ((1 - slowest) * weights / 4 * np.exp(-np.asarray(x)[:, None] / (eps * v))).sum(1)


def free_density(problem: BGKProblem, t: float, x: NDArray) -> NDArray:
    """Density of free flight from the data of a BGK problem, [X].

    Args:
        problem: whose data fly.
        t: time; x: [X] places; dimensionless.
    """
    places = torch.from_numpy(np.asarray(x, float))
    one = torch.ones_like(places)
    return free_flight(problem, t * one, places, one, 1.0).moments[:, 0].numpy()


def scales_and_flight(
    eps: NDArray,
    lengths: Mapping[str, NDArray],
    x: NDArray,
    flown: Mapping[float, tuple[NDArray, NDArray]],
    t: float,
) -> Figure:
    """Lengths over ε beside densities over x: all of it, and the part that has not collided.

    Args:
        eps: [E] Knudsen numbers.
        lengths: by name, [E], dimensionless.
        x: [X] places.
        flown: by ε, the density [X] and that of the particles without a collision [X].
        t: the time of the right panel.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.1))
    for (name, values), ink in zip(lengths.items(), _INKS, strict=False):
        left.loglog(eps, values, color=ink, label=name)
    left.set(xlabel="ε", ylabel="length", title=f"scales at t = {t:g}")
    left.legend()
    for e, (whole, free) in flown.items():
        ink = eps_colour(e, low=1e-3)
        right.plot(x, whole, color=ink, label=eps_label(e))
        right.plot(x, free, color=ink, linestyle="--")
    right.plot([], [], color=GREY, linestyle="--", label="no collision yet")
    right.set(xlabel="$x$", ylabel="density", title="what is left of free flight")
    right.legend()
    return fig
