"""Chapter 8, one step: quadratics with prescribed conflict and the largest learning rates.

The bounds on the learning rate, and by bisection the largest one that every loss can bear.

Positions ``y`` are those of the metric's coordinates, in which the metric is the identity. Every
array has a leading dimension of independent problems: B problems, K tasks, n numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim import harmonize_array

__all__ = [
    "Bounds", "Direction", "Quadratics", "Trials", "bounds", "direction", "even_units",
    "gradients_of", "largest_rate", "largest_rate_exact", "quadratics", "run_trials",
    "scattered_units", "spread_norms", "trial_problems",
]  # fmt: skip

_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)


def _times(matrices: NDArray, vectors: NDArray) -> NDArray:
    return (matrices @ vectors[..., None])[..., 0]


# --- problems ------------------------------------------------------------------------------------


class Quadratics(NamedTuple):
    """K losses ``F_k(y) = ½ (y − y_k)ᵀ H_k (y − y_k)``.

    Attributes:
        minimisers: [B, K, n] the ``y_k``.
        hessians: [B, K, n, n] symmetric, with eigenvalues in (0, 1]: smoothness constant one.
    """

    minimisers: NDArray
    hessians: NDArray

    def losses(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K]."""
        return 0.5 * ((y[:, None] - self.minimisers) * self.gradients(y)).sum(-1)

    def gradients(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K, n]."""
        return _times(self.hessians, y[:, None] - self.minimisers)


def even_units(count: int, tasks: int, cosine: float) -> NDArray:
    """Unit gradients with one cosine between all pairs, so that their harmonic cosine is given.

    Args:
        count: B.
        tasks: K.
        cosine: ``c`` in (0, 1); the cosine between pairs is ``(K c² − 1)/(K − 1)``.

    Returns:
        [B, K, K], the same in every problem; the axis is in the middle of the cone.
    """
    centred = np.eye(tasks) - 1 / tasks
    off = np.sqrt(tasks / (tasks - 1)) * centred  # unit vectors to the corners of a simplex
    axis = np.full((tasks, tasks), tasks**-0.5)
    units = cosine * axis + np.sqrt(1 - cosine**2) * off
    return np.broadcast_to(units, (count, tasks, tasks)).copy()


def scattered_units(count: int, tasks: int, cosine: float, rng: np.random.Generator) -> NDArray:
    """Unit gradients [B, K, K] on a cone of harmonic cosine ``cosine``, at random azimuths.

    For more than three tasks the axis nearly always lies outside the cone of the gradients.
    """
    if tasks == 2:
        return even_units(count, 2, cosine)
    off = rng.standard_normal((count, tasks, tasks - 1))
    off /= np.linalg.norm(off, axis=-1, keepdims=True)
    along = np.full((count, tasks, 1), cosine)
    return np.concatenate([along, np.sqrt(1 - cosine**2) * off], -1)


def spread_norms(count: int, tasks: int, ratio: float, rng: np.random.Generator) -> NDArray:
    """Norms [B, K] from 1 to ``ratio``, both attained, the others log-uniform between them."""
    exponent = rng.uniform(size=(count, tasks))
    exponent[:, 0], exponent[:, -1] = 0.0, 1.0
    return ratio ** rng.permuted(exponent, axis=1)


def quadratics(gradients: NDArray, condition: float, rng: np.random.Generator) -> Quadratics:
    """Quadratics whose gradients at ``y = 0`` are given, and whose largest curvature is one.

    Args:
        gradients: [B, K, n].
        condition: the Hessians have log-uniform eigenvalues in ``[1/condition, 1]``, the largest
            being one, and random eigenvectors; 1 gives identities.
        rng: source of the Hessians.
    """
    count, tasks, n = gradients.shape
    if condition == 1.0:
        hessians = np.broadcast_to(np.eye(n), (count, tasks, n, n)).copy()
        return Quadratics(-gradients, hessians)
    frame = np.linalg.qr(rng.standard_normal((count, tasks, n, n)))[0]
    values = condition ** -rng.uniform(size=(count, tasks, n))
    values[..., 0] = 1.0
    transposed = np.swapaxes(frame, -1, -2)
    hessians = (frame * values[..., None, :]) @ transposed
    return Quadratics(-_times(frame, _times(transposed, gradients) / values), hessians)


def trial_problems(
    count: int, tasks: int, ratio: float, condition: float, rng: np.random.Generator
) -> Quadratics:
    """Half even, half scattered problems, harmonic cosines log-uniform in [0.02, 0.9]."""
    cosines = 10 ** rng.uniform(np.log10(0.02), np.log10(0.9), count)
    units = np.concatenate(
        [
            even_units(1, tasks, c) if i % 2 else scattered_units(1, tasks, c, rng)
            for i, c in enumerate(cosines)
        ]
    )
    norms = spread_norms(count, tasks, ratio, rng)
    return quadratics(units * norms[..., None], condition, rng)


# --- the direction and what is proved of it ------------------------------------------------------


class Direction(NamedTuple):
    """A harmonised direction and the numbers that the theorems speak of.

    Attributes:
        vector: [B, n] the direction ``d``.
        weights: [B, K] with ``d = Σ w_k ∇F_k``.
        cosine: [B] ``c``, worst cosine of the axis.
        norms: [B, K] of the gradients.
        shares: [B, K] ``π_j = ∇F_j·d / ‖d‖²``; they sum to one (zero where stationary).
        length: [B] ``‖d‖``.
        slope: [B] ``ζ = min_j ∇F_j·d / ‖d‖``.
        stationary: [B] bool.
    """

    vector: NDArray
    weights: NDArray
    cosine: NDArray
    norms: NDArray
    shares: NDArray
    length: NDArray
    slope: NDArray
    stationary: NDArray


def direction(gradients: NDArray, harmony: float, axis: str = "maxmin") -> Direction:
    """Harmonise gradients [B, K, n] in the identity metric."""
    gramian = gradients @ np.swapaxes(gradients, -1, -2)
    weights, cosine, *_, stationary = harmonize_array(gramian, harmony, axis, _EPS)
    vector = np.einsum("bk,bki->bi", weights, gradients)
    slopes = np.einsum("bki,bi->bk", gradients, vector)
    square = np.maximum((vector**2).sum(-1), _TINY)
    norms = np.linalg.norm(gradients, axis=-1)
    slope = slopes.min(-1) / np.sqrt(square)
    return Direction(
        vector,
        weights,
        cosine,
        norms,
        slopes / square[:, None],
        np.sqrt(square),
        np.where(stationary, 0.0, slope),
        stationary,
    )


def gradients_of(gramian: NDArray) -> NDArray:
    """Vectors with a given Gramian, [B, K, K] to [B, K, K]: the rows are the gradients."""
    values, vectors = np.linalg.eigh(gramian)
    return vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]


class Bounds(NamedTuple):
    """Learning rates below which every loss falls, for losses with smoothness constant one.

    Attributes:
        first: [B] ``2κc/(KΓ)``, what one writes down first.
        share: [B] ``2κc/(κc + (K−1)Γ)``.
        cone: [B] ``2/(1 + (K−1)Γ + (1−κ)Γ/(κλ_min))``; zero where the axis is outside the cone.
        uniform: [B] the larger of the last two.
        step: [B] ``2 min_j π_j``, from the Gramian of the step itself.
    """

    first: NDArray
    share: NDArray
    cone: NDArray
    uniform: NDArray
    step: NDArray


def bounds(gradients: NDArray, harmony: float, axis: str = "maxmin") -> Bounds:
    """The bounds of the chapter for gradients [B, K, n] that are all different from zero."""
    found = direction(gradients, harmony, axis)
    tasks = gradients.shape[1]
    ratio = found.norms.max(-1) / found.norms.min(-1)
    kept = harmony * found.cosine
    share = 2 * kept / (kept + (tasks - 1) * ratio)
    level = direction(gradients, 1.0, axis)
    # d is the axis times Σ n_k c_k: its weights give the axis' barycentric coordinates.
    coordinates = level.weights * level.norms
    smallest = (coordinates / coordinates.sum(-1, keepdims=True)).min(-1)
    inside = smallest > 1e-9
    if harmony == 0:
        cone = np.zeros_like(share)
    else:
        # About the equiangular axis at full harmony all cosines are equal, wherever it lies.
        known = inside | (harmony == 1 and axis == "equiangular")
        spread = (1 - harmony) / harmony / np.where(inside, smallest, 1.0)
        cone = known * 2 / (1 + (tasks - 1 + spread) * ratio)
    return Bounds(
        2 * kept / (tasks * ratio),
        share,
        cone,
        np.maximum(share, cone),
        2 * np.maximum(found.shares.min(-1), 0.0),
    )


# --- the largest learning rate -------------------------------------------------------------------


def largest_rate_exact(problem: Quadratics, y: NDArray, vector: NDArray) -> NDArray:
    """Learning rate [B] at which the first loss no longer falls: ``min_j 2 ∇F_j·d / dᵀH_j d``."""
    slopes = np.einsum("bki,bi->bk", problem.gradients(y), vector)
    curved = (_times(problem.hessians, vector[:, None]) * vector[:, None]).sum(-1)
    return np.maximum((2 * slopes / np.maximum(curved, _TINY)).min(-1), 0.0)


def largest_rate(problem: Quadratics, y: NDArray, vector: NDArray, rounds: int = 45) -> NDArray:
    """The same by bisection on the losses themselves, which knows nothing of derivatives.

    A convex loss falls for all learning rates up to one number and for none beyond it, so that
    bisection on the logarithm of the rate, from 1e-12 to 1e4, brackets that number.

    Args:
        problem: B problems.
        y: [B, n] where the step starts.
        vector: [B, n] the direction; the step is ``−lr · vector``.
        rounds: halvings of the bracket.

    Returns:
        [B], zero where no rate that was tried makes every loss fall.
    """
    before = problem.losses(y)
    low, high = np.full(len(y), np.log(1e-12)), np.full(len(y), np.log(1e4))
    found = np.zeros(len(y), dtype=bool)
    for _ in range(rounds):
        middle = 0.5 * (low + high)
        after = problem.losses(y - np.exp(middle)[:, None] * vector)
        falls = (after < before).all(-1)
        found |= falls
        low, high = np.where(falls, middle, low), np.where(falls, high, middle)
    return np.where(found, np.exp(low), 0.0)


class Trials(NamedTuple):
    """Largest learning rates of B problems at each of R norm ratios, beside the bounds.

    Attributes:
        measured: [R, B] by bisection; ``bounds``: :class:`Bounds` of arrays [R, B].
    """

    measured: NDArray
    bounds: Bounds


def run_trials(
    tasks: int,
    ratios: NDArray,
    harmonies: tuple[float, ...],
    count: int,
    condition: float,
    rng: np.random.Generator,
    axis: str = "equiangular",
) -> dict[float, Trials]:
    """Bisection on ``count`` of :func:`trial_problems` for every ratio; one entry per harmony."""
    rows: dict[float, list] = {harmony: [] for harmony in harmonies}
    start = np.zeros((count, tasks))
    for ratio in ratios:
        problem = trial_problems(count, tasks, float(ratio), condition, rng)
        gradients = problem.gradients(start)
        for harmony in harmonies:
            vector = direction(gradients, harmony, axis).vector
            measured = largest_rate(problem, start, vector)
            rows[harmony].append((measured, bounds(gradients, harmony, axis)))
    return {
        harmony: Trials(
            np.stack([row[0] for row in found]),
            Bounds(*(np.stack(field) for field in zip(*(row[1] for row in found), strict=True))),
        )
        for harmony, found in rows.items()
    }
