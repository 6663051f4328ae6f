"""What was asked of the networks of three problems, set beforehand, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.costless import judged_lines
from hrgradlib.chapters.looks import label_of
from hrgradlib.chapters.trivial_lines import skills

__all__ = ["SKILL_WANTED", "WANTED", "WORST_DECADE_WANTED", "asked"]

#: Of every network in the profile quick: its largest error,
WANTED = {"transport-2d": 2e-2, "bgk-sod": 5e-2, "bgk-mixed": 2e-2}
#: its skill at every ε,
SKILL_WANTED = 0.3
#: and its skill in the decade about the ε where what costs no training is worst.
WORST_DECADE_WANTED = 0.05


class Judged(Protocol):
    """Runs of a method: [E] Knudsen numbers, [S, E] errors."""

    @property
    def eps(self) -> NDArray: ...
    @property
    def errors(self) -> NDArray: ...


def asked(problem: str, found: Mapping[str, Judged]) -> str:
    """Which methods keep the three bounds, by the medians of their runs; a clause each.

    Args:
        problem: of :data:`WANTED`.
        found: by method, runs judged at all of the problem's Knudsen numbers.
    """
    lines = judged_lines(problem)
    said = []
    for method, own in found.items():
        error = float(np.median(own.errors.max(1)))
        skill = skills(np.median(own.errors, 0), lines)
        known = np.min(list(lines.values()), 0)
        near = np.abs(np.log10(own.eps / own.eps[known.argmax()])) <= 0.5
        runs = len(own.errors)
        said.append(
            f"{label_of(method)} ({f'{runs} runs' if runs > 1 else 'a single run'}): "
            f"error {error:.1e}, {_kept(error <= WANTED[problem])}, "
            f"skill up to {skill.max():.3g}, {_kept(skill.max() <= SKILL_WANTED)}, in the worst "
            f"decade up to {skill[near].max():.2g}, "
            f"{_kept(skill[near].max() <= WORST_DECADE_WANTED)}"
        )
    return "; ".join(said) or "not measured yet"


def _kept(kept: bool) -> str:
    return "kept" if kept else "missed"
