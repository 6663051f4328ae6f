"""BGK by discrete velocities: flight explicit, collisions implicit, finite differences in x.

The second discretisation. It shares the problem's data with `bgk_semilagrangian` and nothing else:
another mesh, Gauss–Legendre velocities and discrete Maxwellians, fifth-order upwind differences
(WENO or with linear weights), Runge–Kutta ARS(4,4,3), whose last stage is the new value, so that
f is within O(ε) of a Maxwellian after every step whatever Δt/ε (asymptotic preserving).

The implicit stage ``f = f* + a Δt/ε (M[U] − f)`` costs a division: its moments are ``U = <m f*>``,
as ``<m (M[U] − f)> = 0``, and then ``f = (f* + z M[U])/(1 + z)``, ``z = a Δt/ε``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved, discrete_maxwellian, invariants

__all__ = ["Imex", "linear_faces", "weno_faces"]

# Ascher, Ruuth, Spiteri 1997, ARS(4,4,3): explicit and implicit coefficients, first stage f^n.
_EXPLICIT = np.array([
    [0, 0, 0, 0, 0],
    [1 / 2, 0, 0, 0, 0],
    [11 / 18, 1 / 18, 0, 0, 0],
    [5 / 6, -5 / 6, 1 / 2, 0, 0],
    [1 / 4, 7 / 4, 3 / 4, -7 / 4, 0],
])  # fmt: skip
_IMPLICIT = np.array([
    [0, 0, 0, 0, 0],
    [0, 1 / 2, 0, 0, 0],
    [0, 1 / 6, 1 / 2, 0, 0],
    [0, -1 / 2, 1 / 2, 1 / 2, 0],
    [0, 3 / 2, -3 / 2, 1 / 2, 1 / 2],
])  # fmt: skip
_GHOSTS = 3


class Imex:
    """The scheme above for one problem and one Knudsen number.

    Args:
        problem: initial state, domain and far field.
        eps: Knudsen number, > 0.
        nx: cells in space.
        nv: Gauss–Legendre velocities between ± the problem's largest.
        courant: bound of ``max|v| Δt/Δx``; independent of ε.
        weno: nonlinear weights, for data that the mesh does not resolve (shocks as ε → 0);
            otherwise the linear ones, which are exact to the same order.
        periodic: repeat the domain instead of the far-field states.

    Raises:
        ValueError: ``eps`` is not positive and finite, or the mesh is too small.
    """

    def __init__(
        self, problem: BGKProblem, eps: float, nx: int = 600, nv: int = 96,
        courant: float = 0.8, weno: bool = True, periodic: bool = False,
    ) -> None:  # fmt: skip
        if not (np.isfinite(eps) and eps > 0):
            raise ValueError(f"Imex: found eps = {eps}; expected a finite eps > 0.")
        if nx < 8 or nv < 4:
            raise ValueError(f"Imex: found nx = {nx}, nv = {nv}; expected nx ≥ 8 and nv ≥ 4.")
        if not 0 < courant <= 1:
            raise ValueError(f"Imex: found courant = {courant}; expected a number in (0, 1].")
        self.problem, self.eps, self.periodic = problem, float(eps), periodic
        low, high = problem.domain
        self.dx = (high - low) / nx
        self.x = low + (np.arange(nx) + 0.5) * self.dx
        nodes, weights = np.polynomial.legendre.leggauss(nv)
        self.v, self.weights = problem.max_speed * nodes, problem.max_speed * weights
        self.sums = invariants(self.v) * self.weights
        self.faces = weno_faces if weno else linear_faces
        self.longest = courant * self.dx / np.abs(self.v).max()
        self._far = [self._equilibrium(problem.left), self._equilibrium(problem.right)]
        self.f = self._discrete(np.moveaxis(problem.initial_moments(self.x)[0], -1, 0))
        self.t = 0.0

    def _equilibrium(self, state: Sequence[float]) -> NDArray:
        return self._discrete(np.array(state)[:, None])

    def _discrete(self, primitives: NDArray) -> NDArray:
        return discrete_maxwellian(conserved(primitives), self.v, self.weights)

    def run(self, times: Sequence[float]) -> list[tuple[NDArray, NDArray]]:
        """Moments [4, X] (ρ, ρu, E, ½<v³f>) and f [V, X] at ascending times ≥ 0."""
        results = []
        for t in times:
            count = int(np.ceil((t - self.t) / self.longest - 1e-9))
            for _ in range(count):
                self._step((t - self.t) / count)
            self.t = t
            results.append((self.sums @ self.f, self.f.copy()))
        return results

    def _step(self, h: float) -> None:
        flights, collisions = [], [np.zeros(())]
        stage = self.f
        for i in range(1, len(_EXPLICIT)):
            flights.append(self._flight(stage))
            known = self.f + h * sum(_EXPLICIT[i, j] * flights[j] for j in range(i))
            known += h * sum(_IMPLICIT[i, j] * collisions[j] for j in range(1, i))
            equilibrium = discrete_maxwellian(self.sums[:3] @ known, self.v, self.weights)
            z = h * _IMPLICIT[i, i] / self.eps
            stage = (known + z * equilibrium) / (1 + z)
            # (M − f)/ε, without the cancellation that would cost all digits at small ε
            collisions.append((equilibrium - known) / (self.eps + h * _IMPLICIT[i, i]))
        self.f = stage

    def _flight(self, f: NDArray) -> NDArray:
        """``−v ∂x f``: differences of upwind values at the faces, so that sums telescope."""
        if self.periodic:
            wide = np.concatenate([f[:, -_GHOSTS:], f, f[:, :_GHOSTS]], 1)
        else:
            left, right = (np.repeat(far, _GHOSTS, 1) for far in self._far)
            wide = np.concatenate([left, f, right], 1)
        middle = self.v.size // 2  # the velocities ascend and are symmetric
        result = np.empty_like(f)
        right_going = self.faces(wide[middle:, :-1])
        result[middle:] = right_going[:, :-1] - right_going[:, 1:]
        left_going = self.faces(wide[:middle, :0:-1])[:, ::-1]
        result[:middle] = left_going[:, :-1] - left_going[:, 1:]
        return result * (self.v[:, None] / self.dx)


def _stencil(f: NDArray) -> list[NDArray]:
    count = f.shape[1] - 4
    return [f[:, k : k + count] for k in range(5)]


def linear_faces(f: NDArray) -> NDArray:
    """Values at the downwind faces of cells 2 … n−3, wind to the right; fifth order.

    Args:
        f: [V, n] values at cell centres.

    Returns:
        [V, n − 4].
    """
    a, b, c, d, e = _stencil(f)
    return (2 * a - 13 * b + 47 * c + 27 * d - 3 * e) / 60


def weno_faces(f: NDArray) -> NDArray:
    """As `linear_faces`, with the weights of WENO-Z, which avoid stencils that cross a jump."""
    a, b, c, d, e = _stencil(f)
    left = 13 / 12 * (a - 2 * b + c) ** 2 + 0.25 * (a - 4 * b + 3 * c) ** 2
    centre = 13 / 12 * (b - 2 * c + d) ** 2 + 0.25 * (b - d) ** 2
    right = 13 / 12 * (c - 2 * d + e) ** 2 + 0.25 * (3 * c - 4 * d + e) ** 2
    tau = np.abs(left - right)
    tiny = 1e-40  # below the square of every value that matters: weights stay scale invariant
    w0 = 0.1 * (1 + (tau / (left + tiny)) ** 2)
    w1 = 0.6 * (1 + (tau / (centre + tiny)) ** 2)
    w2 = 0.3 * (1 + (tau / (right + tiny)) ** 2)
    values = w0 * (2 * a - 7 * b + 11 * c) + w1 * (5 * c - b + 2 * d) + w2 * (2 * c + 5 * d - e)
    return values / (6 * (w0 + w1 + w2))
