"""Even and odd functions of the velocity on [−1, 1], in two choices.

Both are orthonormal under ``<h> = ½ ∫_{-1}^{1} h dv``, begin with ``e_0 = 1``, and multiplication
by v turns one family into the other, ``v e_i = Σ_j B_ij o_j`` and ``v o_j = Σ_i B_ij e_i``.

half-range
    ``e_k = p_k(|v|)``, ``o_k = sign(v) p_k(|v|)`` with ``p_k = √(2k+1) P_k(2v − 1)``, orthonormal
    on [0, 1]: a distribution may jump at v = 0, as it does at a wall. The even–odd form.
legendre
    ``e_k = φ_{2k}``, ``o_k = φ_{2k+1}``: modes of ``g`` in the micro–macro form, smooth at v = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.kinetics.velocity import gauss_legendre, legendre, recurrence

__all__ = ["BASES", "InflowBasis", "even_odd", "inflow_basis"]

BASES = ("half-range", "legendre")


class InflowBasis(NamedTuple):
    """K even and K odd functions.

    Attributes:
        coupling: [K, K] the matrix B.
        even_in, odd_in: [K, K] ``∫_0^1 p_j e_i dv`` and ``∫_0^1 p_j o_i dv``: what a function with
            given coefficients carries into the domain at the left wall.
    """

    coupling: NDArray
    even_in: NDArray
    odd_in: NDArray


def inflow_basis(kind: str, count: int) -> InflowBasis:
    """The matrices of a basis.

    Raises:
        ValueError: unknown kind.
    """
    if kind not in BASES:
        raise ValueError(f"inflow_basis: found {kind!r}; expected one of {BASES}.")
    if kind == "half-range":  # v p_k = ½ p_k + ½ (α_{k+1} p_{k+1} + α_k p_{k−1})
        beside = recurrence(count - 1) / 2
        coupling = 0.5 * np.eye(count) + np.diag(beside, 1) + np.diag(beside, -1)
        return InflowBasis(coupling, np.eye(count), np.eye(count))
    alpha = recurrence(2 * count)
    coupling = np.diag(alpha[0::2]) + np.diag(alpha[1:-1:2], -1)
    nodes, weights = gauss_legendre(2 * count)
    v = (nodes + 1) / 2
    inward, _ = even_odd(v, count)
    even, odd = even_odd(v, count, "legendre")
    return InflowBasis(
        coupling, inward.T @ (weights[:, None] * even), inward.T @ (weights[:, None] * odd)
    )


def even_odd(v: ArrayLike, count: int, kind: str = "half-range") -> tuple[NDArray, NDArray]:
    """``e_k(v)`` and ``o_k(v)``, k < count, along a new last axis; at v = 0 as for v > 0."""
    v = np.asarray(v, dtype=float)
    if kind == "legendre":
        both = legendre(v, 2 * count - 1)
        return both[..., 0::2], both[..., 1::2]
    even = legendre(2 * np.abs(v) - 1, count - 1)
    return even, np.where(v < 0, -1.0, 1.0)[..., None] * even
