"""``bgk-riemann`` for every Knudsen number at once, from the integral equation of its moments.

A jump at x = 0 has no length. The solution therefore depends on ``τ = t/ε`` and ``ξ = x/t`` alone,
and in these variables the moments are smooth from τ = 0 on, where they are those of free flight.
Along the characteristics (Duhamel), with ``η = v + (ξ − v) τ/σ`` the place at time σ of who is at
ξ at time τ,

    f(τ, ξ, v) = e^{−τ} f_0(ξ − v) + ∫_0^τ e^{−(τ−σ)} M[U(σ, η)](v) dσ .

Its moments are an equation for U alone: no mesh in v to resolve the jump of f at v = ξ, no time
step and no boundary. U is a polynomial in τ on each of a few panels (collocation), a spline in ξ;
the integrals are Gauss and trapezoidal sums that converge faster than any power; panels are solved
one after the other by fixed-point iteration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

from hrgradlib.kinetics.maxwellian import full_moments, half_moments, maxwellian, primitive
from hrgradlib.reference._interpolation import lagrange

__all__ = ["Similarity", "SimilarityMesh", "solve_similarity"]


@dataclass(frozen=True)
class SimilarityMesh:
    """What the table is made of.

    Attributes:
        edges: of the panels in τ, from 0 on.
        degree: of the polynomials in τ.
        spacing, reach: nodes in ξ from −reach to reach; beyond it the states are constant.
        nodes: Gauss nodes in σ per panel, and twice as many in the first one.
        nv: velocities of the trapezoidal rule; n_eta: Gauss nodes in η.
        tolerance: of the fixed-point iteration.
    """

    edges: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    degree: int = 5
    spacing: float = 0.1
    reach: float = 9.0
    nodes: int = 8
    nv: int = 81
    n_eta: int = 96
    tolerance: float = 1e-11

    def __post_init__(self) -> None:
        if self.edges[0] != 0 or not (np.diff(self.edges) > 0).all():
            raise ValueError(f"SimilarityMesh: found edges = {self.edges}; expected 0 < a < b < …")


def solve_similarity(
    left: tuple[float, ...], right: tuple[float, ...], mesh: SimilarityMesh, max_speed: float = 10.0
) -> dict[str, NDArray]:
    """The table that :class:`Similarity` reads.

    Args:
        left, right: (ρ, u, Θ) of the jump.
        mesh: see :class:`SimilarityMesh`.
        max_speed: velocities beyond ± this are left out.

    Returns:
        ``edges`` [P + 1], ``xi`` [X], ``states`` [P, degree + 1, 4, X]: ρ, u, Θ, ½<v³f> at the
        collocation points of each panel, ``left``, ``right``.

    Raises:
        RuntimeError: the iteration did not converge; shorter panels are needed.
    """  # noqa: DOC502 (raised by the panels)
    return _Solver(left, right, mesh, max_speed).table()


class _Solver:
    def __init__(self, left, right, mesh: SimilarityMesh, max_speed: float) -> None:
        self.mesh, self.left, self.right = mesh, np.array(left, float), np.array(right, float)
        count = int(round(2 * mesh.reach / mesh.spacing)) + 1
        self.xi = np.linspace(-mesh.reach, mesh.reach, count)
        self.v = np.linspace(-max_speed, max_speed, mesh.nv)[:, None]
        nodes, weights = np.polynomial.legendre.leggauss(mesh.n_eta)
        self.eta, self.eta_weights = mesh.reach * nodes[:, None], mesh.reach * weights[:, None]
        self.places = _lobatto(mesh.degree)
        self.free = self._sides(self.xi, self.xi)
        self.panels: list[tuple[float, float, NDArray]] = []

    def table(self) -> dict[str, NDArray]:
        start = self._state(self.free)
        for a, b in zip(self.mesh.edges[:-1], self.mesh.edges[1:], strict=True):
            states = self._panel(a, b, start)
            self.panels.append((a, b, states))
            start = states[-1]
        return {
            "edges": np.array(self.mesh.edges), "xi": self.xi, "left": self.left,
            "right": self.right, "states": np.stack([p[2] for p in self.panels]),
        }  # fmt: skip

    def _panel(self, a: float, b: float, start: NDArray) -> NDArray:
        """States at the collocation points of one panel, [degree + 1, 4, X].

        Raises:
            RuntimeError: the iteration did not converge.
        """
        times = a + (b - a) * self.places
        past = [self._past(tau) for tau in times]
        states = np.stack([start] * times.size)
        for _ in range(200):
            new = [start]
            for tau, known in zip(times[1:], past[1:], strict=True):
                recent = self._collided(a, b, states, a, tau, tau)
                new.append(self._state(known + recent))
            change = np.abs(np.stack(new) - states).max()
            states = np.stack(new)
            if change < self.mesh.tolerance:
                return states
        raise RuntimeError(f"solve_similarity: no convergence on [{a}, {b}]; change {change:.1e}.")

    def _past(self, tau: float) -> NDArray:
        """What flies freely, and what collided last in the panels before."""
        total = np.exp(-tau) * self.free
        for a, b, states in self.panels:
            total = total + self._collided(a, b, states, a, b, tau)
        return total

    def _collided(self, a, b, states, low, high, tau) -> NDArray:
        """``∫_low^high e^{−(τ−σ)} <m M[U(σ, η)]> dσ`` with U the polynomial of the panel [a, b]."""
        nodes, weights = np.polynomial.legendre.leggauss(self.mesh.nodes * (1 if a > 0 else 2))
        total = np.zeros_like(self.free)
        for y, weight in zip(0.5 * (nodes + 1), 0.5 * (high - low) * weights, strict=True):
            sigma = low + (high - low) * y
            here = np.tensordot(lagrange(self.places, (sigma - a) / (b - a)), states[:, :3], 1)
            total += weight * np.exp(sigma - tau) * self._arriving(here, sigma, tau)
        return total

    def _arriving(self, state: NDArray, sigma: float, tau: float) -> NDArray:
        """``<m M[U(σ, η)]>`` at (τ, ξ): moments of who leaves equilibrium at σ and flies on."""
        spline = make_interp_spline(self.xi, state.T, 5)
        if sigma > 0.5 * tau:  # the velocities spread less than the places: sum over velocities
            eta = np.clip(self.v + (self.xi - self.v) * (tau / sigma), -self.mesh.reach,
                          self.mesh.reach)  # fmt: skip
            flying = maxwellian(np.moveaxis(spline(eta), -1, 0), self.v)
            return _sums(flying * (self.v[1] - self.v[0]), self.v)
        rate = sigma / (tau - sigma)  # dv = rate dη; sum over places, constant states beyond reach
        v = self.xi + (self.xi - self.eta) * rate
        flying = maxwellian(np.moveaxis(spline(self.eta), -1, 0), v)
        slowest = self.xi + (self.xi + self.mesh.reach) * rate
        fastest = self.xi + (self.xi - self.mesh.reach) * rate
        return _sums(flying * (rate * self.eta_weights), v) + self._sides(slowest, fastest)

    def _sides(self, above: NDArray, below: NDArray) -> NDArray:
        """Moments of the left Maxwellian for v > above and of the right one for v < below."""
        right = self.right[:, None]
        whole = full_moments(np.broadcast_to(right, (3, below.size)))
        return half_moments(self.left[:, None], above) + whole - half_moments(right, below)

    @staticmethod
    def _state(moments: NDArray) -> NDArray:
        return np.concatenate([primitive(moments[:3], "solve_similarity"), moments[3:]])


def _sums(weighted: NDArray, v: NDArray) -> NDArray:
    """``Σ (1, v, v²/2, v³/2) f`` over the first axis."""
    return np.stack(
        [
            weighted.sum(0),
            (v * weighted).sum(0),
            0.5 * (v**2 * weighted).sum(0),
            0.5 * (v**3 * weighted).sum(0),
        ]
    )


class Similarity:
    """Moments and distribution of the Riemann problem at any (τ, ξ) of a table.

    Args:
        table: from :func:`solve_similarity`.
    """

    def __init__(self, table: Mapping[str, NDArray]) -> None:
        self.edges, self.xi = table["edges"], table["xi"]
        self.left, self.right = table["left"], table["right"]
        states = table["states"]
        self.places = _lobatto(states.shape[1] - 1)
        self._splines = make_interp_spline(self.xi, np.moveaxis(states, -1, 0), 5)

    @property
    def last(self) -> float:
        """Largest τ of the table."""
        return float(self.edges[-1])

    def state(self, tau: float, xi: NDArray) -> NDArray:
        """ρ, u, Θ, ½<v³f> at one τ in [0, last] and any ξ; [4, ...]."""
        panel = int(np.clip(np.searchsorted(self.edges, tau) - 1, 0, self.edges.size - 2))
        a, b = self.edges[panel : panel + 2]
        share = lagrange(self.places, (tau - a) / (b - a))
        c = np.einsum("k,xkj->xj", share, self._splines.c[:, panel])
        spline = BSpline(self._splines.t, c, 5)
        return np.moveaxis(spline(np.clip(xi, self.xi[0], self.xi[-1])), -1, 0)

    def distribution(self, tau: float, xi: NDArray, v: NDArray) -> NDArray:
        """The f at one τ in (0, last] and flat arrays ξ, v of one shape; the jump is exact."""
        xi, v = np.broadcast_arrays(xi, v)
        sides = (maxwellian(s.reshape((3,) + (1,) * v.ndim), v) for s in (self.left, self.right))
        result = np.exp(-tau) * np.where(xi < v, *sides)
        # M[U(σ, η)] changes where |ξ − v| τ ~ σ: panels that halve towards σ = 0 see every scale
        edges = np.union1d(tau * 0.5 ** np.arange(40), self.edges[self.edges < tau])
        nodes, weights = np.polynomial.legendre.leggauss(6)
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            for sigma, weight in zip(0.5 * (a + b + (b - a) * nodes), 0.5 * (b - a) * weights,
                                     strict=True):  # fmt: skip
                state = self.state(sigma, v + (xi - v) * (tau / sigma))[:3]
                result += weight * np.exp(sigma - tau) * maxwellian(state, v)
        return result


def _lobatto(degree: int) -> NDArray:
    """Chebyshev–Lobatto points on [0, 1]."""
    return 0.5 * (1 - np.cos(np.pi * np.arange(degree + 1) / degree))
