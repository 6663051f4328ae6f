"""Exact solution of ``transport-2d``: Fourier in x and in the angle, exponential in t.

A wave ``f̂(t, θ) e^{2πik·x}`` sees only the angle to k: with ``κ = 2π|k|`` and ϑ = θ − arg k,
``∂t f̂ = −(iκ/ε) cos ϑ f̂ + (<f̂> − f̂)/ε²``. In ``f̂ = b_0 + √2 Σ_n (−i)^n b_n cos nϑ`` the system is
real and tridiagonal, antisymmetric but for its damping: errors are never amplified.

Once the initial layer is over, one eigenfunction is left, in closed form: with ``z = κε < 1`` and
``w = √(1 − z²)``, the pole of the Laplace transform ``1/(√((1 + s)² + z²) − 1)`` in ε² s,

    b_0 = e^{−κ² t/(1 + w)}/w,     b_n = √2 (z/(1 + w))^n b_0,

which holds no difference of nearby numbers. What it leaves out has decayed like ``e^{−t/ε²}``.
Project's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm

from hrgradlib.reference._arguments import checked, groups

__all__ = ["PlaneReference"]

_OVER = 40.0  # t/ε² from which on e^{−t/ε²} is below rounding
_SLOW = 0.5  # largest z at which the closed form is used


class PlaneReference:
    """Exact solution for ``ρ0(x) = Σ_k waves[k] cos 2πk·x`` and ``f0 = ρ0``.

    Args:
        waves: amplitudes by wave vector, two integers.
        n_angle: highest angular mode, the only discretisation. The error falls faster than
            any power; from 24 on only rounding is left, below 1e-13 for t ≤ 0.1, |k| ≤ √5 and
            every ε ≤ 1 (tests: refinement, 30 digits).

    Raises:
        ValueError: no wave, or ``n_angle`` below 1.
    """

    def __init__(
        self, waves: Mapping[tuple[int, int], float] | None = None, n_angle: int = 40
    ) -> None:
        self.waves = dict({(0, 0): 1.0, (1, 0): 0.25, (1, 2): 0.25} if waves is None else waves)
        if not self.waves:
            raise ValueError("PlaneReference: found no wave; expected at least one.")
        if n_angle < 1:
            raise ValueError(f"PlaneReference: found n_angle = {n_angle}; expected ≥ 1.")
        self.n_angle = n_angle
        self._cached = lru_cache(maxsize=4096)(self._solve)

    def coefficients(self, t: float, eps: float, kappa: float) -> NDArray:
        """``b_0 … b_{n_angle}`` of a wave of unit initial amplitude, [n_angle + 1].

        Args:
            t: time; eps: Knudsen number.
            kappa: ``2π|k|``.
        """
        return self._cached(float(t), float(eps), float(kappa))

    def _solve(self, t: float, eps: float, kappa: float) -> NDArray:
        start = np.eye(1, self.n_angle + 1)[0]
        if kappa == 0 or t == 0:
            return start
        z = kappa * eps
        if z <= _SLOW and t >= _OVER * eps**2:
            return self._after_the_layer(t, eps, kappa)
        return expm((t / eps**2) * self._generator(z)) @ start

    def _generator(self, z: float) -> NDArray:
        """The system's matrix times ε²."""
        coupling = np.full(self.n_angle, 0.5 * z)
        coupling[0] = z * 0.5**0.5
        damping = np.full(self.n_angle + 1, -1.0)
        damping[0] = 0.0
        return np.diag(damping) + np.diag(coupling, -1) - np.diag(coupling, 1)

    def _after_the_layer(self, t: float, eps: float, kappa: float) -> NDArray:
        root = np.sqrt(1 - (kappa * eps) ** 2)
        decay = (kappa * eps / (1 + root)) ** np.arange(self.n_angle + 1) * np.sqrt(2)
        decay[0] = 1.0
        return np.exp(-(kappa**2) * t / (1 + root)) / root * decay

    def amplitude(self, t: ArrayLike, eps: ArrayLike, kappa: float) -> NDArray:
        """``<f̂>`` of a wave of unit initial amplitude: the decay factor of its density.

        Args:
            t, eps: broadcastable, dimensionless, ``t ≥ 0`` and ``eps > 0``.
            kappa: ``2π|k|``.
        """
        t, eps = np.broadcast_arrays(*checked("PlaneReference", t=t, eps=eps))
        pairs = zip(t.ravel(), eps.ravel(), strict=True)
        return np.reshape([self.coefficients(a, b, kappa)[0] for a, b in pairs], t.shape)

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε)``; x is [..., 2], t and ε broadcast with ``x[..., 0]``, dimensionless.

        Raises:
            ValueError: x is not [..., 2], or an argument is out of range.
        """  # noqa: DOC502
        t, x, eps = checked("PlaneReference", t=t, x=x, eps=eps)
        _check_places(x)
        found = (
            a * self.amplitude(t, eps, _kappa(k)) * np.cos(2 * np.pi * (x @ np.array(k)))
            for k, a in self.waves.items()
        )
        return sum(found, np.zeros(()))

    def distribution(self, t: ArrayLike, x: ArrayLike, v: ArrayLike, eps: ArrayLike) -> NDArray:
        """``f(t, x, θ; ε)``; v is the angle θ in radians, else as :meth:`density`.

        Raises:
            ValueError: as there.
        """  # noqa: DOC502
        t, x, eps = checked("PlaneReference", t=t, x=x, eps=eps)
        (angle,) = checked("PlaneReference", angle=v)
        _check_places(x)
        t, first, second, angle, eps = np.broadcast_arrays(t, x[..., 0], x[..., 1], angle, eps)
        result = np.zeros(t.shape)
        for (one_t, one_eps), where in groups(t, eps):
            for wave, amplitude in self.waves.items():
                kappa, turn = _kappa(wave), np.arctan2(wave[1], wave[0])
                hat = self._at(self.coefficients(one_t, one_eps, kappa), angle[where] - turn)
                phase = np.exp(2j * np.pi * (wave[0] * first[where] + wave[1] * second[where]))
                result[where] += amplitude * (hat * phase).real
        return result

    def _at(self, found: NDArray, angle: NDArray) -> NDArray:
        """``f̂`` at angles to the wave vector, [n], complex."""
        orders = np.arange(1, self.n_angle + 1)
        turned = np.sqrt(2) * (-1j) ** orders * found[1:]
        return found[0] + np.cos(angle[:, None] * orders) @ turned


def _kappa(wave: tuple[int, int]) -> float:
    return 2 * np.pi * float(np.hypot(*wave))


def _check_places(x: NDArray) -> None:
    """Two coordinates a point.

    Raises:
        ValueError: x is not [..., 2].
    """
    if x.ndim == 0 or x.shape[-1] != 2:
        raise ValueError(f"PlaneReference: found x of shape {x.shape}; expected (..., 2).")
