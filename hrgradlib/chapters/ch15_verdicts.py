"""Chapter 15: a claim, how it is judged, and what becomes of the verdict when rows are missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Literal, NamedTuple, get_args

from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.experiments.verdicts import LEVEL, Verdict

__all__ = [
    "GRADES", "NO_WORSE_RULE", "PEERS_RULE", "RULE", "WORDS", "Basis", "Claim", "Finding", "Grade",
    "Judged", "Word", "by_errors", "judged", "too_few",
]  # fmt: skip

Basis = Literal["code", "proof", "reading"]

Grade = Literal["abstract", "review", "reported", "ours"]
Word = Literal["confirmed", "refined", "refuted", "undecided", "not tested", "could not be checked"]
GRADES: tuple[Grade, ...] = get_args(Grade)
WORDS: tuple[Word, ...] = get_args(Word)

# How several claims are decided.
RULE = "by the book's rule for two sets of errors"
NO_WORSE_RULE = (
    "confirmed if the whole interval of the ratio lies below 1.5, refuted if higher by the book's "
    "rule, refined if both; undecided of so few runs that the rule could say nothing"
)
PEERS_RULE = (
    "confirmed if lower on all four by the book's rule, refined on some, refuted if higher on one "
    "and lower on none"
)


class Finding(NamedTuple):
    """What was found on a claim.

    Attributes:
        word: of the verdict.
        number: the figure that it rests on.
        runs: of the method that has the fewest, where sets of errors are compared; else 0.
    """

    word: Word
    number: str = ""
    runs: int = 0


@dataclass(frozen=True)
class Claim:
    """A line of the chapter.

    Attributes:
        name: short and unique.
        grade: who says it: the paper's abstract; a review page; a third party's notes of the full
            text; this project.
        text: the claim in our words.
        page: of the experiment or the proof, such as ``07_harmonised_rotation``.
        label: where on the page.
        test: what was done, in a clause.
        rule: what makes it confirmed, refined or refuted; decided before the number is read.
        measure: what reads the number from the store, or computes it, and applies the rule; a
            finding where there is a proof, a definition, or nothing.
        tables: stored results that the measure reads.
        missing: the experiment that would change the verdict, where none is stored.
        command: what makes the number, where it is no stored result.
        front: whether it stands in the README.
        by: what gives the verdict. A proof or reading decides without a number, so that the
            finding is typed; the page says so.
    """

    name: str
    grade: Grade
    text: str
    page: str
    label: str
    test: str
    rule: str
    measure: Callable[[Reading], Finding] | Finding
    tables: tuple[str, ...] = ()
    missing: str = ""
    command: str = ""
    front: bool = False
    by: Basis = "code"

    @property
    def chapter(self) -> str:
        """Its page, for texts that Sphinx does not number: "chapter 9", "appendix: many tasks"."""
        head = self.page.split("_")[0]
        if head.isdigit():
            return f"chapter {int(head)}"
        return f"appendix: {self.page.replace('_', ' ')}"


@dataclass(frozen=True)
class Judged:
    """A claim with what was found.

    Attributes:
        claim: the claim.
        finding: on the rows that are stored; "not tested" if they are not all there.
        earlier: whether a row is of earlier code or settings.
        lacking: what is not stored; empty if nothing is missing.
    """

    claim: Claim
    finding: Finding
    earlier: bool = False
    lacking: str = ""

    @property
    def word(self) -> Word:
        """The verdict that stands today: rows of earlier code decide nothing."""
        return "not tested" if self.earlier else self.finding.word

    @property
    def verdict(self) -> str:
        """The verdict for a page: with what earlier code had said, or with what gave it."""
        if self.lacking:
            return "not tested yet"
        if self.earlier:
            return f"not tested yet; on results of earlier code: {self.finding.word}"
        return self.finding.word if self.claim.by == "code" else f"{self.word} (by {self.claim.by})"

    @property
    def number(self) -> str:
        """The figure with its interval, or what is missing."""
        return self.finding.number or self.lacking or "–"


def judged(claim: Claim, reading: Reading | None = None) -> Judged:
    """Apply a claim's rule to the store.

    Args:
        claim: the claim.
        reading: of another store than today's.
    """
    if isinstance(claim.measure, Finding):
        return Judged(claim, claim.measure)
    reading = reading or Reading()
    try:
        found = claim.measure(reading)
    except Lacking as error:
        return Judged(claim, Finding("not tested"), lacking=str(error))
    return Judged(claim, found, reading.earlier)


def by_errors(found: Verdict) -> Finding:
    """The finding on "the first error is lower" by the book's one rule for two sets of errors.

    Where no outcome of so few runs could have decided, the number says it.
    """
    words: dict[str, Word] = {"lower": "confirmed", "higher": "refuted", "undecided": "undecided"}
    first, second = found.counts
    ratio, low, high = (f"{x:.2f}".replace("inf", "∞") for x in found[1:4])
    number = (
        f"{ratio} [{low}, {high}] times the error, p = {found.p:.2g}, {first} against {second} runs"
    )
    few = "too few runs: " if too_few(found) else ""
    return Finding(words[found.word], f"{few}{number}", min(first, second))


def too_few(found: Verdict) -> bool:
    """Whether even sets of runs that do not overlap at all would pass for chance."""
    first, second = found.counts
    return 2 / comb(first + second, first) > LEVEL
