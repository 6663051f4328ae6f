"""Chapter 12: one thing changed at a time, against the same network without the change.

Every cell of the stored study is judged against its base by the one rule of the book; a table that
is not complete yet gives what its rows can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch12_comparison import LEAST_RUNS
from hrgradlib.chapters.costless import in_words
from hrgradlib.experiments.ablation_studies import ABLATIONS, BASE
from hrgradlib.experiments.cases.periodic import UNSEEN
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study, study_runs
from hrgradlib.experiments.verdicts import Verdict, judge

__all__ = [
    "CHANGES",
    "FAMILIES",
    "HIDDEN",
    "Ablations",
    "Effect",
    "Unseen",
    "by_eps",
    "load",
    "table",
    "unseen_table",
    "which",
]

NAME = "ablations"

#: Families of changes, by the word that begins a cell's name, and what they are about.
FAMILIES = {
    "encoding": "how the network is told ε",
    "tasks": "how many tasks",
    "segmentation": "what a task is",
    "harmony": "harmony κ",
    "axis": "axis",
    "metric": "metric and sum",
}

#: What each cell changes, in words, in the order of tables and figures.
CHANGES = {
    "encoding-raw": "log ε itself",
    "encoding-film": "scales and shifts (FiLM)",
    "encoding-code": "one code per regime",
    "encoding-none": "not at all",
    **{f"tasks-{k}": f"K = {k}" for k in (1, 2, 5, 20, 40)},
    "segmentation-unequal": "unequal ranges of ε",
    "segmentation-drawn": "one drawn ε each",
    "segmentation-terms": "terms of the loss",
    "segmentation-both": "regimes × terms",
    "harmony-0": "κ = 0",
    "harmony-1": "κ = 1",
    "axis-equiangular": "equal angles",
    "axis-rays": "rays of the cone",
    "metric-adam": "Adam's metric",
    "metric-sum": "sum of the losses",
}


#: Ranges of ε that were never drawn, by cell.
HIDDEN = {f"unseen-{name}": list(UNSEEN[name]) for name in ("gap", "ends")}


class Effect(NamedTuple):
    """One change.

    Attributes:
        cell: its name in the study.
        errors: final errors of its runs; inf where one failed.
        verdict: against the base; None where there are no runs.
    """

    cell: str
    errors: NDArray
    verdict: Verdict | None

    @property
    def word(self) -> str:
        """Of the verdict; empty of fewer runs than a verdict needs."""
        enough = self.verdict is not None and min(self.verdict.counts) >= LEAST_RUNS
        return self.verdict.word if self.verdict is not None and enough else ""


class Ablations(NamedTuple):
    """What the stored study says so far.

    Attributes:
        base: final errors without a change.
        effects: of every change, in the order of :data:`CHANGES`.
        wanted: runs in all.
        there: runs so far.
    """

    base: NDArray
    effects: list[Effect]
    wanted: int
    there: int


def load() -> Ablations:
    """Errors and verdicts; nothing where nothing is stored."""
    cells = ABLATIONS[NAME][1]
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    errors = {
        cell: np.array([row["max_error"] for row in rows if row["label"] == cell]) for cell in cells
    }
    base = errors[BASE]
    effects = [
        Effect(c, errors[c], judge(errors[c], base) if len(errors[c]) and len(base) else None)
        for c in CHANGES
    ]
    return Ablations(base, effects, len(study_runs(NAME)), len(rows))


def table(found: Ablations, costless: Mapping[str, float]) -> str:
    """A line per change: runs, median, ratio to the base with its interval, verdict.

    Where there are too few runs for a verdict stands a dash.

    Args:
        found: of :func:`load`.
        costless: by name, errors of what costs no training.
    """
    if not len(found.base):
        return "no run is stored yet"
    lines = [
        f"{'change':34s}{'runs':>5s}{'median':>10s}  {'ratio to the base':24s}verdict",
        f"{'none (the base)':34s}{len(found.base):5d}{np.median(found.base):10.1e}",
    ]
    family = ""
    for effect in found.effects:
        cell, errors, verdict = effect
        if (kind := cell.split("-")[0]) != family:
            family = kind
            lines.append(f"{FAMILIES[kind]}:")
        if verdict is None:
            lines.append(f"  {CHANGES[cell]:32s}{0:5d}")
            continue
        ratio = f"{verdict.ratio:.2f}  [{verdict.low:.2f}, {verdict.high:.2f}]"
        median = np.median(errors)
        lines.append(
            f"  {CHANGES[cell]:32s}{len(errors):5d}{median:10.1e}  {ratio:24s}{effect.word or '–'}"
        )
    medians = [np.median(e.errors) for e in found.effects if len(e.errors)]
    lines.append(in_words(costless, [np.median(found.base), *medians]))
    return "\n".join(lines)


def which(found: Ablations, word: str) -> str:
    """The changes of which the rule says this word, with their families."""
    labels = [
        f"{CHANGES[effect.cell]} ({FAMILIES[effect.cell.split('-')[0]]})"
        for effect in found.effects
        if effect.word == word
    ]
    return "; ".join(labels) or "no change"


class Unseen(NamedTuple):
    """Errors by Knudsen number of the networks of one cell.

    Attributes:
        eps: [E] judged Knudsen numbers.
        errors: [S, E] largest over t, by run.
    """

    eps: NDArray
    errors: NDArray

    def within(self, low: float, high: float) -> float:
        """Median over runs of the largest error in a range of ε."""
        inside = (self.eps >= low) & (self.eps <= high)
        return float(np.median(self.errors[:, inside].max(1)))


def by_eps(cell: str) -> Unseen | None:
    """Of a cell of the study; None where no run of it is stored."""
    stored = read_study(NAME)[1]["curves"] if Table.named(NAME).rows else {}
    curves = [curve for curve in stored.get(cell, {}).values() if curve]
    if not curves:
        return None
    return Unseen(np.array(curves[0]["judged_eps"]), np.array([c["judged"] for c in curves]))


Ranges = list[tuple[float, float]]


def unseen_table(curves: dict[str, Unseen | None], hidden: dict[str, Ranges]) -> str:
    """A line per range that was left out: error inside it, and there with all ε drawn.

    Args:
        curves: of :func:`by_eps`, the base first.
        hidden: by cell, ranges of ε that were never drawn.
    """
    base, *others = curves
    lines = [f"{'never drawn':24s}{'all drawn':>12s}{'not drawn':>12s}{'ratio':>8s}"]
    for cell in others:
        for low, high in hidden[cell]:
            found = [c.within(low, high) for c in (curves[base], curves[cell]) if c is not None]
            numbers = "".join(f"{error:12.1e}" for error in found)
            if len(found) == 2:
                numbers += f"{found[1] / found[0]:8.1f}"
            lines.append(f"{f'{low:g} < eps < {high:g}':24s}{numbers}")
    return "\n".join(lines)
