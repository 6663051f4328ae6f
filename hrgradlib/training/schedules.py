"""Shapes that a learning rate may have over a run: the cosine of the loop, and the literature's."""

from __future__ import annotations

from dataclasses import dataclass

from hrgradlib.training.loop import Schedule

__all__ = ["SCHEDULES", "Staircase"]

_STAIR, _FACTOR = 200, 0.96


@dataclass(frozen=True)
class Staircase(Schedule):
    """Exponential decay in stairs, ``lr · 0.96^⌊step/200⌋``, after a linear warm-up if any.

    It knows nothing of how many steps a run has, and there is nothing that ``hold`` could hold.
    Source: reported of Liang 2026; public code of asymptotic-preserving networks (Jin, Ma & Wu)
    falls in stairs, too.

    >>> [round(Staircase(1000, 1e-3).rate(step), 6) for step in (0, 199, 200, 400)]
    [0.001, 0.001, 0.00096, 0.000922]
    """

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        return self.lr * rise * _FACTOR ** (step // _STAIR)


#: By the name that a specification has for it, the default first.
SCHEDULES: dict[str, type[Schedule]] = {"cosine": Schedule, "staircase": Staircase}
