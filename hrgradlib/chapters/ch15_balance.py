"""Chapter 15: do the losses of the micro and the macro term fall alike?"""

from __future__ import annotations

from hrgradlib.chapters.ch08_balance import falls, imbalance
from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.experiments.term_studies import NAME
from hrgradlib.experiments.verdicts import judge

__all__ = ["LARGEST", "RULE", "terms_fall_alike"]

LARGEST = 10.0  # factor by which falls that are alike may differ
RULE = (
    f"confirmed if in both metrics the losses of the two terms fall by factors that differ by at "
    f"most {LARGEST:g}-fold in every run, and by less than under the sum, by the book's rule; "
    "refined if only the first is so, refuted if it is not"
)
_PAIRS = {"Adam": ("hrgrad", "sum"), "SOAP": ("hrgrad-soap", "sum-soap")}


def terms_fall_alike(reading: Reading) -> Finding:
    """Larger fall over smaller fall, HRGrad against the sum in either metric.

    Raises:
        Lacking: a run is missing.
    """  # noqa: DOC502 (raised by the reading)
    told, alike, less, runs = [], True, True, set()
    for metric, pair in _PAIRS.items():
        ours, base = (imbalance(falls(reading.rows(NAME, label))) for label in pair)
        word, ratio, low, high, p, counts = judge(ours, base)
        runs |= {*counts}
        alike &= bool(ours.max() <= LARGEST)
        less &= word == "lower"
        told.append(
            f"{metric}: at most {ours.max():.2g}-fold apart, {ratio:.2f} [{low:.2f}, {high:.2f}] "
            f"times what the sum leaves, p = {p:.2g}"
        )
    found: Word = "refuted" if not alike else "confirmed" if less else "refined"
    return Finding(found, "; ".join(told), min(runs))
