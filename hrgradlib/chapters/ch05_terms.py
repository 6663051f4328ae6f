"""Chapter 5: the published form once more, with ranges of ε or terms of its loss for tasks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hrgradlib.chapters.ch05_failure import Cell, cells_of, method_label
from hrgradlib.chapters.ch05_failure_figure import trivial
from hrgradlib.chapters.ch15_verdicts import too_few
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.style import shared_legend, subplots
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_studies import DIVISIONS, FAILURES
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.verdicts import judge

__all__ = [
    "NAMES", "Divided", "against", "count", "divisions", "label", "load", "runs", "table", "told",
]  # fmt: skip

NAME = "failure-terms"

#: What the page calls what the tasks are.
NAMES = {
    "sum": "no tasks, the sum of all",
    "regimes": "ranges of ε",
    "terms": "terms of the loss",
    "both": "terms × ranges",
}
assert set(NAMES) == set(DIVISIONS)

Divided = dict[tuple[str, str], Cell]  # by division and method


def load() -> Divided:
    """Cells that have runs."""
    stored = cells_of(NAME)
    return {
        (division, method): stored[f"{division}-{method}"]
        for division, methods in DIVISIONS.items()
        for method in methods
        if f"{division}-{method}" in stored
    }


def runs(found: Divided) -> tuple[int, int]:
    """Stored runs, and those of the whole study."""
    seeds, cells = FAILURES[NAME]
    return sum(len(cell.errors) for cell in found.values()), len(seeds) * len(cells)


def count() -> int:
    """Terms of the published form's loss."""
    spec = make_spec(**FAILURES[NAME][1]["terms-hrgrad"])
    return len(spec.case.terms(spec)) + 1


def label(method: str) -> str:
    """What the figure and the table call a method of the study."""
    if method == "sum-soap-weighted":
        return "sum, SOAP, best weight"
    return method_label(method)


def table(found: Divided) -> str:
    """A line per cell: runs, rate of failure with its interval, median and range of the error."""
    if not found:
        return "no run is stored yet"
    lines = [f"{'':33s}runs  {'failed':17s}error, and its range"]
    for division, name in NAMES.items():
        lines.append(f"{name}:")
        for method in DIVISIONS[division]:
            if (cell := found.get((division, method))) is None:
                continue
            lines.append(f"  {label(method):31s}{told(cell)}")
    return "\n".join(lines)


def told(cell: Cell) -> str:
    """Runs, rate of failure with its interval, median and range of the error."""
    low, middle, high = np.quantile(cell.errors, (0.0, 0.5, 1.0))
    return f"{len(cell.errors):4d}  {cell.rate!s:16s} {middle:.1e}  {low:.1e}–{high:.1e}"


def against(found: Divided, ours: tuple[str, str], base: tuple[str, str]) -> str:
    """Words on two cells: how often each failed, and the ratio of their errors with its verdict."""
    if ours not in found or base not in found:
        return "no runs are stored yet"
    one, two = found[ours], found[base]
    verdict = judge(one.errors, two.errors)
    word = "of too few runs for a verdict" if too_few(verdict) else verdict.word
    return (
        f"{one.failed.sum()} of {len(one.failed)} runs failed, {two.failed.sum()} of "
        f"{len(two.failed)} there; error {word}, {verdict.ratio:.2g} times"
    )


def divisions(found: Divided) -> Figure:
    """Errors of all runs, a line per cell and a band per division, beside the border of failure."""
    fig, axis = subplots(1, 1, figsize=(7.0, 4.6))
    for row, ((division, method), cell) in enumerate(found.items()):
        look = METHOD_LOOK[method.removesuffix("-weighted")]
        spread = row + np.linspace(-0.22, 0.22, len(cell.errors))
        axis.plot(cell.errors, spread, ".", color=look.colour, ms=5, alpha=0.7)
        axis.plot(np.median(cell.errors), row, "|", color=look.colour, ms=16, mew=2.2)
        if row and division != list(found)[row - 1][0]:
            axis.axhline(row - 0.5, color="#A6A6A6", lw=0.8)
    axis.axvline(FAILED_ERROR, color="black", lw=0.8, label="fails beyond")
    trivial(axis, np.array(CASES["transport-periodic"].judged_eps("quick")))
    names = [f"{NAMES[division]}:  {label(method)}" for division, method in found]
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set(
        xscale="log",
        xlabel="error, the largest over ε and t",
        ylim=(max(len(names), 1) - 0.5, -0.5),
    )
    shared_legend(fig, axis, "lower center", ncols=3)
    return fig
