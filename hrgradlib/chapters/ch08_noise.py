"""Chapter 8, noise: what a harmonised direction of sampled gradients is worth for the true losses.

Conventions as in :mod:`hrgradlib.chapters.ch08_convergence`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch08_convergence import direction
from hrgradlib.chapters.ch08_runs import Problem, stationarity

__all__ = [
    "Noise", "OneLine", "certain_level", "chebyshev", "descending_share", "floors",
    "gaussian_noise", "noisy_descent", "three_outcomes",
]  # fmt: skip

#: Adds zero-mean noise to gradients [B, K, n]: ``noise(gradients, rng)``.
Noise = Callable[[NDArray, np.random.Generator], NDArray]


# --- one step ------------------------------------------------------------------------------------


def certain_level(cosine: float, harmony: float) -> float:
    """Largest ``max_k ‖ξ_k‖/n_k`` for which descent on every true loss is proved."""
    return harmony * cosine / (np.sqrt(2) * (1 + harmony))


def chebyshev(levels: NDArray, cosine: float, harmony: float, tasks: int) -> NDArray:
    """Lower bound on the probability of descent, rms of ``‖ξ_k‖/n_k`` given for every task."""
    return np.maximum(1 - tasks * (levels / certain_level(cosine, harmony)) ** 2, 0.0)


def descending_share(
    gradients: NDArray,
    levels: NDArray,
    harmony: float | None,
    draws: int,
    rng: np.random.Generator,
    axis: str = "maxmin",
) -> NDArray:
    """Share of draws in which the direction of noisy gradients descends on every true loss.

    Args:
        gradients: [K, n] true gradients.
        levels: [m] rms of ``‖ξ_k‖ / n_k``; the noise is Gaussian, isotropic and independent.
        harmony: ``κ``, or None for the sum.
        draws: per level.
        rng: source of the noise.
        axis: of :func:`hrgradlib.harmonize`.
    """
    norms = np.linalg.norm(gradients, axis=-1, keepdims=True)
    shares = []
    for level in levels:
        noise = rng.standard_normal((draws, *gradients.shape)) * norms
        noisy = gradients + level / np.sqrt(gradients.shape[-1]) * noise
        vector = noisy.sum(1) if harmony is None else direction(noisy, harmony, axis).vector
        shares.append((vector @ gradients.T > 0).all(-1).mean())
    return np.array(shares)


# --- many steps ----------------------------------------------------------------------------------


class OneLine(NamedTuple):
    """``F_1 = ½(y − 1)²`` and ``F_2 = ½(y + 1)²`` on the line; Pareto-stationary on [−1, 1]."""

    def losses(self, y: NDArray) -> NDArray:
        """[B, 1] to [B, 2]."""
        return 0.5 * (y + np.array([-1.0, 1.0])) ** 2

    def gradients(self, y: NDArray) -> NDArray:
        """[B, 1] to [B, 2, 1]."""
        return (y + np.array([-1.0, 1.0]))[..., None]


def three_outcomes(size: float) -> Noise:
    """Zero-mean noise ``(2a, −a)``, ``(−a, −a)`` or ``(−a, 2a)`` on two gradients of one number.

    The two outcomes that push the right way for one task make the gradients conflict.
    """
    outcomes = size * np.array([[2.0, -1.0], [-1.0, -1.0], [-1.0, 2.0]])

    def noise(gradients: NDArray, rng: np.random.Generator) -> NDArray:
        return gradients + outcomes[rng.integers(0, 3, len(gradients))][..., None]

    return noise


def gaussian_noise(size: float) -> Noise:
    """Independent isotropic noise with ``E‖ξ_k‖² = size²``."""

    def noise(gradients: NDArray, rng: np.random.Generator) -> NDArray:
        scale = size / np.sqrt(gradients.shape[-1])
        return gradients + scale * rng.standard_normal(gradients.shape)

    return noise


def noisy_descent(
    problem: Problem,
    start: NDArray,
    rates: NDArray,
    steps: int,
    harmony: float | None,
    noise: Noise,
    rng: np.random.Generator,
    decay: NDArray | float = 0.0,
    axis: str = "equiangular",
    samples: int = 25,
) -> NDArray:
    """Mean of the true ``δ²`` over the second half of a descent with sampled gradients.

    Args:
        problem: the true losses.
        start: [B, n].
        rates: [B] learning rates.
        steps: T.
        harmony: ``κ``, or None for the sum.
        noise: what sampling adds.
        rng: its source.
        decay: ``β`` of the moving average of every task's gradient that is harmonised in the
            gradient's place, one number or [B]; 0 harmonises the sampled gradients themselves.
        axis: of :func:`hrgradlib.harmonize`.
        samples: points of time at which ``δ`` is evaluated.

    Returns:
        [B].
    """
    times = set(np.linspace(steps // 2, steps - 1, samples).astype(int).tolist())
    keep = np.broadcast_to(decay, len(start))[:, None, None]
    y, seen = start.copy(), []
    moments = noise(problem.gradients(y), rng)
    for step in range(steps):
        gradients = problem.gradients(y)
        if step in times:
            seen.append(stationarity(gradients) ** 2)
        if step:
            moments = keep * moments + (1 - keep) * noise(gradients, rng)
        vector = moments.sum(1) if harmony is None else direction(moments, harmony, axis).vector
        y = y - rates[:, None] * vector
    return np.mean(seen, 0)


def floors(
    problem: Problem,
    start: NDArray,
    rates: NDArray,
    steps: int,
    noise: Noise,
    rng: np.random.Generator,
) -> dict[str, NDArray]:
    """Mean true ``δ²`` at the end, for the sum and for HRGrad on sampled gradients and moments.

    Args:
        problem: the same losses in all of B problems.
        start: [B, n].
        rates: [r] learning rates, each for ``B / r`` of the problems; moments are averaged with
            ``1 − β = 4 lr``.
        steps: T.
        noise: what sampling adds.
        rng: its source.

    Returns:
        [r] by method.
    """
    each = np.repeat(rates, len(start) // len(rates))
    kinds: dict[str, tuple[float | None, NDArray | float]] = {
        "sum": (None, 0.0),
        "HRGrad, sampled gradients": (0.5, 0.0),
        "HRGrad, moments": (0.5, 1 - 4 * each),
    }
    return {
        name: noisy_descent(problem, start, each, steps, harmony, noise, rng, decay)
        .reshape(len(rates), -1)
        .mean(1)
        for name, (harmony, decay) in kinds.items()
    }
