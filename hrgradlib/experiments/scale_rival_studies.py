"""Losses whose scales nobody knows, in Adam's metric: others' rules that are blind to the scales.

Each has the rate that it was tuned to *without* factors: that which the comparison's grid chose at
the usual β₂, which HRGrad and the sum beside them have too, or where a method was tuned at full
length as well, rate and β₂ of that grid. A cell whose grid is not complete is left out. Draws,
seeds and steps are those of `scales-adam`, whose HRGrad and sum they stand beside.
"""

from __future__ import annotations

from collections.abc import Mapping

from hrgradlib.experiments import comparison_studies, finalist_studies
from hrgradlib.experiments.looked_up import LookedUp
from hrgradlib.experiments.scale_studies import DECADES, DRAWS
from hrgradlib.experiments.store import Table

__all__ = ["RIVALS", "SCALE_RIVALS"]

_USUAL = 0.99  # β₂ of the methods as they are tuned

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
                lr, beta2 = _at_the_usual_beta2(label), _USUAL
            found[label] = dict(method=label, lr=lr, beta2=beta2)
        except LookupError:
            continue
    return found


def _at_the_usual_beta2(label: str) -> float:
    """The rate with the least error of the comparison's grid at this β₂."""
    problem = comparison_studies.PERIODIC
    tried = comparison_studies.choices(label, problem)
    errors = comparison_studies.scores(label, _rows("comparison-grid"), problem)
    usual = {name: error for name, error in errors.items() if tried[name].beta2 == _USUAL}
    return tried[min(usual, key=usual.__getitem__)].rate


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
