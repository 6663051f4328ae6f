"""Figures of the ablations of chapter 12: what each change costs, and errors at unseen ε."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch12_ablations import CHANGES, FAMILIES, Ablations, Unseen
from hrgradlib.chapters.palette import BLACK, BLUE, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = ["effects", "unseen"]

_COLOURS = {"lower": BLUE, "higher": VERMILLION, "undecided": GREY, "": BLACK}
_MARKERS = {"lower": "v", "higher": "^", "undecided": "o", "": "x"}
_WORDS = {"lower": "lower error", "higher": "higher error", "undecided": "undecided",
          "": "too few runs"}  # fmt: skip
_FARTHEST = 1e3  # ratio at which an interval's end is cut


def effects(found: Ablations) -> Figure:
    """Ratio of median errors to the base, with intervals; a row per change, families apart."""
    fig, axis = subplots(figsize=(6.8, 6.0))
    row, places, names, family = 0.0, [], [], ""
    for effect in found.effects:
        cell, _, verdict = effect
        if (kind := cell.split("-")[0]) != family:
            family, row = kind, row + 0.6 * bool(family)
            places.append(row)
            names.append(f"{FAMILIES[kind]}:")
            row += 1
        places.append(row)
        names.append(CHANGES[cell])
        if verdict is not None:
            ends = np.clip([verdict.low, verdict.high], 1 / _FARTHEST, _FARTHEST)
            colour = _COLOURS[effect.word]
            axis.plot(ends, [row, row], color=colour, lw=2)
            ratio = np.clip(verdict.ratio, 1 / _FARTHEST, _FARTHEST)
            axis.plot(ratio, row, _MARKERS[effect.word], color=colour, ms=6)
        row += 1
    there = {effect.word for effect in found.effects if effect.verdict is not None}
    for word, colour in _COLOURS.items():
        if not word and word not in there:
            continue
        axis.plot([], [], _MARKERS[word] + "-", color=colour, label=_WORDS[word])
    axis.axvline(1, color="black", lw=0.8)
    axis.set_xscale("log")
    axis.set_yticks(places, names)
    for label in axis.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().endswith(":") else "normal")
    axis.set(ylim=(row - 0.4, -0.6), xlabel="error, over that without the change")
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower right")
    return fig


def unseen(
    curves: dict[str, Unseen | None],
    hidden: dict[str, list[tuple[float, float]]],
    costless: Mapping[str, NDArray],
) -> Figure:
    """Error against ε, a panel per cell; medians, the range of runs, and what training left out.

    Args:
        curves: by cell, the base first.
        hidden: by cell, ranges of ε that were never drawn.
        costless: by name, errors [E] of what costs no training where the curves are.
    """
    base, *others = curves
    fig, axes = subplots(1, len(others), figsize=(7.2, 3.5), sharey=True, squeeze=False)
    for axis, cell in zip(axes[0], others, strict=True):
        if (known := curves[cell]) is not None:
            draw_lines(axis, known.eps, costless)
        for name, colour, marker, label in (
            (base, GREY, "o", "all ε drawn"),
            (cell, ORANGE, "s", "shaded range never drawn"),
        ):
            if (found := curves[name]) is not None:
                middle = np.median(found.errors, 0)
                axis.plot(found.eps, middle, marker + "-", color=colour, ms=3, label=label)
                low, high = found.errors.min(0), found.errors.max(0)
                axis.fill_between(found.eps, low, high, color=colour, alpha=0.2, lw=0)
        for low, high in hidden[cell]:
            axis.axvspan(low, high, color="black", alpha=0.08, lw=0)
        axis.set(xscale="log", xlabel=r"Knudsen number $\varepsilon$")
        if any(c is not None for c in curves.values()):
            axis.set_yscale("log")
    axes[0, 0].set_ylabel("relative $L^2$ error, largest over $t$")
    if axes[0, 0].get_legend_handles_labels()[0]:
        shared_legend(fig, axes[0, 0], "lower center", ncols=2)
    return fig
