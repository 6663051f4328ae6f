"""Figures of chapter 12: errors by method, uphill shares against errors, performance profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from hrgradlib.chapters.ch12_comparison import Arm, family, profile
from hrgradlib.chapters.looks import label_of
from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION
from hrgradlib.chapters.style import shared_legend, subplots

__all__ = ["errors", "profiles", "uphill"]

_ERROR = "relative $L^2$ error, the largest over ε and t"
_PALE = "#A6A6A6"
_LINES = {"untrained ansatz": "-", "best limit equation": (0, (1, 1))}
#: Thirty methods have no thirty colours: a family has one, and a marker.
_FAMILIES = {
    "the sum, Adam": (BLACK, "x"),
    "loss weighting, Adam": (ORANGE, "v"),
    "gradient surgery, then Adam": (PURPLE, "^"),
    "HRGrad, Adam": (VERMILLION, "o"),
    "SOAP, HRGrad": (BLUE, "D"),
    "SOAP, a sum": (GREEN, "P"),
    "second order": (GREY, "s"),
}


def errors(found: Mapping[str, Arm], untrained: Mapping[str, float]) -> Figure:
    """Final errors, a row per method, the best median first; seeds as marks, medians as bars.

    Args:
        found: runs by method.
        untrained: errors of what needs no training of a network, by name: broad lines.
    """
    arms = sorted(found.values(), key=lambda arm: arm.median)
    fig, axis = subplots(figsize=(7.0, 0.6 + 0.215 * max(8, len(arms))))
    for name, error in untrained.items():
        axis.axvline(error, ls=_LINES.get(name, "--"), color=_PALE, lw=3.0, zorder=0.5, label=name)
    for row, arm in enumerate(arms):
        colour, marker = _FAMILIES[family(arm.label)]
        kept = arm.errors[np.isfinite(arm.errors)]
        axis.plot(kept, [row] * len(kept), marker, ls="none", color=colour, ms=4, alpha=0.75)
        if np.isfinite(arm.median):
            axis.plot([arm.median] * 2, [row - 0.36, row + 0.36], color=colour, lw=2.2)
        if len(kept) < len(arm.errors):
            words = f"{len(arm.errors) - len(kept)} broke"
            place = dict(xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=8)
            axis.annotate(words, (0.99, row), **place)
    axis.set_yticks(range(len(arms)), [label_of(arm.label) for arm in arms], fontsize=8)
    axis.set(xlabel=_ERROR, ylim=(max(1, len(arms)) - 0.4, -0.6), xscale="log")
    if not arms and not untrained:
        axis.set_xlim(1e-4, 1.0)
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="y", visible=False)
    _legend(fig, axis, found)
    return fig


def uphill(found: Mapping[str, Mapping[str, Arm]]) -> Figure:
    """Final error over the share of uphill (step, task) pairs, a panel per problem."""
    shown = {problem: arms for problem, arms in found.items() if arms} or {"no run yet": {}}
    fig, axes = subplots(1, len(shown), figsize=(7.6, 3.8), squeeze=False)
    for axis, (problem, arms) in zip(axes[0], shown.items(), strict=True):
        for arm in arms.values():
            colour, marker = _FAMILIES[family(arm.label)]
            kept = np.isfinite(arm.errors) & ~np.isnan(arm.uphill)
            axis.plot(100 * arm.uphill[kept], arm.errors[kept], marker, ls="none", color=colour,
                      ms=4, alpha=0.75)  # fmt: skip
        axis.set(title=problem, xlabel="uphill (step, task) pairs in %", yscale="log")
        if not arms:
            axis.set_ylim(1e-4, 1.0)
        axis.yaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("relative $L^2$ error")
    _legend(fig, axes[0, 0], {k: arm for arms in found.values() for k, arm in arms.items()})
    return fig


def profiles(found: dict[str, dict[str, Arm]], labels: Sequence[str]) -> Figure:
    """Share of a method's runs within a factor of the least median of their problem."""
    fig, axis = subplots(figsize=(7.0, 3.4))
    shown: set[str] = set()
    for label in labels:
        colour, marker = _FAMILIES[family(label)]
        line = "--" if family(label) in shown else "-"  # two sums have one colour
        shown.add(family(label))
        factors, share = profile(found, label)
        axis.step(factors, share, marker, where="post", ls=line, color=colour,
                  label=label_of(label))  # fmt: skip
    axis.set(xscale="log", xlabel="factor over the least median", ylabel="share of runs")
    axis.set_ylim(0, 1.05)
    if labels:
        shared_legend(fig, axis, "right upper")
    else:
        axis.set_xlim(1, 100)
    return fig


def _legend(fig: Figure, axis: Axes, found: Mapping[str, Arm]) -> None:
    """The families that are there, once."""
    there = {family(label) for label in found}
    for name, (colour, marker) in _FAMILIES.items():
        if name in there:
            axis.plot([], [], marker, ls="none", color=colour, ms=5, label=name)
    if axis.get_legend_handles_labels()[0]:
        shared_legend(fig, axis, "lower center", ncols=3)
