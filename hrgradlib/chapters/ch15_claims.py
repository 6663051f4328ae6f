"""Chapter 15: all claims, by grade, and what is still to be measured for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from hrgradlib.chapters.ch15_claims_abstract import ABSTRACT
from hrgradlib.chapters.ch15_claims_ours import OURS
from hrgradlib.chapters.ch15_claims_reported import REPORTED
from hrgradlib.chapters.ch15_claims_review import REVIEW
from hrgradlib.chapters.ch15_verdicts import GRADES, WORDS, Claim, Grade, Judged, Word, judged

__all__ = ["CLAIMS", "count", "everything", "negative_first", "outcome"]

CLAIMS: tuple[Claim, ...] = (*ABSTRACT, *REVIEW, *REPORTED, *OURS)


@cache
def everything() -> dict[str, Judged]:
    """Every claim judged by today's store, by name."""
    return {claim.name: judged(claim) for claim in CLAIMS}


def count(lines: Iterable[Judged]) -> dict[Grade, dict[Word, tuple[int, int]]]:
    """By grade and by word: verdicts that stand, and those that only earlier code had given."""
    found: dict[Grade, dict[Word, tuple[int, int]]] = {
        grade: dict.fromkeys(WORDS, (0, 0)) for grade in GRADES
    }
    for line in lines:
        row = found[line.claim.grade]
        stands, earlier = row[line.finding.word]
        row[line.finding.word] = (stands + (not line.earlier), earlier + line.earlier)
    return found


def negative_first(lines: Iterable[Judged]) -> list[Judged]:
    """What was refuted, then refined, undecided, confirmed, and what was not tested."""
    order = ("refuted", "refined", "undecided", "confirmed", "not tested", "could not be checked")
    return sorted(lines, key=lambda line: (order.index(line.finding.word), line.earlier))


def outcome(lines: Sequence[Judged]) -> str:
    """All verdicts in a clause: how many are confirmed, refined, refuted and so on."""
    rows = count(lines).values()
    parts = []
    for word in WORDS:
        stands, earlier = (sum(row[word][i] for row in rows) for i in (0, 1))
        if stands or earlier:
            more = f" ({earlier} of them on results of earlier code)" if earlier else ""
            parts.append(f"{stands + earlier} {word}{more}")
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)
