"""Failure rates on other problems: does what chapter 5 found on ``transport-periodic`` hold there?

The published form, one network for all ε, with no tasks, with ranges of ε and with the terms of its
loss for tasks; and the problem's own form, ``layer``. Sizes, points and steps are those of
:mod:`hrgradlib.experiments.failure_studies`; rate and weights are of a grid of their own. Cells of
a seed are together: a part of the table is balanced.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.scale_studies import Study

__all__ = [
    "CELLS",
    "DIVISIONS",
    "ELSEWHERE",
    "ELSEWHERE_FAILURES",
    "RATES",
    "WEIGHTS",
    "Best",
    "Elsewhere",
]

_TERMS, _LADDER = FAILURES["failure-terms"][1], FAILURES["failure"][1]

WEIGHTS = (1.0, 10.0, 100.0, 1e3)  # of both penalties, initial and boundary condition
RATES = {1e-2: WEIGHTS, 2e-2: WEIGHTS[:2]}  # Adam's, and the weights that are tried at each


class Best(NamedTuple):
    """Winners of the grid, for the sum: Adam's rate, and the weight in each metric."""

    lr: float
    weight: float
    soap_weight: float


class Elsewhere(NamedTuple):
    """A problem, and what its grid chose.

    Attributes:
        problem: of its own form; the published one is ``problem``-published.
        study, grid: names of the tables.
        best: winners of the grid.
        further: weights that were tried beside :data:`WEIGHTS`, the largest of which was best.
    """

    problem: str
    study: str
    best: Best
    further: tuple[float, ...] = ()

    @property
    def grid(self) -> str:
        return f"{self.study}-grid"

    @property
    def published(self) -> dict[str, Any]:
        return dict(problem=f"{self.problem}-published")


#: By problem.
ELSEWHERE = {
    place.problem: place
    for place in (
        Elsewhere("transport-inflow", "failure-inflow", Best(1e-2, 100.0, 100.0)),
        Elsewhere("bgk-smooth", "failure-bgk", Best(1e-2, 100.0, 1e3), (1e4,)),
        Elsewhere("bgk-riemann", "failure-riemann", Best(1e-2, 1e4, 1e4), (1e4,)),
    )
}

#: What the tasks of the published form are, or its problem's own form; and who is asked.
DIVISIONS: dict[str, tuple[str, ...]] = {
    "sum": ("sum", "sum-weighted", "sum-soap", "sum-soap-weighted"),
    "regimes": ("hrgrad", "hrgrad-soap"),
    "terms": ("config", "unit-soap", "hrgrad", "hrgrad-soap"),
    "layer": ("sum", "sum-soap", "hrgrad-soap"),
}


def _settings(place: Elsewhere, division: str, method: str) -> dict[str, Any]:
    """Those of a cell: of the same one on the periodic problem, with this problem's grid."""
    if division == "layer":  # points as they are drawn, as many as all others have
        return _LADDER[f"regimes-{method}"] | dict(problem=place.problem, candidates=1)
    settings = _TERMS[f"{division}-{method}"] | place.published
    if "lr" in settings:
        settings["lr"] = place.best.lr
    if "initial_weight" in settings:
        best = place.best
        settings["initial_weight"] = best.soap_weight if "soap" in method else best.weight
    return settings


#: Division and method of every cell, by its label.
CELLS: dict[str, tuple[str, str]] = {
    f"{division}-{method}": (division, method)
    for division, methods in DIVISIONS.items()
    for method in methods
}


def _grid(place: Elsewhere) -> dict[str, dict[str, Any]]:
    adam, soap = (_TERMS[f"sum-{method}"] | place.published for method in ("sum", "sum-soap"))
    tried = [(lr, weight) for lr, weights in RATES.items() for weight in weights]
    tried += [(place.best.lr, weight) for weight in place.further]
    return {
        f"lr{lr:g}-w{weight:g}": adam | dict(lr=lr, initial_weight=weight) for lr, weight in tried
    } | {
        f"soap-w{weight:g}": soap | dict(initial_weight=weight)
        for weight in WEIGHTS + place.further
    }


ELSEWHERE_FAILURES: dict[str, Study] = {}
for _place in ELSEWHERE.values():
    _cells = {label: _settings(_place, *cell) for label, cell in CELLS.items()}
    ELSEWHERE_FAILURES[_place.study] = (tuple(range(10)), _cells)
    ELSEWHERE_FAILURES[_place.grid] = ((100,), _grid(_place))
