"""The finalists, tuned at full length: what verdicts on HRGrad against the sum rest on.

The grid of the comparison tunes all its methods in short trainings on one seed. That is enough to
screen, but not to decide: a rate that is best in short trainings need not be it in long ones. So
the sum and HRGrad, in Adam's and in SOAP's metric, have a grid of their own, of learning rate and
β₂, at the steps of the final runs and on two seeds that are reported nowhere; then twenty seeds.
So has HRGrad as reported: the rate chosen in short trainings is one at which it falls silent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hrgradlib.experiments.comparison_studies import COMPARED, STEPS, VARIANTS
from hrgradlib.experiments.looked_up import LookedUp
from hrgradlib.experiments.store import Table

__all__ = ["BETAS", "FINALIST_STUDIES", "GRID", "METHODS", "NAME", "RATES", "chosen", "scores"]

NAME, GRID = "finalists", "finalists-grid"
#: What is tuned; the sum with HRGrad's time takes the sum's choice.
METHODS = ("sum", "hrgrad", "sum-soap", "hrgrad-soap", "hrgrad-reported")
_TIMED = "sum-time"
RATES = (2.5e-3, 5e-3, 1e-2, 2e-2, 4e-2)
#: None below β₁² = 0.81, where Adam's bound on a step grows without end.
BETAS = (0.85, 0.9, 0.99, 0.999)
TUNING_SEEDS = (100, 101)


def _cell(label: str, lr: float, beta2: float) -> dict:
    return COMPARED[label] | dict(lr=lr, beta2=beta2, steps=STEPS)


def _key(label: str, lr: float, beta2: float) -> str:
    return f"{label}-lr{lr:g}-beta{beta2:g}"


def scores(label: str, rows: Mapping[str, Mapping]) -> dict[tuple[float, float], float]:
    """Geometric mean of the errors on the tuning seeds by (lr, β₂); inf where one failed.

    Args:
        label: of :data:`METHODS`.
        rows: of the stored grid, values by key.

    Raises:
        LookupError: a choice has not been tried on every seed yet.
    """
    found = {}
    for lr in RATES:
        for beta2 in BETAS:
            keys = [f"{_key(label, lr, beta2)}-s{seed}" for seed in TUNING_SEEDS]
            missing = [key for key in keys if key not in rows]
            if missing:
                raise LookupError(f"{missing[0]} is not in the grid yet")
            errors = [rows[key].get("max_error", np.inf) for key in keys]
            found[lr, beta2] = float(np.exp(np.mean(np.log(errors))))
    return found


def chosen(label: str, rows: Mapping[str, Mapping]) -> tuple[float, float]:
    """Rate and β₂ with the least score.

    Raises:
        LookupError: the grid is not complete yet.
    """  # noqa: DOC502
    found = scores(label, rows)
    return min(found, key=found.__getitem__)


def _tuned_cells() -> dict[str, dict]:
    """The cells of the final runs, as the stored grid decides."""
    rows = {key: row.values for key, row in Table.named(GRID).rows.items()}
    found = {}
    for label in (*METHODS, _TIMED):
        base, changes = VARIANTS.get(label, (label, {}))
        try:
            found[label] = _cell(base, *chosen(base, rows)) | changes
        except LookupError:
            continue
    return found


_PLACES = [(label, lr, beta2) for lr in RATES for beta2 in BETAS for label in METHODS]
FINALIST_STUDIES: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    GRID: (TUNING_SEEDS, {_key(*place): _cell(*place) for place in _PLACES}),
    NAME: (tuple(range(20)), LookedUp(_tuned_cells)),
}
