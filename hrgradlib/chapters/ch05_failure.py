"""Chapter 5: how often which formulation fails under which method, and what repairs it.

Failure is that of :func:`hrgradlib.experiments.results.failure`, which every stored row carries.
A table that is not complete gives what its rows can say, and the words on the page follow them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_studies import CELLS, FAILURES, LADDER, METHODS
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import LEVEL, Rate, failure_rate, judge
from hrgradlib.models.published import own_eps

__all__ = [
    "NAMES",
    "PUBLISHED",
    "STEPS_OF_LADDER",
    "Cell",
    "Failures",
    "at_own_eps",
    "beside_the_sum",
    "cells_of",
    "load",
    "method_label",
    "own_order",
    "size",
    "step",
    "table",
    "times_the_sums_seconds",
    "where_it_errs",
]

NAME = "failure"

#: What the page calls each formulation.
NAMES = {
    "pinn": "plain PINN",
    "each": "published, one network per ε",
    "published": "published, one for all ε",
    "layer": "+ exact data, layer coordinate",
    "regimes": "+ tasks are regimes",
}
assert set(NAMES) == set(LADDER)

#: Pairs of rungs of which the second has one ingredient more, or other networks.
STEPS_OF_LADDER = {
    "parity": ("pinn", "published"),
    "apart": ("published", "each"),
    "layer": ("published", "layer"),
    "regimes": ("layer", "regimes"),
}


#: The largest error published of networks of one ε each on a smooth problem: chapter 11.
PUBLISHED = 5e-2


class Cell(NamedTuple):
    """Runs of one formulation under one method.

    Attributes:
        errors: [S] largest over all judged ε and times; inf of a run that was not finite.
        failed: [S] whether the run failed, by the one definition.
        own: [S, E] errors at the Knudsen numbers judged; those of runs that were finite.
    """

    errors: NDArray
    failed: NDArray
    own: NDArray

    @property
    def rate(self) -> Rate:
        """Share of failed runs with its interval; there must be a run."""
        return failure_rate(int(self.failed.sum()), len(self.failed))


class Failures(NamedTuple):
    """What the stored study says so far.

    Attributes:
        cells: by formulation and method, those that have runs.
        judged_eps: [E].
        wanted, there: runs in all, and so far.
    """

    cells: dict[tuple[str, str], Cell]
    judged_eps: NDArray
    wanted: int
    there: int

    def pooled(self, rung: str, methods: Iterable[str]) -> tuple[int, int]:
        """Failed runs and runs of a formulation under these methods."""
        found = [self.cells[rung, m].failed for m in methods if (rung, m) in self.cells]
        return sum(int(f.sum()) for f in found), sum(map(len, found))


def method_label(method: str) -> str:
    """What figures and tables call a method of the study."""
    # In these formulations κ = 0 may rotate: not the name it has where that was seen not to happen.
    looks = {"hrgrad-gn": "hrgrad-gn-0"}
    return (
        "sum, Adam, best weight"
        if method == "sum-weighted"
        else label_of(looks.get(method, method))
    )


def load() -> Failures:
    """Every cell that has runs; none where nothing is stored."""
    seeds, cells = FAILURES[NAME]
    stored = cells_of(NAME)
    found = {place: stored[label] for label, place in CELLS.items() if label in stored}
    judged = CASES["transport-periodic"].judged_eps("quick")  # rows round them
    there = sum(len(cell.errors) for cell in found.values())
    return Failures(found, np.array(judged), len(seeds) * len(cells), there)


def cells_of(study: str, seeds: Collection[int] | None = None) -> dict[str, Cell]:
    """Runs of a stored study by their label, of these seeds if given; of a label none, nothing."""
    rows, content = read_study(study) if Table.named(study).rows else ([], {})
    rows = [row for row in rows if seeds is None or row["seed"] in seeds]
    found = {}
    for label in dict.fromkeys(row["label"] for row in rows):
        runs = [row for row in rows if row["label"] == label]
        known = content["curves"].get(label, {})
        curves = [c for row in runs if (c := known.get(str(row["seed"])))]
        found[label] = Cell(
            np.array([row["max_error"] for row in runs], float),
            np.array([bool(row["failure"]) for row in runs]),
            np.array([curve["judged"] for curve in curves]),
        )
    return found


def table(found: Failures) -> str:
    """A line per cell: runs, rate of failure with its interval, median and range of the error."""
    if not found.cells:
        return "no run is stored yet"
    lines = [f"{'':47s}{'runs':>4s}  {'failed':17s}error, and its range"]
    for rung, name in NAMES.items():
        lines.append(f"{name}:")
        for method in METHODS:
            if (cell := found.cells.get((rung, method))) is None:
                continue
            middle, low, high = np.median(cell.errors), cell.errors.min(), cell.errors.max()
            lines.append(
                f"  {method_label(method):46s}{len(cell.errors):3d}  "
                f"{cell.rate!s:16s} {middle:.1e}  {low:.1e}–{high:.1e}"
            )
    return "\n".join(lines)


class _Change(NamedTuple):
    """Failed and all runs before and after, and p of Fisher's exact test."""

    before: tuple[int, int]
    after: tuple[int, int]
    p: float

    @property
    def word(self) -> str:
        """By the level of every verdict of the book."""
        if self.p > LEVEL:
            return "the difference may be chance"
        lower = self.after[0] / self.after[1] < self.before[0] / self.before[1]
        return "it repairs" if lower else "it does harm"

    def __str__(self) -> str:
        (failed, runs), (after, others) = self.before, self.after
        if failed == after == 0:
            return f"none failed in either, of {runs} and {others} runs"
        if failed == runs and after == others:
            return f"all failed in both, {runs} and {others} runs"
        words = " to ".join(f"{f} of {n} failed" for f, n in (self.before, self.after))
        return f"from {words} (p = {self.p:.2g}): {self.word}"


def _change(before: tuple[int, int], after: tuple[int, int]) -> _Change:
    odds = [[f, n - f] for f, n in (before, after)]
    return _Change(before, after, float(stats.fisher_exact(odds).pvalue))


def step(found: Failures, name: str, methods: Iterable[str] = METHODS) -> str:
    """What a step of the ladder does, over the methods that both of its rungs have.

    Pooled runs hide what differs between methods, so it is told under how many fewer runs fail.

    Args:
        found: of :func:`load`.
        name: of :data:`STEPS_OF_LADDER`.
        methods: that are pooled; the test takes their runs as independent.
    """
    one, two = STEPS_OF_LADDER[name]
    shared = [m for m in methods if (one, m) in found.cells and (two, m) in found.cells]
    if not shared:
        return "no runs are stored yet"
    change = _change(found.pooled(one, shared), found.pooled(two, shared))
    rates = [(found.cells[one, m].rate.share, found.cells[two, m].rate.share) for m in shared]
    fewer = sum(after < before for before, after in rates)
    under = f" (fewer under {fewer} of {len(shared)} methods)" if any(map(max, rates)) else ""
    errors = [np.concatenate([found.cells[r, m].errors for m in shared]) for r in (two, one)]
    verdict = judge(*errors)
    return f"{change}{under}; error {verdict.word}, {_ratio(verdict.ratio)} times"


def beside_the_sum(found: Failures, rung: str) -> str:
    """Methods of a formulation that fail more or less often than the sum at weight one."""
    sum_cell = found.cells.get((rung, "sum"))
    others = [m for m in METHODS if m != "sum" and (rung, m) in found.cells]
    if sum_cell is None or not others:
        return "no runs are stored yet"
    base = int(sum_cell.failed.sum()), len(sum_cell.failed)
    changes = {m: _change(base, found.pooled(rung, [m])) for m in others}
    words = [
        f"{kind} often: {', '.join(method_label(m) for m in chosen)}"
        for kind, verdict in (("less", "it repairs"), ("more", "it does harm"))
        if (chosen := [m for m, c in changes.items() if c.word == verdict])
    ]
    told = "; ".join(words) or "no method differs from the sum beyond chance"
    return f"{base[0]} of {base[1]} runs of the sum failed; {told}"


def where_it_errs(found: Failures, rung: str) -> str:
    """Where the methods' median errors are largest: at one ε, if most have it there."""
    curves = {m: np.median(c.own, 0) for (r, m), c in found.cells.items() if r == rung}
    if not curves:
        return "no run is stored yet"
    worst = [int(curve.argmax()) for curve in curves.values()]
    at = max(set(worst), key=worst.count)
    there = [curve[at] for curve in curves.values()]
    if 2 * worst.count(at) <= len(worst):
        ends = found.judged_eps[[min(worst), max(worst)]]
        return (
            f"no ε is the worst for most of the {len(worst)} methods; the worst lie between "
            f"{min(ends):.2g} and {max(ends):.2g}"
        )
    return (
        f"ε = {found.judged_eps[at]:.2g} is the worst for {worst.count(at)} of {len(worst)} "
        f"methods; the median errors there are {min(there):.1e} to {max(there):.1e}"
    )


def at_own_eps(found: Failures, method: str = "sum") -> str:
    """Errors of the networks of one ε each, where they were trained: median and range of runs."""
    cell = found.cells.get(("each", method))
    if cell is None or not len(cell.own):
        return "no run is stored yet"
    at = _own_columns(found.judged_eps)
    lines = [f"{'network':14s}{'median':>9s}   range of {len(cell.own)} runs"]
    for eps, column in zip(found.judged_eps[at], cell.own[:, at].T, strict=True):
        ends = f"{column.min():.1e} to {column.max():.1e}"
        lines.append(f"{f'eps = {eps:.3g}':14s}{np.median(column):9.1e}   {ends}")
    return "\n".join(lines)


def own_order(found: Failures, method: str = "sum") -> str:
    """A sentence: are the networks of one ε each, where they were trained, as good as published."""
    cell = found.cells.get(("each", method))
    if cell is None or not len(cell.own):
        return "No run is stored yet."
    medians = np.median(cell.own[:, _own_columns(found.judged_eps)], 0)
    ends = f"The medians here are {medians.min():.1e} to {medians.max():.1e}"
    if medians.max() <= PUBLISHED:
        return f"{ends}: the published order or better, at every one of these ε."
    return f"{ends}, up to {medians.max() / PUBLISHED:.1f} times the largest published."


def size(label: str) -> int:
    """Weights of the networks of a cell, all of them together."""
    model = make_spec(**FAILURES[NAME][1][label]).build_model()
    return sum(weight.numel() for weight in model.parameters())


def times_the_sums_seconds(method: str) -> str:
    """Median seconds of a method over those of the sum, from the least to the largest rung."""
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    seconds = {
        CELLS[label]: np.median([row["seconds"] for row in rows if row["label"] == label])
        for label in {row["label"] for row in rows}
    }
    found = [
        seconds[rung, method] / seconds[rung, "sum"]
        for rung in LADDER
        if (rung, method) in seconds and (rung, "sum") in seconds
    ]
    return f"{min(found):.1f} to {max(found):.1f}" if found else "an unknown number of"


def _own_columns(judged: NDArray) -> NDArray:
    """Where among the judged Knudsen numbers those are that have a network, the largest first."""
    _, cells = FAILURES[NAME]
    own = own_eps((judged.min(), judged.max()), cells["each-sum"]["tasks"])[::-1]
    return np.abs(np.log(judged[:, None] / own)).argmin(0)


def _ratio(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "∞"
