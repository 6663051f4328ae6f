"""Chapter 15: claims on the comparison of methods, and what a learning rate may spoil in it.

Rates were chosen in short trainings on one seed. At some of them a network falls silent in the
longer final runs: it ends as the untrained ansatz. Such runs tell of a rate, and of no method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from hrgradlib.chapters import ch12_comparison, ch12_uphill
from hrgradlib.chapters.ch12_comparison import mostly_silent, silent
from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word, by_errors
from hrgradlib.experiments.verdicts import judge

__all__ = ["BASELINES", "any_rule", "lower_where_awake", "ranks_first", "worth_of_descent"]

#: That the full text compares with, as reported.
BASELINES = (
    "sum", "uw", "dwa", "graddrop", "pcgrad", "cagrad", "imtl-g", "rlw", "nash-mtl", "famo",
)  # fmt: skip

_REPORTED = "hrgrad-reported"
_Cell = tuple[str, str]  # table, label
_METRICS = ("under Adam", "under SOAP")


def lower_where_awake(*cells: tuple[str, _Cell, _Cell]) -> Callable[[Reading], Finding]:
    """Is the first error lower than the second, by the book's rule, in every cell?

    Confirmed if in all, refined if in some, refuted if it is higher in one and lower in none. A
    cell where half of the runs of either fell silent decides nothing, and is told.

    Args:
        cells: words for a cell, and table and label of both methods in it.
    """

    def measure(reading: Reading) -> Finding:
        told, words = [], []
        runs: list[int] = []
        for name, first, second in cells:
            ours, base = reading.errors(*first), reading.errors(*second)
            if mostly_silent(ours) or mostly_silent(base):
                count = max(int(silent(errors).sum()) for errors in (ours, base))
                told.append(f"{name}: decides nothing, {count} of {len(ours)} runs fell silent")
                continue
            verdict = judge(ours, base)
            words.append(verdict.word)
            runs += verdict.counts
            told.append(f"{name}: {by_errors(verdict).number}")
        won = words.count("lower")
        word: Word = "refuted" if "higher" in words else "undecided"
        if won:
            word = "confirmed" if won == len(words) else "refined"
        return Finding(word, "; ".join(told), min(runs, default=0))

    return measure


def ranks_first(reading: Reading) -> Finding:
    """Is the method as reported lower than each of the ten that its paper compares with?

    It is tuned at full length, they in short trainings. So it is refuted if one of them is lower
    than it all the same; refined if its median is the least, for the tuning may have done that;
    else undecided. Undecided, too, if half of its own runs fell silent; to be lower than a rival
    that did is no gain.
    """
    ours = reading.errors("finalists", _REPORTED)
    others = {method: reading.errors("comparison", method) for method in BASELINES}
    words = {method: judge(ours, errors).word for method, errors in others.items()}
    for method, errors in others.items():
        if mostly_silent(errors) and words[method] == "lower":
            words[method] = "undecided"
    rank = 1 + sum(float(np.median(e)) < float(np.median(ours)) for e in others.values())
    count = Counter(words.values())
    told = (
        f"rank {rank} of {len(others) + 1}; lower than {count['lower']}, higher than "
        f"{count['higher']}"
    )
    if mostly_silent(ours):
        quiet = f"{int(silent(ours).sum())} of its {len(ours)} runs fell silent at the rate chosen"
        return Finding("undecided", f"{quiet}, which says nothing of the method ({told})")
    word: Word = "undecided"
    if count["higher"]:
        word = "refuted"
    elif rank == 1:
        word = "refined"
    return Finding(word, told, len(ours))


def any_rule(reading: Reading) -> Finding:
    """Confirmed if one of the rules of others has a lower error than HRGrad under Adam.

    Refuted if all are higher of those that did not fall silent, else undecided.
    """
    reference = reading.errors("comparison", "hrgrad")
    labels = (*ch12_comparison.WEIGHTINGS, *ch12_comparison.RIVALS)
    errors = [reading.errors("comparison", label) for label in labels]
    awake = [own for own in errors if not mostly_silent(own)]
    count = Counter(judge(own, reference).word for own in awake)
    word: Word = (
        "confirmed" if count["lower"] else "refuted" if not count["undecided"] else "undecided"
    )
    told = ", ".join(f"{count[name]} {name}" for name in ("lower", "undecided", "higher"))
    if len(awake) < len(labels):
        told += f"; {len(labels) - len(awake)} fell silent"
    return Finding(word, f"{told}; {len(labels)} rules", min(map(len, awake), default=0))


def worth_of_descent(reading: Reading) -> Finding:
    """Does a run with fewer uphill steps end lower, among the methods of one metric?

    Rank correlation of uphill share and error, of methods of which no run failed. Confirmed if its
    interval lies above 0 in both metrics, refined if in one, refuted if it lies below 0 in one and
    above in none; else undecided. Over both metrics at once a metric would be booked to products.

    Raises:
        Lacking: a run is missing, or fewer than three methods of a metric are left.
    """
    reading.rows("comparison")  # all of it or nothing
    arms = ch12_comparison.arms("transport-periodic")
    sound = {label: arm for label, arm in arms.items() if not arm.failed.any()}
    found = {metric: ch12_uphill.worth(sound, ch12_uphill.GROUPS[metric]) for metric in _METRICS}
    if any(np.isnan(own.rho) for own in found.values()):
        raise Lacking("too few methods of comparison have an uphill share")
    above = sum(own.low > 0 for own in found.values())
    below = sum(own.high < 0 for own in found.values())
    word: Word = "confirmed" if above == len(found) else "refined" if above else "undecided"
    if below and not above:
        word = "refuted"
    told = ", ".join(f"{metric} {own}" for metric, own in found.items())
    return Finding(word, f"rank correlation {told}")
