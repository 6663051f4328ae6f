"""Named sets of runs behind the book's longer comparisons; their results are kept as small tables.

A study is data: labels, and for each label the settings in which it departs from the profile, and
the problem and profile where they are not the usual ones. Every label runs on the same seeds.
``hrgrad study NAME`` trains what is missing and writes the table
``book/results/NAME.csv`` and, beside it, origins and error-against-time curves as JSON.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hrgradlib.experiments.campaign import fold_provenance
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.results import failure, load_run, uphill_share
from hrgradlib.experiments.runner import run_folder
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.optim import AXES
from hrgradlib.paths import results_folder

__all__ = ["LITERATURE_SIZE", "STUDIES", "read_study", "study_runs", "write_study"]

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

STUDIES: dict[str, tuple[tuple[int, ...], dict[str, dict]]] = {
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
    # Chapter 13: the metric's own grid, then what it reaches.
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
    # Chapter 13: other rules under Adam, learning rates tuned on seeds of their own.
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
    # Chapter 13: the plain formulation, where the sum needs a weight.
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
    # Chapters 9 and 10: the other problems in the profile full, other formulations and metrics.
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
    # Chapter 10: are points chosen by residual better than points as they are drawn?
    "points": (
        CASES["bgk-layer"].reported_seeds,
        {
            f"{name}-{choice}": dict(method="hrgrad-gn", problem=problem) | settings
            for name, problem in (("inflow", "transport-inflow"), ("layer", "bgk-layer"))
            for choice, settings in (("chosen", {}), ("drawn", dict(candidates=1)))
        },
    ),
    # Chapter 8: the axis that the theorems want, against the default.
    "axis": (FIVE, {axis: dict(method="hrgrad", axis=axis) for axis in AXES}),
    "bgk-plain": (
        (0, 1),
        _grid("sum", problem="bgk-smooth", initial_weight=(1.0, 100.0), lr=(5e-3, 2e-2), **_PLAIN),
    ),
    "gauss-newton-long": (
        FIVE,
        {"hrgrad-gn": dict(method="hrgrad-gn", width=40, depth=4, per_task=20, steps=300)},
    ),
}


def study_runs(name: str, profile: str = "quick") -> dict[Path, Spec]:
    """Every run of a study, by folder.

    Raises:
        KeyError: no such study.
    """  # noqa: DOC502
    seeds, cells = STUDIES[name]
    runs = {}
    for label, settings in cells.items():
        for seed in seeds:
            spec = make_spec(seed=seed, **({"problem": PROBLEM, "profile": profile} | settings))
            runs[run_folder(spec, f"{name}--{label}")] = spec
    return runs


def _label(folder: Path) -> str:
    return folder.name.split("--", 1)[1].rsplit("-s", 1)[0]


def write_study(name: str, runs: dict[Path, Spec]) -> Path:
    """The table and the curves of a study whose runs are finished; returns the table's path."""
    target = results_folder() / f"{name}.csv"
    rows, curves = [], {}
    for folder, spec in runs.items():
        row, curve = _row(folder, spec)
        rows.append({"label": _label(folder)} | row)
        curves.setdefault(_label(folder), {})[str(spec.seed)] = curve
    with target.open("w", newline="", encoding="utf-8") as stream:
        names = dict.fromkeys(name for row in rows for name in row)  # problems differ in quantities
        writer = csv.DictWriter(stream, fieldnames=list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    settings = {
        _label(f): {k: v for k, v in asdict(s).items() if k != "seed"} for f, s in runs.items()
    }
    content = fold_provenance(runs) | {"settings": settings, "curves": curves}
    target.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return target


def _row(folder: Path, spec: Spec) -> tuple[dict, dict]:
    """Numbers of one run, and its error against training time and against ε."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if "failed" in result:
        return dict(
            method=spec.method,
            seed=spec.seed,
            max_error="inf",
            mean_error="inf",
            seconds="",
            uphill="",
            guarded="",
            stationary="",
            failure=result["failed"],
        ), {}
    run = load_run(folder)
    curve = {
        "seconds": np.round(run.records["seconds"].ravel(), 1).tolist(),
        "error": [float(f"{e.max():.3e}") for e in run.records["error"]],
        "eps": run.eps.tolist(),
        "final": {
            name: [float(f"{e[-1]:.3e}") for e in errors]  # at T, by eps
            for name, errors in result["quantities"].items()
        },
    }
    acted = {
        name: f"{run.records[name].mean():.4e}" if name in run.records else ""
        for name in ("guarded", "stationary")
    }
    final = {
        f"final_{name}": f"{np.max(np.array(errors)[:, -1]):.4e}"
        for name, errors in result["quantities"].items()
    }
    if result.get("limit"):
        final |= {f"limit_{name}": f"{error:.4e}" for name, error in result["limit"].items()}
    return dict(
        method=spec.method,
        seed=spec.seed,
        max_error=f"{run.max_error:.4e}",
        mean_error=f"{run.mean_error:.4e}",
        seconds=f"{run.seconds:.1f}",
        uphill=f"{uphill_share(run.records):.4e}",
        **acted,
        failure=failure(run) or "",
        **final,
    ), curve


def read_study(name: str) -> tuple[list[dict], dict]:
    """Rows of a stored study, numbers as numbers, and the content of its JSON file."""
    table = results_folder() / f"{name}.csv"
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    text = ("label", "method", "failure")
    rows = [{k: v if k in text else float(v or "nan") for k, v in row.items()} for row in rows]
    return rows, json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
