"""Chapter 15: do trained networks know more than what costs no training?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.skill import best_trivial
from hrgradlib.experiments.trivial import stored_trivial_errors

__all__ = ["knows_more"]


def knows_more(table: str, labels: Mapping[str, str]) -> Callable[[Reading], Finding]:
    """Skill at the final time, of the median over seeds, by quantity and ε.

    Confirmed if below 1 everywhere, refined somewhere, refuted nowhere.

    Args:
        table: of trainings.
        labels: to the label of its runs the problem.
    """

    def measure(reading: Reading) -> Finding:
        reading.rows("trivial", *labels.values())
        skills = np.concatenate([_skill(reading, table, *cell) for cell in labels.items()])
        share = float((skills < 1).mean())
        word: Word = "confirmed" if share == 1 else "refined" if share else "refuted"
        return Finding(
            word,
            f"below 1 in {100 * share:.0f} % of the cells (quantity, ε); "
            f"median {np.median(skills):.2g}, worst {skills.max():.2g}",
        )

    return measure


def _skill(reading: Reading, table: str, label: str, problem: str) -> np.ndarray:
    """Of every quantity and Knudsen number that the rows hold; flat."""
    curves = [row.get("curve", {}) for row in reading.rows(table, label)]
    if not all(curve.get("final") for curve in curves):
        raise Lacking(f"{label} of {table} has no errors by ε at the final time")
    errors = np.median(
        [[curve["final"][name] for name in CASES[problem].quantities] for curve in curves], 0
    )
    lines = stored_trivial_errors(problem, curves[0]["eps"])
    return (errors / best_trivial(lines, final=True).errors).ravel()
