"""Slab inflow by Laplace transform in t, and modes in x that are exact for discrete velocities.

With ``s = 1 + ε² p`` the transform obeys ``s f̂ + ε v ∂x f̂ = <f̂>``, ``f̂ = 1/p`` coming in on the
left and nothing on the right. On velocities ±v_i it is solved without a mesh in x by

    f̂(x, v) = Σ_j a_j e^{−K_j x/ε}/(s − K_j v) + b_j e^{−K_j (1−x)/ε}/(s + K_j v),
    <1/(s − K_j v)> = 1,                                   2N numbers a_j, b_j from 2N inflow data

(Case's modes, discretised; their densities are 1). The mode that carries diffusion, ``K_0 = ε k``
with ``k² → 3p`` as ε → 0, is found from ``<v² k²/(s² − ε² k² v²)> = p``, where nothing cancels.
The transform is inverted on a parabola around the negative axis, whose nodes and weights do not
depend on ε. Right of ``Re p = −1/ε²`` there is nothing but poles on the axis: what the parabola
leaves out is of size ``e^{−t/ε²}``, so that the formula serves where particles collide often.
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
        p, s: [C] Laplace variable and ``1 + ε² p``.
        rate: [C, N] ``K_j/ε``.
        left, right: [C, N] ``a_j`` and ``b_j``.
    """

    t: float
    eps: float
    weights: NDArray
    p: NDArray
    s: NDArray
    rate: NDArray
    left: NDArray
    right: NDArray

    def density(self, x: NDArray) -> NDArray:
        """``ρ`` at the points x [M] in [0, 1]."""
        return self._combine(x, self.left, self.right)

    def flux(self, x: NDArray) -> NDArray:
        """``<v f>/ε`` at the points x; a mode's is ``p/rate`` times its density."""
        slope = self.p[:, None] / self.rate
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
        rate, s = self.rate[..., None], self.s[:, None, None]
        decay = np.exp(-s * free_time)
        wave = same * _divided_difference(
            np.exp(-rate * flown), decay, s - self.eps * rate * speed, free_time
        )
        back = np.exp(-rate * (1 - flown)) - np.exp(-rate) * decay
        wave += other * back / (s + self.eps * rate * speed)
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
        reach: the parabola ends at ``Re p = −min(36/t, reach/ε²)``.
    """
    p, weights = _contour(t, eps, n_contour, reach)
    v, w = half_range(n_velocity)
    s = 1 + eps**2 * p
    rate = _rates(p, s, eps, v, w)
    toward = 1 / (s[:, None, None] - eps * rate[:, None, :] * v[:, None])
    away = 1 / (s[:, None, None] + eps * rate[:, None, :] * v[:, None])
    across = away * np.exp(-rate)[:, None, :]
    system = np.block([[toward, across], [across, toward]])
    inflow = np.zeros((p.size, 2 * v.size), dtype=complex)
    inflow[:, : v.size] = 1 / p[:, None]
    solution = np.linalg.solve(system, inflow[..., None])[..., 0]
    return Expansion(t, eps, weights, p, s, rate, solution[:, : v.size], solution[:, v.size :])


def _contour(t: float, eps: float, count: int, reach: float) -> tuple[NDArray, NDArray]:
    """Nodes p and weights of the parabola ``p t = μ (1 + iu)²``, u > 0 (the rest by symmetry)."""
    depth = min(36.0, reach * t / eps**2)
    mu = 4.5 if depth > 20 else 3.0
    step = np.sqrt(1 + depth / mu) / count
    side = 1 + 1j * (np.arange(count) + 0.5) * step
    z = mu * side**2
    return z / t, np.exp(z) * 2 * mu * side * step / (np.pi * t)


def _rates(p: NDArray, s: NDArray, eps: float, v: NDArray, w: NDArray) -> NDArray:
    """``K_j/ε``, [C, N], real parts positive, the diffusive one first.

    ``(K_j)²`` are the eigenvalues of ``s² diag(1/v²) − s q qᵀ`` with ``q = √w/v``.
    """
    q = np.sqrt(w) / v
    matrix = (s**2)[:, None, None] * np.diag(v**-2) - s[:, None, None] * np.outer(q, q)
    squares = np.linalg.eigvals(matrix)
    squares = np.take_along_axis(squares, np.argsort(np.abs(squares), 1), 1) / eps**2
    diffusive = np.where(np.abs(eps**2 * p) < 0.1, 3 * p, squares[:, 0])[:, None]
    for _ in range(20):
        lag = s[:, None] ** 2 - eps**2 * diffusive * v**2
        value = (w * v**2 * diffusive / lag).sum(1) - p
        slope = (w * v**2 * s[:, None] ** 2 / lag**2).sum(1)
        diffusive = diffusive - (value / slope)[:, None]
    squares[:, :1] = diffusive
    rate = np.sqrt(squares)
    return np.where(rate.real < 0, -rate, rate)
