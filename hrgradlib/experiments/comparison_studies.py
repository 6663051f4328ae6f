"""The comparison of methods: who is compared, on which grid everybody is tuned, and the final runs.

Every method has the same learning rates and, on `transport-periodic`, the same β₂, each with each,
on one seed that is reported nowhere else, and then runs at its best pair, which is read from the
stored grid and typed nowhere. Variants (κ, guard, more steps) take the pair of what they are
variants of. Cells of which the grid is not complete yet are left out of a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from hrgradlib.experiments.looked_up import LookedUp
from hrgradlib.experiments.scale_studies import STEPS_PER_SECOND
from hrgradlib.experiments.store import Table

__all__ = [
    "BETAS",
    "COMPARED",
    "COMPARISONS",
    "GRID_OF",
    "MORE_TUNING_RUNS",
    "PERIODIC",
    "RATES",
    "TWENTY_RUNS",
    "VARIANTS",
    "Choice",
    "choices",
    "scores",
    "tuned",
]

STEPS, GRID_STEPS = 2000, 800  # half of the profile's, and what is enough to choose a rate
SECOND_ORDER_STEPS, SECOND_ORDER_GRID_STEPS = 125, 50
PERIODIC, INFLOW = "transport-periodic", "transport-inflow"
RATES = (5e-3, 1e-2, 2e-2, 4e-2)
#: By problem; none below β₁² = 0.81, where Adam's bound on a step grows without end.
BETAS = {PERIODIC: (0.9, 0.99, 0.999), INFLOW: (0.99,)}
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

_PER_SECOND = STEPS_PER_SECOND[PERIODIC]
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


class Choice(NamedTuple):
    """One choice of a label's grid: what it changes, by the name of its place on each axis.

    Attributes:
        rate: learning rate; of L-BFGS, which has none, the points of a task.
        beta2: decay of the second moment; NaN where a method has none.
        settings: what the choice sets, but the number of steps.
    """

    rate: float
    beta2: float
    settings: dict


def choices(label: str, problem: str) -> dict[str, Choice]:
    """What a label is tuned over on a problem, by the end of the cell's name.

    Args:
        label: of :data:`COMPARED`.
        problem: of :data:`BETAS`.
    """
    if label == "lbfgs":
        return {f"points{n}": Choice(n, np.nan, dict(per_task=n)) for n in _POINTS}
    if label == "hrgrad-gn":
        return {f"lr{lr:g}": Choice(lr, np.nan, dict(lr=lr)) for lr in _SECOND_ORDER_RATES}
    return {
        f"lr{lr:g}-beta{beta2:g}": Choice(lr, beta2, dict(lr=lr, beta2=beta2))
        for lr in RATES
        for beta2 in BETAS[problem]
    }


def _cell(label: str, choice: Choice, short: bool) -> dict:
    """Settings of a label at one of its choices; L-BFGS has as many gradients of points in all."""
    steps = GRID_STEPS if short else STEPS
    if label == "hrgrad-gn":
        steps = SECOND_ORDER_GRID_STEPS if short else SECOND_ORDER_STEPS
    elif label == "lbfgs":
        steps = round(steps * _POINTS[0] / choice.rate / _ITERATIONS)
    return COMPARED[label] | choice.settings | dict(steps=steps)


def _grid(problem: str) -> dict[str, dict]:
    return {
        f"{label}-{name}": _cell(label, choice, short=True) | dict(problem=problem)
        for label in COMPARED
        for name, choice in choices(label, problem).items()
    }


def scores(label: str, rows: Mapping[str, dict], problem: str, seed: int = 100) -> dict[str, float]:
    """Error of every choice on the tuning seed, by its name; inf where it failed.

    Args:
        label: of :data:`COMPARED`.
        rows: of the stored grid, values by key.
        problem: of :data:`BETAS`.
        seed: of the grid.

    Raises:
        LookupError: a choice has not been tried yet.
    """
    found = {}
    for name in choices(label, problem):
        key = f"{label}-{name}-s{seed}"
        if key not in rows:
            raise LookupError(f"{key} is not in the grid yet")
        found[name] = rows[key].get("max_error", np.inf)
    return found


def tuned(label: str, rows: Mapping[str, dict], problem: str) -> dict:
    """Settings of the final runs of a label: those with the least error on the tuning seed.

    Args:
        label: of :data:`COMPARED` or :data:`VARIANTS`.
        rows: of the stored grid, values by key.
        problem: of :data:`BETAS`.

    Raises:
        LookupError: a choice has not been tried yet.
    """  # noqa: DOC502
    base, changes = VARIANTS.get(label, (label, {}))
    found = scores(base, rows, problem)
    best = min(found, key=found.__getitem__)
    return _cell(base, choices(base, problem)[best], short=False) | changes


def _tuned_cells(problem: str, grid: str) -> dict[str, dict]:
    """The cells of a comparison, as the stored grid of the same problem decides."""
    rows = {key: row.values for key, row in Table.named(grid).rows.items()}
    found = {}
    for label in (*COMPARED, *VARIANTS):
        try:
            found[label] = tuned(label, rows, problem) | dict(problem=problem)
        except LookupError:
            continue
    return found


def _looked_up(problem: str, grid: str) -> LookedUp:
    return LookedUp(partial(_tuned_cells, problem, grid))


#: Those of the comparison that the book's verdicts rest on: twenty runs in all.
TWENTY_RUNS = (tuple(range(5, 20)), ("sum", "sum-time", "sum-soap", "hrgrad", "hrgrad-soap"))

#: How much a rate matters to HRGrad is asked on more tuning seeds; the choice is the first one's.
MORE_TUNING_RUNS = ((101, 102, 103), tuple(f"hrgrad-lr{lr:g}-beta0.99" for lr in RATES))

#: The grid of every comparison.
GRID_OF = {"comparison": "comparison-grid", "comparison-inflow": "comparison-inflow-grid"}

COMPARISONS: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    # Chapter 12: every method that is asked about, tuned alike. Seeds outermost: more may follow.
    "comparison-grid": ((100,), _grid(PERIODIC)),
    "comparison": ((0, 1, 2, 3, 4), _looked_up(PERIODIC, "comparison-grid")),
    "comparison-inflow-grid": ((100,), _grid(INFLOW)),
    "comparison-inflow": ((10, 11, 12, 13, 14), _looked_up(INFLOW, "comparison-inflow-grid")),
}
