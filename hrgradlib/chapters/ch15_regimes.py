"""Chapter 15: one network for all regimes against a network for each, by stored seconds."""

from __future__ import annotations

from hrgradlib.chapters import ch13_apart as apart
from hrgradlib.chapters.ch12_comparison import LEAST_RUNS
from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word

__all__ = ["RULE", "one_for_all"]


RULE = (
    "confirmed if at every number of its steps one network takes less time than the cheapest "
    "networks of single decades that err no more, refined if at some, refuted if at none; "
    "undecided of fewer than four runs a network"
)


def one_for_all(reading: Reading) -> Finding:
    """Does one network reach its error in less time than a network for each decade?

    Where a decade has no network that errs as little, the one network wins.

    Raises:
        Lacking: a run of the study is missing.
    """
    reading.rows(apart.NAME)  # all of it or nothing
    found = apart.choices()
    costs = apart.costs(found)
    if not costs:
        raise Lacking(f"{apart.NAME} has no choices to compare")
    won, runs = sum(one < four for one, four in costs), min(choice.runs for choice in found)
    word: Word = "confirmed" if won == len(costs) else "refined" if won else "refuted"
    few = "" if runs >= LEAST_RUNS else f"too few runs, {runs} a network: "
    told = ", ".join(
        f"{one:.0f} s against "
        + (f"{four:.0f} s" if four < float("inf") else "no networks as good")
        for one, four in costs
    )
    return Finding("undecided" if few else word, f"{few}to the error of one network {told}")
