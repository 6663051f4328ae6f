"""Named sets of runs behind the book's longer comparisons; their results are kept as small tables.

A study is data: labels, and for each label the settings in which it departs from the profile, and
the problem and profile where they are not the usual ones. Every label runs on the same seeds.
``hrgrad study NAME`` trains what is missing; the stored table has a row per run: numbers, the error
against time and ε, settings, origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from hrgradlib.experiments.ablation_studies import ABLATIONS
from hrgradlib.experiments.bgk_studies import BGK_STUDIES
from hrgradlib.experiments.campaign import has_ended, train_each
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.comparison_studies import COMPARISONS
from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run_folder
from hrgradlib.experiments.scale_studies import SCALES, TIMES
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.store import Table, read

__all__ = [
    "LITERATURE_SIZE",
    "STUDIES",
    "complete",
    "read_grid",
    "read_study",
    "row_key",
    "study_runs",
]

PROBLEM = "transport-periodic"
FIVE = (0, 1, 2, 3, 4)
TUNING = (100, 101)


def _grid(method: str, **axes) -> dict[str, dict]:
    """Every combination of the tuples given for settings, labelled by them; the rest is fixed."""
    fixed = {name: value for name, value in axes.items() if not isinstance(value, tuple)}
    cells = {method: dict(method=method) | fixed}
    for name, values in axes.items():
        if name in fixed:
            continue
        cells = {
            f"{label}-{name}{value:g}": cell | {name: value}
            for label, cell in cells.items()
            for value in values
        }
    return cells


DECADES = (1.0, 10.0, 100.0, 1e3, 1e4)  # weights of the initial loss
_PLAIN = dict(formulation="plain")
_RULES = ("trial-root", "trial-log", "trial-worst", "trial-adaptive", "trial-persistent")

# The literature's number of points in a step of Adam's metric (benchmarks/literature_step.py);
# network, learning rate and steps by three trials on a tuning seed.
LITERATURE_SIZE = dict(
    method="hrgrad",
    problem="transport-inflow",
    tasks=8,
    per_task=128,
    candidates=1,
    width=64,
    depth=4,
    modes=6,
    lr=5e-3,
    steps=10000,
)

STUDIES: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    # Chapter 7: is the applied step uphill for some task, and what does the guard cost?
    "guard": (
        (0, 1, 2),
        {
            "hrgrad": dict(method="hrgrad"),
            "hrgrad-guard": dict(method="hrgrad", guard=True),
            "sum": dict(method="sum"),
            "harmonise-first": dict(method="harmonise-first"),
        },
    ),
    # Appendix on many tasks: the metric's own grid, then what it reaches.
    "gauss-newton-grid": (
        TUNING,
        _grid("hrgrad-gn", lr=(0.3, 0.5, 0.7), damping=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1)),
    ),
    "gauss-newton": (
        FIVE,
        {
            "hrgrad-gn": dict(method="hrgrad-gn"),
            "harmony-half": dict(method="hrgrad-gn", harmony=0.5),
            "sum-gn": dict(method="sum-gn"),
            "within": dict(method="hrgrad-gn", beyond=1.0),
            "hrgrad": dict(method="hrgrad", beyond=1.15),
            "sum": dict(method="sum", steps=4800, beyond=1.15),
        },
    ),
    # Appendix on many tasks: other rules under Adam, learning rates tuned on seeds of their own.
    "rules-grid": (
        TUNING[:1],
        {
            label: cell
            for method in _RULES
            for label, cell in _grid(method, lr=(5e-3, 1e-2, 2e-2, 4e-2)).items()
        }
        | _grid("hrgrad", beta1=(0.97,), lr=(5e-3, 1e-2, 2e-2, 4e-2)),
    ),
    "rules": (
        FIVE,
        {
            "trial-root": dict(method="trial-root", lr=2e-2, beyond=1.15),
            "trial-log": dict(method="trial-log", lr=2e-2, beyond=1.15),
            "trial-worst": dict(method="trial-worst", lr=1e-2, beyond=1.15),
            "trial-adaptive": dict(method="trial-adaptive", lr=2e-2, beyond=1.15),
            "trial-persistent": dict(method="trial-persistent", lr=2e-2, beyond=1.15),
            "hrgrad-beta10.97": dict(method="hrgrad", beta1=0.97, lr=1e-2, beyond=1.15),
        },
    ),
    # Appendix on many tasks: the plain formulation, where the sum needs a weight.
    "plain-grid": (
        TUNING[:1],
        _grid("sum", initial_weight=DECADES, lr=(1e-2, 2e-2), **_PLAIN)
        | _grid("hrgrad", lr=(1e-2, 2e-2), **_PLAIN),
    ),
    "plain": (
        FIVE,
        {
            "sum": dict(method="sum", initial_weight=100.0, lr=2e-2, **_PLAIN),
            "hrgrad-gn": dict(method="hrgrad-gn", steps=200, **_PLAIN),
            "sum-gn": dict(method="sum-gn", steps=200, **_PLAIN),
        },
    ),
    # Chapters 9 and 11: the other problems in the profile full, other formulations and metrics.
    "inflow": (
        CASES["transport-inflow"].reported_seeds,
        {
            "micro-macro": dict(
                method="hrgrad-gn", problem="transport-inflow", formulation="micro-macro"
            ),
            "adam": dict(method="hrgrad", problem="transport-inflow"),
            "adam-1024": LITERATURE_SIZE,
            "full": dict(method="hrgrad-gn", problem="transport-inflow", profile="full"),
        },
    ),
    "bgk": (
        CASES["bgk-smooth"].reported_seeds,
        {"smooth-adam": dict(method="hrgrad", problem="bgk-smooth")}
        | {
            f"{name}-full": dict(method="hrgrad-gn", problem=f"bgk-{name}", profile="full")
            for name in ("smooth", "layer", "riemann")
        },
    ),
    # Chapter 11: are points chosen by residual better than points as they are drawn?
    "points": (
        CASES["bgk-layer"].reported_seeds,
        {
            f"{name}-{choice}": dict(method="hrgrad-gn", problem=problem) | settings
            for name, problem in (("inflow", "transport-inflow"), ("layer", "bgk-layer"))
            for choice, settings in (("chosen", {}), ("drawn", dict(candidates=1)))
        },
    ),
    # Chapter 8: the axis that the theorems want, against the default.
    "axis": (FIVE, {a: dict(method="hrgrad", axis=a) for a in ("equiangular", "maxmin")}),
    "bgk-plain": (
        (0, 1),
        _grid("sum", problem="bgk-smooth", initial_weight=(1.0, 100.0), lr=(5e-3, 2e-2), **_PLAIN),
    ),
    "gauss-newton-long": (
        FIVE,
        {"hrgrad-gn": dict(method="hrgrad-gn", width=40, depth=4, per_task=20, steps=300)},
    ),
    # Chapter 9: two dimensions.
    "transport-2d": (
        CASES["transport-2d"].reported_seeds,
        {
            method: dict(method=method, problem="transport-2d")
            for method in ("hrgrad-gn", "hrgrad-soap")
        },
    ),
    **ABLATIONS,
    **FAILURES,
    **BGK_STUDIES,
    **SCALES,
    **TIMES,
    **COMPARISONS,
}


def study_runs(name: str, profile: str = "quick") -> dict[Path, Spec]:
    """Every run of a study, by folder; seed by seed, so that a part of them is balanced.

    Raises:
        KeyError: no such study.
    """  # noqa: DOC502
    seeds, cells = STUDIES[name]
    runs = {}
    for seed in seeds:
        for label, settings in cells.items():
            spec = make_spec(seed=seed, **({"problem": PROBLEM, "profile": profile} | settings))
            runs[run_folder(spec, f"{name}--{label}")] = spec
    return runs


def complete(
    table: Table, runs: dict[Path, Spec], device: str, jobs: int, quiet: bool
) -> dict[str, str]:
    """Train these runs of a table, and put their rows as they come, in place of earlier ones.

    What is finished in its folder already is not trained again, if this code made it.

    Returns:
        Last words by row of the runs that left no result.
    """
    ended = {f: s for f, s in runs.items() if has_ended(f, s)}
    for folder, spec in ended.items():
        table.put(row_key(folder), *row_of(folder, spec))
    lost, missing = {}, {f: s for f, s in runs.items() if f not in ended}
    with closing(train_each(missing, device, jobs, quiet)) as trained:
        for folder, words in trained:
            if has_ended(folder, missing[folder]):  # of a failed training too: a result as well
                table.put(row_key(folder), *row_of(folder, missing[folder]))
            else:
                lost[row_key(folder)] = words
    return lost


def row_key(folder: Path) -> str:
    """Name in its table of the row that a run makes."""
    return folder.name.split("--", 1)[-1]


_COLUMNS = (
    *("label", "method", "seed", "max_error", "mean_error", "seconds", "uphill"),
    *("guarded", "stationary", "failure"),  # problems differ in what comes then
)


def read_study(name: str) -> tuple[list[dict], dict]:
    """Rows of a stored study, and its ``settings`` and ``curves`` by label (and seed).

    A number that a row lacks is nan; the errors of a training that failed are inf.
    """
    found = [{"label": row.key.rsplit("-s", 1)[0]} | row.values for row in read(name)]
    more = (n for row in found for n in row if n not in ("curve", "settings"))
    names = dict.fromkeys((*_COLUMNS, *more))
    rows = [{n: row.get(n, np.nan) for n in names} for row in found]
    for row in rows:
        if row["failure"] and np.isnan(row["max_error"]):
            row |= {"max_error": np.inf, "mean_error": np.inf}
    content: dict[str, dict] = {
        "settings": {row["label"]: row["settings"] for row in found},
        "curves": {},
    }
    for row in found:
        content["curves"].setdefault(row["label"], {})[str(row["seed"])] = row.get("curve", {})
    return rows, content


def read_grid(problem: str, variant: str = "") -> list[dict]:
    """Rows of a stored tuning grid of a problem: method, lr, beta2, seed, errors, steps."""
    name = "-".join(part for part in (problem, "grid", variant) if part)
    return [row.values | row.values["settings"] for row in read(name)]
