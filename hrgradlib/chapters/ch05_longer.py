"""Chapter 5: does the published form fail for want of steps? The same runs, only longer."""

from __future__ import annotations

import numpy as np

from hrgradlib.chapters.ch05_failure import Cell, Failures, cells_of, method_label
from hrgradlib.experiments.failure_studies import LONG_METHODS, LONGER
from hrgradlib.experiments.results import FAILED_ERROR

__all__ = ["cells", "table", "what_it_gives"]

NAME = "failure-long"


def cells() -> dict[str, Cell]:
    """Longer runs by method; none where nothing is stored."""
    stored = cells_of(NAME)
    labels = {method: f"published-{method}-long" for method in LONG_METHODS}
    return {method: stored[label] for method, label in labels.items() if label in stored}


def table(short: Failures, longer: dict[str, Cell]) -> str:
    """A line per method: median error of the short and of the longer runs, and where it is.

    Args:
        short: of :func:`hrgradlib.chapters.ch05_failure.load`.
        longer: of :func:`cells`.
    """
    if not longer:
        return "no longer run is stored yet"
    lines = [f"{'':32s}{'error':>9s}{f'{LONGER} times the steps':>22s}{'failed':>9s}   worst at ε"]
    for method, cell in longer.items():
        base = short.cells.get(("published", method))
        before = f"{np.median(base.errors):9.1e}" if base else f"{'–':>9s}"
        worst = f"{short.judged_eps[np.median(cell.own, 0).argmax()]:.2g}" if len(cell.own) else "–"
        failed = f"{cell.failed.sum()} of {len(cell.failed)}"
        lines.append(
            f"{method_label(method):32s}{before}{np.median(cell.errors):22.1e}"
            f"{failed:>9s}   {worst}"
        )
    return "\n".join(lines)


def what_it_gives(longer: dict[str, Cell]) -> str:
    """One sentence on whether the longer runs still fail."""
    if not longer:
        return "No longer run is stored yet, so that this is not known"
    medians = {m: float(np.median(c.errors)) for m, c in longer.items()}
    kept = [m for m, error in medians.items() if not error <= FAILED_ERROR]
    span = f"the median errors are {min(medians.values()):.1e} to {max(medians.values()):.1e}"
    if not kept:
        return f"With {LONGER} times the steps no method fails any more in the median: {span}"
    words = (
        "every method still fails"
        if len(kept) == len(medians)
        else (f"{', '.join(map(method_label, kept))} still {'fails' if len(kept) == 1 else 'fail'}")
    )
    return f"With {LONGER} times the steps {words} in the median: {span}"
