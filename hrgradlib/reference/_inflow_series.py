"""Half-space inflow, exactly, as a sum over the number of collisions.

In mean free paths ``X = x/ε`` and mean free times ``τ = t/ε²`` the equation has no parameter,
``∂τ f + v ∂X f = <f> − f``. Into an empty half-space X > 0 comes ``f = 1``; ``e^τ f`` sees neither
absorption nor a length, so that its Taylor coefficients in τ depend on ``ζ = X/τ`` alone:

    ρ(X, τ) = Σ_n e^{−τ} τ^n/n! · R_n(ζ),                    0 ≤ ζ < 1,  ρ = 0 beyond
    R_n(ζ) = ½ ∫_ζ^1 (1 − ζ/v)^n dv + ½ n ∫_0^1 G_n(u(ζ, η)) R_{n−1}(η) dη
    G_n(u) = −ln(1 − u) − Σ_{k=1}^n u^k/k,     u = (1−ζ)/(1−η) if η < ζ, else (1+ζ)/(1+η)

(derived in chapter 2). The ``R_n`` lie in [0, 1], and ``R_n(0) = 1 − C(2n+2, n+1)/4^{n+1}``. The
flux follows from the balance of mass: ``<v f> = Σ_n e^{−τ} τ^n/n! · Q_n`` with
``Q_n = ζ R_n + ∫_ζ^1 ((n+1) R_n − n R_{n−1})``. In a slab the sum is exact until the first
particles have crossed it, ``t ≤ ε``.
"""

from __future__ import annotations

import sys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from hrgradlib.reference import _interpolation, _panels
from hrgradlib.reference._cache import cached
from hrgradlib.reference._interpolation import gauss_panels
from hrgradlib.reference._panels import Panels, geometric

__all__ = ["CollisionSeries", "MAX_TIME", "coefficients", "series"]

#: Largest τ for which ``TERMS`` coefficients are enough: what is left out is below 1e-12.
MAX_TIME = 30.0
TERMS = 80
_CHUNK = 20_000


@lru_cache(maxsize=4)
def series(low: int = 24, high: int = 6, n: int = 10) -> CollisionSeries:
    """The solution on given panels (see `geometric`), its coefficients kept on disk."""
    modules = [sys.modules[__name__], _interpolation, _panels]
    parameters = {"low": low, "high": high, "n": n, "terms": TERMS}
    panels = Panels(geometric(low, high), n)
    arrays = cached("inflow-series", parameters, lambda: {"R": coefficients(panels)}, modules)
    return CollisionSeries(panels, arrays["R"])


def coefficients(panels: Panels, terms: int = TERMS) -> NDArray:
    """``R_0 … R_{terms−1}`` on the panels' nodes, shape (terms, P, n)."""
    zeta = panels.nodes.ravel()
    eta, weights, starts = _quadrature(zeta, panels)
    own = np.repeat(zeta, np.diff(np.append(starts, eta.size)))
    gap = np.abs(eta - own) / np.where(eta < own, 1 - eta, 1 + eta)
    ratio, power = 1 - gap, np.ones_like(gap)
    kernel = -np.log(np.maximum(gap, 1e-300))  # a node that meets ζ has no weight to speak of
    interpolate = panels.matrix(eta)
    result = np.zeros((terms, zeta.size))
    result[0] = 0.5 * (1 - zeta)
    for count in range(1, terms):
        power *= ratio
        kernel -= power / count
        integrand = weights * kernel * (interpolate @ result[count - 1])
        result[count] = _uncollided(count, zeta) + 0.5 * count * np.add.reduceat(integrand, starts)
    return result.reshape(terms, *panels.nodes.shape)


def _quadrature(zeta: NDArray, panels: Panels) -> tuple[NDArray, NDArray, NDArray]:
    """Nodes and weights for every ζ, graded towards it (the kernel is logarithmic there)."""
    shrink = 0.15 ** np.arange(16)
    nodes, all_weights, starts = [], [], [0]
    for one in zeta:
        breaks = np.concatenate([panels.edges, one * (1 - shrink), one + (1 - one) * shrink, [one]])
        own_nodes, own_weights = gauss_panels(np.unique(breaks), panels.n)
        nodes.append(own_nodes.ravel())
        all_weights.append(own_weights.ravel())
        starts.append(starts[-1] + nodes[-1].size)
    return np.concatenate(nodes), np.concatenate(all_weights), np.array(starts[:-1])


def _uncollided(count: int, zeta: NDArray) -> NDArray:
    """``½ ∫_ζ^1 (1 − ζ/v)^n dv``, by panels in ln v."""
    gauss, weights = np.polynomial.legendre.leggauss(16)
    pieces = 12
    at = (np.arange(pieces)[:, None] + (gauss + 1) / 2).ravel() / pieces
    length = -np.log(zeta)[:, None]
    v = zeta[:, None] * np.exp(length * at)
    values = (1 - zeta[:, None] / v) ** count * v * length
    return 0.5 * values @ np.tile(weights / (2 * pieces), pieces)


class CollisionSeries:
    """The solution in scaled variables; every method takes one τ in [0, MAX_TIME].

    Args:
        panels: where the coefficients are given.
        density_terms: [terms, P, n] from `coefficients`.
    """

    def __init__(self, panels: Panels, density_terms: NDArray) -> None:
        self.panels, self.density_terms = panels, density_terms
        r = density_terms
        count = np.arange(1, len(r))[:, None, None]
        growth = np.concatenate([r[:1], (count + 1) * r[1:] - count * r[:-1]])
        self.flux_terms = panels.nodes * r + panels.tail(growth)
        self._index = np.arange(len(r))
        self._log_factorial = gammaln(self._index + 1.0)

    def density(self, tau: float, x: NDArray) -> NDArray:
        """``ρ`` at the points x (any shape, ≥ 0, mean free paths)."""
        return self._sum(self.density_terms, tau, x)

    def flux(self, tau: float, x: NDArray) -> NDArray:
        """``<v f>`` at the points x."""
        return self._sum(self.flux_terms, tau, x)

    def _sum(self, table: NDArray, tau: float, x: NDArray) -> NDArray:
        result = np.zeros(x.shape)
        inside = x < tau
        if inside.any():
            values = np.tensordot(self._poisson(np.array([tau]))[0], table, 1)
            panel, weights = self.panels.rows(x[inside] / tau)
            result[inside] = (weights * values[panel]).sum(-1)
        return result

    def _poisson(self, tau: NDArray) -> NDArray:
        """``e^{−τ} τ^n/n!``, shape (τ, n)."""
        log_tau = np.log(np.maximum(tau, 1e-300))[:, None]
        return np.exp(self._index * log_tau - tau[:, None] - self._log_factorial)

    def _density_along(self, tau: NDArray, x: NDArray) -> NDArray:
        """``ρ`` at pairs (τ, x), both [M], with x < τ."""
        panel, weights = self.panels.rows(np.clip(x / tau, 0.0, 1.0))
        result = np.empty(tau.size)
        for one in np.unique(panel):
            here = panel == one
            nodal = self._poisson(tau[here]) @ self.density_terms[:, one]
            result[here] = (nodal * weights[here]).sum(-1)
        return result

    def distribution(self, tau: float, x: NDArray, v: NDArray) -> NDArray:
        """``f`` at pairs (x, v), both [M]: the density, integrated back along the flight."""
        result = np.zeros(x.shape)
        for at in range(0, x.size, _CHUNK):
            part = slice(at, at + _CHUNK)
            result[part] = self._back(tau, x[part], v[part])
        return result

    def _back(self, tau: float, x: NDArray, v: NDArray) -> NDArray:
        from_wall = v * tau > x
        with np.errstate(divide="ignore", invalid="ignore"):
            # A flight begins at the wall, or where it left the empty region ahead of the front.
            length = np.where(from_wall, x / v, (tau - x) / (1 - v))
        length = np.where(x < tau, length, 0.0)
        result = np.where(from_wall, np.exp(-length), 0.0)
        s, weights = _lags(length)
        flying = (x - v * s, tau - s)
        inside = (flying[0] >= 0) & (flying[0] < flying[1]) & (weights > 0)
        density = np.zeros(s.shape)
        density[inside] = self._density_along(flying[1][inside], flying[0][inside])
        return result + (weights * np.exp(-s) * density).sum(0)


def _lags(length: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes and weights [Q, M] on [0, length], graded towards both ends.

    A flight may begin in the corner x = t = 0 or end at the wall.
    """
    nodes, weights = gauss_panels(geometric(5, 5), 10)
    return nodes.ravel()[:, None] * length, weights.ravel()[:, None] * length
