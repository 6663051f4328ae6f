"""Studies behind two questions: losses whose scales nobody knows, and which metric for what.

Cells are ordered so that a partial table is balanced: draw by draw, the shorter ones first.
"""

from __future__ import annotations

__all__ = ["DECADES", "DRAWS", "SCALES", "STEPS_PER_SECOND", "TIMES"]

Study = tuple[tuple[int, ...], dict[str, dict]]

DECADES = 3.0
DRAWS = (0, 1, 2, 3, 4)

# What is compared under SOAP, and which of them also without scaling.
_RIVALS = ("hrgrad-soap", "sum-soap", "log-soap", "unit-soap", "first-soap")
_UNSCALED = ("hrgrad-soap", "sum-soap")

# The same question in other metrics, and with all or nothing of the harmony.
_ADAM: dict[str, dict] = {
    "hrgrad": dict(method="hrgrad"),
    "hrgrad-1": dict(method="hrgrad", harmony=1.0),
    "sum": dict(method="sum"),
    "hrgrad-soap-1": dict(method="hrgrad-soap", harmony=1.0),
    "hrgrad-soap-0": dict(method="hrgrad-soap", harmony=0.0),
}
_GAUSS_NEWTON: dict[str, dict] = {method: dict(method=method) for method in ("hrgrad-gn", "sum-gn")}


def _scaled(cells: dict[str, dict], draws: tuple[int, ...]) -> dict[str, dict]:
    """Every cell under every draw of the scales; all cells of a draw together."""
    return {
        f"{label}-d{draw}": cell | dict(decades=DECADES, draw=draw)
        for draw in draws
        for label, cell in cells.items()
    }


def _against_rivals(problem: str) -> dict[str, dict]:
    rivals = {method: dict(method=method, problem=problem) for method in _RIVALS}
    return {method: rivals[method] for method in _UNSCALED} | _scaled(rivals, DRAWS)


SCALES: dict[str, Study] = {
    # Chapters 9, 10 and 11: what is left of each method when every regime's scale is unknown?
    # Twenty runs with factors for BGK, whose steps are the dearest.
    "scales": ((0, 1, 2, 3, 4), _against_rivals("transport-periodic")),
    "scales-inflow": ((10, 11, 12, 13, 14), _against_rivals("transport-inflow")),
    "scales-bgk": ((10, 11, 12, 13), _against_rivals("bgk-smooth")),
    # Chapter 9: what does harmonisation do in each metric? Gauss–Newton's, which only its damping
    # tells the scales, on two draws.
    "scales-adam": ((0, 1), _scaled(_ADAM | _GAUSS_NEWTON, DRAWS[:2]) | _scaled(_ADAM, DRAWS[2:])),
}

#: Steps that one core takes in a second, profile quick: measured once, 30 steps of each.
STEPS_PER_SECOND: dict[str, dict[str, float]] = {
    "transport-periodic": {
        "sum": 170,
        "hrgrad": 120,
        "sum-soap": 140,
        "hrgrad-soap": 110,
        "hrgrad-gn": 10,
    },
    "transport-inflow": {
        "sum": 160,
        "hrgrad": 130,
        "sum-soap": 130,
        "hrgrad-soap": 120,
        "hrgrad-gn": 3.8,
    },
    "bgk-smooth": {"sum": 91, "hrgrad": 75, "sum-soap": 81, "hrgrad-soap": 77, "hrgrad-gn": 7.9},
    "bgk-layer": {"sum": 93, "hrgrad": 80, "sum-soap": 83, "hrgrad-soap": 76, "hrgrad-gn": 8},
    "bgk-riemann": {
        "sum": 140,
        "hrgrad": 130,
        "sum-soap": 130,
        "hrgrad-soap": 100,
        "hrgrad-gn": 5.9,
    },
}


def _for_seconds(budgets: tuple[int, ...]) -> dict[str, dict]:
    """Every problem and method at the steps that these seconds are worth, two digits of them."""
    return {
        f"{problem}-{method}-{seconds}": dict(
            method=method, problem=problem, steps=int(float(f"{seconds * rate:.1e}"))
        )
        for seconds in budgets
        for problem, rates in STEPS_PER_SECOND.items()
        for method, rate in rates.items()
    }


TIMES: dict[str, Study] = {
    # Chapter 13: error against time, every problem and metric. Every run has a schedule of its own.
    "metrics": ((10, 11), _for_seconds((10, 40, 160))),
    "metrics-long": ((10,), _for_seconds((640, 1200))),
}
