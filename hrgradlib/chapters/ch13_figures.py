"""Figures of chapter 13: time and memory of one step."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hrgradlib.chapters.ch13_cost import passes
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.palette import BLACK, BLUE, GREY
from hrgradlib.chapters.style import shared_legend, subplots

__all__ = ["memory", "overhead", "task_gradients"]


def overhead(rows: list[dict], bound: float = 1.10) -> Figure:
    """Time of HRGrad's step over the plain one's, over points per task, a panel per K.

    Args:
        rows: of ``step-time.json``.
        bound: what was promised, drawn as a line.
    """
    counts = sorted({r["tasks"] for r in rows if r["step"] == "hrgrad"})
    fig, axes = subplots(1, len(counts), figsize=(7.2, 3.4), sharey=True)
    for axis, tasks in zip(np.atleast_1d(axes), counts, strict=True):
        mine = [r for r in rows if r["tasks"] == tasks and r["step"] == "hrgrad"]
        points = [r["points"] for r in mine]
        middle = np.array([r["ratio"] for r in mine])
        reach = np.array(
            [[r["ratio"] - r["ratio_low"], r["ratio_high"] - r["ratio"]] for r in mine]
        ).T
        axis.axhline(1, color=GREY, lw=0.8)
        axis.axhline(bound, color=BLACK, lw=0.9, ls="--")
        axis.errorbar(
            points,
            middle,
            reach,
            fmt="o",
            color=METHOD_LOOK["hrgrad"].colour,
            capsize=2,
            lw=0.9,
            label="median and range",
        )
        axis.plot(
            points,
            [r["ratio_fastest"] for r in mine],
            "_",
            ms=10,
            mew=2,
            color=BLUE,
            label="fastest turns",
        )
        axis.set_xscale("log", base=2)
        axis.set_xticks(points, [f"{p}" for p in points], rotation=60)
        axis.minorticks_off()
        axis.set(title=f"$K = {tasks}$", xlabel="points per task")
    first = np.atleast_1d(axes)[0]
    first.set(ylabel="time / plain step", ylim=(0.7, 2.1))
    shared_legend(fig, first, "upper center", ncols=2)
    return fig


def task_gradients(rows: list[dict], per_task: int = 256) -> Figure:
    """Time over the plain step's by number of tasks, for every way to K gradients."""
    fig, axis = subplots(figsize=(6.4, 3.8))
    for name in ("torchjd", "conflictfree", "backwards", "hrgrad-identity", "hrgrad"):
        mine = [r for r in rows if r["step"] == name and r["points"] == per_task]
        own, colour, marker, line = METHOD_LOOK[name]
        counted, ratios = ([r[k] for r in mine] for k in ("tasks", "ratio"))
        axis.plot(counted, ratios, marker + line, color=colour, label=own)
    counts = np.array(sorted({r["tasks"] for r in rows if r["step"] == "hrgrad"}))
    axis.plot(counts, [passes(k) for k in counts], ":", color=BLACK, label="$(1+2K)/3$")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    axis.set_xticks(counts, [str(k) for k in counts])
    ticks = [1, 2, 4, 8, 16, 32, 64]
    axis.set_yticks(ticks, [str(t) for t in ticks])
    axis.minorticks_off()
    axis.set(xlabel="tasks $K$", ylabel=f"time / plain step, {per_task} points per task")
    axis.legend()
    return fig


def memory(rows: list[dict], counts: tuple[int, ...] = (5, 16), bound: float = 1.2) -> Figure:
    """Peak memory of a step over the plain one's, a group of bars per number of points."""
    names = ("hrgrad", "hrgrad-identity", "backwards", "conflictfree", "torchjd")
    fig, axes = subplots(1, len(counts), figsize=(7.2, 3.4), sharey=True)
    for axis, tasks in zip(axes, counts, strict=True):
        points = sorted(
            {r["points"] for r in rows if r["tasks"] == tasks and r["step"] == "hrgrad"}
        )
        for place, name in enumerate(names):
            found = {
                r["points"]: r["ratio"] for r in rows if r["tasks"] == tasks and r["step"] == name
            }
            at = [i + 0.16 * (place - 2) for i, p in enumerate(points) if p in found]
            axis.bar(
                at,
                [found[p] for p in points if p in found],
                0.15,
                color=METHOD_LOOK[name].colour,
                label=METHOD_LOOK[name].label,
            )
        axis.axhline(1, color=GREY, lw=0.8)
        axis.axhline(bound, color=BLACK, lw=0.9, ls="--")
        axis.grid(False, axis="x")
        axis.set_xticks(range(len(points)), [str(p) for p in points])
        axis.set(title=f"$K = {tasks}$", xlabel="points per task")
    axes[0].set(ylabel="peak memory / plain step")
    axes[0].legend(fontsize=7.5)
    return fig
