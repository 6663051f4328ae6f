"""Chapter 8: by how much the losses of both terms fall along trainings whose tasks they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.term_studies import METHODS, NAME

__all__ = ["falls", "imbalance", "load", "table"]


def falls(rows: Iterable[Mapping]) -> NDArray:
    """Loss in the first tenth of the steps over that in the last, macro and micro, [runs, 2].

    A training that failed has none: its run is NaN.
    """
    told = [row.get("term_losses") for row in rows]  # of a failed training nothing, or nan
    ends = [losses if isinstance(losses, list) else [[np.nan] * 2] for losses in told]
    return np.array([np.array(losses[0]) / losses[-1] for losses in ends]).reshape(-1, 2)


def imbalance(found: NDArray) -> NDArray:
    """[runs] from falls [runs, 2]: the larger over the smaller; inf for a training that failed."""
    ratio = found.max(1) / found.min(1)
    return np.where(np.isnan(ratio), np.inf, ratio)


def load() -> dict[str, NDArray]:
    """Falls by method, [runs, 2]; of the methods that have runs."""
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    found = {label: falls(row for row in rows if row["label"] == label) for label in METHODS}
    return {label: values for label, values in found.items() if len(values)}


def table(found: Mapping[str, NDArray]) -> str:
    """A line per method: runs, medians of both falls, median and largest imbalance."""
    if not found:
        return "no run is stored yet"
    lines = [f"{'':20s}{'runs':>6s}{'macro':>10s}{'micro':>10s}   the larger over the smaller"]
    for label, values in found.items():
        macro, micro = np.median(np.nan_to_num(values, nan=0.0), axis=0)  # a failure is no fall
        ratio = imbalance(values)
        lines.append(
            f"{label_of(label):20s}{len(values):6d}{macro:10.3g}{micro:10.3g}"
            f"   {np.median(ratio):.2g}, at most {ratio.max():.2g}"
        )
    return "\n".join(lines)
