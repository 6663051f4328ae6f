"""Stored studies, cell by cell, and one cell judged against another by the book's one rule.

A table that is not complete yet gives what its rows can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import Verdict, judge

__all__ = ["Cell", "cells_there", "compare", "reached", "table", "told", "uphill"]

_NOT_YET = "not measured yet"
_ONE_TASK = ("sum-gn", "sum-soap")  # they see the sum alone, and a share of its pairs says nothing


class Cell(NamedTuple):
    """The runs of one label of a study, one per seed, sorted by seed.

    Attributes:
        study, label: where it stands.
        settings: of the runs, without the seed.
        seeds: [S]
        errors, seconds, uphill: [S] final error (max over ε and t; inf where it failed), seconds
            spent in steps, share of (step, task) pairs in which the applied step did not descend.
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


def cells_there(study: str, *labels: str) -> dict[str, Cell]:
    """Those cells of a stored study that have runs (with a curve) yet, by label."""
    if not Table.named(study).rows:
        return {}
    rows, content = read_study(study)
    there = {label: _cell(study, label, rows, content) for label in labels}
    return {label: cell for label, cell in there.items() if cell is not None and cell.curves}


def _cell(study: str, label: str, rows: list[dict], content: dict) -> Cell | None:
    own = sorted((r for r in rows if r["label"] == label), key=lambda r: r["seed"])
    if not own:
        return None
    curves = {
        int(seed): (np.array(c["seconds"]), np.array(c["error"]))
        for seed, c in content["curves"][label].items()
        if c
    }
    columns = [
        np.array([r[name] for r in own]) for name in ("seed", "max_error", "seconds", "uphill")
    ]
    return Cell._make([study, label, content["settings"][label], *columns, curves])


def compare(first: Cell, second: Cell) -> Verdict:
    """Judge the first cell's final errors by the second's, all runs of both, unpaired."""
    return judge(first.errors, second.errors)


def told(named: Mapping[str, Cell], first: str, second: str) -> str:
    """The verdict on two of these cells in words, or that one of them has no runs yet."""
    if first not in named or second not in named:
        return _NOT_YET
    return str(compare(named[first], named[second]))


def reached(named: Mapping[str, Cell], name: str) -> str:
    """Median and worst error of a cell and the time that they took, in words."""
    if name not in named:
        return _NOT_YET
    cell = named[name]
    return (
        f"{cell.median:.1e} in the median of {len(cell.errors)} runs after "
        f"{np.median(cell.seconds):.0f} s on one core, {cell.errors.max():.1e} in the worst"
    )


def uphill(named: Mapping[str, Cell], name: str) -> str:
    """Share of the (step, task) pairs in which a cell's steps went uphill, in words."""
    known = name in named and named[name].settings["method"] not in _ONE_TASK
    shares = named[name].uphill if known else np.array([np.nan])
    shares = shares[~np.isnan(shares)]
    return f"{100 * shares.mean():.1f} %" if shares.size else _NOT_YET


def table(named: Mapping[str, Cell], lines: Mapping[str, NDArray]) -> str:
    """A line for what costs no training and for every cell: errors, steps, time, uphill, skill.

    Args:
        named: cells by the key of their look.
        lines: [E] errors by Knudsen number of what costs no training, by name. The skill is a
            median error over the largest error of the better of them at every ε.
    """
    best = float(np.min(list(lines.values()), 0).max())
    shown = [f"{'':46s}runs  median   worst steps   s uphill  skill"]
    shown += [f"{name:46s}{'':4s} {values.max():7.1e}" for name, values in lines.items()]
    for name, cell in named.items():
        share = uphill(named, name)
        share = "–" if share == _NOT_YET else share
        shown.append(
            f"{label_of(name):46s}{len(cell.errors):4d} {cell.median:7.1e} {cell.errors.max():7.1e}"
            f" {cell.settings['steps']:5d} {np.median(cell.seconds):3.0f} {share:>6s}"
            f" {cell.median / best:6.2g}"
        )
    return "\n".join(shown)
