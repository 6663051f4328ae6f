"""Velocity on two half-ranges, where a distribution may jump at v = 0 (at a wall, for one).

With ``p_k = √(2k+1) P_k(2v − 1)``, orthonormal on [0, 1], the even and odd functions

    e_k(v) = p_k(|v|),    o_k(v) = sign(v) p_k(|v|)

are orthonormal under ``<h> = ½ ∫_{-1}^{1} h dv``, and ``e_0 = 1``. Multiplication by v turns one
family into the other, ``v e_i = Σ_j B_ij o_j``, with the Jacobi matrix B of the p_k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.kinetics.velocity import legendre, recurrence

__all__ = ["even_odd", "jacobi"]


def jacobi(count: int) -> NDArray:
    """``B_ij = ∫_0^1 v p_i p_j dv`` for i, j < count: diagonal ½, beside it ``½ j/√(4j²−1)``."""
    beside = recurrence(count - 1) / 2
    return 0.5 * np.eye(count) + np.diag(beside, 1) + np.diag(beside, -1)


def even_odd(v: ArrayLike, count: int) -> tuple[NDArray, NDArray]:
    """``e_k(v)`` and ``o_k(v)``, k < count, along a new last axis; at v = 0 as for v > 0."""
    v = np.asarray(v, dtype=float)
    even = legendre(2 * np.abs(v) - 1, count - 1)
    return even, np.where(v < 0, -1.0, 1.0)[..., None] * even
