"""Chapter 12: the grid on which everybody is tuned, and what it chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hrgradlib.chapters.ch12_comparison import PROBLEMS, silent
from hrgradlib.chapters.looks import in_column, label_of
from hrgradlib.experiments.comparison_studies import COMPARED, GRID_OF, choices, scores
from hrgradlib.experiments.store import Table, read
from hrgradlib.experiments.studies import STUDIES

__all__ = [
    "Ends", "Tried", "at_ends", "best", "by_beta2", "by_rate", "chosen_betas", "collapsed",
    "factor", "grid", "lost", "table",
]  # fmt: skip

_WIDEST, _CELL = 30, 15  # letters of a table's first column, and of the others


class Tried(NamedTuple):
    """A choice of the grid and its error on the tuning seed, inf where the training failed.

    Attributes:
        name: of the choice.
        rate: learning rate; of L-BFGS, which has none, the points of a task.
        beta2: decay of the second moment; NaN where a method has none.
        error: max over ε and t.
    """

    name: str
    rate: float
    beta2: float
    error: float


def grid(problem: str) -> dict[str, list[Tried]]:
    """What was tried, of every label whose grid is complete."""
    name = GRID_OF[PROBLEMS[problem]]
    if not Table.named(name).rows:
        return {}
    rows = {row.key: row.values for row in read(name)}
    seed, found = STUDIES[name][0][0], {}
    for label in COMPARED:
        try:
            errors = scores(label, rows, problem, seed)
        except LookupError:
            continue
        places = choices(label, problem)
        found[label] = [Tried(n, places[n].rate, places[n].beta2, e) for n, e in errors.items()]
    return found


def best(tried: Iterable[Tried]) -> Tried:
    """The choice with the least error."""
    return min(tried, key=lambda choice: choice.error)


def by_rate(tried: Sequence[Tried]) -> dict[float, Tried]:
    """At every rate the best choice."""
    rates = dict.fromkeys(choice.rate for choice in tried)
    return {rate: best(c for c in tried if c.rate == rate) for rate in rates}


def by_beta2(tried: Sequence[Tried]) -> dict[float, Tried]:
    """At every β₂ the best choice; empty for a method that has none."""
    betas = dict.fromkeys(choice.beta2 for choice in tried if not np.isnan(choice.beta2))
    return {beta2: best(c for c in tried if c.beta2 == beta2) for beta2 in betas}


class Ends(NamedTuple):
    """Who is best at an end of the grid, by label.

    Attributes:
        low, high: whose rate is the least of their grid, and of whom it is the largest.
        least, most: the same of β₂, where more than one was tried.
    """

    low: list[str]
    high: list[str]
    least: list[str]
    most: list[str]


def at_ends(found: Mapping[str, Sequence[Tried]]) -> Ends:
    """Who is best at an end of the grid."""
    ends = Ends([], [], [], [])
    for label, tried in found.items():
        chosen, betas = best(tried), list(by_beta2(tried))
        rates = [choice.rate for choice in tried]
        for place, rate in ((ends.low, min(rates)), (ends.high, max(rates))):
            place.extend([label] * (chosen.rate == rate))
        if len(betas) > 1:
            ends.least.extend([label] * (chosen.beta2 == min(betas)))
            ends.most.extend([label] * (chosen.beta2 == max(betas)))
    return ends


def chosen_betas(found: Mapping[str, Sequence[Tried]]) -> dict[float, list[str]]:
    """Labels by the β₂ that the grid chose for them, the least β₂ first."""
    there = {label: best(tried).beta2 for label, tried in found.items()}
    betas = sorted({beta2 for beta2 in there.values() if not np.isnan(beta2)})
    return {beta2: [x for x, own in there.items() if own == beta2] for beta2 in betas}


def table(found: Mapping[str, Sequence[Tried]]) -> str:
    """Errors on the tuning seed, a line per method; a star at the choice.

    A column is a rate, and stands above the methods that have it: the error at its best β₂, and
    that β₂.
    """
    groups: dict[tuple[float, ...], list[str]] = {}
    for label, tried in found.items():
        groups.setdefault(tuple(by_rate(tried)), []).append(label)
    lines = []
    for rates, labels in groups.items():
        lines.append(_line("", [f"{rate:g}" for rate in rates]))
        for label in labels:
            chosen, columns = best(found[label]), by_rate(found[label]).values()
            lines.append(_line(label_of(label), [_cell(c) + "*" * (c == chosen) for c in columns]))
    return "\n".join(lines) or "not measured yet"


def _cell(choice: Tried) -> str:
    beta2 = "" if np.isnan(choice.beta2) else f" {choice.beta2:g}"
    return f"{choice.error:.1e}{beta2}"


def _line(name: str, cells: Iterable[str]) -> str:
    return (in_column(name, _WIDEST) + "".join(f" {cell:{_CELL}s}" for cell in cells)).rstrip()


def collapsed(problem: str, found: Mapping[str, Sequence[Tried]]) -> list[Tried]:
    """Choices whose run ended with the error of the untrained ansatz."""
    return [
        choice
        for tried in found.values()
        for choice in tried
        if silent(np.array([choice.error]), problem)[0]
    ]


def lost(tried: Sequence[Tried], rate: float, beta2: float) -> float:
    """Error at this rate and β₂ over that of the best choice; NaN where it was not tried."""
    here = [c.error for c in tried if (c.rate, c.beta2) == (rate, beta2)]
    return here[0] / best(tried).error if here else np.nan


def factor(found: Mapping[str, Sequence[Tried]]) -> float:
    """Worst error over best among the choices of a method, the median over methods."""
    errors = [[choice.error for choice in tried] for tried in found.values()]
    return float(np.median([max(e) / min(e) for e in errors])) if errors else np.nan
