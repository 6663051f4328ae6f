"""The comparison of methods: who is compared, on which grid everybody is tuned, and the final runs.

Every method has the same four learning rates on one seed that is reported nowhere else, and then
runs at its best one, which is read from the stored grid and typed nowhere. Variants (κ, guard, more
steps) take the rate of what they are variants of. Cells of which the grid is not complete yet are
left out of a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from hrgradlib.experiments.looked_up import LookedUp
from hrgradlib.experiments.scale_studies import STEPS_PER_SECOND
from hrgradlib.experiments.store import Table

__all__ = [
    "COMPARED",
    "COMPARISONS",
    "GRID_OF",
    "MORE_TUNING_RUNS",
    "RATES",
    "TWENTY_RUNS",
    "VARIANTS",
    "tuned",
]

STEPS, GRID_STEPS = 2000, 800  # half of the profile's, and what is enough to choose a rate
SECOND_ORDER_STEPS, SECOND_ORDER_GRID_STEPS = 125, 50
RATES = (5e-3, 1e-2, 2e-2, 4e-2)
_SECOND_ORDER_RATES = (
    0.1,
    0.2,
    0.4,
    0.8,
)  # of Gauss–Newton, whose steps have a length of their own
_POINTS = (64, 128, 256)  # per task, of L-BFGS: it has no learning rate, but a batch that stays
_ITERATIONS = 11  # gradients in ten iterations of L-BFGS, about

_UNDER_ADAM = (
    "sum",
    "log-sum",
    "geometric-mean",
    "first-norm",
    "uw",
    "dwa",
    "rlw",
    "famo",
    "graddrop",
    "pcgrad",
    "cagrad",
    "mgda",
    "imtl-g",
    "nash-mtl",
    "aligned-mtl",
    "upgrad",
    "dcgd",
    "config",
    "m-config",
    "harmonic",
    "hrgrad-reported",
    "harmonise-first",
    "hrgrad",
)
_UNDER_SOAP = {
    "hrgrad-soap": "hrgrad-soap",
    "sum-soap": "sum-soap-watched",
    "log-soap": "log-soap-watched",
    "unit-soap": "unit-soap-watched",
    "first-soap": "first-soap-watched",
}

# What is asked about most is run first, so that a part of a table says something.
_FIRST = (
    *("sum", "hrgrad", "sum-soap", "hrgrad-soap", "config", "m-config", "upgrad", "dcgd"),
    *("hrgrad-reported", "log-sum", "nash-mtl", "hrgrad-gn"),
)
_ALL: dict[str, dict] = (
    {method: dict(method=method) for method in _UNDER_ADAM}
    | {label: dict(method=method) for label, method in _UNDER_SOAP.items()}
    | {"hrgrad-gn": dict(method="hrgrad-gn"), "lbfgs": dict(method="lbfgs")}
)
#: Settings of every method that is tuned, by its label.
COMPARED: dict[str, dict] = {label: _ALL[label] for label in dict.fromkeys((*_FIRST, *_ALL))}

_PER_SECOND = STEPS_PER_SECOND["transport-periodic"]
#: What a variant is one of, and in what it differs.
VARIANTS: dict[str, tuple[str, dict]] = {
    "sum-time": ("sum", dict(steps=round(STEPS * _PER_SECOND["sum"] / _PER_SECOND["hrgrad"]))),
    "hrgrad-0": ("hrgrad", dict(harmony=0.0)),
    "hrgrad-1": ("hrgrad", dict(harmony=1.0)),
    "hrgrad-guard": ("hrgrad", dict(guard=True)),
    "hrgrad-soap-0": ("hrgrad-soap", dict(harmony=0.0)),
    "hrgrad-soap-1": ("hrgrad-soap", dict(harmony=1.0)),
    "hrgrad-soap-guard": ("hrgrad-soap", dict(guard=True)),
    "hrgrad-gn-half": ("hrgrad-gn", dict(harmony=0.5)),
}


def _of_lbfgs(steps: int, points: int) -> dict:
    """As many gradients of points as so many steps of the others."""
    return dict(per_task=points, steps=round(steps * _POINTS[0] / points / _ITERATIONS))


def _choices(label: str, steps: int, second_order: int) -> dict[str, dict]:
    """What a label is tuned over, by the end of the cell's name."""
    if label == "lbfgs":
        return {f"points{n}": _of_lbfgs(steps, n) for n in _POINTS}
    if label == "hrgrad-gn":
        return {f"lr{lr:g}": dict(lr=lr, steps=second_order) for lr in _SECOND_ORDER_RATES}
    return {f"lr{lr:g}": dict(lr=lr, steps=steps) for lr in RATES}


def _grid(problem: str) -> dict[str, dict]:
    return {
        f"{label}-{name}": settings | choice | dict(problem=problem)
        for label, settings in COMPARED.items()
        for name, choice in _choices(label, GRID_STEPS, SECOND_ORDER_GRID_STEPS).items()
    }


def scores(label: str, rows: Mapping[str, dict], seed: int) -> dict[str, float]:
    """Error of every choice on the tuning seed, by its name; inf where it failed.

    Args:
        label: of :data:`COMPARED`.
        rows: of the stored grid, values by key.
        seed: of the grid.

    Raises:
        LookupError: a choice has not been tried yet.
    """
    found = {}
    for name in _choices(label, GRID_STEPS, SECOND_ORDER_GRID_STEPS):
        key = f"{label}-{name}-s{seed}"
        if key not in rows:
            raise LookupError(f"{key} is not in the grid yet")
        found[name] = rows[key].get("max_error", np.inf)
    return found


def tuned(label: str, rows: Mapping[str, dict], seed: int = 100) -> dict:
    """Settings of the final runs of a label: those with the least error on the tuning seed.

    Args:
        label: of :data:`COMPARED` or :data:`VARIANTS`.
        rows: of the stored grid, values by key.
        seed: of the grid.

    Raises:
        LookupError: a choice has not been tried yet.
    """  # noqa: DOC502
    base, changes = VARIANTS.get(label, (label, {}))
    found = scores(base, rows, seed)
    best = min(found, key=found.__getitem__)
    return COMPARED[base] | _choices(base, STEPS, SECOND_ORDER_STEPS)[best] | changes


def _tuned_cells(problem: str, grid: str) -> dict[str, dict]:
    """The cells of a comparison, as the stored grid of the same problem decides."""
    rows = {key: row.values for key, row in Table.named(grid).rows.items()}
    found = {}
    for label in (*COMPARED, *VARIANTS):
        try:
            found[label] = tuned(label, rows) | dict(problem=problem)
        except LookupError:
            continue
    return found


def _looked_up(problem: str, grid: str) -> LookedUp:
    return LookedUp(partial(_tuned_cells, problem, grid))


#: Those of the comparison that the book's verdicts rest on: twenty runs in all.
TWENTY_RUNS = (tuple(range(5, 20)), ("sum", "sum-time", "sum-soap", "hrgrad", "hrgrad-soap"))

#: How much a rate matters to HRGrad is asked on more tuning seeds; the choice is the first one's.
MORE_TUNING_RUNS = ((101, 102, 103), tuple(f"hrgrad-lr{lr:g}" for lr in RATES))

#: The grid of every comparison.
GRID_OF = {"comparison": "comparison-grid", "comparison-inflow": "comparison-inflow-grid"}

COMPARISONS: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    # Chapter 12: every method that is asked about, tuned alike. Seeds outermost: more may follow.
    "comparison-grid": ((100,), _grid("transport-periodic")),
    "comparison": ((0, 1, 2, 3, 4), _looked_up("transport-periodic", "comparison-grid")),
    "comparison-inflow-grid": ((100,), _grid("transport-inflow")),
    "comparison-inflow": (
        (10, 11, 12, 13, 14),
        _looked_up("transport-inflow", "comparison-inflow-grid"),
    ),
}
