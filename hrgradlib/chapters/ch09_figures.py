"""Figures of chapter 9: solutions against the reference, methods against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from hrgradlib.chapters.ch09_scales import Arm
from hrgradlib.chapters.ch12_tuning import Tried, by_rate
from hrgradlib.chapters.costless import mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.palette import GREY, SEQUENTIAL
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = [
    "density_profiles",
    "error_by_eps",
    "error_histories",
    "errors_by_draw",
    "errors_by_rate",
    "phase_space",
]


def density_profiles(
    x: NDArray, eps: NDArray, exact: NDArray, found: NDArray, title: str
) -> Figure:
    """``ρ`` over x for every ε: reference as lines, network as dots; below, the difference.

    Args:
        x: [X]; eps: [E]; exact, found: [E, X].
    """
    fig, axes = subplots(2, 1, figsize=(6.4, 5.0), height_ratios=(2, 1), sharex=True)
    for e, ref, net in zip(eps, exact, found, strict=True):
        axes[0].plot(x, ref, color=eps_colour(e), label=eps_label(e))
        axes[0].plot(x[::4], net[::4], "o", ms=3, color=eps_colour(e))
        axes[1].plot(x, net - ref, color=eps_colour(e))
    axes[0].set(ylabel=r"density $\rho$", title=title)
    axes[0].legend(ncol=2)
    axes[1].axhline(0, color=GREY, lw=0.8)
    axes[1].set(xlabel="$x$", ylabel="network − reference")
    axes[1].ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    return fig


def phase_space(x: NDArray, v: NDArray, eps: NDArray, exact: NDArray, found: NDArray) -> Figure:
    """``f(x, v)`` of the network and its difference from the reference, a column each ε.

    Args:
        x: [X]; v: [V]; eps: [E]; exact, found: [E, V, X].
    """
    fig, axes = subplots(2, len(eps), figsize=(2.5 * len(eps), 4.4), sharex=True, sharey=True)
    low, high = exact.min(), exact.max()
    difference = found - exact
    reach = np.abs(difference).max()
    for column, e in enumerate(eps):
        top = axes[0, column].pcolormesh(
            x, v, found[column], vmin=low, vmax=high, cmap=SEQUENTIAL, rasterized=True
        )
        bottom = axes[1, column].pcolormesh(
            x, v, difference[column], vmin=-reach, vmax=reach, cmap="PuOr_r", rasterized=True
        )
        for axis in axes[:, column]:
            axis.grid(False)
        axes[0, column].set_title(eps_label(e))
        axes[1, column].set(xlabel="$x$", xticks=(0, 0.5, 1), xticklabels=("0", "½", "1"))
    axes[0, 0].set_ylabel("$v$")
    axes[1, 0].set_ylabel("$v$")
    fig.colorbar(top, ax=axes[0], label="$f$, network")
    fig.colorbar(bottom, ax=axes[1], label="network − reference")
    return fig


def error_by_eps(
    eps: NDArray, errors: dict[str, NDArray], trivial: dict[str, NDArray] | None = None
) -> Figure:
    """Largest error over t against ε: every seed a thin line, the median thick.

    Args:
        eps: [E]; errors: by method, [seeds, E].
        trivial: by name, [E] errors of what costs no training, drawn broad and pale.
    """
    fig, axis = subplots(figsize=(6.2, 4.2))
    draw_lines(axis, eps, trivial or {})
    for method, values in errors.items():
        name, colour, marker, line = METHOD_LOOK[method]
        axis.loglog(eps, values.T, line, color=colour, lw=0.7, alpha=0.6)
        axis.loglog(
            eps, np.median(values, 0), marker + line, color=colour, label=name,
            markevery=max(1, len(eps) // 8),
        )  # fmt: skip
    lowest = min(values.min() for values in errors.values())
    axis.set(xlabel="Knudsen number ε", ylabel="relative $L^2$ error of ρ, max over t")
    axis.set_ylim(bottom=lowest / 3)
    shared_legend(fig, axis, "upper center", ncols=2)
    return fig


def error_histories(
    seconds: dict[str, NDArray], errors: dict[str, NDArray], costless: Mapping[str, float]
) -> Figure:
    """Max error against seconds of training; dots are the final errors, the ones compared.

    Args:
        seconds, errors: by method, [seeds, looks].
        costless: by name, errors of what costs no training, over the same ε.
    """
    fig, axis = subplots(figsize=(6.2, 3.4))
    mark_lines(axis, costless, across=False)
    for method in errors:
        name, colour, marker, line = METHOD_LOOK[method]
        for run, (x, y) in enumerate(zip(seconds[method], errors[method], strict=True)):
            own = name if run == 0 else None
            axis.semilogy(x, y, line, color=colour, lw=1.1, alpha=0.8, label=own)
            axis.plot(x[-1], y[-1], marker, color=colour)
    axis.set(xlabel="seconds of training", ylabel="max error over ε and t")
    axis.legend()
    return fig


def errors_by_rate(tried: Mapping[str, Sequence[Tried]], costless: Mapping[str, float]) -> Figure:
    """Final error on the tuning seed by learning rate, a line per method, a ring around the best.

    Of a rate the error at its best β₂.

    Args:
        tried: of :func:`hrgradlib.chapters.ch12_tuning.grid`; may be empty.
        costless: by name, errors of what costs no training.
    """
    fig, axis = subplots(figsize=(6.2, 3.6))
    mark_lines(axis, costless, across=False)
    for method, choices in tried.items():
        name, colour, marker, line = METHOD_LOOK[method]
        rates, chosen = zip(*by_rate(choices).items(), strict=True)
        values = [choice.error for choice in chosen]
        axis.loglog(rates, values, marker + line, color=colour, label=name)
        best = int(np.argmin(values))
        axis.plot(rates[best], values[best], "o", color=colour, mfc="none", ms=11)
    if not tried:
        axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    axis.set(xlabel="peak learning rate", ylabel="max error over ε and t")
    if tried:
        shared_legend(fig, axis, "upper center", ncols=2)
    return fig


def errors_by_draw(found: dict[str, Arm], costless: Mapping[str, float], title: str = "") -> Figure:
    """Final error of every run, a band a method: without scaling (hollow), then draw by draw.

    Thin bars are medians of a draw, thick ones of all runs with scaling. A run without a finite
    error is not drawn, and counts as the worst for the thick bar.

    Args:
        found: of :func:`hrgradlib.chapters.ch09_scales.arms`; may be empty.
        costless: by name, errors of what costs no training.
        title: of the figure.
    """
    fig, axis = subplots(figsize=(6.6, 1.1 + 0.85 * max(2, len(found))))
    mark_lines(axis, costless)
    for place, (label, arm) in enumerate(found.items()):
        look = METHOD_LOOK[label]
        rows = np.linspace(-0.36, 0.36, 1 + len(arm.scaled))
        for row, errors in zip(place + rows, (arm.plain, *arm.scaled), strict=True):
            shown = errors[np.isfinite(errors)]
            hollow = row == place + rows[0]
            axis.plot(
                shown,
                np.full(len(shown), row),
                look.marker,
                color=look.colour,
                mfc="none" if hollow else look.colour,
                ms=4.5 if hollow else 3.5,
                ls="none",
            )
            if shown.size:
                axis.plot([np.median(shown)] * 2, [row - 0.06, row + 0.06], color=look.colour, lw=1)
        if np.isfinite(arm.median):
            ends = [place + rows[min(1, len(rows) - 1)] - 0.07, place + rows[-1] + 0.07]
            axis.plot([arm.median] * 2, ends, color=look.colour, lw=2.5, alpha=0.6)
    if found:
        axis.set(xscale="log", ylim=(len(found) - 0.5, -0.5))
    else:
        axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    axis.set_yticks(range(len(found)), [label_of(label) for label in found])
    axis.grid(False, axis="y")
    axis.set(xlabel="max error over ε and t", title=title)
    axis.xaxis.set_minor_formatter(NullFormatter())  # beside decades they would meet
    shared_legend(fig, axis, "upper center", ncols=2)
    return fig
