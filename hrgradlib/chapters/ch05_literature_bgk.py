"""Chapter 5: the published form of BGK with more of what the literature trains it with."""

from __future__ import annotations

import numpy as np

from hrgradlib.chapters.ch05_failure import Cell, cells_of
from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE
from hrgradlib.experiments.literature_bgk_studies import (
    BASES,
    CHANGES,
    LITERATURE_BGK,
    NAME,
    VELOCITIES,
)
from hrgradlib.experiments.verdicts import judge

__all__ = ["SAID", "against", "base_of", "cells", "repaired", "stored", "table"]

SEEDS, _ = LITERATURE_BGK[NAME]

#: What the page calls the bases and the changes.
SAID = {
    "sum": "smooth data, the sum at weight one",
    "weighted": "smooth data, the sum at its best weight",
    "jump": "a jump, the sum at weight one",
    "split": "micro and macro parts",
    "finer": f"{VELOCITIES} velocities",
    "theirs": "the literature's rate and stairs",
    "all": "all three",
}


def cells() -> dict[str, Cell]:
    """Those of the study that have runs, by label."""
    return cells_of(NAME)


def base_of(label: str) -> Cell | None:
    """What a cell changes, all of its runs; None if there are none."""
    problem, base = BASES[label.split("-")[0]]
    return cells_of(ELSEWHERE[problem].study).get(base)


def stored(found: dict[str, Cell]) -> tuple[int, int]:
    """Runs that are there, and that are wanted."""
    return sum(len(cell.errors) for cell in found.values()), len(SEEDS) * len(CHANGES)


def table(found: dict[str, Cell]) -> str:
    """A line per cell below what it changes: failed runs, median and range, and the verdict."""
    if not found:
        return "no run is stored yet"
    lines = [f"{'':38s}{'failed':>9s}  error, and its range; against the first"]
    for group in BASES:
        own = [label for label in CHANGES if label.startswith(f"{group}-") and label in found]
        base = base_of(f"{group}-")
        if not own or base is None:
            continue
        lines += [f"{SAID[group]}:", _line("as above", base)]
        for label in own:
            said = f"; {judge(found[label].errors, base.errors).word}"
            lines.append(_line(SAID[label.split("-")[1]], found[label]) + said)
    return "\n".join(lines)


def _line(name: str, cell: Cell) -> str:
    failed = f"{cell.failed.sum()} of {len(cell.failed)}"
    low, high = cell.errors.min(), cell.errors.max()
    return f"  {name:36s}{failed:>9s}  {np.median(cell.errors):.2f}, {low:.2f}–{high:.2f}"


def against(found: dict[str, Cell], label: str) -> str:
    """The verdict on a cell against what it changes."""
    base = base_of(label)
    if label not in found or base is None:
        return "no run is stored yet"
    return str(judge(found[label].errors, base.errors))


def repaired(found: dict[str, Cell]) -> str:
    """Which changes leave fewer runs failed than fail without them, a sentence."""
    bases = {label: base for label in found if (base := base_of(label)) is not None}
    if not bases:
        return "No run is stored yet."
    fewer = [
        f"{SAID[label.split('-')[1]]} ({SAID[label.split('-')[0]]})"
        for label, base in bases.items()
        if found[label].failed.mean() < base.failed.mean()
    ]
    if fewer:
        return f"Yes: {'; '.join(fewer)}."
    both = [cell.failed.all() for label, base in bases.items() for cell in (found[label], base)]
    return f"No: {'every run fails with and without them' if all(both) else 'no change does'}."
