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

__all__ = ["FAR", "Group", "groups", "reached", "seconds", "table", "times_the_first"]

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
        whole: [S] the error of the book's definition, the largest over ε and the four times.
        failed: runs that failed by the book's definition.
    """

    errors: NDArray
    far: NDArray
    seconds: NDArray
    whole: NDArray
    failed: int


def groups() -> dict[str, Group]:
    """What is stored, by the key of its look; empty if nothing is."""
    rows = read_study(NAME)[0] if Table.named(NAME).rows else []
    found = {}
    for label, look in _LOOKS.items():
        own = [row for row in rows if row["label"] == label]
        if own:
            raw = (
                np.array([row[name] for row in own], float)
                for name in ("final_error", "limit_density", "seconds", "max_error")
            )
            columns = [np.where(np.isnan(column), np.inf, column) for column in raw]
            errors, far, seconds, whole = columns
            found[look] = Group(
                errors, far, seconds, whole, sum(bool(row["failure"]) for row in own)
            )
    return found


def table(
    found: Mapping[str, Group], lines: Mapping[str, NDArray], whole: Mapping[str, NDArray]
) -> str:
    """A line per kind: errors at the final time, far below the trained range, and over all times.

    Args:
        found: of :func:`groups`.
        lines: [E] errors of what costs no training at the final time, by name.
        whole: [E] the same, the largest over the four times.
    """
    shown = [f"{'largest over eps, median':46s}  at T [range]              1e-8   all t  failed"]
    for look, own in found.items():
        shown.append(
            f"{label_of(look):46s} {np.median(own.errors):7.1e} "
            f"[{own.errors.min():.1e}, {own.errors.max():.1e}] {np.median(own.far):7.1e} "
            f"{np.median(own.whole):7.1e}  {own.failed} of {len(own.errors)}"
        )
    shown += [] if found else [_NOT_YET]
    for name, line in lines.items():
        shown.append(f"{name:46s} {line.max():7.1e} {'':26s} {whole[name].max():7.1e}")
    return "\n".join(shown)


def reached(found: Mapping[str, Group], look: str) -> str:
    """Median errors and time of a kind, in words, and how many of its runs failed if any did."""
    if look not in found:
        return _NOT_YET
    own = found[look]
    failed = f"; {own.failed} of {len(own.errors)} runs failed" if own.failed else ""
    return (
        f"{np.median(own.errors):.1e} at T after {np.median(own.seconds):.0f} s "
        f"({np.median(own.whole):.1e} over the four times{failed})"
    )


def seconds(found: Mapping[str, Group]) -> str:
    """The least and the most that a training of the study took, in words."""
    if not found:
        return _NOT_YET
    took = np.concatenate([own.seconds for own in found.values()])
    took = took[np.isfinite(took)]  # not of a run that left no result
    return f"{took.min():.0f} to {took.max():.0f} s each"


def times_the_first(found: Mapping[str, Group], look: str) -> str:
    """Median final error of a kind over that of the even–odd form in Gauss–Newton's metric."""
    if look not in found or "even-odd" not in found:
        return _NOT_YET
    return f"{np.median(found[look].errors) / np.median(found['even-odd'].errors):.1f}"
