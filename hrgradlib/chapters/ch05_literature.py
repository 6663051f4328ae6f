"""Chapter 5: the published form with the literature's schedule, rate, quadrature and codes.

Every cell stands beside the same one as the chapter trains it elsewhere, on the same seeds. Three
runs against three decide nothing by the book's rule: so what is said is whether every run of one
is better than every run of the other.
"""

from __future__ import annotations

import numpy as np

from hrgradlib.chapters.ch05_failure import Cell, cells_of
from hrgradlib.experiments.failure_studies import FAILURES, LONGER
from hrgradlib.experiments.literature_studies import BASES, LITERATURE, NAME
from hrgradlib.experiments.specs import make_spec

__all__ = ["GROUPS", "against", "by_codes", "cells", "judgement", "stored", "table"]

_SEEDS, _CELLS = LITERATURE[NAME]

#: First words of labels, and what the page calls these networks.
GROUPS = {
    "each": "a network for each ε, judged there",
    "published": "one network for all ε",
    "long": f"one network for all ε, {LONGER} times the steps",
    "codes": "one network, a trained code for each ε, judged there",
}
_COMPARED = ("published", "long")  # those that tables of failures are about
_WANTED = sum(label.split("-")[0] in _COMPARED for label in _CELLS)


def cells() -> dict[str, Cell]:
    """Those of the study by label, and ``GROUP-base`` what they change; those that have runs."""
    found = {
        f"{group}-base": cells_of(study, _SEEDS)[label]
        for group, (study, label) in BASES.items()
        if group != "codes" and label in cells_of(study, _SEEDS)
    }
    return found | cells_of(NAME)


def stored(found: dict[str, Cell]) -> tuple[int, int]:
    """Runs of the study that are there, and that are wanted."""
    there = sum(len(cell.errors) for label, cell in found.items() if label in _CELLS)
    return there, len(_SEEDS) * len(_CELLS)


def table(found: dict[str, Cell]) -> str:
    """A line per cell: schedule and rate, failed runs, median and range of the error."""
    if not stored(found)[0]:
        return "no run is stored yet"
    lines = [f"{'':34s}{'failed':>8s}  error, and its range"]
    for group, name in GROUPS.items():
        labels = [f"{group}-base", *(label for label in _CELLS if label.startswith(f"{group}-"))]
        if not any(label in found for label in labels[1:]):
            continue
        lines.append(f"{name}:")
        for label in labels:
            if (cell := found.get(label)) is not None:
                errors = cell.errors
                failed = f"{cell.failed.sum()} of {len(errors)}"
                lines.append(
                    f"  {_said(label):32s}{failed:>8s}  {np.median(errors):.1e}  "
                    f"{errors.min():.1e}–{errors.max():.1e}"
                )
    return "\n".join(lines)


def against(found: dict[str, Cell], label: str) -> str:
    """Median error of a cell, and that of what it changes."""
    cell, base = found.get(label), found.get(_base(label))
    if cell is None or base is None:
        return "no run is stored yet"
    one, other = np.median(cell.errors), np.median(base.errors)
    return f"{one:.1e} against {other:.1e}, {_order(cell, base)}"


def judgement(found: dict[str, Cell]) -> str:
    """What the study says of the page's failures of one network for all ε, in a sentence."""
    labels = [
        label
        for label in _CELLS
        if label.split("-")[0] in _COMPARED and label in found and _base(label) in found
    ]
    if not labels:
        return "No such run is stored yet, so that it is not known what they would change"
    better = [c for c in labels if _order(found[c], found[_base(c)]).startswith("better")]
    if not better:
        return (
            "For one network for all ε nothing of this is better than our settings in every run "
            f"({len(labels)} of {_WANTED} changes are stored): on this problem, and for the sum "
            "under Adam, no failure was found to be owed to schedule, rate or quadrature"
        )
    told = "; ".join(
        f"{_said(c)} ({'long' if c.startswith('long') else 'short'} runs, {_failed(found[c])} "
        f"failed, with ours {_failed(found[_base(c)])})"
        for c in better
    )
    return (
        f"Better in every run than ours: {told}. So the failures that this page tells of one "
        "network for all ε are those of the published form **with our settings**, and with these "
        "its errors are lower"
    )


def by_codes(found: dict[str, Cell]) -> str:
    """What a trained code for each ε does to failure, in a clause."""
    codes, one = found.get("codes-ours"), found.get("published-base")
    if codes is None or one is None:
        return "no run is stored yet"
    return f"{_failed(codes)} runs fail, of one network for all ε {_failed(one)}"


def _base(label: str) -> str:
    group = label.split("-")[0]
    return f"{'each' if group == 'codes' else group}-base"


def _order(cell: Cell, base: Cell) -> str:
    if cell.errors.max() < base.errors.min():
        return "better in every run"
    if cell.errors.min() > base.errors.max():
        return "worse in every run"
    return "the runs overlap"


def _failed(cell: Cell) -> str:
    return f"{cell.failed.sum()} of {len(cell.failed)}"


def _said(label: str) -> str:
    group, change = label.split("-")
    study, base = BASES[group]
    spec = make_spec(**(FAILURES[study][1][base] if change == "base" else _CELLS[label]))
    shape = "stairs" if spec.schedule == "staircase" else "cosine"
    nodes = f", {spec.modes} points in v" if change == "nodes" else ""
    return f"{shape} from {spec.lr:g}{nodes}" + (" (as above)" if change == "base" else "")
