"""The first rungs of the ladder on other problems: a plain PINN, and a network for each ε.

Cells are those of :mod:`hrgradlib.experiments.failure_elsewhere_studies` under the sum, at weight
one under Adam and at the best weight under SOAP, with another formulation and all else as it is;
rate and weight are those that the grid chose for one published network for all ε.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.scale_studies import Study

__all__ = ["CELLS", "METHODS", "NAME", "RUNGS", "RUNG_FAILURES"]

NAME = "failure-rungs"

#: What a rung changes, by problem.
RUNGS: dict[str, dict[str, dict[str, Any]]] = {
    "pinn": {
        "transport-inflow": dict(formulation="pinn"),
        "bgk-smooth": dict(problem="bgk-smooth-pinn", formulation="pinn"),
        "bgk-riemann": dict(problem="bgk-riemann-pinn", formulation="pinn"),
    },
    "each": {
        problem: dict(problem=f"{problem}-each", formulation="published-each")
        for problem in ELSEWHERE
    },
}
METHODS = ("sum", "sum-soap-weighted")

#: Problem, rung and method of every cell, by its label.
CELLS: dict[str, tuple[str, str, str]] = {
    f"{problem}-{rung}-{method}": (problem, rung, method)
    for method in METHODS
    for rung in RUNGS
    for problem in ELSEWHERE
}


def _cell(problem: str, rung: str, method: str) -> dict[str, Any]:
    settings: dict[str, Any] = ELSEWHERE_FAILURES[ELSEWHERE[problem].study][1][f"sum-{method}"]
    settings = settings | RUNGS[rung][problem]
    if rung == "each":  # every network has an ε of its own: nothing is drawn
        settings = {name: value for name, value in settings.items() if name != "segmentation"}
    return settings


RUNG_FAILURES: dict[str, Study] = {
    NAME: (tuple(range(10)), {label: _cell(*cell) for label, cell in CELLS.items()})
}
