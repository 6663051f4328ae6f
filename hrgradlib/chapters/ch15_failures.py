"""Chapter 15: failure modes, and a published method's rank among others, when these are stored."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.experiments.failure_studies import CELLS
from hrgradlib.experiments.verdicts import Rate, failure_rate, judge

__all__ = ["BASELINES", "failure_modes", "formulation_repairs", "ranks_first"]

#: That the full text compares with, as reported.
BASELINES = (
    "sum", "uw", "dwa", "graddrop", "pcgrad", "cagrad", "imtl-g", "rlw", "nash-mtl", "famo",
)  # fmt: skip

HALF = 0.5  # share of the sum's runs from which a formulation has a failure mode
_ROTATING = ("hrgrad", "hrgrad-soap", "hrgrad-reported")
_REPORTED = "hrgrad-reported"


def failure_modes(reading: Reading) -> Finding:
    """Where the sum at weight one fails in half of its runs: does HRGrad fail less?

    A mode is a formulation. It is overcome if the interval of the rate of some HRGrad, in a
    first-order metric or as reported, lies below that of the sum. Confirmed if all modes are,
    refined if some, refuted if none; undecided if there is no mode.
    """
    failed = _failed(reading)
    shared = [found for found in failed.values() if any(m in found for m in _ROTATING)]
    modes = [found for found in shared if np.mean(found["sum"]) >= HALF]
    if not modes:
        return Finding("undecided", f"the sum fails in none of {len(shared)} formulations")
    overcome = sum(_overcome(found) for found in modes)
    word: Word = "confirmed" if overcome == len(modes) else "refined" if overcome else "refuted"
    sums = _rate([run for found in modes for run in found["sum"]])
    return Finding(
        word,
        f"{overcome} of {len(modes)} modes overcome; there the sum fails in {sums} of its runs",
    )


def formulation_repairs(reading: Reading) -> Finding:
    """Does the sum, with no other treatment, fail less in the book's formulation than in a PINN's?

    Confirmed if the interval of the rate lies below the other, refuted if above, else undecided.
    """
    failed = _failed(reading)
    ours, theirs = (_rate(failed[rung]["sum"]) for rung in ("regimes", "pinn"))
    word: Word = "undecided"
    if ours.high < theirs.low:
        word = "confirmed"
    elif ours.low > theirs.high:
        word = "refuted"
    return Finding(word, f"the sum fails in {ours} of its runs, as a PINN in {theirs}")


def _failed(reading: Reading) -> dict[str, dict[str, list[bool]]]:
    """Whether each run failed, by formulation and method."""
    failed: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in reading.rows("failure"):
        rung, method = CELLS[row["label"]]
        failed[rung][method].append(bool(row["failure"]))
    return failed


def _overcome(found: dict[str, list[bool]]) -> bool:
    least = _rate(found["sum"]).low
    return any(_rate(found[method]).high < least for method in _ROTATING if method in found)


def _rate(failed: list[bool]) -> Rate:
    return failure_rate(sum(failed), len(failed))


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
