"""Slab inflow by Laplace transform in t, and modes in x that are exact for discrete velocities.

With ``μ = 1 + ε² λ`` the transform obeys ``μ f̂ + ε v ∂x f̂ = <f̂>``, ``f̂ = 1/λ`` coming in on the
left and nothing on the right. On velocities ±v_i it is solved without a mesh in x by

    f̂(x, v) = Σ_j a⁺_j e^{−γ_j x}/(μ − ε γ_j v) + a⁻_j e^{−γ_j (1−x)}/(μ + ε γ_j v),
    <1/(μ − ε γ_j v)> = 1,                              2N numbers a± from 2N inflow data

(Case's modes, discretised; their densities are 1). The mode that carries diffusion, ``γ_0² → 3λ``
as ε → 0, is found from ``<v² γ²/(μ² − ε² γ² v²)> = λ``, where nothing cancels. The transform is
inverted on a parabola around the negative axis, whose nodes and weights do not depend on ε. Right
of ``Re λ = −1/ε²`` there is nothing but poles on the axis: what the parabola leaves out is of size
``e^{−t/ε²}``, so that the formula serves where particles collide often.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expansion", "expand", "half_range"]

_CHUNK = 2_000
_FOREVER = 1e5  # mean free times after which nothing flies on without a collision


def half_range(count: int, power: int = 3) -> tuple[NDArray, NDArray]:
    """Nodes in (0, 1) and weights with sum 1, ``v = u^power`` on Gauss nodes u.

    Near a wall f depends on v like ``e^{−x/(εv)}``; the substitution crowds the nodes towards
    v = 0 and lifts the order of the density from 2 (power 1) to 2·power.
    """
    u, weights = np.polynomial.legendre.leggauss(count)
    u = (u + 1) / 2
    return u**power, power * u ** (power - 1) * weights / 2


@dataclass(frozen=True)
class Expansion:
    """The transform at the contour's nodes (C of them) and what inverts it, for one (t, ε).

    Attributes:
        weights: [C] such that a function of time is ``Re Σ weights · transform``.
        laplace, mu: [C] λ and ``1 + ε² λ``.
        rate: [C, N] ``γ_j``.
        left, right: [C, N] ``a⁺_j`` and ``a⁻_j``.
    """

    t: float
    eps: float
    weights: NDArray
    laplace: NDArray
    mu: NDArray
    rate: NDArray
    left: NDArray
    right: NDArray

    def density(self, x: NDArray) -> NDArray:
        """``ρ`` at the points x [M] in [0, 1]."""
        return self._combine(x, self.left, self.right)

    def flux(self, x: NDArray) -> NDArray:
        """``<v f>/ε`` at the points x; a mode's is ``λ/γ`` times its density."""
        slope = self.laplace[:, None] / self.rate
        return self._combine(x, self.left * slope, -self.right * slope)

    def _combine(self, x: NDArray, left: NDArray, right: NDArray) -> NDArray:
        result = np.empty(x.size)
        for at in range(0, x.size, _CHUNK):
            part = x[at : at + _CHUNK, None, None]
            waves = left * np.exp(-self.rate * part) + right * np.exp(-self.rate * (1 - part))
            result[at : at + _CHUNK] = (waves.sum(-1) @ self.weights).real
        return result

    def mass(self) -> float:
        """``∫ρ dx``."""
        shape = -np.expm1(-self.rate) / self.rate
        return float((self.weights @ ((self.left + self.right) * shape).sum(1)).real)

    def distribution(self, x: NDArray, v: NDArray) -> NDArray:
        """``f`` at pairs (x, v), both [M]; the uncollided part with its front, exactly."""
        result = np.empty(x.size)
        for at in range(0, x.size, _CHUNK):
            part = slice(at, at + _CHUNK)
            result[part] = self._from_source(x[part], v[part])
        return result

    def _from_source(self, x: NDArray, v: NDArray) -> NDArray:
        """The density's transform, integrated along the flight from the wall behind."""
        speed, flown = np.abs(v), np.where(v > 0, x, 1 - x)
        with np.errstate(divide="ignore", invalid="ignore"):
            free_time = np.where(flown > 0, flown / (self.eps * speed), 0.0)
        free_time = np.minimum(free_time, _FOREVER)  # of flight since the wall, in units of ε²
        same = np.where(v > 0, self.left[..., None], self.right[..., None])
        other = np.where(v > 0, self.right[..., None], self.left[..., None])
        rate, mu = self.rate[..., None], self.mu[:, None, None]
        decay = np.exp(-mu * free_time)
        wave = same * _divided_difference(
            np.exp(-rate * flown), decay, mu - self.eps * rate * speed, free_time
        )
        back = np.exp(-rate * (1 - flown)) - np.exp(-rate) * decay
        wave += other * back / (mu + self.eps * rate * speed)
        arrived = (v > 0) & (flown <= speed * self.t / self.eps)
        return (self.weights @ wave.sum(1)).real + np.where(arrived, np.exp(-free_time), 0.0)


def _divided_difference(wave: NDArray, decay: NDArray, lag: NDArray, time: NDArray) -> NDArray:
    """``(wave − decay)/lag`` with ``decay = wave · e^{−lag·time}``, stable where lag is small."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result = (wave - decay) / lag
    small = np.abs(lag) * time < 0.5
    z = (lag * time)[small]
    ratio = np.ones_like(z)
    np.divide(-np.expm1(-z), z, out=ratio, where=z != 0)
    result[small] = (wave * time)[small] * ratio
    return result


def expand(
    t: float, eps: float, n_velocity: int = 32, n_contour: int = 24, reach: float = 0.98
) -> Expansion:
    """Solve at every node of the contour.

    Args:
        t, eps: dimensionless, positive.
        n_velocity: velocities on each half of the range.
        n_contour: nodes on the upper half of the parabola.
        reach: the parabola ends at ``Re λ = −min(36/t, reach/ε²)``.
    """
    laplace, weights = _contour(t, eps, n_contour, reach)
    v, w = half_range(n_velocity)
    mu = 1 + eps**2 * laplace
    rate = _rates(laplace, mu, eps, v, w)
    toward = 1 / (mu[:, None, None] - eps * rate[:, None, :] * v[:, None])
    away = 1 / (mu[:, None, None] + eps * rate[:, None, :] * v[:, None])
    across = away * np.exp(-rate)[:, None, :]
    system = np.block([[toward, across], [across, toward]])
    inflow = np.zeros((laplace.size, 2 * v.size), dtype=complex)
    inflow[:, : v.size] = 1 / laplace[:, None]
    solution = np.linalg.solve(system, inflow[..., None])[..., 0]
    plus, minus = solution[:, : v.size], solution[:, v.size :]
    return Expansion(t, eps, weights, laplace, mu, rate, plus, minus)


def _contour(t: float, eps: float, count: int, reach: float) -> tuple[NDArray, NDArray]:
    """Nodes λ and weights of the parabola ``λ t = m (1 + iu)²``, u > 0 (the rest by symmetry)."""
    depth = min(36.0, reach * t / eps**2)
    scale = 4.5 if depth > 20 else 3.0
    step = np.sqrt(1 + depth / scale) / count
    side = 1 + 1j * (np.arange(count) + 0.5) * step
    z = scale * side**2
    return z / t, np.exp(z) * 2 * scale * side * step / (np.pi * t)


def _rates(laplace: NDArray, mu: NDArray, eps: float, v: NDArray, w: NDArray) -> NDArray:
    """``γ_j``, [C, N], real parts positive, the diffusive one first.

    ``(ε γ_j)²`` are the eigenvalues of ``μ² diag(1/v²) − μ q qᵀ`` with ``q = √w/v``.
    """
    q = np.sqrt(w) / v
    matrix = (mu**2)[:, None, None] * np.diag(v**-2) - mu[:, None, None] * np.outer(q, q)
    squares = np.linalg.eigvals(matrix)
    squares = np.take_along_axis(squares, np.argsort(np.abs(squares), 1), 1) / eps**2
    diffusive = np.where(np.abs(eps**2 * laplace) < 0.1, 3 * laplace, squares[:, 0])[:, None]
    for _ in range(20):
        lag = mu[:, None] ** 2 - eps**2 * diffusive * v**2
        value = (w * v**2 * diffusive / lag).sum(1) - laplace
        slope = (w * v**2 * mu[:, None] ** 2 / lag**2).sum(1)
        diffusive = diffusive - (value / slope)[:, None]
    squares[:, :1] = diffusive
    rate = np.sqrt(squares)
    return np.where(rate.real < 0, -rate, rate)
