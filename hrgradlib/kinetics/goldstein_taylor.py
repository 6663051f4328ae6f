"""The Goldstein–Taylor model in diffusive scaling: problem data and residuals.

Particles move right or left with speed 1/ε and turn round at the rate 1/(2ε²). With their density u
and flux v, ``f± = u ± ε v``:

    ∂t u + ∂x v = 0,      ε² ∂t v + ∂x u = −v.

For ε → 0 it is the heat equation, ``v = −∂x u``; behind it lies an initial layer of width ε². With
``f = u + ε g``, ``g = v · (±1)``, these are the micro–macro equations of
:mod:`hrgradlib.kinetics.periodic` with one mode, of which nothing is cut off.
Source: Goldstein 1951; Taylor 1922; in this scaling Jin, Pareschi and Toscani 1998.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.kinetics.periodic import PeriodicFields, PeriodicTransport

__all__ = ["GoldsteinTaylor", "residual"]


@dataclass(frozen=True)
class GoldsteinTaylor(PeriodicTransport):
    """The problem ``goldstein-taylor``: x in [0, 1) periodic, a flux that is not in equilibrium.

    Attributes:
        modes: pairs (k, a): ``u0(x) = Σ a cos 2πkx`` (dimensionless).
        flux_modes: pairs (k, b): ``v0(x) = Σ b sin 2πkx``; the equilibrium would be ``−∂x u0``.
    """

    modes: tuple[tuple[int, float], ...] = ((0, 1.0), (1, 0.5), (2, 0.25))
    flux_modes: tuple[tuple[int, float], ...] = ((1, 0.5),)

    def initial_flux(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``v0``, ``∂x v0`` and ``∂xx v0`` at x, same shape as x."""
        value, slope, bend = (torch.zeros_like(x) for _ in range(3))
        for k, amplitude in self.flux_modes:
            wave = 2 * np.pi * k
            value = value + amplitude * torch.sin(wave * x)
            slope = slope + amplitude * wave * torch.cos(wave * x)
            bend = bend - amplitude * wave**2 * torch.sin(wave * x)
        return value, slope, bend

    def free_density(self, t: NDArray, x: NDArray, eps: NDArray) -> NDArray:
        """Density if nobody turned round, ``ε² ∂t v + ∂x u = 0``: the limit of large ε."""
        angle = 2 * np.pi * t / eps
        waves = [a * np.cos(k * angle) * np.cos(2 * np.pi * k * x) for k, a in self.modes]
        moved = [
            b * eps * np.sin(k * angle) * np.cos(2 * np.pi * k * x) for k, b in self.flux_modes
        ]
        return sum(waves, np.zeros(())) - sum(moved, np.zeros(()))

    def diffusion_density(self, t: NDArray, x: NDArray) -> NDArray:
        """Solution of ``∂t u = ∂xx u`` from u0: the limit of small ε. Arguments broadcast."""
        waves = (
            a * np.exp(-((2 * np.pi * k) ** 2) * t) * np.cos(2 * np.pi * k * x)
            for k, a in self.modes
        )
        return sum(waves, np.zeros(()))


def residual(fields: PeriodicFields) -> Tensor:
    """``∂t u + ∂x v`` and ``ε² ∂t v + v + ∂x u``, [N, 2], dimensionless.

    Args:
        fields: density u and, as the one mode of g, the flux v.
    """
    balance = fields.density_t + fields.micro_x[:, 0]
    return torch.stack([balance, fields.relaxation[:, 0] + fields.density_x], 1)
