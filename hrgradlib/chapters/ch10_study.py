"""Chapter 10: the stored study of formulations and metrics on `transport-inflow`.

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

__all__ = ["FAR", "Group", "groups", "reached", "table", "times_the_first"]

NAME = "inflow"
FAR = 1e-8  # a Knudsen number on which nothing was trained
#: Key of its look by the label in the study.
_LOOKS = {"quick": "even-odd", "micro-macro": "micro-macro", "adam": "adam", "soap": "soap"}
_NOT_YET = "not measured yet"


class Group(NamedTuple):
    """Runs of one kind, by seed.

    Attributes:
        errors: [S] at the final time, the largest over ε; inf of a run that left no result.
        far: [S] at the final time and ε = 1e-8; likewise.
        seconds: [S] of training.
    """

    errors: NDArray
    far: NDArray
    seconds: NDArray


def groups() -> dict[str, Group]:
    """What is stored, by the key of its look; empty if nothing is."""
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    found = {}
    for label, look in _LOOKS.items():
        own = [row for row in rows if row["label"] == label]
        if own:
            columns = (
                np.array([row[name] for row in own])
                for name in ("final_error", "limit_density", "seconds")
            )
            found[look] = Group(*(np.where(np.isnan(column), np.inf, column) for column in columns))
    return found


def table(found: Mapping[str, Group], lines: Mapping[str, NDArray]) -> str:
    """A line per kind: errors at the final time and far below the trained range.

    Args:
        found: of :func:`groups`.
        lines: [E] errors of what costs no training, by name.
    """
    shown = [f"{'final error, largest over eps':40s}    median [range] | at eps = 1e-8"]
    for look, (errors, far, _) in found.items():
        shown.append(
            f"{label_of(look):40s} {np.median(errors):9.2e} "
            f"[{errors.min():.2e}, {errors.max():.2e}] | {np.median(far):9.2e}"
        )
    shown += [] if found else [_NOT_YET]
    return "\n".join(shown + [f"{name:40s} {line.max():9.2e}" for name, line in lines.items()])


def reached(found: Mapping[str, Group], look: str) -> str:
    """Median final error and time of a kind, in words."""
    if look not in found:
        return _NOT_YET
    errors, _, seconds = found[look]
    return f"{np.median(errors):.1e} after {np.median(seconds):.0f} s"


def times_the_first(found: Mapping[str, Group], look: str) -> str:
    """Median final error of a kind over that of the even–odd form in Gauss–Newton's metric."""
    if look not in found or "even-odd" not in found:
        return _NOT_YET
    return f"{np.median(found[look].errors) / np.median(found['even-odd'].errors):.1f}"
