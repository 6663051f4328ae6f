"""The axis in the middle of the harmonised cone: the sum of its normalised extreme rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._axis import AxisFound
from hrgradlib.optim._refused import StepRefused

__all__ = ["MOST_RAYS", "extreme_rays", "rays"]

#: Their number may grow exponentially with K (up to 2,000 for ten tasks, 10,000 for twelve).
MOST_RAYS = 10_000


def rays(cosines: NDArray, active: NDArray, tolerance: float) -> AxisFound:
    """``U(Σ_j U(r_j))``, ``r_j = Σ_k π_jk û_k``; π_j the rays of ``{λ ≥ 0, Mλ ≥ 0}``, ``U`` unit.

    The axis of HARMONIC (ICLR 2026) and, as reported, the anchor of HRGrad. It opposes no gradient
    and lies in their cone. Unsolved where its worst cosine vanishes: the point is stationary.

    Raises:
        StepRefused: too many rays.
    """  # noqa: DOC502 (raised where they are counted)
    found = AxisFound(np.zeros(active.shape), np.zeros(len(active)), np.zeros(len(active), bool))
    for i in np.flatnonzero(active.any(-1)):
        matrix = cosines[i][np.ix_(active[i], active[i])]
        cone = extreme_rays(matrix, tolerance)
        squares = np.einsum("rk,kl,rl->r", cone, matrix, cone)
        some = squares > tolerance  # combinations that cancel have no direction
        total = (cone[some] / np.sqrt(squares[some])[:, None]).sum(0)
        length = np.sqrt(max(total @ matrix @ total, 0.0))
        if length > 0:
            total /= length
            found.coefficients[i, active[i]] = total
            found.cosine[i] = min((matrix @ total).min(), 1.0)
            found.solved[i] = found.cosine[i] > np.sqrt(tolerance)
    return found


def extreme_rays(matrix: NDArray, tolerance: float) -> NDArray:
    """Extreme rays of ``{λ ≥ 0, Mλ ≥ 0}`` by the double-description method.

    Motzkin, Raiffa, Thompson & Thrall (1953), with the combinatorial test of adjacency of Fukuda &
    Prodon (1996): the half-spaces ``(Mλ)_j ≥ 0`` cut the orthant one after the other.

    Args:
        matrix: [K, K] M.
        tolerance: products up to this are taken for zero.

    Returns:
        [R, K], rows of sum one.

    Raises:
        StepRefused: more than :data:`MOST_RAYS`, at the end or on the way.
    """
    count = len(matrix)
    planes = np.hstack([np.eye(count), matrix])  # of column j: planes[:, j] · λ ≥ 0
    found = np.eye(count)
    tight = found == 0  # [R, planes so far], which planes a ray lies in
    for j in range(count):
        side = found @ matrix[:, j]
        above, below = np.flatnonzero(side > tolerance), np.flatnonzero(side < -tolerance)
        p, n = _adjacent(tight, above, below, count)
        edges = side[p, None] * found[n] - side[n, None] * found[p]
        edges /= np.where(len(edges), edges.sum(-1, keepdims=True), 1.0)
        shared = np.hstack([tight[p] & tight[n], np.ones((len(p), 1), bool)])
        shared |= np.abs(edges @ planes[:, : count + j + 1]) <= tolerance
        kept = side >= -tolerance
        tight = np.vstack([np.hstack([tight, np.abs(side)[:, None] <= tolerance])[kept], shared])
        found = np.vstack([found[kept], edges])
        if len(found) > MOST_RAYS:
            raise StepRefused(
                f"harmonize: found more than {MOST_RAYS} extreme rays for {count} tasks; expected "
                "fewer. Use axis='maxmin', or fewer tasks."
            )
    return found


def _adjacent(tight: NDArray, above: NDArray, below: NDArray, count: int) -> tuple[NDArray, ...]:
    """Pairs of rays on both sides of a plane that span an edge: no third has all their planes."""
    sets = tight.astype(np.float32)  # products of 0 and 1 count, exactly
    p, n = np.nonzero(sets[above] @ sets[below].T >= count - 2)
    p, n = above[p], below[n]
    outside = (sets[p] * sets[n]) @ (1 - sets).T
    edge = (outside == 0).sum(-1) == 2
    return p[edge], n[edge]
