"""Chapter 12: an optimizer of others, in jax, on the residuals of this book, beside our runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hrgradlib.chapters.ch12_comparison import Arm
from hrgradlib.chapters.ch12_step_cost import stored as milliseconds
from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.store import Table, read

__all__ = ["said", "stored", "table", "versions"]

NAME = "outside"
_LABELS = {"ssbroyden": "SSBroyden (jax), fixed points"}
_BESIDE = ("hrgrad-gn",)  # on the same network, from the same start


def stored() -> list[dict]:
    """The runs of others; empty before they are measured."""
    return [row.values for row in read(NAME)] if Table.named(NAME).rows else []


def versions(rows: Sequence[dict]) -> str:
    """Of the packages that made the runs."""
    found = rows[0]["versions"] if rows else {}
    return ", ".join(f"{name} {number}" for name, number in found.items()) or "not recorded yet"


def said(rows: Sequence[dict], name: str) -> str:
    """Points of a run, or its seconds, in figures; "no" before there is a run."""
    if not rows:
        return "no"
    return f"{rows[0]['settings']['points'] if name == 'points' else rows[0]['seconds']:.0f}"


def table(rows: Sequence[dict], found: Mapping[str, Arm]) -> str:
    """A line per run of others, then medians of Gauss–Newton: error, steps, processor seconds."""
    if not rows:
        return "not measured yet"
    lines = [f"{'':46s}runs    error  steps  seconds"]
    for row in rows:
        lines.append(
            _line(_LABELS[row["method"]], 1, row["max_error"], row["steps"], row["seconds"])
        )
    cost = milliseconds()
    for label in _BESIDE:
        if label in found:
            arm, steps = found[label], float(np.median(found[label].work))
            seconds = 1e-3 * steps * cost.get(label, np.nan)
            lines.append(_line(label_of(label), len(arm.errors), arm.median, steps, seconds))
    return "\n".join(lines)


def _line(name: str, runs: int, error: float, steps: float, seconds: float) -> str:
    return f"{name:46s}{runs:4d}  {error:7.1e}  {steps:5.0f}  {seconds:7.1f}"
