"""One network for ``goldstein-taylor`` at every ε: that of transport, with a flux to start from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.kinetics.goldstein_taylor import GoldsteinTaylor
from hrgradlib.kinetics.periodic import PeriodicFields
from hrgradlib.models.observables import Observables
from hrgradlib.models.periodic import PeriodicModel

__all__ = ["GoldsteinTaylorModel", "GoldsteinTaylorObservables"]


class GoldsteinTaylorModel(PeriodicModel):
    """u and v for all ε at once: :class:`hrgradlib.models.PeriodicModel` with one mode.

    What the initial flux does inside its layer is known, ``v0 e^{−t/ε²}`` and what that moves:

        u = u0 − ε² σ ∂x v0 + (ω/T) N_u,      v = v0 e^{−t/ε²} + σ N_v,

    with σ and ω as in the parent. Both initial data hold exactly for every ε, so does
    ``∂t u = −∂x v0`` at t = 0, and the added terms cancel in ``ε² ∂t v + v`` and ``∂t u + ∂x v``.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
    """

    problem: GoldsteinTaylor

    def __init__(self, problem: GoldsteinTaylor, width: int = 64, depth: int = 4) -> None:
        super().__init__(problem, width, depth, modes=1)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """Density u [N] and flux v [N, 1] at points given as three tensors [N]."""
        density, flux = super().forward(t, x, eps)
        value, slope, _ = self.problem.initial_flux(x)
        left, moved = _layer(t, eps)
        return density - moved * slope, flux + (left * value)[:, None]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PeriodicFields:
        """The derivatives that the residuals need, at points given as three tensors [N]."""
        fields = super().fields(t, x, eps)
        _, slope, bend = self.problem.initial_flux(x)
        left, moved = _layer(t, eps)
        return fields._replace(
            density_t=fields.density_t - left * slope,
            density_x=fields.density_x - moved * bend,
            micro_x=fields.micro_x + (left * slope)[:, None],
        )


class GoldsteinTaylorObservables(Observables):
    """``f± = u ± ε v`` at the speeds ±1; outputs u [...] and v [..., 1]."""

    speeds, places, period = (-1.0, 1.0), (-np.inf, np.inf), 1.0

    def moments(self, density, modes, t, x, eps) -> NDArray:
        return np.stack([density, eps * modes[..., 0], 0.5 * density], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        """That of the two speeds; between them a line, which carries no particles."""
        return density + eps * modes[..., 0] * v


def _layer(t: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """``e^{−t/ε²}``, and its integral from 0 to t, ``ε² σ``."""
    layer = eps.square()
    return torch.exp(-t / layer), -layer * torch.expm1(-t / layer)
