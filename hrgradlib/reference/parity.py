"""An asymptotic-preserving scheme for transport with inflow: even–odd parts, spectral elements.

With ``r = ½(f(v) + f(−v))`` and ``j = (f(v) − f(−v))/(2ε)``, v > 0, the equation reads

    ∂t r + v ∂x j = (ρ − r)/ε² + S,   ε² ∂t j + v ∂x r + j = 0,   r ± ε j = inflow at x = 0, 1,

with ``ρ = <r>`` and a source S(t, x). In x, r is continuous and piecewise polynomial, j has the
degree of ``∂x r``; inflow enters through the weak form, ``v j = ± v (inflow − r)/ε``. In t the
scheme is the L-stable SDIRK method of order 4 by Hairer and Wanner (II, table IV.6.5). The stage
system is solved for ``ρ`` and ``m = (r − ρ)/ε²``, not for f, so that nothing cancels as ε → 0: the
limit is the same elements and time steps for ``∂t ρ = ⅓ ∂xx ρ``. Neither the mesh nor the time step
has to know ε.

An independent check of `hrgradlib.reference.inflow`: a mesh in x and t where that has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray
from scipy.special import expn

from hrgradlib.reference._arguments import checked
from hrgradlib.reference._inflow_modes import half_range

__all__ = ["ParityScheme", "ParitySolution", "graded_edges", "uncollided_density"]

_STAGES = np.array(
    [
        [1 / 4, 0, 0, 0, 0],
        [1 / 2, 1 / 4, 0, 0, 0],
        [17 / 50, -1 / 25, 1 / 4, 0, 0],
        [371 / 1360, -137 / 2720, 15 / 544, 1 / 4, 0],
        [25 / 24, -49 / 48, 125 / 16, -85 / 12, 1 / 4],  # also the weights: stiffly accurate
    ]
)
_ABSCISSAE = _STAGES.sum(1)


def graded_edges(eps: float, largest: float = 0.05, smallest: float = 0.01) -> NDArray:
    """Edges that double in length from ``smallest·ε`` at both walls to ``largest``.

    Their number grows with ln(1/ε): the layers at the walls are as wide as ε.
    """
    width, left = min(smallest * eps, largest), [0.0]
    while left[-1] + width < 0.5:
        left.append(left[-1] + width)
        width = min(largest, 2 * width)
    return np.concatenate([left, [0.5], 1 - np.array(left[::-1])])


def uncollided_density(t: float, x: NDArray, eps: float) -> NDArray:
    """Density of the particles of a unit inflow at x = 0 that never collided.

    Behind the front ``f = e^{−x/(εv)}``, so it is ``½ (E_2(X) − (X/τ) E_2(τ))`` with
    ``X = x/ε < τ = t/ε²``.
    """
    x, tau = x / eps, t / eps**2
    if tau == 0:
        return np.zeros_like(x)
    return np.where(x < tau, 0.5 * (expn(2, x) - x / tau * expn(2, tau)), 0.0)


@dataclass(frozen=True)
class ParitySolution:
    """What the scheme ends with.

    Attributes:
        rho: nodal values of the density (of the collided particles, if they were split off).
        entered: mass that came in through walls and source, as the scheme counted it.
    """

    scheme: ParityScheme
    t: float
    rho: NDArray
    entered: float

    def density(self, x: ArrayLike) -> NDArray:
        """``ρ(t, x)``, x in [0, 1] of any shape."""
        (x,) = checked("ParitySolution", x=x)
        s = self.scheme
        element = np.clip(np.searchsorted(s.edges, x, side="right") - 1, 0, s.lengths.size - 1)
        local = 2 * (x - s.edges[element]) / s.lengths[element] - 1
        values = (legendre.legvander(local, s.degree) @ s.to_series) * self.rho[s.nodes[element]]
        return s.initial + values.sum(-1) + s.uncollided(self.t, x)

    def mass(self) -> float:
        """Integral of the piecewise polynomial (less the initial state)."""
        return float(self.scheme.mass_matrix.sum(0) @ self.rho)


class ParityScheme:
    """The scheme for one ε on one mesh.

    Args:
        eps: Knudsen number.
        edges: [E + 1] ends of the elements, from 0 to 1.
        degree: of the polynomials for r, at least 1; the order in x is ``degree + 1``.
        n_velocity: nodes in v on (0, 1).
        left, right, initial: constants, see `InflowReference`.
        split: take the uncollided particles, which fly in fronts, from their formula and solve for
            the others, which they feed. Needed where fronts matter (ε ≳ 0.05); the mesh must then
            resolve the layers (`graded_edges`).
    """

    def __init__(
        self,
        eps: float,
        edges: NDArray,
        degree: int = 4,
        n_velocity: int = 16,
        *,
        left: float = 1.0,
        right: float = 0.0,
        initial: float = 0.0,
        split: bool = False,
    ) -> None:
        checked("ParityScheme", eps=eps, left=left, right=right, initial=initial)
        edges = np.asarray(edges, dtype=float)
        if edges.size < 2 or edges[0] != 0 or edges[-1] != 1 or (np.diff(edges) <= 0).any():
            raise ValueError("ParityScheme: expected edges that increase from 0 to 1.")
        if degree < 1:
            raise ValueError(f"ParityScheme: found degree = {degree}; expected at least 1.")
        self.eps, self.edges, self.degree, self.split = float(eps), edges, degree, split
        self.initial, self.inflow = initial, np.array([left - initial, right - initial])
        self.v, self.w = half_range(n_velocity, power=2)
        self._build()

    def _build(self) -> None:
        p = self.degree
        self.lengths = np.diff(self.edges)
        inner = legendre.legroots(legendre.legder([0] * p + [1])) if p > 1 else np.empty(0)
        gauss, self._gauss_weights = legendre.leggauss(p + 1)
        self.to_series = np.linalg.inv(legendre.legvander(np.r_[-1.0, inner, 1.0], p))
        self._values = legendre.legvander(gauss, p) @ self.to_series
        derivative = legendre.legder(np.eye(p + 1))
        self._slopes = legendre.legvander(gauss, p - 1) @ derivative @ self.to_series
        self.nodes = np.arange(self.lengths.size)[:, None] * p + np.arange(p + 1)
        self._points = self.edges[:-1, None] + self.lengths[:, None] * (gauss + 1) / 2
        self.mass_matrix = self._assemble(self._values, self.lengths / 2)
        self._stiffness = self._assemble(self._slopes, 2 / self.lengths)
        self._walls = np.zeros(self.nodes.max() + 1)
        self._walls[[0, -1]] = 1.0

    def _assemble(self, basis: NDArray, scale: NDArray) -> NDArray:
        local = (basis.T * self._gauss_weights) @ basis
        result = np.zeros((self.nodes.max() + 1,) * 2)
        for nodes, factor in zip(self.nodes, scale, strict=True):
            result[np.ix_(nodes, nodes)] += factor * local
        return result

    def uncollided(self, t: float, x: NDArray) -> NDArray:
        """Density of the uncollided particles if they are split off, else zero."""
        if not self.split:
            return np.zeros_like(x)
        left, right = self.inflow
        return left * uncollided_density(t, x, self.eps) + right * uncollided_density(
            t, 1 - x, self.eps
        )

    def solve(self, t: float, steps: int) -> ParitySolution:
        """Integrate from 0 to t in equal steps.

        Raises:
            ValueError: ``t = 0``, no step, or an argument out of its range.
        """
        checked("ParityScheme", t=t)
        if steps < 1 or t == 0:
            raise ValueError(
                f"ParityScheme: found t = {t}, steps = {steps}; expected t > 0 and "
                "at least one step."
            )
        h = t / steps
        stage = _Stage(self, _STAGES[0, 0] * h)
        r = np.zeros((self.v.size, self._walls.size))
        j = np.zeros((self.v.size, *self._points.shape))
        entered = 0.0
        for step in range(steps):
            slopes_r: list[NDArray] = []
            slopes_j: list[NDArray] = []
            for row, at in zip(_STAGES, _ABSCISSAE, strict=True):
                known_r = r + h * sum(a * k for a, k in zip(row, slopes_r, strict=False))
                known_j = j + h * sum(a * k for a, k in zip(row, slopes_j, strict=False))
                new_r, new_j, rate = stage.advance(known_r, known_j, self._load((step + at) * h))
                slopes_r.append((new_r - known_r) / stage.a)
                slopes_j.append((new_j - known_j) / stage.a)
                entered += h * _STAGES[-1, len(slopes_r) - 1] * rate
            r, j = new_r, new_j
        return ParitySolution(self, t, self.w @ r, entered)

    def _load(self, t: float) -> NDArray:
        """``∫ S ψ`` for every basis function ψ; S are the first collisions."""
        result = np.zeros(self._walls.size)
        if self.split:
            source = self.uncollided(t, self._points) / self.eps**2
            local = source * self._gauss_weights * self.lengths[:, None] / 2
            np.add.at(result, self.nodes, local @ self._values)
        return result


class _Stage:
    """Solves ``y = known + a F(y)``, all matrices for one a made once.

    With ``A_i`` for transport and time and ``B = mass matrix``, the stage is ``A_i r_i + B m_i =
    b_i``, ``r_i = ρ + ε² m_i``, ``Σ w_i m_i = 0``. Eliminated: ``ρ = (Σ w_i C_i A_i)^{-1} Σ w_i C_i
    b_i`` with ``C_i = (ε² A_i + B)^{-1}``, then ``m_i = C_i (b_i − A_i ρ)``.
    """

    def __init__(self, scheme: ParityScheme, a: float) -> None:
        s, self.s, self.a = scheme, scheme, a
        self.damping = s.eps**2 + a
        v = s.v[:, None, None]
        self.matrices = (
            s.mass_matrix / a
            + v**2 * a / self.damping * s._stiffness
            + v / s.eps * np.diag(s._walls)
        )
        self.inverses = np.linalg.inv(s.eps**2 * self.matrices + s.mass_matrix)
        self.weighted = s.w[:, None, None] * self.inverses
        self.reduced = np.linalg.inv((self.weighted @ self.matrices).sum(0))

    @cached_property
    def wall_data(self) -> NDArray:
        data = np.zeros(self.s._walls.size)
        if not self.s.split:
            data[[0, -1]] = self.s.inflow
        return data

    def advance(self, r: NDArray, j: NDArray, load: NDArray) -> tuple[NDArray, NDArray, float]:
        """New r [N, n] and j [N, E, q], and the rate at which mass enters."""
        s, v = self.s, self.s.v[:, None]
        b = (
            r @ s.mass_matrix / self.a
            + v * s.eps**2 / self.damping * self._weak(j)
            + v / s.eps * self.wall_data
            + load
        )
        rho = self.reduced @ (self.weighted @ b[..., None]).sum(0)[:, 0]
        micro = (self.inverses @ (b - self.matrices @ rho)[..., None])[..., 0]
        new = rho + s.eps**2 * micro
        slope = np.einsum("qk,iek->ieq", s._slopes, new[:, s.nodes]) * (2 / s.lengths)[:, None]
        flow = (s.eps**2 * j - self.a * v[..., None] * slope) / self.damping
        through_walls = s.w @ (v / s.eps * (self.wall_data - s._walls * new))
        return new, flow, float(load.sum() + through_walls.sum())

    def _weak(self, j: NDArray) -> NDArray:
        """``∫ j ψ'``."""
        local = (j * self.s._gauss_weights) @ self.s._slopes
        result = np.zeros((self.s._walls.size, j.shape[0]))
        np.add.at(result, self.s.nodes, np.moveaxis(local, 0, -1))
        return result.T
