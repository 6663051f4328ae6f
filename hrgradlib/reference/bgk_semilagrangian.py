"""BGK along its characteristics: no Courant condition, third order in time at every ε.

Along ``x − v(t − s)`` the equation is ``ε f' = M − f``, so with one step h and ``ℓ = t_{n+1} − s``

    f(t_{n+1}, x, v) = e^{−h/ε} f(t_n, x − vh, v) + ∫_0^h e^{−ℓ/ε} M(t_{n+1} − ℓ, x − vℓ, v) dℓ/ε.

M is replaced by its polynomial in ℓ through the q last steps *and the new one*; the exponential is
integrated exactly. With ``S_ℓ`` the shift by vℓ,

    f^{n+1} = e^{−h/ε} S_h f^n + Σ_{j≥1} w_j S_{ℓ_j} M^{n+1−j} + w_0 M[U^{n+1}].

Moments of both sides, as ``<m M[U]> = U``: ``(1 − w_0) U^{n+1}`` is known. The implicit step is a
division. For ε → 0 the weights become those of BDF-q, for ε → ∞ free flight is exact. Shifts are
Lagrange interpolation on a uniform mesh with one set of weights per velocity, whose sum is one:
they conserve, and so does the scheme, to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import factorial, gammainc

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import invariants, maxwellian, primitive
from hrgradlib.reference._interpolation import lagrange

__all__ = ["Mesh", "SemiLagrangian", "collision_weights"]


@dataclass(frozen=True)
class Mesh:
    """What a run of `SemiLagrangian` is made of.

    Attributes:
        nx: cells in space, values at their centres.
        nv: velocities, equidistant between ± the problem's largest (trapezoidal rule: spectral).
        nt: steps to the final time, apart from the shorter ones at the start.
        order: q ≥ 1, number of earlier Maxwellians per step.
        degree: of the interpolation in x, odd.
    """

    nx: int = 1600
    nv: int = 121
    nt: int = 400
    order: int = 3
    degree: int = 7


class SemiLagrangian:
    """The scheme above for one problem and one Knudsen number.

    Args:
        problem: initial state, domain and far field.
        eps: Knudsen number, > 0; 1e-8 and 1e8 are as good as any.
        mesh: see :class:`Mesh`.
        periodic: repeat the domain instead of the far-field states (for tests of conservation).

    Raises:
        ValueError: ``eps`` is not positive and finite, or a number of the mesh is too small.
    """

    def __init__(
        self, problem: BGKProblem, eps: float, mesh: Mesh | None = None, periodic: bool = False
    ) -> None:
        self.mesh = mesh or Mesh()
        if not (np.isfinite(eps) and eps > 0):
            raise ValueError(f"SemiLagrangian: found eps = {eps}; expected a finite eps > 0.")
        if self.mesh.nx < 16 or self.mesh.nv < 3 or self.mesh.nt < 1 or self.mesh.order < 1:
            raise ValueError(
                f"SemiLagrangian: found {self.mesh}; expected nx ≥ 16, nv ≥ 3, nt ≥ 1, order ≥ 1."
            )
        if self.mesh.degree % 2 == 0 or self.mesh.degree < 1:
            raise ValueError(
                f"SemiLagrangian: found degree = {self.mesh.degree}; expected an odd number."
            )
        self.problem, self.eps, self.periodic = problem, float(eps), periodic
        low, high = problem.domain
        self.dx = (high - low) / self.mesh.nx
        self.x = low + (np.arange(self.mesh.nx) + 0.5) * self.dx
        self.v = np.linspace(-problem.max_speed, problem.max_speed, self.mesh.nv)
        self.sums = invariants(self.v) * (self.v[1] - self.v[0])
        self._far = [
            maxwellian(np.array(s)[:, None, None], self.v[:, None])
            for s in (problem.left, problem.right)
        ]
        self._plans: dict[float, list] = {}
        self._reset()

    def _reset(self) -> None:
        start = np.moveaxis(self.problem.initial_moments(self.x)[0], -1, 0)
        self.f = maxwellian(start, self.v[:, None])
        self.t = 0.0
        self._history = [(0.0, self.f)]  # newest last

    def run(self, times: Sequence[float]) -> list[tuple[NDArray, NDArray]]:
        """Moments [4, X] (ρ, ρu, E, ½<v³f>) and f [V, X] at ascending times ≥ 0.

        Every interval between times is cut into equal steps of at most ``final_time/nt``; the
        first one starts with steps 20 times shorter that grow by a quarter, as the scheme has no
        history yet and the initial layer of width ε begins there.
        """
        results = []
        longest = self.problem.final_time / self.mesh.nt
        for t in times:
            for h in _steps(t - self.t, longest, first=self.t == 0.0):
                self._step(h)
            results.append((self.sums @ self.f, self.f.copy()))
        return results

    def _step(self, h: float) -> None:
        new = self.t + h
        past = self._history[::-1][: self.mesh.order]
        lags = np.array([0.0] + [new - t for t, _ in past])
        weights, survival = collision_weights(lags, self.eps)
        recent = (survival * self.f + weights[1] * past[0][1]) / (survival + weights[1])
        known = (survival + weights[1]) * self._shift(recent, h)
        for lag, weight, (_, old) in zip(lags[2:], weights[2:], past[1:], strict=True):
            known += weight * self._shift(old, lag)
        # 1 − w_0, written without cancellation: the weights sum to 1 − e^{−h/ε}
        moments = self.sums[:3] @ known / (survival + weights[1:].sum())
        equilibrium = maxwellian(primitive(moments, "SemiLagrangian"), self.v[:, None])
        self.f = known + weights[0] * equilibrium
        self.t = new
        self._history = [*self._history, (new, equilibrium)][-self.mesh.order :]

    def _shift(self, values: NDArray, lag: float) -> NDArray:
        """``values(x − v lag, v)``: an integer number of cells and Lagrange interpolation."""
        plans = self._plan(round(lag, 13))
        pad = max(max(-start, start + self.mesh.degree) for start, _ in plans)
        count = self.mesh.nx
        if self.periodic:
            wide = np.take(values, np.arange(-pad, count + pad) % count, axis=1)
        else:
            wide = np.concatenate(
                [np.repeat(self._far[0], pad, 1), values, np.repeat(self._far[1], pad, 1)], 1
            )
        result = np.empty_like(values)
        for row, (start, kernel) in enumerate(plans):
            piece = wide[row, pad + start : pad + start + count + self.mesh.degree]
            result[row] = np.convolve(piece, kernel, "valid")
        return result

    def _plan(self, lag: float) -> list[tuple[int, NDArray]]:
        """For every velocity the first cell of the stencil and its weights, reversed."""
        if lag not in self._plans:
            if len(self._plans) > 64:
                self._plans.clear()
            offsets = -self.v * lag / self.dx
            whole = np.floor(offsets).astype(int)
            nodes = np.arange(self.mesh.degree + 1) - (self.mesh.degree - 1) // 2
            self._plans[lag] = [
                (int(k + nodes[0]), lagrange(nodes, o - k)[::-1])
                for k, o in zip(whole, offsets, strict=True)
            ]
        return self._plans[lag]


def collision_weights(lags: NDArray, eps: float) -> tuple[NDArray, float]:
    """``w_j = ∫_0^h e^{−ℓ/ε} L_j(ℓ) dℓ/ε`` and ``e^{−h/ε}``, with ``Σ w_j = 1 − e^{−h/ε}``.

    Args:
        lags: ``ℓ_0 = 0 < ℓ_1 = h < ℓ_2 …``, [q + 1], the nodes of the Lagrange polynomials L_j.
        eps: Knudsen number.
    """
    h = lags[1]
    z = h / eps
    powers = np.arange(lags.size)
    # ∫_0^h e^{−ℓ/ε} (ℓ/h)^k dℓ/ε; the tiny z is where gammainc/z^k would be 0/0
    if z < 1e-12:
        integrals = z / (powers + 1)
    else:
        integrals = factorial(powers) * gammainc(powers + 1, z) / z**powers
    nodes = lags / h
    weights = np.empty(lags.size)
    for j, node in enumerate(nodes):
        polynomial = np.ones(1)
        for other in np.delete(nodes, j):
            polynomial = np.convolve(polynomial, [-other, 1.0]) / (node - other)
        weights[j] = polynomial @ integrals
    return weights, float(np.exp(-z))


def _steps(length: float, longest: float, first: bool) -> list[float]:
    """Steps that fill an interval, the first ones of all short and growing by a quarter."""
    steps: list[float] = []
    h = longest / 20
    while first and h < longest and sum(steps) + h < 0.5 * length:
        steps.append(h)
        h *= 1.25
    rest = length - sum(steps)
    count = int(np.ceil(rest / longest - 1e-9))
    return steps + [rest / count] * count if count else steps
