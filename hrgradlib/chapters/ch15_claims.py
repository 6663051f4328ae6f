"""Chapter 15: all claims, by grade, and what is still to be measured for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from hrgradlib.chapters.ch15_claims_abstract import ABSTRACT
from hrgradlib.chapters.ch15_claims_ours import OURS
from hrgradlib.chapters.ch15_claims_reported import REPORTED
from hrgradlib.chapters.ch15_claims_review import REVIEW
from hrgradlib.chapters.ch15_verdicts import GRADES, WORDS, Claim, Grade, Judged, Word, judged

__all__ = ["CLAIMS", "by_runs", "count", "earlier_words", "everything", "negative_first", "outcome"]

CLAIMS: tuple[Claim, ...] = (*ABSTRACT, *REVIEW, *REPORTED, *OURS)


@cache
def everything() -> dict[str, Judged]:
    """Every claim judged by today's store, by name."""
    return {claim.name: judged(claim) for claim in CLAIMS}


def count(lines: Iterable[Judged]) -> dict[Grade, dict[Word, int]]:
    """Verdicts that stand today, by grade and by word: on rows of earlier code none does."""
    return _counted((line.claim.grade, line.word) for line in lines)


def earlier_words(lines: Iterable[Judged]) -> dict[Grade, dict[Word, int]]:
    """What earlier code had said of claims that count as not tested; by grade and by word."""
    return _counted((line.claim.grade, line.finding.word) for line in lines if line.earlier)


def _counted(pairs: Iterable[tuple[Grade, Word]]) -> dict[Grade, dict[Word, int]]:
    found = Counter(pairs)
    return {grade: {word: found[grade, word] for word in WORDS} for grade in GRADES}


def negative_first(lines: Iterable[Judged]) -> list[Judged]:
    """What was refuted, then refined, undecided, confirmed, and what was not tested."""
    order = ("refuted", "refined", "undecided", "confirmed", "not tested", "could not be checked")
    return sorted(lines, key=lambda line: (order.index(line.finding.word), line.earlier))


def outcome(lines: Sequence[Judged]) -> str:
    """All verdicts in a clause: how many are confirmed, refined, refuted and so on.

    What waits for rows counts as not tested yet; what earlier code had said of it stands behind.
    """
    waiting = sum(bool(line.earlier or line.lacking) for line in lines)
    stands: list[tuple[str, int]] = []
    for word, number in _totals(count(lines)):
        if word == "not tested":
            stands += [(word, number - waiting), ("not tested yet", waiting)]
        else:
            stands.append((word, number))
    had = [(word, number) for word, number in _totals(earlier_words(lines)) if number]
    return _listed(stands) + (f" (earlier code had said: {_listed(had)})" if had else "")


def by_runs(lines: Iterable[Judged]) -> str:
    """How many verdicts on errors of two methods rest on how many runs, in a clause."""
    runs = [line.finding.runs for line in lines if line.finding.runs]
    told, most = [], float("inf")
    for least, words in ((20, "20 or more"), (10, "10 to 19"), (4, "4 to 9"), (1, "fewer")):
        if number := sum(least <= count < most for count in runs):
            told.append((f"on {words}", number))
        most = least
    return f"of {len(runs)} such verdicts {_listed([(words, n) for words, n in told])}"


def _totals(rows: Mapping[Grade, Mapping[Word, int]]) -> list[tuple[Word, int]]:
    return [(word, sum(row[word] for row in rows.values())) for word in WORDS]


def _listed(parts: Iterable[tuple[str, int]]) -> str:
    told = [f"{number} {word}" for word, number in parts if number]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)
