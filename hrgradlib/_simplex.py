"""Minimum-norm point of the convex hull of unit vectors, for a batch of Gramians."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["min_norm_weights"]

_RANK = 1e-13  # eigenvalues below this share of the largest are rounding


def min_norm_weights(gramian: NDArray, active: NDArray) -> NDArray:
    """Convex weights ``λ`` that minimise ``λᵀ M λ``.

    With ``B = M + 1 1ᵀ`` the minimiser is ``y / Σy`` for the non-negative least-squares problem
    ``min_{y ≥ 0} yᵀ B y − 2 Σ y`` (the sum constraint becomes a penalty of any weight, since the
    problem is homogeneous). It is solved by the active-set method of Lawson and Hanson (1974,
    *Solving Least Squares Problems*, algorithm 23.10), all problems of the batch side by side.

    Args:
        gramian: [B, K, K] float64 cosine matrices.
        active: [B, K] bool, at least one true in every row; the others get weight zero.

    Returns:
        [B, K] float64, non-negative, summing to one.

    Raises:
        RuntimeError: the active set still changes after ``30 K`` rounds, which no matrix of
            cosines does.
    """
    count = gramian.shape[-1]
    matrix = gramian + 1.0
    solution = np.zeros(gramian.shape[:-1])
    passive = np.zeros_like(active)
    banned = ~active
    for _ in range(30 * count):
        slope = 1.0 - np.einsum("bij,bj->bi", matrix, solution)
        slope[passive | banned] = -np.inf
        entering = slope.argmax(-1)[:, None]
        improvable = np.take_along_axis(slope, entering, -1) > 1e-12 * count
        if not improvable.any():
            return solution / solution.sum(-1, keepdims=True)
        entered = np.zeros_like(passive)
        np.put_along_axis(entered, entering, improvable, -1)
        before = solution.sum(-1, keepdims=True)
        solution, passive = _settle(matrix, passive | entered, solution, improvable)
        # At an optimum of its face yᵀBy = Σy, so the objective −Σy must fall. Where it does not,
        # the entering vector depends on the others to rounding and is left out.
        stuck = improvable & (solution.sum(-1, keepdims=True) <= before)
        banned = np.where(stuck, banned | entered, ~active)
    raise RuntimeError("min_norm_weights: no convergence; found a matrix that is no Gramian.")


def _settle(
    matrix: NDArray, passive: NDArray, solution: NDArray, running: NDArray
) -> tuple[NDArray, NDArray]:
    """Minimise on the passive face, dropping the coordinates that would turn negative."""
    target = solution
    for _ in range(matrix.shape[-1] + 1):
        target = np.where(running, _solve_on(matrix, passive), solution)
        negative = passive & (target <= 0) & running
        if not negative.any():
            break
        gap = np.where(negative, solution - target, 1.0)
        ratio = np.where(negative, solution / np.maximum(gap, np.finfo(float).tiny), 1.0)
        step = ratio.min(-1, keepdims=True)
        solution = solution + step * (target - solution)
        passive = passive & ~(negative & (ratio <= step))
        solution = np.maximum(solution * passive, 0.0)
    return target * passive, passive


def _solve_on(matrix: NDArray, passive: NDArray) -> NDArray:
    """Solve ``B_PP z_P = 1`` in the least-norm sense, ``z = 0`` elsewhere."""
    mask = passive.astype(float)
    values, vectors = np.linalg.eigh(matrix * mask[:, :, None] * mask[:, None, :])
    kept = values > _RANK * np.maximum(values.max(-1, keepdims=True), 1e-300)
    inverse = kept / np.where(kept, values, 1.0)
    projected = np.einsum("bij,bi->bj", vectors, mask)
    return np.einsum("bij,bj->bi", vectors, inverse * projected) * mask
