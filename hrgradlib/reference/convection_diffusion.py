"""Exact solution of ``convection-diffusion``: a particular solution and the layer, in closed form.

For ``f = a cos Kx``, ``p = α sin Kx + β cos Kx`` solves the equation with ``α = a/(K(1 + ε²K²))``
and ``β = εKα``; for ``f = a`` it is ``p = a x``. What p misses on the boundary, constants and
``e^{x/ε}`` mend. The flux ``u − ε u'`` loses the exponential: it has no layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.reference._arguments import checked

__all__ = ["ConvectionDiffusionReference"]


class ConvectionDiffusionReference:
    """Exact solution for ``f = Σ source[k] cos πkx``; rounding alone, below 1e-14 (tests).

    Args:
        source: amplitudes by wave number.

    Raises:
        ValueError: no wave, or a negative wave number.
    """

    def __init__(self, source: Mapping[int, float]) -> None:
        self.source = dict(source)
        if not self.source or min(self.source) < 0:
            raise ValueError(
                f"ConvectionDiffusionReference: found waves {sorted(self.source)}; "
                "expected some ≥ 0."
            )

    def density(self, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u(x; ε)``; arguments broadcast, x in [0, 1], ``eps > 0``."""
        x, eps = checked("ConvectionDiffusionReference", x=x, eps=eps)
        left, right = self._particular(np.zeros(()), eps), self._particular(np.ones(()), eps)
        # (e^{x/ε} − 1)/(e^{1/ε} − 1) without an overflow
        layer = np.exp((x - 1) / eps) * (1 - np.exp(-x / eps)) / (1 - np.exp(-1 / eps))
        return self._particular(x, eps) - left - (right - left) * layer

    def flux(self, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u − ε u'``; arguments as for :meth:`density`."""
        x, eps = checked("ConvectionDiffusionReference", x=x, eps=eps)
        left, right = self._particular(np.zeros(()), eps), self._particular(np.ones(()), eps)
        particular = self._particular(x, eps) - eps * self._slope(x, eps)
        # of the layer's profile the constant alone is left: −1/(e^{1/ε} − 1)
        constant = np.exp(-1 / eps) / (1 - np.exp(-1 / eps))
        return particular - left + (right - left) * constant

    def _particular(self, x: NDArray, eps: NDArray) -> NDArray:
        parts = [a * x for k, a in self.source.items() if k == 0]
        for wave, sine, cosine in self._waves(eps):
            parts.append(sine * np.sin(wave * x) + cosine * np.cos(wave * x))
        return sum(parts, np.zeros(()))

    def _slope(self, x: NDArray, eps: NDArray) -> NDArray:
        parts = [a + 0 * x for k, a in self.source.items() if k == 0]
        for wave, sine, cosine in self._waves(eps):
            parts.append(wave * (sine * np.cos(wave * x) - cosine * np.sin(wave * x)))
        return sum(parts, np.zeros(()))

    def _waves(self, eps: NDArray) -> list[tuple[float, NDArray, NDArray]]:
        """K, α and β of every wave."""
        found = []
        for k, a in self.source.items():
            if k:
                wave = np.pi * k
                sine = a / (wave * (1 + (eps * wave) ** 2))
                found.append((wave, sine, eps * wave * sine))
        return found
