"""Chapter 5: what fails on other problems, and whether it ends as on the periodic one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hrgradlib.chapters.ch05_failure import Failures, cells_of, where_it_errs
from hrgradlib.chapters.ch05_terms import NAMES as TASKS
from hrgradlib.chapters.ch05_terms import Divided, label, told
from hrgradlib.chapters.ch15_verdicts import too_few
from hrgradlib.chapters.costless import judged_lines
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_elsewhere_studies import (
    CELLS,
    DIVISIONS,
    ELSEWHERE_FAILURES,
    Elsewhere,
)
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import judge

__all__ = [
    "NAMES", "PUBLISHED", "at_the_end", "chosen", "count", "ends_alike", "failed", "grid_errors",
    "load", "runs", "table", "where_most_err",
]  # fmt: skip

#: What the page calls the parts of the table.
NAMES = {name: TASKS.get(name, "this problem's own form, ranges of ε") for name in DIVISIONS}
PUBLISHED = tuple(name for name in DIVISIONS if name != "layer")

_SUM, _TERMS = ("sum", "sum-soap"), ("terms", "hrgrad-soap")
# Pairs of cells that both problems have.
_COMPARED = {
    "HRGrad (SOAP) over ranges and the sum": (("regimes", "hrgrad-soap"), _SUM),
    "HRGrad (SOAP) over terms and the sum": (_TERMS, _SUM),
    "HRGrad (SOAP) over terms and the sum at its best weight": (
        _TERMS,
        ("sum", "sum-soap-weighted"),
    ),
    "HRGrad and unit gradients (SOAP) over terms": (_TERMS, ("terms", "unit-soap")),
    "HRGrad (Adam) over terms and the sum": (("terms", "hrgrad"), ("sum", "sum")),
    "HRGrad (Adam) over terms and the sum at its best weight": (
        ("terms", "hrgrad"),
        ("sum", "sum-weighted"),
    ),
    "HRGrad and ConFIG (Adam) over terms": (("terms", "hrgrad"), ("terms", "config")),
}


def load(place: Elsewhere) -> Divided:
    """Cells that have runs."""
    stored = cells_of(place.study)
    return {place: stored[name] for name, place in CELLS.items() if name in stored}


def runs(found: Divided) -> tuple[int, int]:
    """Stored runs, and those of a whole study."""
    seeds, cells = next(iter(ELSEWHERE_FAILURES.values()))
    return sum(len(cell.errors) for cell in found.values()), len(seeds) * len(cells)


def count(place: Elsewhere) -> int:
    """Terms of the published form's loss."""
    spec = make_spec(**ELSEWHERE_FAILURES[place.study][1]["terms-hrgrad"])
    return len(spec.case.terms(spec)) + 1


def chosen(place: Elsewhere, by: str = "max_error") -> str:
    """Adam's rate and weight, and SOAP's weight, with the least such error of the grid."""
    cells, rows = ELSEWHERE_FAILURES[place.grid][1], _grid_rows(place)
    if len(rows) < len(cells):
        return "no whole grid is stored yet"
    adam, soap = (
        cells[min((r for r in rows if r["label"].startswith(kind)), key=lambda r: r[by])["label"]]
        for kind in ("lr", "soap")
    )
    return (
        f"rate {adam['lr']:g} and weight {adam['initial_weight']:g} under Adam, "
        f"weight {soap['initial_weight']:g} under SOAP"
    )


def grid_errors(place: Elsewhere) -> str:
    """From the least to the largest error of the grid."""
    errors = [row["max_error"] for row in _grid_rows(place)]
    return f"{min(errors):.2g} to {max(errors):.2g}" if errors else "not known yet"


def _grid_rows(place: Elsewhere) -> list[dict[str, Any]]:
    return read_study(place.grid)[0] if Table.named(place.grid).rows else []


def at_the_end(place: Elsewhere, found: Divided) -> dict[tuple[str, str], float]:
    """Median over the runs of the largest error at the final time, by cell."""
    rows: list[dict[str, Any]] = read_study(place.study)[0] if found else []
    errors: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["label"] in CELLS:
            lost = bool(row["failure"]) and not np.isfinite(row["max_error"])
            value = np.inf if lost else row["final_error"]
            errors.setdefault(CELLS[row["label"]], []).append(value)
    return {place: float(np.median(values)) for place, values in errors.items()}


def table(place: Elsewhere, found: Divided, ends: dict[tuple[str, str], float]) -> str:
    """A line per cell: runs, rate of failure, error with its range, and that at the final time.

    Args:
        place: the problem.
        found: of :func:`load`.
        ends: of :func:`at_the_end`.
    """
    if not found:
        return "no run is stored yet"
    lines = [f"{'':24s}runs  {'failed':17s}error, and its range      at T"]
    for division, name in NAMES.items():
        lines.append(f"{name}:")
        for method in DIVISIONS[division]:
            if (cell := found.get((division, method))) is None:
                continue
            lines.append(f"  {label(method):22s}{told(cell)}  {ends[division, method]:.1e}")
    worst, end = (judged_lines(place.problem, final=final) for final in (False, True))
    lines.append("nothing trained:")
    lines += [f"  {n:45s}{worst[n].max():.1e}{'':19s}{end[n].max():.1e}" for n in worst]
    return "\n".join(lines)


def failed(found: Divided, divisions: Iterable[str]) -> str:
    """How many runs of these parts failed, and in which cells fewer than half did."""
    cells = {place: cell for place, cell in found.items() if place[0] in set(divisions)}
    if not cells:
        return "no runs are stored yet"
    lost = sum(int(cell.failed.sum()) for cell in cells.values())
    words = f"{lost} of {sum(len(cell.failed) for cell in cells.values())} runs failed"
    fewer = [place for place, cell in cells.items() if cell.rate.share < 0.5]
    if len(fewer) in (0, len(cells)):
        return f"{words}, {'at least' if not fewer else 'fewer than'} half in every cell"
    names = ", ".join(f"{label(method)} ({NAMES[division]})" for division, method in fewer)
    return f"{words}, fewer than half with {names}"


def where_most_err(place: Elsewhere, found: Divided, divisions: Iterable[str]) -> str:
    """Where the cells of these parts err most, as :func:`where_it_errs` says it."""
    kept, judged = set(divisions), np.array(CASES[place.problem].judged_eps("quick"))
    cells = {("", "-".join(p)): c for p, c in found.items() if p[0] in kept and len(c.own)}
    return where_it_errs(Failures(cells, judged, 0, 0), "").replace("methods", "cells")


def ends_alike(found: Divided, periodic: Divided) -> str:
    """Of the comparisons that both problems have, how many have the same verdict; the others.

    Nothing is compared before both have runs enough for a verdict.

    Args:
        found: of :func:`load`.
        periodic: of :func:`hrgradlib.chapters.ch05_terms.load`.
    """
    verdicts = {
        name: [judge(cells[one].errors, cells[two].errors) for cells in (found, periodic)]
        for name, (one, two) in _COMPARED.items()
        if {one, two} <= set(found) & set(periodic)
    }
    if not verdicts:
        return "no comparison has runs on both problems yet"
    if any(too_few(verdict) for pair in verdicts.values() for verdict in pair):
        return "nothing can be said yet: of so few runs the rule decides nothing"
    words = {name: (here.word, there.word) for name, (here, there) in verdicts.items()}
    other = {name: pair for name, pair in words.items() if pair[0] != pair[1]}
    told = f"of {len(words)} comparisons {len(words) - len(other)} have the same verdict on both"
    if not other:
        return told
    listed = [f"{name} ({here} here, {there} there)" for name, (here, there) in other.items()]
    return f"{told}; not so: {'; '.join(listed)}"
