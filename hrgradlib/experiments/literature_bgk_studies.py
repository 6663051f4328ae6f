"""BGK in the published form with more of what the literature trains it with.

Every cell is one of `failure-bgk` or `failure-riemann` under the sum and Adam, with what is named
here changed and all else as it is: the equation in micro and macro parts, more velocities, the
literature's rate and stairs, or all of these.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.literature_studies import RATE
from hrgradlib.experiments.scale_studies import Study

__all__ = ["BASES", "CHANGES", "LITERATURE_BGK", "NAME", "VELOCITIES"]

NAME = "literature-bgk"
VELOCITIES = 64

_SPLIT: dict[str, Any] = dict(problem="bgk-smooth-split")
_FINER: dict[str, Any] = dict(modes=VELOCITIES)
_THEIRS: dict[str, Any] = dict(schedule="staircase", lr=RATE)

#: By the first word of a label: the problem, whose published form is the base, and the base's cell.
BASES = {
    "sum": ("bgk-smooth", "sum-sum"),
    "weighted": ("bgk-smooth", "sum-sum-weighted"),
    "jump": ("bgk-riemann", "sum-sum"),
}

#: What a cell changes, by its label.
CHANGES: dict[str, dict[str, Any]] = {
    "sum-split": _SPLIT,
    "sum-finer": _FINER,
    "sum-theirs": _THEIRS,
    "sum-all": _SPLIT | _FINER | _THEIRS,
    "weighted-split": _SPLIT,
    "jump-split": dict(problem="bgk-riemann-split"),
}


def _cell(label: str) -> dict[str, Any]:
    problem, base = BASES[label.split("-")[0]]
    settings: dict[str, Any] = ELSEWHERE_FAILURES[ELSEWHERE[problem].study][1][base]
    return settings | CHANGES[label]


LITERATURE_BGK: dict[str, Study] = {
    NAME: ((0, 1, 2, 3, 4), {label: _cell(label) for label in CHANGES})
}
