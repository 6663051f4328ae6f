"""A study behind chapter 15: do the five numbers of the inner descent of HRGrad as reported matter?

One is changed at a time, a fifth of it and five times it, at the rate and β₂ that the grid of the
finalists chose for the method. Nothing changed is the finalists' own cell, which is not run again.
"""

from __future__ import annotations

from collections.abc import Mapping

from hrgradlib.experiments.finalist_studies import FINALIST_STUDIES
from hrgradlib.experiments.finalist_studies import NAME as FINALISTS
from hrgradlib.experiments.looked_up import LookedUp

__all__ = ["CHANGES", "INNER", "METHOD", "cell_of"]

METHOD = "hrgrad-reported"
#: The two other values of each field of :class:`hrgradlib.Inner`.
CHANGES: dict[str, tuple[float, float]] = {
    "a_min": (1, 25),
    "a_max": (10, 250),
    "k_std": (0.02, 0.5),
    "proximity": (0.02, 0.5),
    "margin": (0.02, 0.5),
}


def cell_of(name: str, value: float) -> str:
    """What the study calls the change of one hyperparameter to a value."""
    return f"{name}-{value:g}"


def _at_the_tuned() -> dict[str, dict]:
    """The changes, each on the finalists' cell; none while their grid is not complete."""
    tuned = FINALIST_STUDIES[FINALISTS][1].get(METHOD)
    if tuned is None:
        return {}
    pairs = [(name, value) for name, values in CHANGES.items() for value in values]
    return {cell_of(*pair): tuned | dict([pair]) for pair in pairs}


INNER: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    "inner": (tuple(range(7)), LookedUp(_at_the_tuned))
}
