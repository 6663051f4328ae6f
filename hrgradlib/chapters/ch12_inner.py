"""Chapter 12: the five numbers of the inner descent of HRGrad as reported, one changed at a time.

Every change is judged against the finalists' own runs by the book's one rule, once all of its runs
are there. A verdict of its own says whether it *matters*: ten are asked, so at a level ten times as
strict, and unless the whole interval of the ratio lies within the usual margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters import ch12_finalists, protocol_rates
from hrgradlib.chapters.ch15_measures import NO_WORSE
from hrgradlib.experiments.inner_studies import CHANGES, INNER, METHOD, cell_of
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import LEVEL, Verdict, judge
from hrgradlib.optim import Inner

__all__ = [
    "COUNT", "NAMES", "NAME", "SEEDS", "STRICT", "Change", "Changes", "against_sum", "asked",
    "by_chance", "changes", "load", "power", "table", "words",
]  # fmt: skip

NAME = "inner"
SEEDS = len(INNER[NAME][0])
COUNT = sum(map(len, CHANGES.values()))
STRICT = LEVEL / COUNT
#: The fields of :class:`hrgradlib.Inner` as chapter 7 writes them.
NAMES = {"a_min": "a_min", "a_max": "a_max", "k_std": "k_std", "proximity": "λ", "margin": "k_cos"}

_WORDS = ("lower", "higher")
_FACTOR = 1.5  # of those whose chance to be seen is stored


class Change(NamedTuple):
    """One hyperparameter at another value.

    Attributes:
        name: of the field.
        value: in place of its default.
        errors: [runs] final errors; inf where one failed.
        verdict: against the control; None without runs of both.
    """

    name: str
    value: float
    errors: NDArray
    verdict: Verdict | None

    @property
    def label(self) -> str:
        """For a page, "k_cos = 0.5"."""
        return f"{NAMES[self.name]} = {self.value:g}"

    @property
    def word(self) -> str:
        """Of the verdict; a dash before all runs are there."""
        return self.verdict.word if self.verdict and len(self.errors) >= SEEDS else "–"

    @property
    def near(self) -> bool:
        """Whether the whole interval of the ratio lies within the margin."""
        v = self.verdict
        return v is not None and 1 / NO_WORSE < v.low and v.high < NO_WORSE

    @property
    def matters(self) -> bool:
        """Whether the error differs, for sure as ten are asked, and by more than the margin."""
        sure = self.verdict is not None and self.verdict.p <= STRICT
        return sure and self.word in _WORDS and not self.near


class Changes(NamedTuple):
    """What is stored.

    Attributes:
        control: [runs] errors with nothing changed.
        changes: in the order of the study.
    """

    control: NDArray
    changes: list[Change]

    @property
    def there(self) -> int:
        """Runs of changes so far."""
        return sum(len(change.errors) for change in self.changes)

    @property
    def complete(self) -> bool:
        """Whether every change has its verdict."""
        return all(change.word != "–" for change in self.changes)


def changes(errors: Mapping[str, Sequence[float] | NDArray], control: NDArray) -> Changes:
    """Judge the changes.

    Args:
        errors: by cell of the study.
        control: [runs] errors of the method as it is.
    """
    found = []
    for name, values in CHANGES.items():
        for value in values:
            own = np.array(errors.get(cell_of(name, value), []), float)
            verdict = judge(own, control) if len(own) and len(control) else None
            found.append(Change(name, value, own, verdict))
    return Changes(control, found)


def load() -> Changes:
    """Of today's store; without runs where nothing is stored."""
    errors: dict[str, list[float]] = {}
    for row in read_study(NAME)[0] if Table.named(NAME).rows else []:
        errors.setdefault(row["label"], []).append(row["max_error"])
    return changes(errors, ch12_finalists.load().get(METHOD, np.array([])))


def asked() -> str:
    """The values of every hyperparameter, its own in the middle."""
    usual = Inner()
    return ", ".join(
        f"{NAMES[name]} {less:g}, {getattr(usual, name):g}, {more:g}"
        for name, (less, more) in CHANGES.items()
    )


def table(found: Changes) -> str:
    """A line per change: runs, median, ratio to the control with its interval, p, verdict."""
    if not len(found.control):
        return "the control is not stored yet"
    lines = [
        f"{'changed':13s}{'runs':>5s}{'median':>10s}  {'ratio to control':20s}{'p':>7s}  verdict",
        f"{'nothing':13s}{len(found.control):5d}{np.median(found.control):10.1e}",
    ]
    for change in found.changes:
        line = f"{change.label:13s}{len(change.errors):5d}"
        if (verdict := change.verdict) is not None:
            ratio = f"{verdict.ratio:.2f}  [{verdict.low:.2f}, {verdict.high:.2f}]"
            line += f"{np.median(change.errors):10.1e}  {ratio:20s}{verdict.p:7.2g}  {change.word}"
            line += f", within {NO_WORSE:g}" * (change.near and change.word != "–")
        lines.append(line)
    return "\n".join(lines)


def words(found: Changes) -> str:
    """What the table says, in sentences; that it is not tested yet while runs are missing."""
    if not (len(found.control) and found.complete):
        return f"Not tested yet: {found.there} of {COUNT * SEEDS} runs are stored."
    told = {word: _listed([c for c in found.changes if c.word == word]) for word in _WORDS}
    silent = sum(c.word == "undecided" for c in found.changes)
    near = sum(c.near for c in found.changes)
    return (
        f"By the rule the error is lower with {told['lower']}, and higher with {told['higher']}; "
        f"{silent} of {COUNT} changes are undecided. Of {near} the whole interval lies between "
        f"1/{NO_WORSE:g} and {NO_WORSE:g}. What differs by more than that at p ≤ {STRICT:g}, since "
        f"{COUNT} are asked: {_listed([c for c in found.changes if c.matters])}."
    )


def against_sum(found: Changes, tuned_sum: NDArray) -> str:
    """The change with the lowest median against the finalists' sum under Adam, in a clause.

    Args:
        found: the changes; nothing is said before all of their runs are there.
        tuned_sum: [runs] errors of that sum.
    """
    if not (found.complete and len(tuned_sum)):
        return "is not known yet"
    best = min(found.changes, key=lambda change: float(np.median(change.errors)))
    verdict = judge(best.errors, tuned_sum)
    return (
        f"is that with {best.label}: {verdict.ratio:.2f} [{verdict.low:.2f}, {verdict.high:.2f}] "
        f"times the error of the sum under Adam ({verdict.word} by the rule)"
    )


def _listed(some: Sequence[Change]) -> str:
    return (
        ", ".join(f"{c.label} ({c.verdict.ratio:.2f} times)" for c in some if c.verdict) or "none"
    )


def by_chance() -> float:
    """How often changes that do nothing get a verdict all the same, one at least, independent."""
    return 1 - (1 - LEVEL) ** COUNT


def power(found: Changes) -> str:
    """What so few runs can see, in sentences.

    The rule knows ratios alone: where logarithms scatter ``s`` times as much, a factor's power s is
    seen as often as the factor.
    """
    logs = np.log(found.control[np.isfinite(found.control)])
    if len(logs) < 2:
        return "What so few runs can see is not known yet."
    own, (factor, known) = float(logs.std(ddof=1)), (_FACTOR, protocol_rates.SIGMA)
    share = 100 * protocol_rates.read_rates()["normal", SEEDS, factor]["lower"]
    return (
        f"With {SEEDS} runs of both, a factor of {factor:g} is seen in {share:.0f} % of all cases "
        f"if the logarithms of errors scatter by {known:g}. Those of the control scatter by "
        f"{own:.2f}, where the same holds for a factor of {factor ** (own / known):.1f}."
    )
