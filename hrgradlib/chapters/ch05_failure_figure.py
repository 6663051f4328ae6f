"""Figure of chapter 5: rates of failure with intervals, and the errors behind them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch05_failure import NAMES, Cell, Failures, method_label
from hrgradlib.chapters.palette import BLUE, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import subplots
from hrgradlib.chapters.trivial_lines import LIMITS, UNTRAINED, trivial_lines
from hrgradlib.experiments.failure_studies import METHODS
from hrgradlib.experiments.results import FAILED_ERROR

__all__ = ["failures", "trivial"]

_TITLES = {
    "pinn": "plain PINN",
    "each": "published,\none per ε",
    "published": "published,\none for all",
    "layer": "+ exact data,\nlayer coord.",
    "regimes": "+ tasks are\nregimes",
}
assert set(_TITLES) == set(NAMES)
_ERRORS = (4e-4, 1.0)  # ends of the axis, at which an error is cut
_LIMITS = {UNTRAINED: (ORANGE, ":"), LIMITS: (GREY, "--")}


def failures(found: Failures) -> Figure:
    """A column per formulation, a row per method; above the rates, below the errors.

    Rates are dots with their exact 95 % interval: a filled square where every run failed, a hollow
    dot where none did. Errors are medians with the range of the runs, beside what costs nothing.
    """
    fig, axes = subplots(2, len(NAMES), figsize=(7.6, 5.9), sharey=True, sharex="row")
    fig.get_layout_engine().set(hspace=0.06)
    for (rung, title), above, below in zip(_TITLES.items(), *axes, strict=True):
        for row, method in enumerate(METHODS):
            if (cell := found.cells.get((rung, method))) is not None:
                _rate(above, row, cell)
                _errors(below, row, cell)
        above.set_title(title)
        above.set(xlim=(-8, 108), xticks=(0, 50, 100), xlabel="failed, %")
        below.axvline(FAILED_ERROR, color="black", lw=0.8, label="fails beyond")
        trivial(below, found.judged_eps)
        below.set(xscale="log", xlim=_ERRORS, xticks=(1e-3, 0.1), xlabel="error")
        below.minorticks_off()
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(METHODS)), [method_label(m) for m in METHODS], fontsize=7)
        axis.set_ylim(len(METHODS) - 0.5, -0.5)
    handles, labels = axes[1, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return fig


def _rate(axis: Axes, row: int, cell: Cell) -> None:
    share, low, high = (100 * value for value in cell.rate)
    marker, face = ("o", "white") if share == 0 else ("s" if share == 100 else "o", VERMILLION)
    axis.plot([low, high], [row, row], color=VERMILLION, lw=1.6)
    axis.plot(share, row, marker, color=VERMILLION, mfc=face, ms=5)


def _errors(axis: Axes, row: int, cell: Cell) -> None:
    ends = np.clip([cell.errors.min(), cell.errors.max()], *_ERRORS)
    axis.plot(ends, [row, row], color=BLUE, lw=1.6)
    axis.plot(np.clip(np.median(cell.errors), *_ERRORS), row, "D", color=BLUE, ms=4)


def trivial(axis: Axes, judged_eps: NDArray, *, across: bool = True) -> None:
    """The largest error over ε of what costs no training: lines at it, errors go across or up."""
    for name, errors in trivial_lines("transport-periodic", judged_eps).items():
        colour, line = _LIMITS[name]
        draw = axis.axvline if across else axis.axhline
        draw(errors.max(), color=colour, ls=line, lw=1.4, label=name if across else None)
