"""Figures of chapter 14: solutions of two multiscale problems over ε, and errors over ε."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from hrgradlib.chapters.ch14_multiscale import TITLES, Cell, called, look_of
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.palette import BLACK
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines, trivial_lines
from hrgradlib.experiments.beyond_studies import METHODS
from hrgradlib.experiments.cases import CASES
from hrgradlib.reference.convection_diffusion import ConvectionDiffusionReference
from hrgradlib.reference.goldstein_taylor import GoldsteinTaylorReference

__all__ = ["boundary_layers", "errors_over_eps", "two_speeds"]

_SHOWN = (1.0, 0.1, 0.03, 1e-2, 1e-3)
_MARKED = 5  # every so many ε have a marker


def two_speeds(time: float = 0.02, place: float = 0.1) -> Figure:
    """Density over x at one time, and flux over t at one place, for several ε.

    Args:
        time, place: which.
    """
    problem = CASES["goldstein-taylor"].problem
    reference = GoldsteinTaylorReference(dict(problem.modes), dict(problem.flux_modes))
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.5))
    x, t = np.linspace(0, 1, 201), np.geomspace(1e-8, problem.final_time, 400)
    for eps in _SHOWN:
        colour = eps_colour(eps)
        left.plot(x, reference.density(time, x, eps), color=colour, label=eps_label(eps))
        right.semilogx(t, reference.flux(t, place, eps), color=colour)
    left.plot(x, problem.diffusion_density(np.array(time), x), ":", color=BLACK, lw=1.2,
              label="heat equation")  # fmt: skip
    left.set(xlabel="$x$", ylabel=f"$u$ at $t={time:g}$")
    right.set(xlabel="$t$", ylabel=f"$v$ at $x={place:g}$")
    shared_legend(fig, left, "lower center", ncols=6)
    return fig


def boundary_layers() -> Figure:
    """The solution over x, and over the distance from the wall in widths of the layer."""
    problem = CASES["convection-diffusion"].problem
    reference = ConvectionDiffusionReference(dict(problem.source))
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.5), sharey=True)
    widths = np.linspace(0, 6, 121)
    for eps in _SHOWN:
        colour = eps_colour(eps)
        x = np.sort(np.concatenate([np.linspace(0, 1, 201), 1 - eps * widths[eps * widths < 1]]))
        left.plot(x, reference.density(x, eps), color=colour, label=eps_label(eps))
        inside = widths[eps * widths <= 1]
        right.plot(inside, reference.density(1 - eps * inside, eps), color=colour)
    x = np.linspace(0, 1, 201)
    left.plot(x, problem.reduced(x), ":", color=BLACK, lw=1.2, label="reduced equation")
    left.set(xlabel="$x$", ylabel="$u$")
    right.set(xlabel=r"$(1-x)/\varepsilon$", xlim=(6, -0.2))
    shared_legend(fig, left, "lower center", ncols=6)
    return fig


def errors_over_eps(found: Mapping[str, Mapping[str, Cell]]) -> Figure:
    """Errors against ε, a panel a problem: medians of the methods, seeds thin, trivial lines."""
    fig, axes = subplots(1, len(found), figsize=(7.4, 4.2), sharey=True)
    for axis, (problem, cells) in zip(axes, found.items(), strict=True):
        eps = np.array(CASES[problem].judged_eps("quick"))
        draw_lines(axis, eps, trivial_lines(problem, eps))
        for label in METHODS:
            if label in cells and len(cells[label].eps):
                _draw(axis, label, cells[label])
        if not cells:
            axis.text(0.3, 0.76, "no run is stored yet", ha="center", transform=axis.transAxes)
        axis.set(xscale="log", yscale="log", xlabel=r"$\varepsilon$", title=TITLES[problem],
                 ylim=(1e-6, 2))  # fmt: skip
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("relative error, largest over $t$")
    shared_legend(fig, axes[0], "lower center", ncols=3)
    return fig


def _draw(axis: Axes, label: str, cell: Cell) -> None:
    look = METHOD_LOOK[look_of(label)]
    axis.plot(cell.eps, cell.judged.T, color=look.colour, lw=0.5, alpha=0.5)
    axis.plot(
        cell.eps, np.median(cell.judged, 0), look.line, color=look.colour, marker=look.marker,
        markevery=_MARKED, lw=1.8, label=called(label),
    )  # fmt: skip
