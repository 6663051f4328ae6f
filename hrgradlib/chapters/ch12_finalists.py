"""Chapter 12: the sum and HRGrad, each at the best of a grid at full length, on twenty seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch15_verdicts import too_few
from hrgradlib.chapters.costless import in_words
from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.finalist_studies import (
    BETAS,
    FINALIST_STUDIES,
    GRID,
    METHODS,
    NAME,
    RATES,
    TUNING_SEEDS,
    chosen,
    scores,
)
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import judge

__all__ = ["PAIRS", "at_other_choices", "load", "pairs", "table", "tried"]

#: What is asked: ours, and the sum it is compared with.
PAIRS = {
    "SOAP's metric, equal steps": ("hrgrad-soap", "sum-soap"),
    "Adam's metric, equal steps": ("hrgrad", "sum"),
    "Adam's metric, equal time": ("hrgrad", "sum-time"),
    "HRGrad as reported and Adam's sum, equal steps": ("hrgrad-reported", "sum"),
}


def load() -> dict[str, NDArray]:
    """Errors of the final runs by method, [seeds]; none where nothing is stored."""
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["label"], []).append(row["max_error"])
    return {label: np.array(errors) for label, errors in found.items()}


def tried() -> dict[str, dict[tuple[float, float], float]]:
    """Scores of the grid by method and (lr, β₂), of the methods that have all of them."""
    rows = {key: row.values for key, row in Table.named(GRID).rows.items()}
    found = {}
    for label in METHODS:
        try:
            found[label] = scores(label, rows)
        except LookupError:
            continue
    return found


def table(found: Mapping[str, NDArray], costless: Mapping[str, float]) -> str:
    """A line per method: what the grid chose, runs, median and range of the error.

    Args:
        found: of :func:`load`.
        costless: by name, errors of what costs no training.
    """
    grids = tried()
    rows = {key: row.values for key, row in Table.named(GRID).rows.items()}
    if not grids:
        asked = len(METHODS) * len(RATES) * len(BETAS) * len(TUNING_SEEDS)
        there = f"{len(rows)} of {asked} runs of the grid are stored, of no method all"
        return there if rows else "the grid is not stored yet"
    lines = [f"{'':30s}{'rate':>8s}{'β₂':>7s}{'runs':>6s}   error, and its range"]
    for label in (*grids, *(x for x in found if x not in grids)):
        base = label if label in grids else "sum"
        lr, beta2 = chosen(base, rows)
        ends = [" *"[v in (all_[0], all_[-1])] for v, all_ in ((lr, RATES), (beta2, BETAS))]
        line = f"{label_of(label):30s}{lr:8g}{ends[0]}{beta2:6g}{ends[1]}"
        line += f"{len(found.get(label, [])):5d}"
        if len(errors := found.get(label, np.array([]))):
            low, middle, high = np.quantile(errors, (0.0, 0.5, 1.0))
            line += f"   {middle:.1e}  {low:.1e}–{high:.1e}"
        lines.append(line)
    medians = [np.median(errors) for errors in found.values()]
    lines.append(in_words(costless, medians))
    return "\n".join(lines)


def pairs(found: Mapping[str, NDArray]) -> str:
    """HRGrad against the sum, a clause per pair that has runs."""
    said = []
    for name, (ours, base) in PAIRS.items():
        if ours in found and base in found:
            verdict = judge(found[ours], found[base])
            word = "of too few runs for a verdict" if too_few(verdict) else f"{verdict}"
            said.append(f"{name}: {word}")
    return "; ".join(said) if said else "no final run is stored yet"


def at_other_choices() -> str:
    """How much the choice matters: the worst score of a method's grid over its best."""
    grids = tried()
    if not grids:
        return "not known yet"
    ratios = {label: max(s.values()) / min(s.values()) for label, s in grids.items()}
    return ", ".join(f"{label_of(label)} {ratio:.0f}" for label, ratio in ratios.items())


assert set(METHODS) <= {x for pair in PAIRS.values() for x in pair}
assert len(FINALIST_STUDIES[GRID][1]) == len(METHODS) * len(RATES) * len(BETAS)
