"""One network for ``transport-periodic`` at every ε: layer coordinate, clock, velocity basis."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.periodic import PeriodicFields, PeriodicTransport
from hrgradlib.kinetics.velocity import legendre, recurrence
from hrgradlib.models.encodings import ENCODINGS
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime

__all__ = ["PeriodicModel", "PeriodicObservables", "PlainPeriodicModel"]


class PeriodicModel(nn.Module):
    """``ρ`` and ``g`` of linear transport, periodic in x, for all ε at once.

    With the layer's growth ``σ = 1 − e^{−t/ε²}``, the coordinate ``s = σ(t)/σ(T)``, the clock
    ``ω = ∫_0^t σ = t − ε² σ`` of the diffusion that sets in behind it, and networks N,

        ρ = ρ0(x) + (ω/T) N_ρ,      b_k = σ N_k,   k = 1..M,

    the initial data hold exactly for every ε, and so does ``∂t ρ = 0`` at t = 0; ``<g> = 0`` by
    construction (no ``φ_0``), and ``ε² ∂t b_k + b_k = N_k + σ ε² ∂t N_k`` has no stiff part.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
        modes: M, Legendre modes of g.
        code: features of the hidden representation ``z = E(log10 ε)``.
        encoding: how it is told ε, a key of :data:`hrgradlib.models.encodings.ENCODINGS`.
        regimes: ranges of ε, where every one has a code of its own.
    """

    known = 4  # input features beside the code

    def __init__(
        self,
        problem: PeriodicTransport,
        width: int = 64,
        depth: int = 4,
        modes: int = 8,
        code: int = 8,
        encoding: str = "encoder",
        regimes: int = 1,
    ) -> None:
        super().__init__()
        self.problem, self.modes = problem, modes
        chosen = ENCODINGS[encoding]
        inputs = self.known + chosen.features(code)
        self.encoder = chosen.build(regimes, code)
        self.trunk = chosen.trunk([inputs] + [width] * depth + [1 + modes])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ`` [N] and the coefficients ``b_1..b_M`` [N, M] at points given as three [N]."""
        features, _, grown = self._features(t, x, eps, tangents=False)
        out = self.trunk(features)
        density0, _ = self.problem.initial_density(x)
        clock = (t - eps.square() * grown) / self.problem.final_time
        return density0 + clock * out[:, 0], grown[:, None] * out[:, 1:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PeriodicFields:
        """The derivatives that the residuals need, at points given as three tensors [N]."""
        features, tangents, grown = self._features(t, x, eps, tangents=True)
        out, tangents = self.trunk(features, tangents)
        out_x, out_t = tangents.unbind(1)
        _, slope0 = self.problem.initial_density(x)
        layer = eps.square()
        clock = t - layer * grown
        pace = t + layer  # the time tangent is carried as (t + ε²) ∂t, which is O(1) everywhere
        return PeriodicFields(
            density_t=(grown * out[:, 0] + (clock / pace) * out_t[:, 0]) / self.problem.final_time,
            density_x=slope0 + (clock / self.problem.final_time) * out_x[:, 0],
            micro_x=grown[:, None] * out_x[:, 1:],
            relaxation=out[:, 1:] + (grown * layer / pace)[:, None] * out_t[:, 1:],
        )

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, *, tangents: bool):
        """Input features [N, F], their tangents [N, 2, F] (x, then time), and 1 − e^{−t/ε²}."""
        final = self.problem.final_time
        code = self.encoder(regime(eps, self.problem.eps_range)[:, None])
        layer = eps.square()
        grown = -torch.expm1(-t / layer)
        whole = -torch.expm1(-final / layer)
        wave = 2 * torch.pi * x
        cos, sin = torch.cos(wave), torch.sin(wave)
        known = torch.stack([2 * t / final - 1, 2 * grown / whole - 1, cos, sin], 1)
        features = torch.cat([known, code], 1)
        if not tangents:
            return features, None, grown
        pace, zero = t + layer, torch.zeros_like(t)
        along_x = torch.stack([zero, zero, -2 * torch.pi * sin, 2 * torch.pi * cos], 1)
        along_t = torch.stack(
            [2 * pace / final, 2 * (pace / layer) * torch.exp(-t / layer) / whole, zero, zero], 1
        )
        moving = torch.stack([along_x, along_t], 1)
        return features, nn.functional.pad(moving, (0, code.shape[1])), grown


class PlainPeriodicModel(PeriodicModel):
    """The same network without layer coordinate and exact data: ``ρ = N_ρ``, ``b_k = N_k``.

    The formulation of the literature; the initial condition is left to a penalty.
    """

    known = 3

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ`` [N] and ``b_1..b_M`` [N, M], nothing imposed."""
        out = self.trunk(self._features(t, x, eps, tangents=False)[0])
        return out[:, 0], out[:, 1:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PeriodicFields:
        """As in the parent."""
        features, tangents, _ = self._features(t, x, eps, tangents=True)
        out, tangents = self.trunk(features, tangents)
        out_x, out_t = tangents.unbind(1)
        return PeriodicFields(
            density_t=out_t[:, 0],
            density_x=out_x[:, 0],
            micro_x=out_x[:, 1:],
            relaxation=out[:, 1:] + eps.square()[:, None] * out_t[:, 1:],
        )

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, *, tangents: bool):
        """As in the parent, with no layer coordinate; the second tangent is ``∂t``."""
        features, moving, grown = super()._features(t, x, eps, tangents=tangents)
        kept = [i for i in range(features.shape[1]) if i != 1]
        if not tangents:
            return features[:, kept], None, grown
        pace = (t + eps.square())[:, None, None]
        moving = torch.cat([moving[:, :1], moving[:, 1:] / pace], 1)
        return features[:, kept], moving[:, :, kept], grown


class PeriodicObservables(Observables):
    """``f = ρ + ε Σ b_k φ_k``; outputs ρ [...] and b [..., M]."""

    speeds, places, period = (-1.0, 1.0), (-np.inf, np.inf), 1.0

    def __init__(self, model: PeriodicModel) -> None:
        self.modes = model.modes

    def moments(self, density, modes, t, x, eps) -> NDArray:
        first, second = recurrence(2)
        beyond = modes[..., 1] if self.modes > 1 else 0.0
        flux, square = first * modes[..., 0], first * second * beyond
        return np.stack([density, eps * flux, 0.5 * (density / 3 + eps * square)], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        return density + eps * (modes * legendre(v, self.modes)[..., 1:]).sum(-1)
