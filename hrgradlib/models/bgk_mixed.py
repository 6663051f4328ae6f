"""One network for BGK with ε(x), periodic, at every ε0: positive, with exact initial data.

As in :mod:`hrgradlib.models.bgk`, with the local ε(x) in the place of ε. With ``τ = t/ε(x)``, one
length p, and the network's outputs N of order one,

    ρ = ρ_free e^{(ω/p) N_ρ},   u = u_free + (ω/p) N_u,   Θ = Θ_free e^{(ω/p) N_Θ},
    b_k = (1 − (1 + τ) e^{−τ}) N_k / p,       ω = t − ε(x) (1 − e^{−τ}):

so grows what collisions change of free flight. The initial data hold for every ε0, ρ and Θ are
positive. The network is given Fourier features of x, where ε(x) stands, and the local clock.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.bgk import maxwellian_coefficients
from hrgradlib.kinetics.bgk_mixed import MixedBGK, MixedFields, flights, uncollided
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["MixedBGKModel", "MixedBGKObservables"]

_LENGTH = 1 / (2 * math.pi)  # p, of the initial data
_SMALL = 0.1  # of the last layer's weights at the beginning
_SERIES = 3e-3  # τ below which differences of growth factors are series


class MixedBGKModel(nn.Module):
    """See the module.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
        modes: M, micro modes k = 3 … M + 2.
        code: features of the hidden representation ``z = E(log10 ε0)``.
        harmonics: Fourier features cos, sin of 2πjx, j ≤ harmonics.
        theta: temperature Θ_ψ of the Hermite basis; all temperatures must stay below 2Θ_ψ.

    Raises:
        ValueError: no micro mode, or an initial temperature of 2Θ_ψ or more.
    """

    def __init__(
        self,
        problem: MixedBGK,
        width: int = 32,
        depth: int = 3,
        modes: int = 8,
        code: int = 4,
        harmonics: int = 3,
        theta: float = 1.1,
    ) -> None:
        super().__init__()
        hottest = problem.initial_moments(np.linspace(*problem.domain, 257))[0][:, 2].max()
        if modes < 1 or not hottest < 2 * theta:
            raise ValueError(
                f"MixedBGKModel: found modes = {modes} and a temperature {hottest:g} at "
                f"theta = {theta:g}; expected at least one mode and temperatures below 2 theta."
            )
        self.problem, self.modes, self.theta = problem, modes, theta
        self.harmonics = harmonics
        self.encoder = StreamMLP([1, 2 * code, code])
        self.trunk = StreamMLP([5 + 2 * harmonics + code] + [width] * depth + [3 + modes])
        with torch.no_grad():  # begin near free flight: a hot Maxwellian has no Hermite series
            list(self.trunk.parameters())[-2].mul_(_SMALL)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3] and the coefficients ``b_3 … b_{M+2}`` [N, M]."""
        local = self._local(t, x, eps)
        features, _ = self._features(t, x, eps, local)
        out = self.trunk(features)
        free = flights(self.problem, t, x, eps, _LENGTH, self.theta)
        change = (t * local.lag / _LENGTH)[:, None] * out[:, :3]
        twice = t / local.knudsen * local.late / _LENGTH
        return self._moments(free.moments, change), twice[:, None] * out[:, 3:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> MixedFields:
        """What the residuals need, at points given as three tensors [N], t > 0."""
        local, p = self._local(t, x, eps), _LENGTH
        features, tangents = self._features(t, x, eps, local)
        out, moving = self.trunk(features, tangents)
        out_x, out_t = moving.unbind(1)  # p ∂x and t ∂t
        grown, lag, late, knudsen, slope = (
            s[:, None] for s in (local.grown, local.lag, local.late, local.knudsen, local.slope)
        )
        tau = t[:, None] / knudsen
        twice = tau * late  # 1 − (1 + τ) e^{−τ}
        free = flights(self.problem, t, x, eps, p, self.theta)
        clock = t[:, None] * lag / p
        moments = self._moments(free.moments, clock * out[:, :3])
        change_x = clock * out_x[:, :3] - twice * slope * out[:, :3]
        change_t = grown * out[:, :3] + lag * out_t[:, :3]
        one = torch.ones_like(t)
        factor = torch.stack([moments[:, 0], one, moments[:, 2]], 1)
        start = torch.stack([free.moments[:, 0], one, free.moments[:, 2]], 1)
        fading = (tau * (1 - grown)) * slope / knudsen  # −∂x σ
        micro = out[:, 3:]
        return MixedFields(
            moments=moments,
            moments_t=factor * (free.moments_t / start + change_t),
            moments_x=factor * (free.moments_x / start + change_x),
            micro_x=slope * twice * micro
            + knudsen * (twice / p * out_x[:, 3:] - tau * fading * micro),
            relaxation=grown * micro + late * out_t[:, 3:],
            grown=local.grown,
            grown_x=-p * fading[:, 0],
            left_x=free.modes_x[:, 2:],
        )

    @staticmethod
    def _moments(start: Tensor, change: Tensor) -> Tensor:
        return torch.stack(
            [
                start[:, 0] * change[:, 0].exp(),
                start[:, 1] + change[:, 1],
                start[:, 2] * change[:, 2].exp(),
            ],
            1,
        )

    def _local(self, t: Tensor, x: Tensor, eps: Tensor) -> _Local:
        knudsen, slope = self.problem.knudsen(x, eps)
        return _Local(knudsen, slope, *_growth(t / knudsen))

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, local: _Local) -> tuple[Tensor, Tensor]:
        """Inputs of the trunk [N, F], and their derivatives [N, 2, F], ``p ∂x`` and ``t ∂t``."""
        p, final, zero = _LENGTH, self.problem.final_time, torch.zeros_like(t)
        steep = p * local.slope / local.knudsen  # p ∂x log ε
        fading = t / local.knudsen * (1 - local.grown)
        low = math.log(self.problem.eps_range[0])
        known = [2 * t / final - 1, 2 * local.grown - 1, 2 * local.lag - 1,
                 2 * local.knudsen - 1, 1 - 2 * local.knudsen.log() / low]  # fmt: skip
        along_x = [zero, -2 * fading * steep, -2 * local.late * steep,
                   2 * p * local.slope, -2 * steep / low]  # fmt: skip
        along_t = [2 * t / final, 2 * fading, 2 * local.late, zero, zero]
        for j in range(1, self.harmonics + 1):
            wave = 2 * math.pi * j
            cos, sin = torch.cos(wave * x), torch.sin(wave * x)
            known += [cos, sin]
            along_x += [-p * wave * sin, p * wave * cos]
            along_t += [zero, zero]
        code = self.encoder(regime(eps, self.problem.eps_range)[:, None])
        moving = torch.stack([torch.stack(along_x, 1), torch.stack(along_t, 1)], 1)
        features = torch.cat([torch.stack(known, 1), code], 1)
        return features, nn.functional.pad(moving, (0, code.shape[1]))


class _Local(NamedTuple):
    """[N] each: ε(x) and its slope; 1 − e^{−τ}; ω/t; (1 − (1 + τ) e^{−τ})/τ."""

    knudsen: Tensor
    slope: Tensor
    grown: Tensor
    lag: Tensor
    late: Tensor


def _growth(tau: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``1 − e^{−τ}``, ``1 − (1 − e^{−τ})/τ``, ``(1 − e^{−τ})/τ − e^{−τ}``."""
    grown, small = -torch.expm1(-tau), tau < _SERIES  # where the differences cancel
    share = grown / torch.where(small, 1.0, tau)
    lag = torch.where(small, tau * (1 / 2 - tau * (1 / 6 - tau * (1 / 24 - tau / 120))), 1 - share)
    late = torch.where(
        small, tau * (1 / 2 - tau * (1 / 3 - tau * (1 / 8 - tau / 30))), share - torch.exp(-tau)
    )
    return grown, lag, late


class MixedBGKObservables(Observables):
    """``f = E f_free + σ M[U] + Σ_{k≤2} ((1 − σ) h_k − a_k) ψ_k + ε(x) Σ_{k≥3} b_k ψ_k``.

    Outputs (ρ, u, Θ) [..., 3] and b [..., M].
    """

    speeds, places, period = (-np.inf, np.inf), (-np.inf, np.inf), 1.0

    def __init__(self, model: MixedBGKModel) -> None:
        self.theta, self.modes, self.problem = model.theta, model.modes, model.problem

    def moments(self, state, modes, t, x, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        return np.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)], -1)

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """``½<(v − u)³ f>``, of which the mode k = 3 is ``a_3 + σ h_3 + ε b_3``."""
        rho, u, temperature = np.moveaxis(state, -1, 0)
        h, free, knudsen, grown = self._parts(state, t, x, eps, 3)
        third = free[..., 3] + grown * h[..., 3] + knudsen * modes[..., 0]
        flow = self.theta**1.5 * (6**0.5 * third + 3 * h[..., 1])
        return 0.5 * (flow - rho * u * (u**2 + 3 * temperature))

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        h, free, knudsen, grown = self._parts(state, t, x, eps, 2)
        macro = (1 - grown)[..., None] * h - free[..., :3]
        coefficients = np.concatenate([macro, knudsen[..., None] * modes], -1)
        scaled = v / self.theta**0.5
        below, here = np.zeros_like(scaled), np.ones_like(scaled)
        total = np.zeros(np.broadcast_shapes(np.shape(v), rho.shape))
        for k in range(self.modes + 3):  # He_{k+1}/√(k+1)! from the two before
            total = total + coefficients[..., k] * here
            below, here = here, (scaled * here - k**0.5 * below) / (k + 1) ** 0.5
        gauss = np.exp(-0.5 * scaled**2) / np.sqrt(2 * np.pi * self.theta)
        return (
            self._flown(t, x, v, eps) + grown * _maxwellian(rho, u, temperature, v) + gauss * total
        )

    def _flown(self, t, x, v, eps) -> NDArray:
        """``E f_free``; a particle at rest has the share that its place has."""
        moving = np.where(np.abs(v) < 1e-6, 1e-6, v)
        arrays = (torch.tensor(a) for a in np.broadcast_arrays(t, x, moving, eps))
        share, _ = uncollided(self.problem, *arrays)
        rho, u, temperature = np.moveaxis(self.problem.initial_moments(x - v * t)[0], -1, 0)
        return share.numpy() * _maxwellian(rho, u, temperature, v)

    def _parts(self, state, t, x, eps, highest: int) -> tuple[NDArray, ...]:
        """``h_0 … h_highest``, ``a_0 … a_3``, ε(x) and σ, with the shape of the points in front."""
        when, where, which = (torch.tensor(np.ravel(a)) for a in (t, x, eps))
        found = flights(self.problem, when, where, which, 1.0, self.theta)
        states = torch.tensor(state).reshape(-1, 3)
        none = states.new_zeros(len(states), 1, 3)
        h, _ = maxwellian_coefficients(states, none, highest, self.theta)
        knudsen, _ = self.problem.knudsen(x, eps)
        shape = np.shape(t)
        columns = (a.numpy().reshape(*shape, -1) for a in (h, found.modes))
        return *columns, knudsen, -np.expm1(-t / knudsen)


def _maxwellian(rho, u, temperature, v) -> NDArray:
    return rho * np.exp(-0.5 * (v - u) ** 2 / temperature) / np.sqrt(2 * np.pi * temperature)
