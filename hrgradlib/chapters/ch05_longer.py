"""Chapter 5: does the published form fail for want of steps? The same runs, only longer."""

from __future__ import annotations

import numpy as np

from hrgradlib.chapters.ch05_failure import Cell, Failures, cells_of
from hrgradlib.chapters.ch05_terms import NAMES as TASKS
from hrgradlib.chapters.ch05_terms import Divided, label
from hrgradlib.experiments.failure_studies import LONG_CELLS, LONGER
from hrgradlib.experiments.results import FAILED_ERROR

__all__ = ["cells", "runs", "table", "what_it_gives"]

NAME = "failure-long"

#: What the tasks of a cell are: of the ladder's rung, Knudsen numbers that are drawn.
NAMES = TASKS | {"published": "drawn ε"}


def cells() -> Divided:
    """Longer runs by what the tasks are and by method; none where nothing is stored."""
    stored = cells_of(NAME)
    labels = {cell: f"{'-'.join(cell)}-long" for cell in LONG_CELLS}
    return {cell: stored[name] for cell, name in labels.items() if name in stored}


def runs(longer: Divided) -> str:
    """How many runs a cell has, "3" or "1 to 3"."""
    counts = sorted({len(cell.errors) for cell in longer.values()})
    return " to ".join(map(str, counts[:: max(len(counts) - 1, 1)])) if counts else "no"


def table(short: Failures, divided: Divided, longer: Divided) -> str:
    """A line per cell: median error of the short and of the longer runs, and where it is.

    Args:
        short: of :func:`hrgradlib.chapters.ch05_failure.load`.
        divided: of :func:`hrgradlib.chapters.ch05_terms.load`.
        longer: of :func:`cells`.
    """
    if not longer:
        return "no longer run is stored yet"
    lines = [f"{'':37s}{'error':>8s}{f'{LONGER} times':>10s}{'failed':>9s}  worst at ε"]
    for (where, method), cell in longer.items():
        base: Cell | None = short.cells.get((where, method)) or divided.get((where, method))
        before = f"{np.median(base.errors):8.1e}" if base else f"{'–':>8s}"
        worst = f"{short.judged_eps[np.median(cell.own, 0).argmax()]:.2g}" if len(cell.own) else "–"
        failed = f"{cell.failed.sum()} of {len(cell.failed)}"
        name = f"{label(method)} ({_short(where)})"
        lines.append(f"{name:37s}{before}{np.median(cell.errors):10.1e}{failed:>9s}  {worst}")
    return "\n".join(lines)


def _short(where: str) -> str:
    return "no tasks" if where == "sum" else NAMES[where]


def what_it_gives(longer: Divided) -> str:
    """One sentence on whether the longer runs still fail."""
    if not longer:
        return "No longer run is stored yet, so that this is not known"
    medians = {cell: float(np.median(c.errors)) for cell, c in longer.items()}
    kept = [cell for cell, error in medians.items() if not error <= FAILED_ERROR]
    span = f"the median errors are {min(medians.values()):.1e} to {max(medians.values()):.1e}"
    if not kept:
        return (
            f"With {LONGER} times the steps no method fails any more in the median: {span}. What "
            "this chapter calls failure is then failure within a budget: training takes long, but "
            "it does not stop"
        )
    named = ", ".join(f"{label(method)} ({_short(where)})" for where, method in kept)
    words = (
        "every method still fails"
        if len(kept) == len(medians)
        else f"{named} still {'fails' if len(kept) == 1 else 'fail'}"
    )
    return f"With {LONGER} times the steps {words} in the median: {span}"
