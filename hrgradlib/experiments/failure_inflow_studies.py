"""Failure rates on a second problem, ``transport-inflow``: does what chapter 5 found hold there?

The published form, one network for all ε, with no tasks, with ranges of ε and with the terms of its
loss for tasks; and the problem's own form, ``layer``. Sizes, points and steps are those of
:mod:`hrgradlib.experiments.failure_studies`; rate and weights are of a grid of their own. Cells of
a seed are together: a part of the table is balanced.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.scale_studies import Study

__all__ = ["BEST", "CELLS", "DIVISIONS", "INFLOW_FAILURES", "RATES", "WEIGHTS", "Best"]

_PROBLEM: dict[str, Any] = dict(problem="transport-inflow-published")
_TERMS, _LADDER = FAILURES["failure-terms"][1], FAILURES["failure"][1]

WEIGHTS = (1.0, 10.0, 100.0, 1e3)  # of both penalties, initial condition and inflow
RATES = {1e-2: WEIGHTS, 2e-2: WEIGHTS[:2]}  # Adam's, and the weights that are tried at each


class Best(NamedTuple):
    """Winners of the grid, for the sum: Adam's rate, and the weight in each metric."""

    lr: float
    weight: float
    soap_weight: float


BEST = Best(lr=1e-2, weight=100.0, soap_weight=100.0)

#: What the tasks of the published form are, or its problem's own form; and who is asked.
DIVISIONS: dict[str, tuple[str, ...]] = {
    "sum": ("sum", "sum-weighted", "sum-soap", "sum-soap-weighted"),
    "regimes": ("hrgrad", "hrgrad-soap"),
    "terms": ("config", "unit-soap", "hrgrad", "hrgrad-soap"),
    "layer": ("sum", "sum-soap", "hrgrad-soap"),
}


def _settings(division: str, method: str) -> dict[str, Any]:
    """Those of a cell: of the same one on the periodic problem, with this problem's grid."""
    if division == "layer":  # points as they are drawn, as many as all others have
        return _LADDER[f"regimes-{method}"] | dict(problem="transport-inflow", candidates=1)
    settings = _TERMS[f"{division}-{method}"] | _PROBLEM
    if "lr" in settings:
        settings["lr"] = BEST.lr
    if "initial_weight" in settings:
        settings["initial_weight"] = BEST.soap_weight if "soap" in method else BEST.weight
    return settings


#: Division and method of every cell, by its label.
CELLS: dict[str, tuple[str, str]] = {
    f"{division}-{method}": (division, method)
    for division, methods in DIVISIONS.items()
    for method in methods
}


def _grid() -> dict[str, dict[str, Any]]:
    adam = {
        f"lr{lr:g}-w{weight:g}": _TERMS["sum-sum"] | _PROBLEM | dict(lr=lr, initial_weight=weight)
        for lr, weights in RATES.items()
        for weight in weights
    }
    return adam | {
        f"soap-w{weight:g}": _TERMS["sum-sum-soap"] | _PROBLEM | dict(initial_weight=weight)
        for weight in WEIGHTS
    }


INFLOW_FAILURES: dict[str, Study] = {
    "failure-inflow": (
        tuple(range(10)),
        {label: _settings(*cell) for label, cell in CELLS.items()},
    ),
    "failure-inflow-grid": ((100,), _grid()),
}
