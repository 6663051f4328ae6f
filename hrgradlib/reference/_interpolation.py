"""Polynomials by their values: the weights of Lagrange's interpolation, Gauss rules on panels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["gauss_panels", "lagrange"]


def lagrange(nodes: NDArray, y: float) -> NDArray:
    """Weights [n] of the value at ``y`` of the polynomial that has given values at n nodes."""
    gaps = nodes[:, None] - nodes + np.eye(nodes.size)
    factors = (y - nodes) + np.zeros_like(gaps)
    np.fill_diagonal(factors, 1.0)
    return (factors / gaps).prod(1)


def gauss_panels(edges: NDArray, n: int) -> tuple[NDArray, NDArray]:
    """Nodes and weights [P, n] of Gauss's rule with n nodes on each panel between ``edges``."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    half = np.diff(edges)[:, None] / 2
    return edges[:-1, None] + half * (nodes + 1), half * weights
