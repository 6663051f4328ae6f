"""Chapter 15: failure modes, and a published method's rank among others, when these are stored."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.experiments.verdicts import Rate, failure_rate, judge

__all__ = ["BASELINES", "failure_modes", "ranks_first"]

#: That the full text compares with, as reported.
BASELINES = (
    "sum", "uw", "dwa", "graddrop", "pcgrad", "cagrad", "imtl-g", "rlw", "nash-mtl", "famo",
)  # fmt: skip

HALF = 0.5  # share of the sum's runs from which a formulation of a problem has a failure mode
_ROTATING = ("hrgrad", "hrgrad-soap", "hrgrad-reported", "hrgrad-reported-anchor")
_REPORTED = "hrgrad-reported"


def failure_modes(reading: Reading) -> Finding:
    """Where the sum under Adam fails in half of its runs: does HRGrad fail less?

    A mode is a formulation of a problem. It is overcome if the interval of the rate of some HRGrad,
    in any first-order metric or as reported, lies below that of the sum. Confirmed if all modes
    are, refined if some, refuted if none; undecided if there is no mode.
    """
    failed: dict[tuple, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in reading.rows("failure"):
        settings = row["settings"]
        place = settings.get("problem", ""), settings.get("formulation", "")
        failed[place][row["method"]].append(bool(row["failure"]))
    modes = [found for found in failed.values() if np.mean(found.get("sum", [False])) >= HALF]
    overcome = sum(_overcome(found) for found in modes)
    if not modes:
        return Finding("undecided", f"the sum fails in no formulation of {len(failed)}")
    word: Word = "confirmed" if overcome == len(modes) else "refined" if overcome else "refuted"
    return Finding(
        word, f"{overcome} of {len(modes)} failure modes overcome; the sum {_rate(modes, 'sum')}"
    )


def _overcome(found: dict[str, list[bool]]) -> bool:
    of_sum = failure_rate(sum(found["sum"]), len(found["sum"]))
    return any(
        failure_rate(sum(found[method]), len(found[method])).high < of_sum.low
        for method in _ROTATING
        if found.get(method)
    )


def _rate(modes: list[dict[str, list[bool]]], method: str) -> Rate:
    runs = [run for found in modes for run in found[method]]
    return failure_rate(sum(runs), len(runs))


def ranks_first(reading: Reading) -> Finding:
    """Is the method as reported lower than each of the ten that its paper compares with?

    Confirmed if it is by the book's rule against all; refuted if one of them is lower than it;
    refined if its median is the least, but not decidedly; else undecided.
    """
    ours = reading.errors("comparison", _REPORTED)
    others = {method: reading.errors("comparison", method) for method in BASELINES}
    words = {method: judge(ours, errors).word for method, errors in others.items()}
    rank = 1 + sum(float(np.median(e)) < float(np.median(ours)) for e in others.values())
    word: Word = "undecided"
    if "higher" in words.values():
        word = "refuted"
    elif all(found == "lower" for found in words.values()):
        word = "confirmed"
    elif rank == 1:
        word = "refined"
    beaten = sum(found == "lower" for found in words.values())
    lost = sum(found == "higher" for found in words.values())
    return Finding(
        word, f"rank {rank} of {len(others) + 1}; lower than {beaten}, higher than {lost}"
    )
