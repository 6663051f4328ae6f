"""Losses whose scales nobody knows, in Adam's metric: others' rules that are blind to the scales.

Each has the rate and β₂ that it was tuned to *without* factors: those which the comparison's grid
chose, or where a method was tuned at full length as well, those of that grid. A cell whose grid is
not complete is left out. Draws, seeds and steps are those of `scales-adam`, whose HRGrad and sum
they stand beside.
"""

from __future__ import annotations

from collections.abc import Mapping

from hrgradlib.experiments import comparison_studies, finalist_studies
from hrgradlib.experiments.looked_up import LookedUp
from hrgradlib.experiments.scale_studies import DECADES, DRAWS
from hrgradlib.experiments.store import Table

__all__ = ["RIVALS", "SCALE_RIVALS"]

#: Whose direction forgets the lengths of the gradients, or whose weights follow the losses.
RIVALS = ("log-sum", "uw", "first-norm", "config", "hrgrad-reported")


def _rows(name: str) -> dict[str, dict]:
    return {key: row.values for key, row in Table.named(name).rows.items()}


def _tuned() -> dict[str, dict]:
    """Settings of every rival whose grid is complete."""
    found = {}
    for label in RIVALS:
        try:
            if label in finalist_studies.METHODS:
                lr, beta2 = finalist_studies.chosen(label, _rows(finalist_studies.GRID))
            else:
                rows = _rows("comparison-grid")
                cell = comparison_studies.tuned(label, rows, comparison_studies.PERIODIC)
                lr, beta2 = cell["lr"], cell["beta2"]
            found[label] = dict(method=label, lr=lr, beta2=beta2)
        except LookupError:
            continue
    return found


def _cells() -> dict[str, dict]:
    """Every rival without factors, then all of them draw by draw."""
    rivals = _tuned()
    return rivals | {
        f"{label}-d{draw}": settings | dict(decades=DECADES, draw=draw)
        for draw in DRAWS
        for label, settings in rivals.items()
    }


SCALE_RIVALS: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    # Chapter 9: what do others' rules make of scales that nobody knows?
    "scales-rivals": ((0, 1), LookedUp(_cells))
}
