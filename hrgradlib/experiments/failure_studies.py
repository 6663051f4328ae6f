"""Failure rates: formulations × methods, the grid their settings come from, and longer runs.

A ladder of formulations, each with one thing more than the one before:

- ``pinn``: the kinetic residual of f, one network for all ε;
- ``published``: parity form, density apart, one network for all ε, a task is one drawn ε;
- ``layer``: exact initial data, layer coordinate, velocity by modes; tasks as before;
- ``regimes``: the same, a task is a range of ε.

And beside ``published`` the way it is used in the literature: ``each``, a network for each ε. Its
networks share nothing, so that nothing is to be harmonised: only sums are trained.

Does harmonisation see what fails there? ``failure-terms`` has the published form again, with other
things for tasks: ranges of ε, the terms of its loss, or both.

Points in a step, steps, schedule, width and depth are the same for all, but for the Gauss–Newton
metric, whose steps cost more. Cells of a seed are together: a part of the table is balanced.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.scale_studies import Study

__all__ = [
    "BEST",
    "CELLS",
    "DIVISIONS",
    "FAILURES",
    "FINER",
    "LADDER",
    "LONGER",
    "LONG_CELLS",
    "METHODS",
    "SOAP_WEIGHT",
    "STEPS",
    "TEN_RUNS",
    "WEIGHTS",
]

STEPS = 1500
_SIZES: dict[str, Any] = dict(tasks=5, per_task=32, width=32, depth=4, steps=STEPS)
_JACOBIAN: dict[str, Any] = dict(tasks=5, per_task=8, width=24, depth=3, steps=100)

_PUBLISHED: dict[str, Any] = dict(problem="transport-periodic-published")
LADDER: dict[str, dict[str, Any]] = {
    "pinn": _PUBLISHED | dict(formulation="pinn", segmentation="drawn"),
    "each": _PUBLISHED | dict(formulation="published-each"),
    "published": _PUBLISHED | dict(formulation="published", segmentation="drawn"),
    "layer": dict(problem="transport-periodic", segmentation="drawn"),
    "regimes": dict(problem="transport-periodic"),
}
METHODS = (
    *("sum", "sum-weighted", "sum-soap", "config", "m-config", "hrgrad-reported"),
    *("hrgrad", "hrgrad-soap", "hrgrad-gn"),
)
WEIGHTS = (1.0, 10.0, 100.0, 1e3)  # of the initial loss, where it is a penalty
FINER = (3.0, 30.0)  # of the published form for all ε, beside the best of these

# The winners of the grid below. The weights change nothing of a PINN's failure, and nothing is
# better than one where every network has an ε of its own.
BEST: dict[str, dict[str, float]] = {
    "pinn": dict(lr=2e-2, weight=10.0),
    "each": dict(lr=1e-2, weight=1.0),
    "published": dict(lr=1e-2, weight=10.0),
}


def _settings(rung: str, method: str) -> dict[str, Any] | None:
    """Those of a cell; None where there is nothing to train."""
    if rung == "each" and not method.startswith("sum"):
        return None
    if method == "sum-weighted" and BEST.get(rung, {}).get("weight", 1.0) == 1.0:
        return None  # there is no weight, the initial condition holds exactly; or it is the sum
    sizes = _JACOBIAN if method.endswith("-gn") else _SIZES
    settings = LADDER[rung] | sizes | dict(method="sum" if method == "sum-weighted" else method)
    if rung in BEST and not method.endswith(("-gn", "-soap")):
        settings["lr"] = BEST[rung]["lr"]
    if method == "sum-weighted":
        settings["initial_weight"] = BEST[rung]["weight"]
    return settings


#: Formulation and method of every cell, by its label.
CELLS: dict[str, tuple[str, str]] = {
    f"{rung}-{method}": (rung, method)
    for method in METHODS
    for rung in LADDER
    if _settings(rung, method) is not None
}


# Every weight at one rate, and other rates at the first two weights.
_CROSS = (
    *(("published", 1e-2, weight) for weight in WEIGHTS),
    *(("published", 1e-2, weight) for weight in FINER),
    *(("pinn", 1e-2, weight) for weight in WEIGHTS),
    *(("published", lr, weight) for lr in (5e-3, 2e-2) for weight in WEIGHTS[:2]),
    *(("pinn", lr, weight) for lr in (5e-3, 2e-2) for weight in WEIGHTS[:2]),
    *(("each", 1e-2, weight) for weight in WEIGHTS),
)


def _grid() -> dict[str, dict[str, Any]]:
    return {
        f"{rung}-lr{lr:g}-w{weight:g}": LADDER[rung]
        | _SIZES
        | dict(method="sum", lr=lr, initial_weight=weight)
        for rung, lr, weight in _CROSS
    } | {
        f"published-soap-w{weight:g}": LADDER["published"]
        | _SIZES
        | dict(method="sum-soap", initial_weight=weight)
        for weight in WEIGHTS + FINER
    }


#: What the tasks of the published form may be, and the methods that are asked each time. A sum does
#: not see what its tasks are; with a weight, it has the best one of the grid in its own metric.
DIVISIONS: dict[str, tuple[str, ...]] = {
    "sum": ("sum", "sum-weighted", "sum-soap", "sum-soap-weighted"),
    "regimes": ("hrgrad", "hrgrad-soap"),
    "terms": (
        *("uw", "log-soap", "unit-soap", "config", "m-config", "hrgrad-reported"),
        *("hrgrad", "hrgrad-soap"),
    ),
    "both": ("hrgrad", "hrgrad-soap"),
}
SOAP_WEIGHT = 10.0  # the grid's


def _divided(division: str, method: str) -> dict[str, Any]:
    """Settings of a cell; the same points for all, whose ε fill every range evenly."""
    name = method.removesuffix("-weighted")
    settings = LADDER["published"] | _SIZES | dict(method=name)
    settings["segmentation"] = "regimes" if division == "sum" else division
    if not name.endswith("-soap"):
        settings["lr"] = BEST["published"]["lr"]
    if name != method:
        soap = name.endswith("-soap")
        settings["initial_weight"] = SOAP_WEIGHT if soap else BEST["published"]["weight"]
    return settings


#: Is it the budget? Cells of one network for all ε in the published form, with this many times the
#: steps: of the ladder's rung, and of the study of tasks.
LONGER = 10
LONG_CELLS: tuple[tuple[str, str], ...] = (
    *(("published", method) for method in ("sum", "sum-weighted", "sum-soap", "hrgrad-soap")),
    *(("sum", "sum-soap-weighted"), ("terms", "hrgrad-soap")),
)


#: Whether these fail for good is a claim of the book: a rate of failure needs ten runs.
TEN_RUNS = (tuple(range(3, 10)), ("published-sum-long", "published-sum-soap-long"))


def _longer(where: str, method: str) -> dict[str, Any]:
    found = _settings(where, method) if where in LADDER else _divided(where, method)
    settings = dict(found or {})
    return settings | dict(steps=LONGER * settings["steps"])


FAILURES: dict[str, Study] = {
    "failure": (
        tuple(range(10)),
        {label: dict(_settings(*cell) or {}) for label, cell in CELLS.items()},
    ),
    "failure-grid": ((100,), _grid()),
    "failure-terms": (
        tuple(range(10)),
        {f"{d}-{m}": _divided(d, m) for d, methods in DIVISIONS.items() for m in methods},
    ),
    "failure-long": ((0, 1, 2), {f"{w}-{m}-long": _longer(w, m) for w, m in LONG_CELLS}),
}
