"""Chapter 5: the first rungs of the ladder on other problems, beside one published network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch05_failure import NAMES, Cell, cells_of
from hrgradlib.chapters.ch05_terms import label, told
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE
from hrgradlib.experiments.failure_rung_studies import CELLS, METHODS, NAME, RUNG_FAILURES, RUNGS
from hrgradlib.experiments.specs import make_spec
from hrgradlib.models.published import own_eps

__all__ = ["Rungs", "beside", "failed", "load", "runs", "table"]

#: Cells by problem, rung and method; ``published`` is the rung between.
Rungs = Mapping[tuple[str, str, str], Cell]

_ORDER = ("pinn", "published", "each")


def load() -> dict[tuple[str, str, str], Cell]:
    """Cells that have runs, and those of one published network for all ε beside them."""
    stored = cells_of(NAME)
    found = {place: stored[name] for name, place in CELLS.items() if name in stored}
    for problem, place in ELSEWHERE.items():
        cells = cells_of(place.study)
        for method in METHODS:
            if (cell := cells.get(f"sum-{method}")) is not None:
                found[problem, "published", method] = cell
    return found


def runs(found: Rungs) -> tuple[int, int]:
    """Stored runs of the study, and those of the whole of it."""
    there = sum(len(cell.errors) for (_, rung, _), cell in found.items() if rung in RUNGS)
    seeds, cells = RUNG_FAILURES[NAME]
    return there, len(seeds) * len(cells)


def table(problem: str, found: Rungs) -> str:
    """A line per rung and method: runs, rate of failure, error with its range."""
    lines = [f"{problem}:{'':{32 - len(problem)}s}runs  {'failed':17s}error, and its range"]
    for rung in _ORDER:
        own = {m: found[problem, rung, m] for m in METHODS if (problem, rung, m) in found}
        lines += [f"{NAMES[rung]}:"] * bool(own)
        lines += [f"  {label(method):31s}{told(cell)}" for method, cell in own.items()]
    return "\n".join(lines) if len(lines) > 1 else f"{problem}: no run is stored yet"


def failed(found: Rungs, rung: str) -> str:
    """How many runs of a rung failed, problem by problem."""
    words = []
    for problem in ELSEWHERE:
        cells = [found[problem, rung, m] for m in METHODS if (problem, rung, m) in found]
        if cells:
            lost = sum(int(cell.failed.sum()) for cell in cells)
            words.append(f"{lost} of {sum(len(cell.failed) for cell in cells)} on {problem}")
    return ", ".join(words) or "no run is stored yet"


def beside(found: Rungs, rung: str) -> str:
    """Median error of a rung over that of one published network, by problem and method.

    Networks of one ε each are judged at these alone: there the other one is, too.
    """
    words = []
    for problem in ELSEWHERE:
        ratios = []
        for method in METHODS:
            cell, base = (found.get((problem, r, method)) for r in (rung, "published"))
            if cell is not None and base is not None:
                errors = _where_each_is(problem, base) if rung == "each" else base.errors
                ratios.append(f"{np.median(cell.errors) / np.median(errors):.2g}")
        if ratios:
            words.append(f"{' and '.join(ratios)} on {problem}")
    return ", ".join(words) or "no run is stored yet"


def _where_each_is(problem: str, cell: Cell) -> NDArray:
    """Largest errors of runs at the judged ε nearest to those that have a network each, [S]."""
    case = CASES[problem]
    judged = np.array(case.judged_eps("quick"))
    tasks = make_spec(**RUNG_FAILURES[NAME][1][f"{problem}-each-{METHODS[0]}"]).tasks
    own = own_eps(case.problem.eps_range, tasks)
    near = [int(np.argmin(abs(np.log(judged / eps)))) for eps in own]
    return cell.own[:, near].max(1)
