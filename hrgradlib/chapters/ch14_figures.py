"""Figures of chapter 14: final errors of every method and seed, and errors against time."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from hrgradlib.chapters.ch14_peers import METHODS, PROBLEMS, Peers
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.style import shared_legend, subplots

__all__ = ["against_time", "finals"]

_ERROR = "relative $L^2$ error"
_EMPTY = 1e-4, 1.0  # of a panel without runs
_APART = 0.06  # share of the height between a label and the title below it
_WIDE = 24  # letters of a label in a line


def finals(peers: Peers) -> Figure:
    """Final errors, a panel per problem and a row per method: seeds as dots, medians as bars."""
    fig, axes = subplots(2, 2, figsize=(7.4, 6.6), sharey=True)
    fig.get_layout_engine().set(hspace=_APART)
    for axis, (problem, title) in zip(axes.flat, PROBLEMS.items(), strict=True):
        for row, method in enumerate(METHODS):
            _row(axis, row, method, [*peers.errors(problem, method).values()])
        axis.set_yticks(range(len(METHODS)), [fill(label_of(m), _WIDE) for m in METHODS])
        axis.set(title=title, xlabel=_ERROR, ylim=(len(METHODS) - 0.5, -0.5))
        if not any(peers.errors(problem, m) for m in METHODS):
            axis.set_xlim(*_EMPTY)
        axis.set_xscale("log")
        axis.margins(x=0.12)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(axis="y", visible=False)
    return fig


def _row(axis: Axes, row: int, method: str, errors: Sequence[float]) -> None:
    """One method's seeds; runs that broke are counted, not drawn."""
    _, colour, marker, _ = METHOD_LOOK[method]
    kept = [e for e in errors if np.isfinite(e)]
    axis.plot(kept, [row] * len(kept), marker, ls="none", color=colour, ms=4, alpha=0.7)
    if errors and np.isfinite(np.median(errors)):
        axis.plot([np.median(errors)] * 2, [row - 0.32, row + 0.32], color=colour, lw=2.5)
    if len(kept) < len(errors):
        axis.annotate(
            f"{len(errors) - len(kept)} broke",
            (0.99, row),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=8,
        )


def against_time(peers: Peers, methods: Sequence[str] = METHODS) -> Figure:
    """Error against processor time: every seed thin; the last point of each is marked."""
    fig, axes = subplots(2, 2, figsize=(7.4, 6.6))
    fig.get_layout_engine().set(hspace=_APART)
    for axis, (problem, title) in zip(axes.flat, PROBLEMS.items(), strict=True):
        for method in methods:
            label, colour, marker, line = METHOD_LOOK[method]
            for curve in peers.curves(problem, method):
                axis.plot(*curve.T, line, color=colour, lw=0.9, alpha=0.8)
                axis.plot(*curve[-1], marker, color=colour, ms=4)
            axis.plot([], [], marker + line, color=colour, label=fill(label, _WIDE))
        axis.set(title=title, xlabel="processor seconds", ylabel=_ERROR)
        if not any(peers.errors(problem, m) for m in methods):
            axis.set_ylim(*_EMPTY)
        axis.set_yscale("log")
    shared_legend(fig, axes[0, 0], "lower center", ncols=4)
    return fig
