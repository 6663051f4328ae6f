"""Chapter 6: shares of pairs in conflict along the sum's training on three problems, as stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLUE, GREEN, VERMILLION
from hrgradlib.chapters.style import shared_legend, subplots
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import STUDIES, read_study

__all__ = [
    "METRICS", "NAME", "PROBLEMS", "Shares", "failing", "gather", "growing", "load", "table",
    "thirds", "told",
]  # fmt: skip

NAME = "conflict"
PROBLEMS = tuple(STUDIES[NAME][1])
#: What the page calls the metrics that products are taken in.
METRICS = {"raw": "raw gradients", "adam": "Adam's metric"}
_THIRDS = ("first", "second", "last")
_LOOKS = dict(zip(PROBLEMS, ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^")), strict=True))


class Shares(NamedTuple):
    """Of one problem, a row per run, a column per third of the training; [runs, 3] each.

    Attributes:
        raw, adam: by metric.
        failed: runs that count as failed, by the book's definition.
    """

    raw: NDArray
    adam: NDArray
    failed: int


def gather(rows: Iterable[Mapping]) -> dict[str, Shares]:
    """By problem, of rows with their ``label``; a run that was broken off has no shares."""
    found: dict[str, list[Mapping]] = {}
    for row in rows:
        if isinstance(row.get("conflict"), dict):
            found.setdefault(row["label"], []).append(row)
    return {
        problem: Shares(
            raw=np.array([run["conflict"]["raw"] for run in runs]),
            adam=np.array([run["conflict"]["adam"] for run in runs]),
            failed=sum(bool(run["failure"]) for run in runs),
        )
        for problem, runs in found.items()
    }


def load() -> dict[str, Shares]:
    """What is stored; empty if nothing is."""
    return gather(read_study(NAME)[0]) if Table.named(NAME).rows else {}


def table(found: Mapping[str, Shares]) -> str:
    """A line per problem and metric: runs, mean share of each third, of all, and its range."""
    if not found:
        return "no run is stored yet"
    heads = "".join(f"{name:>9s}" for name in _THIRDS)
    lines = [f"{'pairs, by third':20s}{'products of':16s}{'runs':>4s}{heads}{'all':>9s}  range"]
    for problem, shares in found.items():
        for metric in METRICS:
            values = getattr(shares, metric)
            parts = "".join(f"{100 * part:7.1f} %" for part in values.mean(0))
            runs = 100 * values.mean(1)
            lines.append(
                f"{problem:20s}{METRICS[metric]:16s}{len(values):4d}{parts}{runs.mean():7.1f} %"
                f"  {runs.min():.1f}–{runs.max():.1f} %"
            )
    return "\n".join(lines)


def told(found: Mapping[str, Shares], metric: str) -> str:
    """Share over the whole training of each problem, in words, mean and range of the runs."""
    if not found:
        return "nothing is stored yet"
    words = []
    for problem, shares in found.items():
        runs = 100 * getattr(shares, metric).mean(1)
        words.append(
            f"{runs.mean():.1f} % on {problem} ({runs.min():.1f} to {runs.max():.1f} %, "
            f"{len(runs)} runs)"
        )
    return ", ".join(words)


def failing(found: Mapping[str, Shares]) -> str:
    """Runs that failed, in words."""
    words = [f"{x.failed} of {len(x.raw)} on {name}" for name, x in found.items() if x.failed]
    return ", ".join(words) or "none"


def growing(found: Mapping[str, Shares], metric: str) -> int:
    """On how many problems the last third has a larger share than the first, in every run."""
    return sum(
        bool((values[:, -1] > values[:, 0]).all())
        for values in (getattr(shares, metric) for shares in found.values())
    )


def thirds(found: Mapping[str, Shares]) -> Figure:
    """Shares against the third of the training, a panel per metric: runs (marks), means (lines)."""
    fig, axes = subplots(1, 2, figsize=(8.4, 3.3), sharey=True)
    for axis, (metric, name) in zip(axes, METRICS.items(), strict=True):
        for problem, shares in found.items():
            colour, marker = _LOOKS[problem]
            values = 100 * getattr(shares, metric)
            axis.plot(range(3), values.mean(0), color=colour, marker=marker, label=problem)
            axis.plot(range(3), values.T, marker, color=colour, ms=3, alpha=0.5)
        axis.axhline(50, color="black", lw=0.8, ls=":", label="noise alone")
        axis.set(title=name, xlabel="third of the training", ylim=(0, 60))
        axis.set_xticks(range(3), _THIRDS)
    axes[0].set_ylabel("pairs in conflict (%)")
    shared_legend(fig, axes[0], "upper center", ncols=4)
    return fig
