"""Figures of many tasks: from one per range to one per residual, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.costless import mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.many_tasks_comparisons import Cell
from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from hrgradlib.chapters.style import log_ticks, shared_legend, subplots

__all__ = [
    "against_time",
    "finals",
    "orthogonal",
    "planes",
    "rate_distribution",
    "share_by_count",
    "trainings",
]

_ERROR = "max error over ε and t"
_RAMP = (GREY, SKY, BLUE, PURPLE, ORANGE, VERMILLION)


def planes(near: float = 1.0, far: float = 2.0, angle: float = 1.9) -> Figure:
    """Two tasks in the plane of their gradients: equal speed, and arrival at the same time.

    Args:
        near, far: distances to the lines on which task 1 and task 2 are solved.
        angle: between their normals, radians.
    """
    fig, axis = subplots(figsize=(6.4, 3.5))
    normals = np.array([[0.0, 1.0], [np.sin(angle), np.cos(angle)]])
    corner = np.linalg.solve(normals, [near, far])
    for k, (normal, distance, colour) in enumerate(
        zip(normals, (near, far), (PURPLE, GREEN), strict=True), start=1
    ):
        along = np.array([normal[1], -normal[0]])
        ends = np.stack([distance * normal + s * along for s in (-6, 6)])
        axis.plot(*ends.T, color=colour, lw=1.2)
        _arrow(axis, 0.55 * normal, colour)
        axis.annotate(f"$\\hat{{u}}_{k}$", 0.6 * normal, color=colour, ha="center", va="bottom")
        axis.plot(*np.stack([0 * normal, distance * normal]).T, ":", color=colour, lw=1)
        axis.annotate(f"$\\hat{{t}}_{k}$", 0.78 * distance * normal + [0.06, 0], color=colour)
    equal = normals.sum(0) / np.linalg.norm(normals.sum(0))
    reached = equal * near / (equal @ normals[0])
    _arrow(axis, reached, BLUE)
    axis.annotate(
        "equal speed: task 1 solved,\ntask 2 not yet",
        reached + [-0.1, 0.14],
        color=BLUE,
        ha="right",
    )
    _arrow(axis, corner, VERMILLION)
    axis.annotate("equal rates:\nboth solved at once", corner + [0.4, 0.14], color=VERMILLION)
    axis.plot(0, 0, "o", color=BLACK)
    axis.annotate(r"$\vartheta$", (-0.12, -0.05), ha="right", va="top")
    axis.set(
        xlim=(-1.4, 4.8),
        ylim=(-1.1, 1.8),
        aspect="equal",
        xlabel="parameter space, first direction",
        ylabel="second direction",
    )
    axis.set_xticklabels([])
    axis.set_yticklabels([])
    return fig


def _arrow(axis: Axes, end: NDArray, colour: str) -> None:
    axis.annotate(
        "", end, (0, 0), arrowprops=dict(arrowstyle="-|>", color=colour, lw=2, shrinkA=0, shrinkB=0)
    )


def share_by_count(counts: Sequence[int], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Share of the best decrease that a direction can get, by number of tasks.

    Args:
        counts: numbers of tasks; shares: [counts] by label, NaN where not computed.
    """
    fig, axis = subplots(figsize=(6.4, 3.8))
    looks = ((VERMILLION, "o-"), (BLUE, "s-"), (GREEN, "^-"), (BLACK, "o--"), (GREY, "^--"))
    for (label, values), (colour, marks) in zip(shares.items(), looks, strict=False):
        axis.loglog(counts, values, marks, color=colour, label=label)
    axis.set_xticks(counts, [f"{c:,}" for c in counts])
    axis.minorticks_off()
    axis.set(xlabel="number of tasks $K$", ylabel="share of Gauss–Newton's decrease")
    axis.legend()
    return fig


def rate_distribution(rates: Mapping[str, Mapping[str, NDArray]], losses: NDArray) -> Figure:
    """How much of the loss has a relative rate below a value, for the best step.

    Args:
        rates: [R] by rule (a panel each) and number of tasks.
        losses: [R] squared residuals.
    """
    fig, axes = subplots(1, len(rates), figsize=(7.4, 3.5), sharey=True, squeeze=False)
    for axis, (title, curves) in zip(axes[0], rates.items(), strict=True):
        axis.axvline(1, color=BLACK, lw=0.8, ls=":")
        axis.axvline(0, color=BLACK, lw=0.8)
        for (label, values), colour in zip(curves.items(), _RAMP, strict=False):
            order = np.argsort(values)
            axis.step(
                values[order],
                np.cumsum(losses[order]) / losses.sum(),
                where="post",
                color=colour,
                label=label,
            )
        axis.set(xlim=(-0.75, 1.75), xlabel="relative rate $J_i d/r_i$", title=title)
    axes[0, 0].set_ylabel("share of the loss with a lower rate")
    axes[0, -1].legend(title="tasks", loc="lower right")
    return fig


def trainings(runs: Mapping[str, tuple[NDArray, NDArray]], costless: Mapping[str, float]) -> Figure:
    """Error against steps for several numbers of tasks: seeds thin, their median thick.

    Args:
        runs: by label, steps [looks] and errors [seeds, looks].
        costless: largest errors over ε of what costs no training, by name.
    """
    fig, axis = subplots(figsize=(6.4, 3.7))
    for (label, (at, errors)), colour in zip(runs.items(), _RAMP, strict=False):
        axis.semilogy(at, errors.T, color=colour, lw=0.7, alpha=0.5)
        axis.semilogy(at, np.median(errors, 0), "o-", color=colour, label=label)
    mark_lines(axis, costless, across=False)
    axis.set(xlabel="steps", ylabel=_ERROR)
    shared_legend(fig, axis, "upper center", ncols=4)
    return fig


def orthogonal(
    dampings: Sequence[float],
    found: Mapping[str, Sequence[float]],
    cosines: NDArray,
    hidden: NDArray,
) -> Figure:
    """Cosines of tasks in the Gauss–Newton metric: by damping, and along a training.

    Args:
        dampings: multiples of the loss; found: [dampings] by label.
        cosines: [steps, K, K] of a training in that metric.
        hidden: [steps, K] share of every task's loss that damping hides.
    """
    fig, axes = subplots(1, 2, figsize=(7.4, 3.5), sharey=True)
    looks = ((VERMILLION, "o-"), (BLUE, "s-"), (BLACK, "--"), (GREY, ":"))
    for (label, values), (colour, marks) in zip(found.items(), looks, strict=False):
        axes[0].loglog(dampings, values, marks, color=colour, label=label)
    axes[0].set(
        xlabel=r"damping $\lambda/\|r\|^2$",
        ylabel="|cosine| of two tasks",
        title="one batch, network trained by Adam",
    )
    pairs = np.abs(cosines[:, *np.triu_indices(cosines.shape[-1], 1)])
    steps = np.arange(len(pairs)) + 1
    axes[1].semilogy(steps, pairs.max(1), color=VERMILLION, label="largest")
    axes[1].semilogy(steps, np.median(pairs, 1), color=BLUE, label="median")
    odds = np.sort(np.sqrt(hidden / (1 - hidden)), 1)
    axes[1].semilogy(
        steps,
        np.minimum(odds[:, -1] * odds[:, -2], 1),
        ":",
        color=GREY,
        label="bound by what is hidden",
    )
    axes[1].set(xlabel="step", title="along a training in the metric")
    for axis in axes:
        axis.legend()
    return fig


def against_time(cells: Mapping[str, Cell], costless: Mapping[str, float]) -> Figure:
    """Error against seconds: median over seeds, the range of all seeds shaded, dots at the end.

    Args:
        cells: by key of `METHOD_LOOK`; may be empty.
        costless: largest errors over ε of what costs no training, by name.
    """
    fig, axis = subplots(figsize=(6.6, 4.6))
    for method, cell in cells.items():
        name, colour, marker, line = METHOD_LOOK[method]
        seconds, errors = (np.stack([c[i] for c in cell.curves.values()]) for i in (0, 1))
        middle = np.median(seconds, 0)
        axis.fill_between(middle, errors.min(0), errors.max(0), color=colour, alpha=0.12, lw=0)
        axis.plot(middle, np.median(errors, 0), line, color=colour, label=name)
        axis.plot(seconds[:, -1], errors[:, -1], marker, color=colour, ms=3.5)
    if not cells:
        _empty(axis)
        return fig
    mark_lines(axis, costless, across=False)
    axis.set(xscale="log", yscale="log", xlabel="seconds of training, one core", ylabel=_ERROR)
    shared_legend(fig, axis, "upper center", ncols=2)
    return fig


def finals(named: Mapping[str, Cell], costless: Mapping[str, float]) -> Figure:
    """Final errors: a row each, every seed a dot, the median a bar.

    Args:
        named: cells by the names to print; may be empty.
        costless: largest errors over ε of what costs no training, by name.
    """
    fig, axis = subplots(figsize=(6.6, 0.9 + 0.36 * max(2, len(named))))
    if named:
        mark_lines(axis, costless)  # first, as the axis's labels depend on its range
        _strip(axis, named)
        shared_legend(fig, axis, "upper center", ncols=2)
    else:
        _empty(axis)
    return fig


def _empty(axis: Axes) -> None:
    axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    axis.set(xlabel=_ERROR, yticks=[])


def _strip(axis: Axes, named: Mapping[str, Cell]) -> None:
    for row, cell in enumerate(named.values()):
        kept = cell.errors[np.isfinite(cell.errors)]
        _, colour, marker, _ = METHOD_LOOK[cell.settings["method"]]
        axis.plot(kept, np.full(len(kept), row), marker, color=colour, ms=4, alpha=0.6)
        if np.isfinite(cell.median):
            axis.plot([cell.median] * 2, [row - 0.28, row + 0.28], color=colour, lw=2.5)
        if len(kept) < len(cell.errors):
            axis.annotate(
                f"{len(cell.errors) - len(kept)} lost",
                (0.99, row),
                va="center",
                xycoords=("axes fraction", "data"),
                ha="right",
                fontsize=8,
            )
    axis.set_yticks(range(len(named)), list(named))
    axis.set(xscale="log", xlabel=_ERROR, ylim=(len(named) - 0.4, -0.6))
    log_ticks(axis)
    axis.grid(axis="y", visible=False)
