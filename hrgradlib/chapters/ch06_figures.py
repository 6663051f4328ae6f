"""Figures of chapter 6: gradient conflict along a training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.palette import BLUE, GREY, VERMILLION
from hrgradlib.chapters.style import eps_colour, subplots

__all__ = ["alignment_history", "cosine_maps", "norm_history", "uphill_shares"]

DIVERGING = "PuOr_r"  # told apart under the common kinds of colour blindness


def _range_label(edge: float) -> str:
    return rf"$10^{{{np.log10(edge):.1f}}}$".replace(".0}", "}")


def cosine_maps(cosines: list[NDArray], titles: list[str], edges: NDArray) -> Figure:
    """Matrices of cosines between task gradients, one panel a title.

    Args:
        cosines: each [K, K].
        titles: of the panels.
        edges: [K + 1] ε at the ends of the tasks' ranges.
    """
    fig, axes = subplots(1, len(cosines), figsize=(2.9 * len(cosines), 3.0), sharey=True)
    ticks = np.arange(len(edges)) - 0.5
    for axis, matrix, title in zip(np.atleast_1d(axes), cosines, titles, strict=True):
        image = axis.imshow(matrix, vmin=-1, vmax=1, cmap=DIVERGING, origin="lower")
        axis.set_title(title)
        axis.set_xlabel("range of ε of task i")
        chosen = [0, len(edges) // 2, len(edges) - 1]
        labels = [_range_label(edges[i]) for i in chosen]
        axis.set_xticks(ticks[chosen], labels)
        for label, side in zip(axis.get_xticklabels(), ("left", "center", "right"), strict=True):
            label.set_ha(side)  # those of neighbouring panels would touch
        axis.set_yticks(ticks[chosen], labels)
        axis.grid(False)
    np.atleast_1d(axes)[0].set_ylabel("range of ε of task j")
    fig.colorbar(image, ax=axes, label="cosine", shrink=0.8)
    return fig


def alignment_history(
    steps: NDArray, alignment: NDArray, worst: NDArray, negative: NDArray
) -> Figure:
    """Alignment metric, worst pair and share of conflicting pairs against the step.

    Args:
        steps: [M].
        alignment, worst, negative: [runs, M].
    """
    fig, axes = subplots(1, 2, figsize=(8.4, 3.2))
    for values, colour, label in (
        (alignment, BLUE, "alignment $S$ of all tasks"),
        (worst, VERMILLION, "cosine of the worst pair"),
    ):
        _band(axes[0], steps, values, colour, label)
    axes[0].axhline(0, color=GREY, lw=0.8)
    axes[0].set(xlabel="step", ylabel="dimensionless", ylim=(-1.02, 1.02))
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2)
    _band(axes[1], steps, 100 * negative, VERMILLION, None)
    axes[1].set(xlabel="step", ylabel="pairs in conflict (%)", ylim=(0, None))
    return fig


def _band(axis, steps, values, colour, label) -> None:
    """Median over runs of a running mean, and the range of the runs."""
    width = max(1, len(steps) // 25)
    kernel = np.ones(width) / width
    smooth = np.stack([np.convolve(v, kernel, "valid") for v in values])
    where = steps[width // 2 : width // 2 + smooth.shape[1]]
    axis.fill_between(where, smooth.min(0), smooth.max(0), color=colour, alpha=0.25, lw=0)
    axis.plot(where, np.median(smooth, 0), color=colour, label=label)


def norm_history(steps: NDArray, norms: NDArray, centres: NDArray) -> Figure:
    """Norms of the task gradients against the step, one curve a task, coloured by ε."""
    fig, axis = subplots(figsize=(6.0, 3.3))
    width = max(1, len(steps) // 25)
    kernel = np.ones(width) / width
    for k, eps in enumerate(centres):
        smooth = np.exp(np.convolve(np.log(norms[:, k]), kernel, "valid"))
        axis.semilogy(
            steps[width // 2 : width // 2 + len(smooth)],
            smooth,
            color=eps_colour(eps),
            label=_range_label(eps) if k in (0, len(centres) - 1) else None,
        )
    axis.set(xlabel="step", ylabel="norm of the task gradient")
    axis.legend(title="ε of the task")
    return fig


def uphill_shares(methods: Sequence[str], shares: NDArray) -> Figure:
    """Share of (step, task) products of the applied update that point uphill.

    Args:
        methods: keys of `METHOD_LOOK`.
        shares: [methods, runs] in [0, 1].
    """
    fig, axis = subplots(figsize=(5.4, 0.55 * len(methods) + 1.1))
    place = np.arange(len(methods))
    colours = [METHOD_LOOK[m].colour for m in methods]
    axis.barh(place, 100 * np.median(shares, 1), color=colours, height=0.5, alpha=0.75)
    for row, values in zip(place, shares, strict=True):
        axis.plot(100 * values, np.full(len(values), row), "o", color="black", ms=4)
    axis.set_yticks(place, map(label_of, methods))
    axis.invert_yaxis()
    axis.set_xlabel("share of (step, task) products that point uphill (%)")
    return fig
