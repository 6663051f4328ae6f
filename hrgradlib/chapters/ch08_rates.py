"""Chapter 8, rates: metric, moments and sampling at once; and MGDA beside HRGrad.

Conventions as in :mod:`hrgradlib.chapters.ch08_convergence`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from hrgradlib.chapters.ch08_convergence import Quadratics, direction
from hrgradlib.chapters.ch08_runs import Problem, stationarity

__all__ = ["Beside", "Scaled", "Together", "beside_mgda", "together"]


class Together(NamedTuple):
    """Both sides of the inequalities on the run as it is, means over copies.

    Attributes:
        length: mean over the steps of ``σ_t ‖d_t‖²``; ``length_bound``: what it cannot exceed.
        measure: mean over the steps of ``σ_t δ_t²``; ``measure_bound``: what it cannot exceed.
        shortened: share of the steps with ``σ_t < 1``.
    """

    length: float
    length_bound: float
    measure: float
    measure_bound: float
    shortened: float


def together(
    problem: Quadratics, start: NDArray, noise: float, rate: float, steps: int,
    rng: np.random.Generator, span: tuple[float, float] = (0.5, 2.0), reach: float = 0.7,
) -> Together:  # fmt: skip
    """Adam's metric, clipped; per-task moments; sampled gradients; steps shortened.

    The metric of a step is made of the gradients sampled for this step, with the last weights.

    Args:
        problem: B copies of K quadratics with Hessians of eigenvalues in (0, 1].
        start: [B, n].
        noise: every ``E‖ξ_k‖²`` is its square.
        rate: ``η``; the theorem's ``1 − β`` follows from it.
        steps: T.
        rng: of the noise.
        span: ``p₋`` and ``p₊`` that the metric is clipped to.
        reach: the farthest that a number may move, in learning rates.

    Raises:
        ValueError: the rate is too large for the theorem.
    """
    low, high = span
    batch, tasks, n = problem.minimisers.shape
    curved = np.linalg.eigvalsh(problem.hessians)[..., -1].max(0)
    total = np.linalg.eigvalsh(problem.hessians.sum(1))[..., -1].max()
    fresh = 2 * np.sqrt(tasks) * np.linalg.norm(curved) * high * rate  # 1 − β
    if fresh > 1 or rate > 0.5 / (total * high):
        raise ValueError(f"Found rate = {rate}; expected less: 1 − β would be {fresh:.2g}.")
    y, moments, second = start, None, np.zeros((batch, n))
    weights = np.ones((batch, tasks))
    sums, short = np.zeros(2), 0.0
    for _ in range(steps):
        clean = problem.gradients(y)
        sampled = clean + noise / np.sqrt(n) * rng.standard_normal(clean.shape)
        moments = sampled if moments is None else moments + fresh * (sampled - moments)
        led = np.einsum("bk,bki->bi", weights / weights.mean(1, keepdims=True), sampled)
        second = second + 0.1 * (led**2 - second)
        root = np.sqrt(np.clip(1 / (np.sqrt(second) + 1e-8), low, high))  # √P
        found = direction(moments * root[:, None], 0.5)
        weights = np.where(found.weights > 0, found.weights, weights)
        move = root * found.vector
        kept = np.minimum(1, reach / np.maximum(np.abs(move).max(1), 1e-300))
        sums += [(kept * found.length**2).mean(), (kept * stationarity(clean) ** 2).mean()]
        short += (kept < 1).mean()
        y = y - rate * kept[:, None] * move
    scatter = tasks * noise**2 * (1 / (fresh * steps) + fresh)  # S² (1/((1−β)T) + 1 − β)
    least = problem.losses(_lowest(problem)).sum(1)
    gain = (problem.losses(start).sum(1) - least).mean()
    bound = 8 * gain / (rate * steps) + 4 * high * tasks * scatter
    length, measure = sums / steps
    return Together(length, bound, measure, 3 / low * bound + 2 * scatter, short / steps)


def _lowest(problem: Quadratics) -> NDArray:
    """[B, n] minimisers of the sums."""
    pull = np.einsum("bkij,bkj->bi", problem.hessians, problem.minimisers)
    return np.linalg.solve(problem.hessians.sum(1), pull[..., None])[..., 0]


class Scaled(NamedTuple):
    """A problem with every loss multiplied by a number; smoothness constants alike.

    Attributes:
        problem: of smoothness constants one and infima zero.
        scales: [K].
    """

    problem: Problem
    scales: NDArray

    def losses(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K]."""
        return self.scales * self.problem.losses(y)

    def gradients(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K, n]."""
        return self.scales[:, None] * self.problem.gradients(y)


class Beside(NamedTuple):
    """``δ²`` times the number of steps, of MGDA and HRGrad; medians over problems.

    Attributes:
        mgda, hrgrad: least of a run.
        mgda_bound: ``2 L min_j D_j``.
        hrgrad_bound: ``2 Λ D_Σ / mean ω_t²``.
        plain_bound: ``2 Λ D_Σ``, for which nothing must be known of the weights.
    """

    mgda: float
    hrgrad: float
    mgda_bound: float
    hrgrad_bound: float
    plain_bound: float


def beside_mgda(problem: Scaled, start: NDArray, steps: int, harmony: float) -> Beside:
    """Both methods from the same start, at the rates of their theorems, ``1/L`` and ``1/Λ``.

    Args:
        problem: losses with infima zero and smoothness constants ``problem.scales``.
        start: [B, n].
        steps: T.
        harmony: ``κ`` of HRGrad; its axis is that of the best worst cosine.
    """
    largest, total = problem.scales.max(), problem.scales.sum()
    first = problem.losses(start)
    y, best = start, np.full(len(start), np.inf)
    for _ in range(steps):
        step = _shortest(problem.gradients(y))
        best = np.minimum(best, (step**2).sum(1))
        y = y - step / largest
    z, least, squares = start, np.full(len(start), np.inf), np.zeros(len(start))
    for _ in range(steps):
        gradients = problem.gradients(z)
        found = direction(gradients, harmony)
        least = np.minimum(least, stationarity(gradients) ** 2)
        squares += found.weights.sum(1) ** 2
        z = z - found.vector / total
    whole = 2 * total * first.sum(1)
    numbers = (steps * best, steps * least, 2 * largest * first.min(1), whole * steps / squares)
    return Beside(*(float(np.median(x)) for x in (*numbers, whole)))


def _shortest(gradients: NDArray) -> NDArray:
    """MGDA's direction: shortest vector in the hull of the gradients, [B, K, n] to [B, n]."""
    found = np.zeros((len(gradients), gradients.shape[2]))
    for index, rows in enumerate(gradients):
        weight = np.linalg.norm(rows, axis=1).min()
        if weight == 0:
            continue
        system = np.vstack([rows.T / weight, np.ones(len(rows))])
        hull = nnls(system, np.eye(len(system))[-1])[0]
        found[index] = hull @ rows / hull.sum()
    return found
