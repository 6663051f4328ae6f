"""Piecewise polynomials on panels of [0, 1], for functions that are rough at the ends only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hrgradlib.reference._interpolation import gauss_panels

__all__ = ["Panels", "geometric", "unit_quadrature"]


def geometric(low: int, high: int) -> NDArray:
    """Edges from 0 to 1 that halve ``low`` times towards 0 and ``high`` times towards 1."""
    left = 0.5 * 0.5 ** np.arange(low, -1, -1)
    right = 1 - 0.5 * 0.5 ** np.arange(1, high + 1)
    return np.concatenate([[0.0], left, right, [1.0]])


class Panels:
    """Functions given by their values on ``n`` Gauss nodes of every panel.

    Attributes:
        edges: [P + 1] from 0 to 1.
        nodes: [P, n], increasing.
    """

    def __init__(self, edges: NDArray, n: int) -> None:
        self.edges, self.n = edges, n
        self._gauss, self._weights = legendre.leggauss(n)
        self._to_series = np.linalg.inv(legendre.legvander(self._gauss, n - 1))
        self._half = np.diff(edges) / 2
        self.nodes, self._all_weights = gauss_panels(edges, n)

    def rows(self, x: NDArray) -> tuple[NDArray, NDArray]:
        """Panel [M] of each of M points in [0, 1], and the weights [M, n] of its nodal values."""
        panel = np.searchsorted(self.edges, x, side="right") - 1
        panel = np.clip(panel, 0, self._half.size - 1)
        local = (x - self.edges[panel]) / self._half[panel] - 1
        return panel, legendre.legvander(local, self.n - 1) @ self._to_series

    def matrix(self, x: NDArray) -> csr_array:
        """Interpolation as a sparse matrix [M, P n]."""
        panel, weights = self.rows(x)
        columns = panel[:, None] * self.n + np.arange(self.n)
        starts = np.arange(0, columns.size + 1, self.n)
        shape = (x.size, self.nodes.size)
        return csr_array((weights.ravel(), columns.ravel(), starts), shape=shape)

    def weights(self) -> NDArray:
        """Gauss weights [P, n] for integrals over [0, 1]."""
        return self._all_weights

    def tail(self, values: NDArray) -> NDArray:
        """``∫_x^1`` of functions with nodal values [..., P, n], at the nodes."""
        basis = np.eye(self.n)
        steps = legendre.legvander(self._gauss, self.n) @ legendre.legint(basis, lbnd=-1)
        within = values @ (steps @ self._to_series).T * self._half[:, None]
        whole = values @ self._weights * self._half
        after = np.cumsum(whole[..., ::-1], -1)[..., ::-1]
        return after[..., None] - within


@lru_cache(maxsize=1)
def unit_quadrature() -> tuple[NDArray, NDArray]:
    """Nodes and weights on [0, 1], graded towards both ends: for norms of what has layers there."""
    panels = Panels(geometric(24, 24), 10)
    return panels.nodes.ravel(), panels.weights().ravel()
