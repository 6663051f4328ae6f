"""Velocity space of linear transport: quadrature, normalised Legendre polynomials, moments.

Averages are ``<h> = ½ ∫_{-1}^{1} h dv``. The basis is ``φ_k = √(2k+1) P_k`` so that
``<φ_j φ_k> = δ_jk`` and ``v φ_k = α_{k+1} φ_{k+1} + α_k φ_{k−1}`` with ``α_k = k/√(4k²−1)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["gauss_legendre", "legendre", "recurrence"]


def gauss_legendre(count: int) -> tuple[NDArray, NDArray]:
    """Nodes and weights on [−1, 1]; the weights sum to one, so ``<h> ≈ Σ w_i h(v_i)``.

    Args:
        count: number of nodes, at least 1; exact for polynomials of degree ``2·count − 1``.

    Returns:
        Two float64 arrays of shape (count,), dimensionless.

    Raises:
        ValueError: ``count < 1``.
    """
    if count < 1:
        raise ValueError(f"gauss_legendre: found count = {count}; expected at least 1.")
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights / 2


def recurrence(count: int) -> NDArray:
    """``α_1 … α_count`` of the recurrence above, shape (count,)."""
    k = np.arange(1, count + 1, dtype=float)
    return k / np.sqrt(4 * k**2 - 1)


def legendre(v: ArrayLike, degree: int) -> NDArray:
    """``φ_0(v) … φ_degree(v)`` along a new last axis.

    Args:
        v: array of any shape, dimensionless velocities in [−1, 1].
        degree: highest polynomial degree, at least 0.

    Returns:
        Array of shape ``v.shape + (degree + 1,)``.
    """
    v = np.asarray(v, dtype=float)
    values = np.polynomial.legendre.legvander(v, degree).reshape(*v.shape, degree + 1)
    return values * np.sqrt(2 * np.arange(degree + 1) + 1)
