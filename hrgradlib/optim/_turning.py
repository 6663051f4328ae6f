"""How far conflicting gradients are turned towards an anchor: an inner descent on their angles.

Reported of it: the angles minimise *global alignment* (angles still in conflict) plus λ times
*global proximity* (turning farther than needed); the number of inner steps follows the losses.
**The form of both penalties, what k_cos is, the start and the step length are our choice,**

    J(α) = ½ Σ_{i<j} max(0, k_cos − r_i·r_j)² + ½ λ Σ_i α_i²,    from α = 0, step 1/L.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

__all__ = ["Inner", "turn"]

_STEPS = lambda v: isinstance(v, Integral) and int(v) >= 1, "a whole number ≥ 1"
_RANGES = {
    "a_min": _STEPS,
    "a_max": _STEPS,
    "k_std": (lambda v: 0 < v < float("inf"), "a finite number > 0"),
    "proximity": (lambda v: 0 <= v < float("inf"), "a finite number ≥ 0"),
    "margin": (lambda v: -1 < v < 1, "a number in (-1, 1)"),
}


@dataclass(frozen=True)
class Inner:
    """The five hyperparameters by which HRGrad as reported finds its angles: chapter 7.

    *Reported*, in a third party's notes of arXiv 2604.24745: that they are these five, and the
    number of steps. *Ours*: every value here, and the penalties that λ and k_cos stand in.

    Attributes:
        a_min, a_max, k_std: ``⌊a_min + (a_max − a_min) s / (s + k_std)⌋`` steps are taken,
            ``s`` the standard deviation over the tasks of the relative changes of their losses.
            Whole numbers ``1 ≤ a_min ≤ a_max``; ``k_std > 0``.
        proximity: ``λ ≥ 0``, per squared radian.
        margin: k_cos in (−1, 1), the cosine that two rotated gradients should have at least.

    Raises:
        ValueError: a number outside its range.

    Example:
        For the aggregator, ``HRGradReportedAggregator(inner=Inner(margin=0.5))``; for a training,
        ``hrgrad run transport-periodic --method hrgrad-reported --margin 0.5``.

        >>> Inner(a_max=20, margin=0.5).steps(0.1)
        12
        >>> Inner(margin=2.0)
        Traceback (most recent call last):
        ValueError: Inner: found margin = 2.0; expected a number in (-1, 1).
    """

    a_min: int = 5
    a_max: int = 50
    k_std: float = 0.1
    proximity: float = 0.1
    margin: float = 0.1

    def __post_init__(self) -> None:
        for name, (good, expected) in _RANGES.items():
            if not good(value := getattr(self, name)):
                raise ValueError(f"Inner: found {name} = {value!r}; expected {expected}.")
        if self.a_max < self.a_min:
            raise ValueError(
                f"Inner: found a_min = {self.a_min}, a_max = {self.a_max}; expected a_min ≤ a_max."
            )

    def steps(self, spread: float) -> int:
        """Number of inner steps at a spread ``s ≥ 0`` of the losses' relative changes.

        Example:
            >>> Inner().steps(0.0), Inner().steps(0.1), Inner().steps(float("inf"))
            (5, 27, 50)
        """
        share = 1.0 if np.isinf(spread) else spread / (spread + self.k_std)
        return int(self.a_min + (self.a_max - self.a_min) * share)


def turn(
    cosines: NDArray, anchor: NDArray, chosen: NDArray, inner: Inner, steps: int
) -> tuple[NDArray, NDArray]:
    """Turn the chosen unit gradients towards the anchor, ``r_i = cos α_i û_i + sin α_i w_i``.

    ``w_i`` is the anchor's part orthogonal to ``û_i``, normalised: lengths are kept.

    Args:
        cosines: [K, K] M of the unit gradients.
        anchor: [K] coefficients on them of a unit vector.
        chosen: [K] bool, which are turned; one parallel to the anchor is left alone.
        inner: its hyperparameters.
        steps: of the inner descent.

    Returns:
        Angles [K] in [0, π/2], and coefficients [K, K] of the turned on the unit gradients, by row.
    """
    count = len(cosines)
    to_anchor = cosines @ anchor
    across = np.sqrt(np.maximum(1 - to_anchor**2, 0.0))
    chosen = chosen & (across > 1e-6)
    towards = anchor - to_anchor[:, None] * np.eye(count)
    towards /= np.where(chosen, across, 1.0)[:, None]
    angles = np.zeros(count)
    for _ in range(steps if chosen.any() else 0):
        slope = _slope(cosines, towards, angles, inner)
        angles = np.clip(angles - slope / _curvature(count, inner), 0, np.pi / 2) * chosen
    return angles, _rotated(towards, angles)


def _rotated(towards: NDArray, angles: NDArray) -> NDArray:
    return np.diag(np.cos(angles)) + np.sin(angles)[:, None] * towards


def _slope(cosines: NDArray, towards: NDArray, angles: NDArray, inner: Inner) -> NDArray:
    rows = _rotated(towards, angles)
    moved = np.cos(angles)[:, None] * towards - np.diag(np.sin(angles))  # dr_i/dα_i
    gaps = np.maximum(inner.margin - rows @ cosines @ rows.T, 0.0)
    np.fill_diagonal(gaps, 0.0)
    return inner.proximity * angles - (gaps * (moved @ cosines @ rows.T)).sum(-1)


def _curvature(count: int, inner: Inner) -> float:
    """An upper bound L of J's: every pair adds at most ``2 + k_cos`` to each of four entries."""
    return 2 * (count - 1) * (2 + inner.margin) + inner.proximity
