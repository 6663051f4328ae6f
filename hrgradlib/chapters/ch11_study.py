"""Chapter 11: the stored study of three BGK problems and a second metric.

A table that is not complete yet gives what its rows can say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch11_figures import QUANTITIES
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.verdicts import judge

__all__ = ["NAMES", "curves", "named", "soap_in_words", "stored", "table", "uphill"]

STUDY = "bgk"
#: What pages call the labels of the study.
NAMES = {
    "smooth": "smooth",
    "layer": "layer",
    "riemann": "riemann",
    "smooth-soap": "smooth, HRGrad, SOAP",
}
_NOT_YET = "not measured yet"
Rows = Sequence[Mapping]


def stored() -> list[dict]:
    """Rows of the study; none if none is there yet."""
    return read_study(STUDY)[0] if Table.named(STUDY).rows else []


def curves(label: str) -> list[tuple[NDArray, NDArray]]:
    """Seconds and errors along every stored training of a label; [looks] each."""
    found = read_study(STUDY)[1]["curves"] if Table.named(STUDY).rows else {}
    kept = [curve for curve in found.get(label, {}).values() if curve]
    return [(np.array(curve["seconds"]), np.array(curve["error"])) for curve in kept]


def named(rows: Rows) -> dict[str, str]:
    """Those of :data:`NAMES` that have rows."""
    there = {row["label"] for row in rows}
    return {label: name for label, name in NAMES.items() if label in there}


def table(rows: Rows, costless: Mapping[str, NDArray]) -> str:
    """Median and worst final error of every label and moment, the largest over seven ε.

    Then the error of the book's definition, the largest over the moments, all judged ε and the four
    times, and how many runs failed by it.

    Args:
        rows: of :func:`stored`.
        costless: [3] by name, what costs no training.
    """
    head = f"{'median/worst seed':23s} density         momentum        energy          "
    lines = [head + "all eps, t      failed"]
    for label, name in named(rows).items():
        names = (*(f"final_{quantity}" for quantity in QUANTITIES), "max_error")
        cells = [_column(rows, label, name) for name in names]
        shown = (f"{np.median(cell):.1e}/{cell.max():.1e}" for cell in cells)
        failed = [bool(row["failure"]) for row in rows if row["label"] == label]
        lines.append(f"{name:23s} " + " ".join(shown) + f" {sum(failed)} of {len(failed)}")
    lines += [] if rows else [_NOT_YET]
    for name, errors in costless.items():
        lines.append(f"{name:23s} " + " ".join(f"{error:.1e}{'':8s}" for error in errors).rstrip())
    return "\n".join(lines)


def _column(rows: Rows, label: str, name: str) -> NDArray:
    """One number of every run with this label; inf where it failed."""
    found = np.array([row.get(name, np.nan) for row in rows if row["label"] == label])
    return np.where(np.isnan(found), np.inf, found)


def uphill(rows: Rows, label: str) -> str:
    """Share of the (step, task) pairs in which the applied steps went uphill, in words."""
    shares = [row["uphill"] for row in rows if row["label"] == label]
    return f"{100 * np.mean(shares):.1f} %" if shares else _NOT_YET


def soap_in_words(rows: Rows) -> str:
    """On the smooth problem, HRGrad's error under SOAP against Gauss–Newton's, and the times."""
    if not {"smooth", "smooth-soap"} <= set(named(rows)):
        return _NOT_YET
    verdict = judge(*(_column(rows, label, "max_error") for label in ("smooth-soap", "smooth")))
    times = [np.median(_column(rows, label, "seconds")) for label in ("smooth-soap", "smooth")]
    return f"{verdict}, after {times[0]:.0f} s against {times[1]:.0f} s"
