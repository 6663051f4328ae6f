"""Reading finished runs: errors, records, failure by one definition."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.campaign import book_runs, run_all
from hrgradlib.experiments.cases import FIRST
from hrgradlib.experiments.folder import read_identity, read_records
from hrgradlib.experiments.specs import Spec
from hrgradlib.experiments.store import Origin, recorded

__all__ = [
    "Run", "book_results", "conflict_shares", "failure", "load_run", "negative_share", "row_of",
    "uphill_share",
]  # fmt: skip

FAILED_ERROR = 0.1  # final error, max over ε
STALLED, MOVED = 10.0, 100.0  # factors by which losses fell


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        spec: how it was trained.
        errors: [len(eps), len(times)] final relative L2 errors, the largest of the quantities, at
            the few Knudsen numbers that tables show.
        judged_eps: the many that an error is the maximum over.
        judged: [len(judged_eps), len(times)] errors there.
        quantities: the same by quantity (density; for BGK also momentum and energy).
        limit: error by quantity far below the trained range, where the problem has such a check.
        seconds: spent in training steps.
        records: arrays by name, see :class:`hrgradlib.StepRecord`; ``name_steps`` are the steps.
    """

    folder: Path
    spec: Spec
    eps: NDArray
    times: NDArray
    errors: NDArray
    judged_eps: NDArray
    judged: NDArray
    quantities: dict[str, NDArray]
    limit: dict[str, float] | None
    seconds: float
    records: dict[str, NDArray]

    @property
    def max_error(self) -> float:
        """Largest error over all judged ε and t, the number that methods are compared by."""
        return float(self.judged.max())

    @property
    def final_error(self) -> float:
        """Largest error over all judged ε at the final time."""
        return float(self.judged[:, -1].max())

    @property
    def mean_error(self) -> float:
        """Geometric mean over all judged ε of the largest error over t."""
        return float(np.exp(np.log(self.judged.max(1)).mean()))


def load_run(folder: Path) -> Run:
    """Read a finished run.

    Raises:
        FolderError: there is none, it ended in a failure, or a file is damaged.
    """  # noqa: DOC502
    spec, result = read_identity(folder)
    records = read_records(folder)
    judged = result.get("judged", {"eps": result["eps"], "errors": result["errors"]})
    return Run(
        folder,
        spec,
        np.array(result["eps"]),
        np.array(result["times"]),
        np.array(result["errors"]),
        np.array(judged["eps"]),
        np.array(judged["errors"]),
        {k: np.array(v) for k, v in result["quantities"].items()},
        result.get("limit"),
        result["seconds"],
        records,
    )


def book_results(profile: str, device: str = "cpu", problem: str = FIRST) -> dict[str, list[Run]]:
    """The book's runs of a problem by label (hrgrad, hrgrad-gn, sum, sum-longer), over seeds.

    Runs that do not exist yet are trained first, two at a time, which takes minutes in the
    profile ``quick``; ``make train`` does the same beforehand, with a progress bar.
    """
    runs = book_runs(profile, problem)
    run_all(runs, device, jobs=2, quiet=True)
    grouped: dict[str, list[Run]] = {}
    for folder in runs:
        grouped.setdefault(folder.name.rsplit("-s", 1)[0], []).append(load_run(folder))
    return grouped


def failure(run: Run) -> str | None:
    """Why a run counts as failed, or None.

    A run fails if its final error exceeds 10 % at some ε, or if one regime's loss fell less than
    tenfold while another's fell more than a hundredfold. (Runs with a non-finite value end at
    once and are never loaded.)
    """
    if not run.max_error <= FAILED_ERROR:
        return f"error {run.max_error:.2g}"
    losses = run.records["losses"]
    edge = max(1, len(losses) // 50)
    fall = losses[:edge].mean(0) / losses[-edge:].mean(0)
    if fall.min() < STALLED and fall.max() > MOVED:
        return f"a loss fell {fall.min():.0f} times, another {fall.max():.0f} times"
    return None


def uphill_share(records: dict[str, NDArray]) -> float:
    """Share of recorded (step, task) pairs in which the applied step does not descend.

    Steps reported Pareto-stationary are no steps and do not count.
    """
    cosines = records["cosine_gradients"]
    if "stationary" in records:
        cosines = cosines[~records["stationary"].astype(bool)]
    return float((cosines <= 0).mean())


def negative_share(products: NDArray) -> NDArray:
    """Share of the pairs of tasks in conflict; products or cosines, [..., K, K] to [...]."""
    rows, columns = np.triu_indices(products.shape[-1], 1)
    return (products[..., rows, columns] < 0).mean(-1)


def conflict_shares(records: dict[str, NDArray]) -> dict[str, NDArray]:
    """Share of pairs in conflict in each third of a training, [3], by metric: ``raw``, ``adam``."""
    return {
        metric: np.array([part.mean() for part in np.array_split(negative_share(records[name]), 3)])
        for metric, name in (("raw", "gramian_raw"), ("adam", "gramian"))
    }


def row_of(folder: Path, spec: Spec) -> tuple[dict, Origin]:
    """What a table keeps of a run that has ended: numbers, curves, settings; and its origin.

    Of a run that failed: settings and why.
    """
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    origin = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    settings = {name: value for name, value in spec.to_dict().items() if name != "seed"}
    values = {"method": spec.method, "seed": spec.seed}
    values |= {"failure": result["failed"]} if "failed" in result else _numbers(folder, result)
    values["settings"] = settings
    return values, recorded(origin, spec.fingerprint(), origin.get("code", ""))


def _numbers(folder: Path, result: dict) -> dict:
    run = load_run(folder)
    acted = [name for name in ("guarded", "stationary") if name in run.records]
    quantities = {name: np.array(errors)[:, -1] for name, errors in result["quantities"].items()}
    limit = result.get("limit") or {}
    return {
        "max_error": _digits(run.max_error, 5),
        "final_error": _digits(run.final_error, 5),
        "mean_error": _digits(run.mean_error, 5),
        "seconds": round(run.seconds, 1),
        **_uphill(run),
        **_conflict(run),
        **{name: _digits(run.records[name].mean(), 5) for name in acted},
        **_evaluations(run),
        **_by_term(run),
        "failure": failure(run) or "",
        **{f"final_{name}": _digits(errors.max(), 5) for name, errors in quantities.items()},
        **{f"limit_{name}": _digits(error, 5) for name, error in limit.items()},
        "curve": {
            "seconds": [round(s, 1) for s in run.records["seconds"].ravel().tolist()],
            "error": [_digits(error.max(), 4) for error in run.records["error"]],
            "eps": run.eps.tolist(),
            "judged_eps": [_digits(e, 4) for e in run.judged_eps],
            "judged": [_digits(e, 4) for e in run.judged.max(1)],
            "final": {n: [_digits(e, 4) for e in errors] for n, errors in quantities.items()},
        },
    }


def _uphill(run: Run) -> dict[str, float]:
    """Nothing of a method that sees the sum alone: it knows no cosine with a task."""
    if "cosine_gradients" not in run.records:
        return {}
    return {"uphill": _digits(uphill_share(run.records), 5)}


def _conflict(run: Run) -> dict[str, dict[str, list[float]]]:
    """Nothing of a method that does not record the products in both metrics, or hardly a step."""
    if len(run.records.get("gramian_raw", ())) < 3:
        return {}
    shares = conflict_shares(run.records)
    return {"conflict": {name: [_digits(x, 4) for x in thirds] for name, thirds in shares.items()}}


def _by_term(run: Run) -> dict[str, list[list[float]]]:
    """Where terms are tasks: their losses over the training, geometric means of its tenths."""
    if run.spec.segmentation != "terms":
        return {}
    parts = np.array_split(np.log(run.records["losses"]), 10)
    return {"term_losses": [[_digits(x, 4) for x in np.exp(p.mean(0))] for p in parts]}


def _evaluations(run: Run) -> dict[str, int]:
    """Gradients that were computed, where that is not one a step."""
    if "evaluations" not in run.records:
        return {}
    return {"evaluations": round(float(run.records["evaluations"].sum()))}


def _digits(value: float, count: int) -> float:
    return float(f"{value:.{count - 1}e}")
