"""The published form with more of what the literature trains it with: schedule, quadrature, codes.

Every cell is one of :mod:`hrgradlib.experiments.failure_studies`, under the sum at weight one, with
what is named here changed and all else as it is. With the literature's schedule a cell starts at
the literature's rate, or at the one that the grid chose with ours; and with ours at the
literature's. The schedule was made for longer runs than these: so two cells are as long as those of
``failure-long``.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.scale_studies import Study

__all__ = ["BASES", "CHANGES", "LITERATURE", "NAME", "QUADRATURE", "RATE"]

NAME = "literature"
RATE = 1e-3
QUADRATURE = 30  # Gauss points on [0, 1]

_STAIRS: dict[str, Any] = dict(schedule="staircase")
_THEIRS = _STAIRS | dict(lr=RATE)
_CODES: dict[str, Any] = dict(formulation="published-codes")

#: What a cell is compared with, by the first word of its label: study and label.
BASES = {
    "each": ("failure", "each-sum"),
    "published": ("failure", "published-sum"),
    "long": ("failure-long", "published-sum-long"),
    "codes": ("failure", "each-sum"),
}

#: What a cell changes, by its label.
CHANGES: dict[str, dict[str, Any]] = {
    "each-theirs": _THEIRS,
    "published-theirs": _THEIRS,
    "published-stairs": _STAIRS,
    "published-rate": dict(lr=RATE),
    "published-nodes": dict(modes=QUADRATURE),
    "codes-ours": _CODES,
    "codes-theirs": _CODES | _THEIRS,
    "long-theirs": _THEIRS,
    "long-stairs": _STAIRS,
}


def _cell(label: str) -> dict[str, Any]:
    study, base = BASES[label.split("-")[0]]
    settings: dict[str, Any] = FAILURES[study][1][base]
    return settings | CHANGES[label]


LITERATURE: dict[str, Study] = {NAME: ((0, 1, 2), {label: _cell(label) for label in CHANGES})}
