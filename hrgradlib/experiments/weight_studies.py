"""The study behind chapter 5's last question: what does the weight of the initial condition do?

The published form for all ε, its penalty weighted from a hundredth to a thousand. What sees tasks
has the terms of the loss for them, of which the penalty is one. All else is as in the studies of
failure, and Gauss–Newton's steps are fewer, as there. Cells of a seed are together.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.scale_studies import Study

__all__ = ["ARMS", "FACTORS", "WEIGHTED", "label"]

FACTORS = (1e-2, 1e-1, 1.0, 10.0, 100.0, 1e3)

_CELLS = FAILURES["failure-terms"][1]
_SUM, _TERMS = _CELLS["sum-sum"], _CELLS["terms-hrgrad"]
_NEWTON = FAILURES["failure"][1]["published-hrgrad-gn"] | dict(segmentation="regimes")

#: Settings by method, the sums first.
ARMS: dict[str, dict[str, Any]] = {
    "sum": _SUM,
    "sum-soap": _CELLS["sum-sum-soap"],
    "sum-gn": _NEWTON | dict(method="sum-gn"),
    **{
        method: _TERMS | dict(method=method)
        for method in ("log-sum", "uw", "config", "hrgrad-reported", "hrgrad")
    },
    "hrgrad-0": _TERMS | dict(harmony=0.0),
    "hrgrad-1": _TERMS | dict(harmony=1.0),
    "hrgrad-soap": _CELLS["terms-hrgrad-soap"],
}


def label(arm: str, factor: float) -> str:
    """Of a cell of the study."""
    return f"{arm}-w{factor:g}"


WEIGHTED: dict[str, Study] = {
    "weights": (
        (0, 1, 2, 3),
        {
            label(arm, factor): settings | dict(initial_weight=factor)
            for factor in FACTORS
            for arm, settings in ARMS.items()
        },
    )
}
