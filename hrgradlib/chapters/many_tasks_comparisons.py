"""Stored studies, cell by cell, and one cell judged against another by the book's one rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_grid, read_study
from hrgradlib.experiments.verdicts import Verdict, judge

__all__ = ["IDEAS", "Cell", "cells", "cells_there", "compare", "find", "reference", "tuning"]


class Cell(NamedTuple):
    """The runs of one label of a study, one per seed, sorted by seed.

    Attributes:
        study, label: where it stands.
        settings: of the runs, without the seed.
        seeds: [S]
        errors, seconds, uphill: [S] final error (max over ε and t), seconds spent in steps, share
            of (step, task) pairs in which the applied step did not descend.
        curves: by seed, ``(seconds, error)`` along the training; empty for a failed run.
    """

    study: str
    label: str
    settings: dict
    seeds: NDArray
    errors: NDArray
    seconds: NDArray
    uphill: NDArray
    curves: dict[int, tuple[NDArray, NDArray]]

    @property
    def median(self) -> float:
        """Median of the final errors."""
        return float(np.median(self.errors))


# What is asked of a cell's settings for it to stand for an idea of many_tasks.md.
IDEAS: dict[str, dict] = {
    "root": dict(method="trial-root"),
    "log": dict(method="trial-log"),
    "worst": dict(method="trial-worst"),
    "adaptive": dict(method="trial-adaptive"),
    "persistent": dict(method="trial-persistent"),
    "longer": dict(method="hrgrad", beta1=0.97),
    "guard": dict(method="hrgrad", guard=True),
    "gauss-newton": dict(method="hrgrad-gn", harmony=0.0, guard=False),
}
_USUAL = dict(formulation="layer", guard=False, beta1=0.9)
REFERENCES = {
    "hrgrad": _USUAL | dict(method="hrgrad", harmony=0.5),
    "sum": _USUAL | dict(method="sum"),
}


def cells(study: str) -> list[Cell]:
    """Every label of a stored study."""
    rows, content = read_study(study)
    found = []
    for label in dict.fromkeys(row["label"] for row in rows):
        own = sorted((r for r in rows if r["label"] == label), key=lambda r: r["seed"])
        curves = {
            int(seed): (np.array(c["seconds"]), np.array(c["error"]))
            for seed, c in content["curves"][label].items()
            if c
        }
        columns = [
            np.array([r[name] for r in own]) for name in ("seed", "max_error", "seconds", "uphill")
        ]
        found.append(Cell._make([study, label, content["settings"][label], *columns, curves]))
    return found


def cells_there(study: str, *labels: str) -> dict[str, Cell]:
    """Those cells of a stored study that have runs (with a curve) yet, by label."""
    there = cells(study) if Table.named(study).rows else []
    return {cell.label: cell for cell in there if cell.label in labels and cell.curves}


def find(studies: Iterable[str], **wanted) -> Cell:
    """The first cell of these studies (those that are stored) with all of the wanted settings.

    Raises:
        LookupError: there is none.
    """
    studies = list(studies)
    for study in studies:
        if not Table.named(study).rows:
            continue
        for cell in cells(study):
            if all(cell.settings.get(name) == value for name, value in wanted.items()):
                return cell
    raise LookupError(
        f"no stored run with {wanted} in the studies {', '.join(studies)}; "
        "`hrgrad study NAME` makes one"
    )


def reference(cell: Cell, method: str) -> Cell:
    """HRGrad under Adam or the sum at their tuned settings, with the cell's collocation times."""
    studies = dict.fromkeys((cell.study, "rules", "gauss-newton"))
    return find(studies, beyond=cell.settings["beyond"], **REFERENCES[method])


def compare(first: Cell, second: Cell) -> Verdict:
    """Judge the first cell's final errors by the second's, all runs of both, unpaired."""
    return judge(first.errors, second.errors)


def tuning(**wanted) -> dict[float, float]:
    """Final error (geometric mean over its seeds) by learning rate, from the ``rules-grid``.

    For HRGrad itself (``method="hrgrad"`` and no other wish) from the problem's own grid, on the
    same seeds.
    """
    grid = cells("rules-grid")
    if wanted == dict(method="hrgrad"):
        seeds = {seed for cell in grid for seed in cell.seeds}
        pairs = [
            (r["lr"], r["max_error"])
            for r in read_grid("transport-periodic")
            if r["method"] == "hrgrad" and r["beta2"] == 0.99 and r["seed"] in seeds
        ]
    else:
        pairs = [
            (cell.settings["lr"], error)
            for cell in grid
            for error in cell.errors
            if all(cell.settings.get(name) == value for name, value in wanted.items())
        ]
    rates = sorted({lr for lr, _ in pairs})
    return {lr: float(np.exp(np.mean([np.log(e) for r, e in pairs if r == lr]))) for lr in rates}
