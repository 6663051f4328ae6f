"""Exact solution of ``goldstein-taylor``: Fourier in x, the exponential of a 2×2 matrix in t.

For ``u = a cos κx``, ``v = b sin κx`` the system is ``a' = −κ b``, ``ε² b' = κ a − b``. Its two
rates are ``λ± = (−1 ± w)/(2ε²)``, ``w = √(1 − 4κ²ε²)``, real for small ε, a pair of waves above
``ε = 1/(2κ)``. With ``S = (e^{λ+ t} − e^{λ− t})/(λ+ − λ−)`` and ``C = (e^{λ+ t} + e^{λ− t})/2``

    a = (C + S/(2ε²)) a0 − κ S b0,      b = (κ/ε²) S a0 + (C − S/(2ε²)) b0,

where λ+ is written as ``−2κ²/(1 + w)`` and S by ``expm1``: no difference of nearby numbers, also
where both rates are one, or where they differ by 1/ε².
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.reference._arguments import checked

__all__ = ["GoldsteinTaylorReference"]


class GoldsteinTaylorReference:
    """Exact solution for ``u0 = Σ modes[k] cos 2πkx`` and ``v0 = Σ flux_modes[k] sin 2πkx``.

    There is no discretisation: what is left is rounding, below 1e-13 (tests: 40 digits).

    Args:
        modes: amplitudes of u0 by wave number.
        flux_modes: those of v0.

    Raises:
        ValueError: no mode, or a negative wave number.
    """

    def __init__(self, modes: Mapping[int, float], flux_modes: Mapping[int, float]) -> None:
        self.modes, self.flux_modes = dict(modes), dict(flux_modes)
        numbers = sorted({*self.modes, *self.flux_modes})
        if not numbers or numbers[0] < 0:
            raise ValueError(f"GoldsteinTaylorReference: found modes {numbers}; expected some ≥ 0.")
        self._numbers = numbers

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u(t, x; ε)``; arguments broadcast, dimensionless, ``t ≥ 0`` and ``eps > 0``."""
        t, x, eps = checked("GoldsteinTaylorReference", t=t, x=x, eps=eps)
        waves = (self.amplitudes(t, eps, k)[0] * np.cos(2 * np.pi * k * x) for k in self._numbers)
        return sum(waves, np.zeros(()))

    def flux(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``v(t, x; ε)``; arguments as for :meth:`density`."""
        t, x, eps = checked("GoldsteinTaylorReference", t=t, x=x, eps=eps)
        waves = (self.amplitudes(t, eps, k)[1] * np.sin(2 * np.pi * k * x) for k in self._numbers)
        return sum(waves, np.zeros(()))

    def amplitudes(self, t: NDArray, eps: NDArray, mode: int) -> tuple[NDArray, NDArray]:
        """Those of ``cos κx`` in u and of ``sin κx`` in v, κ = 2π·mode; t and ε broadcast."""
        kappa, layer = 2 * np.pi * mode, np.square(eps)
        start, flux = self.modes.get(mode, 0.0), self.flux_modes.get(mode, 0.0)
        root = np.sqrt(1 - 4 * kappa**2 * layer + 0j)
        slow = np.exp(-2 * kappa**2 / (1 + root) * t)
        gap = root * t / layer  # (λ+ − λ−) t
        mean = 0.5 * slow * (1 + np.exp(-gap))
        step = slow * t * _decay(gap)
        half = step / (2 * layer)
        density = (mean + half) * start - kappa * step * flux
        return density.real, (2 * kappa * half * start + (mean - half) * flux).real


def _decay(z: NDArray) -> NDArray:
    """``(1 − e^{−z})/z``, complex, 1 at 0."""
    safe = np.where(z == 0, 1, z)
    return np.where(z == 0, 1, -np.expm1(-safe) / safe)
