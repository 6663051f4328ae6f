"""Minimum-norm point of the convex hull of unit vectors, for a batch of Gramians."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

__all__ = ["min_norm_weights"]

_EPS = np.finfo(float).eps


def min_norm_weights(gramian: NDArray, active: NDArray) -> NDArray:
    """Convex weights ``λ`` that minimise ``λᵀ M λ``.

    With ``B = M + 1 1ᵀ`` the minimiser is ``y / Σy`` for the non-negative least-squares problem
    ``min_{y ≥ 0} yᵀ B y − 2 Σ y`` (the sum constraint becomes a penalty of any weight, since the
    problem is homogeneous). It is solved by the active-set method of Lawson and Hanson (1974,
    *Solving Least Squares Problems*, algorithm 23.10), all problems of the batch side by side.

    ``M`` is lifted by its own rounding first, by ``4 K eps`` and whatever its smallest eigenvalue
    lies below zero. Every face then has one well-defined optimum, and the conditions
    ``(Mλ)_j ≥ λᵀMλ`` (equality where ``λ_j > 0``) hold to a small multiple of that lift, however
    singular ``M`` is.

    Args:
        gramian: [B, K, K] float64 cosine matrices.
        active: [B, K] bool, at least one true in every row; the others get weight zero.

    Returns:
        [B, K] float64, non-negative, summing to one.
    """
    if len(gramian) == 1:
        return _one(gramian[0], active[0])[None]
    count = gramian.shape[-1]
    lift = 4 * count * _EPS - np.minimum(np.linalg.eigvalsh(gramian)[:, 0], 0.0)
    matrix = gramian + 1.0 + lift[:, None, None] * np.eye(count)
    found = np.zeros(gramian.shape[:-1])
    open_ = rows = np.arange(len(found))  # problems that are not solved yet, and their rows below
    solution, passive, banned = found.copy(), np.zeros_like(active), ~active
    idle = np.zeros(len(found), dtype=int)
    while True:
        slope = 1.0 - np.einsum("bij,bj->bi", matrix, solution)
        slope[passive | banned] = -np.inf
        entering = slope.argmax(-1)
        going_on = (slope[rows, entering] > 4 * count * _EPS) & (idle <= count)
        if not going_on.all():
            found[open_[~going_on]] = solution[~going_on]
            if not going_on.any():
                return found / found.sum(-1, keepdims=True)
            open_, matrix, solution, passive, banned, entering, idle = (
                a[going_on] for a in (open_, matrix, solution, passive, banned, entering, idle)
            )
            rows = np.arange(len(open_))
        passive[rows, entering] = True
        before = solution.sum(-1)
        solution, passive = _settle(matrix, passive, solution)
        # At an optimum of its face yᵀBy = Σy: the objective −Σy falls in every round, until
        # rounding hides it. A vector that rounding expels at once waits for another to enter.
        idle = np.where(solution.sum(-1) > before, 0, idle + 1)
        stays = passive[rows, entering]
        banned[stays] = ~active[open_[stays]]
        banned[rows, entering] |= ~stays


def _one(gramian: NDArray, active: NDArray) -> NDArray:
    """A single problem [K, K], at a tenth of the time: SciPy's solver on a root of ``B``."""
    count, found = len(gramian), np.zeros(len(gramian))
    values, vectors = np.linalg.eigh(gramian)
    lift = 4 * count * _EPS - min(values[0], 0.0)
    root = np.vstack([np.sqrt(values + lift)[:, None] * vectors.T, np.ones(count)])
    target = np.zeros(count + 1)
    target[-1] = 1.0
    found[active] = nnls(root[:, active], target, maxiter=100 * count)[0]
    return found / found.sum()


def _settle(matrix: NDArray, passive: NDArray, solution: NDArray) -> tuple[NDArray, NDArray]:
    """Minimise on the passive face, dropping the coordinates that would turn negative."""
    while True:  # every turn drops a coordinate or is the last
        target = _solve_on(matrix, passive)
        negative = passive & (target <= 0)
        if not negative.any():
            return target, passive
        gap = np.where(negative, solution - target, 1.0)
        ratio = np.where(negative, solution / np.maximum(gap, np.finfo(float).tiny), 1.0)
        step = ratio.min(-1, keepdims=True)
        solution = solution + step * (target - solution)
        passive = passive & ~(negative & (ratio <= step))
        solution = np.maximum(solution * passive, 0.0)


def _solve_on(matrix: NDArray, passive: NDArray) -> NDArray:
    """Solve ``B_PP z_P = 1`` with ``z = 0`` elsewhere."""
    face = matrix * (passive[:, :, None] & passive[:, None, :])
    np.einsum("bii->bi", face)[...] += ~passive
    return np.linalg.solve(face, passive[..., None].astype(float))[..., 0]
