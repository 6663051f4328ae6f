"""Figures of the page on a first APNN. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import GREY
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots

__all__ = ["densities"]


def densities(
    x: NDArray, exact: Mapping[float, NDArray], found: Mapping[float, NDArray], initial: NDArray
) -> Figure:
    """Density at the final time, exact (lines) and of the networks (dots), and what is between.

    Args:
        x: [X] places.
        exact, found: [X] by Knudsen number.
        initial: [X] density at t = 0.
    """
    fig, (upper, lower) = subplots(1, 2, figsize=(8.2, 3.2))
    upper.plot(x, initial, ":", color=GREY, label="t = 0")
    for eps, values in exact.items():
        colour = eps_colour(eps)
        upper.plot(x, values, color=colour, label=eps_label(eps))
        upper.plot(x[::4], found[eps][::4], "o", color=colour, mfc="white")
        lower.plot(x, np.abs(found[eps] - values), color=colour)
    upper.set(xlabel="x", ylabel=r"$\rho$ at t = T")
    lower.set(xlabel="x", ylabel="absolute error", yscale="log")
    shared_legend(fig, upper, "upper center", ncols=len(exact) + 1)
    return fig
