"""Sets of runs: those the book shows, and the tuning grid; a process and a folder for each."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import product
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.runner import fresh, is_finished, run_folder
from hrgradlib.experiments.specs import GRID, SETTINGS, Spec, make_spec

__all__ = [
    "CampaignError",
    "best_settings",
    "book_runs",
    "fold_provenance",
    "grid_runs",
    "grid_scores",
    "run_all",
    "write_grid",
]


class CampaignError(RuntimeError):
    """A run of the set failed."""


def book_runs(profile: str, problem: str | None = None) -> dict[Path, Spec]:
    """Every run that a chapter reads (of one problem), by folder; a case says which."""
    specs = {}
    for case in CASES.values() if problem is None else [CASES[problem]]:
        for seed in case.reported_seeds[: case.shown_seeds]:
            for shown in case.book:
                spec = make_spec(case.name, shown.method, profile, seed)
                spec = spec.with_(steps=round(shown.longer * spec.steps))
                specs[run_folder(spec, shown.label)] = spec
    return specs


def grid_runs(problem: str, profile: str) -> dict[Path, Spec]:
    """The tuning grid: every method, learning rate, β2 and tuning seed."""
    specs = {}
    cells = product(GRID["method"], GRID["lr"], GRID["beta2"], GRID["seeds"])
    for method, lr, beta2, seed in cells:
        spec = make_spec(problem, method, profile, seed, lr=lr, beta2=beta2)
        specs[run_folder(spec, f"grid-lr{lr:g}-b{beta2:g}")] = spec
    return specs


def run_all(runs: dict[Path, Spec], device: str, jobs: int, quiet: bool) -> int:
    """Train what is not finished, ``jobs`` at a time; returns how many were trained.

    Raises:
        CampaignError: runs that failed, with the last line each of them printed.
    """
    missing = {f: s for f, s in runs.items() if not is_finished(f, s)}
    failures = []
    with (
        ThreadPoolExecutor(max_workers=jobs) as pool,
        tqdm(total=len(missing), disable=quiet or not missing, unit="run", file=sys.stderr) as bar,
    ):
        waiting = {pool.submit(_run_one, f, s, device): f for f, s in missing.items()}
        for done in as_completed(waiting):
            bar.update()
            if done.result():
                failures.append(f"{waiting[done].name}: {done.result()}")
    if failures:
        raise CampaignError("; ".join(failures))
    return len(missing)


def _run_one(folder: Path, spec: Spec, device: str) -> str:
    """One run as a process of its own; returns its last words if it failed."""
    resumable = (folder / "checkpoint.pt").exists() and _same(folder, spec)
    if not resumable:
        fresh(folder)
    command = [
        sys.executable,
        "-m",
        "hrgradlib.cli",
        "run",
        spec.problem,
        "--method",
        spec.method,
        "--profile",
        spec.profile,
        "--seed",
        str(spec.seed),
        "--device",
        device,
        "--quiet",
        "--out",
        str(folder),
        *_flags(spec),
    ] + ["--resume"] * resumable
    # One thread each, NumPy's matrix products included: runs share the cores, and the timing.
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=alone)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def _flags(spec: Spec) -> list[str]:
    """Every setting of a specification as arguments of ``hrgrad run``."""
    flags = []
    for name, kind in SETTINGS.items():
        value, flag = getattr(spec, name), f"--{name.replace('_', '-')}"
        flags += [flag] * value if kind is bool else [flag, str(value)]
    return flags


def _same(folder: Path, spec: Spec) -> bool:
    try:
        return json.loads((folder / "spec.json").read_text()) == spec.to_dict()
    except (OSError, json.JSONDecodeError):
        return False


def write_grid(runs: dict[Path, Spec], target: Path) -> None:
    """Results of a finished grid as CSV, and beside it where the runs come from."""
    rows = [_row(folder, spec) for folder, spec in runs.items()]
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    content = fold_provenance(runs) | {"steps": sorted({spec.steps for spec in runs.values()})}
    target.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def fold_provenance(runs: Iterable[Path]) -> dict:
    """Where a set of runs comes from: that of the first, and every commit."""
    origins = [json.loads((f / "provenance.json").read_text(encoding="utf-8")) for f in runs]
    return origins[0] | {"commit": sorted({o["commit"] for o in origins})}


def _row(folder: Path, spec: Spec) -> dict:
    result = json.loads((folder / "result.json").read_text())
    return {
        "method": spec.method,
        "lr": spec.lr,
        "beta2": spec.beta2,
        "seed": spec.seed,
        "max_error": f"{result['max_error']:.4e}",
        "mean_error": f"{result['mean_error']:.4e}",
    }


def grid_scores(rows: Iterable[dict]) -> dict[str, dict[tuple[float, float], float]]:
    """Geometric mean over seeds of the final max error: by method, then by (lr, β2)."""
    errors: dict[str, dict[tuple[float, float], list[float]]] = {}
    for row in rows:
        cell = errors.setdefault(row["method"], {})
        cell.setdefault((row["lr"], row["beta2"]), []).append(row["max_error"])
    return {
        method: {key: float(np.exp(np.log(e).mean())) for key, e in cells.items()}
        for method, cells in errors.items()
    }


def best_settings(rows: Iterable[dict]) -> dict[str, tuple[float, float]]:
    """(lr, β2) with the lowest geometric mean of the final max error over seeds, per method."""
    scores = grid_scores(rows)
    return {method: min(cells, key=cells.get) for method, cells in scores.items()}
