"""One network for BGK at every ε: positive density and temperature, exact initial data.

Particles that have not collided fly freely (:mod:`hrgradlib.kinetics.free_flight`), which is known.
With τ = t/ε and the length ``p = √(t² + ℓ²)``, ℓ the width of the initial profile, the network's
outputs N of order one enter as

    ρ = ρ_free e^{θ χ N_ρ},   u = u_free + θ χ N_u,   Θ = Θ_free e^{θ χ N_Θ},   θ = ω/p,
    b_k = (1 − (1 + τ) e^{−τ}) χ N_k / p,

``ω = t − ε (1 − e^{−τ})``: so grows what collisions change of free flight. The initial data hold
for every ε, ρ and Θ are positive, and χ makes the far-field states exact. A jump has no length
(ℓ = 0); its solution depends on x/t and t/ε alone, and so does the network.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.bgk import BGKFields, maxwellian_coefficients
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.free_flight import FreeFlight, free_distribution, free_flight
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["BGKModel", "BGKObservables"]

_FAR = 4.0  # of a jump's fan |x|/t, where χ begins to fall


class BGKModel(nn.Module):
    """See the module.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
        modes: M, micro modes k = 3 … M + 2.
        code: features of the hidden representation ``z = E(log10 ε)``; a jump needs none.
        theta: temperature Θ_ψ of the Hermite basis; all temperatures must stay below 2Θ_ψ.

    Raises:
        ValueError: no micro mode, or an initial temperature of 2Θ_ψ or more.
    """

    def __init__(
        self,
        problem: BGKProblem,
        width: int = 32,
        depth: int = 3,
        modes: int = 8,
        code: int = 6,
        theta: float = 1.2,
    ) -> None:
        super().__init__()
        hottest = max(problem.left[2], problem.right[2])
        if modes < 1 or not hottest < 2 * theta:
            raise ValueError(
                f"BGKModel: found modes = {modes} and a temperature {hottest} at theta = {theta}; "
                "expected at least one mode and temperatures below 2 theta."
            )
        self.problem, self.modes, self.theta = problem, modes, theta
        self.similar = problem.length == 0
        self.rays = _rays(problem)
        known = len(self.rays) + 2 + (0 if self.similar else 3 + code)
        self.encoder = None if self.similar else StreamMLP([1, 2 * code, code])
        self.trunk = StreamMLP([known] + [width] * depth + [3 + modes])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3] and the coefficients ``b_3 … b_{M+2}`` [N, M]."""
        scales = self._scales(t, x, eps)
        out = self.trunk(self._features(t, x, eps, scales)) * scales.inside[:, None]
        free = free_flight(self.problem, t, x, scales.length, self.theta)
        change = (t * scales.lag / scales.length)[:, None] * out[:, :3]
        late = t / eps * scales.late / scales.length
        return self._moments(free.moments, change), late[:, None] * out[:, 3:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> BGKFields:
        """What the residuals need, at points given as three tensors [N], t > 0."""
        scales = self._scales(t, x, eps)
        features = self._features(t, x, eps, scales)
        out, moving = self.trunk(features, self._tangents(t, x, eps, scales, features.shape[1]))
        inside, inside_x, inside_t = (
            s[:, None] for s in (scales.inside, scales.inside_x, scales.inside_t)
        )
        out_x = inside_x * out + inside * moving[:, 0]  # p ∂x
        out_t = inside_t * out + inside * moving[:, 1]  # t ∂t
        out = inside * out

        lag, slow = scales.lag[:, None], (t / scales.length)[:, None]
        grown, late = scales.grown[:, None], scales.late[:, None]
        free = free_flight(self.problem, t, x, scales.length, self.theta)
        moments = self._moments(free.moments, slow * lag * out[:, :3])
        change_x = slow * lag * out_x[:, :3]
        change_t = (grown - slow.square() * lag) * out[:, :3] + lag * out_t[:, :3]
        # ρ and Θ are exponentials: their changes are relative ones.
        one = torch.ones_like(t)
        factor = torch.stack([moments[:, 0], one, moments[:, 2]], 1)
        start = torch.stack([free.moments[:, 0], one, free.moments[:, 2]], 1)
        return BGKFields(
            moments=moments,
            moments_t=factor * (free.moments_t / start + change_t),
            moments_x=factor * (free.moments_x / start + change_x),
            micro_x=slow * late * out_x[:, 3:],
            relaxation=grown * out[:, 3:] + late * (out_t - slow.square() * out)[:, 3:],
            flown=scales.flown,
            free_t=free.modes_t,
            free_x=free.modes_x,
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

    def _scales(self, t: Tensor, x: Tensor, eps: Tensor) -> _Scales:
        length = (t.square() + self.problem.length**2).sqrt()
        length = length.clamp_min(torch.finfo(t.dtype).tiny)
        if self.similar:
            y = (x / (_FAR * length)).clamp(-1e3, 1e3)
            inside = torch.exp(-(y**4))
            window = inside, -(y**3) * inside * 4 / _FAR, 4 * y**4 * inside
        else:
            reach = self.problem.domain[1]
            inside = (1 - (x / reach).square()).clamp_min(0.0)
            slope = torch.where(inside > 0, -2 * x / reach**2, 0.0)
            window = inside, length * slope, torch.zeros_like(t)
        return _Scales(length, *_growth(t / eps), *window)

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, scales: _Scales) -> Tensor:
        """Inputs of the trunk [N, F]."""
        both = [
            (x - speed * t) / self._radius(t, x, speed, share * scales.length)
            for speed, share in self.rays
        ]
        both += [2 * scales.grown - 1, 2 * scales.lag - 1]
        if self.encoder is None:
            return torch.stack(both, 1)
        mixing, _ = self.problem.mixing(x)
        own = [x / self.problem.domain[1], 2 * t / self.problem.final_time - 1, mixing]
        code = self.encoder(regime(eps, self.problem.eps_range)[:, None])
        return torch.cat([torch.stack(both + own, 1), code], 1)

    @staticmethod
    def _radius(t: Tensor, x: Tensor, speed: float, width: Tensor) -> Tensor:
        return ((x - speed * t).square() + width.square()).sqrt()

    def _tangents(self, t: Tensor, x: Tensor, eps: Tensor, scales: _Scales, count: int) -> Tensor:
        """Derivatives [N, 2, F] of the features, ``p ∂x`` and ``t ∂t``."""
        zero, p = torch.zeros_like(t), scales.length
        along_x, along_t = [], []
        for speed, share in self.rays:
            bend = (share * p).square() / self._radius(t, x, speed, share * p) ** 3
            along_x += [p * bend]
            along_t += [-bend * (speed * t + (x - speed * t) * (t / p).square())]
        along_x += [zero, zero]
        along_t += [2 * t / eps * scales.flown, 2 * scales.late]
        if not self.similar:
            _, slope = self.problem.mixing(x)
            along_x += [p / self.problem.domain[1], zero, p * slope]
            along_t += [zero, 2 * t / self.problem.final_time, zero]
        moving = torch.stack([torch.stack(along_x, 1), torch.stack(along_t, 1)], 1)
        return nn.functional.pad(moving, (0, count - moving.shape[2]))


def _rays(problem: BGKProblem) -> list[tuple[float, float]]:
    """Speed and relative width of the coordinates ``y/√(y² + (width p)²)``, ``y = x − speed t``.

    Everything leaves the middle; waves gather where those of Euler's Riemann problem between the
    far-field states run, and there is most to resolve.
    """
    waves = EulerRiemann(problem.left, problem.right).speeds
    return [(0.0, 1.0), (0.0, 3.0)] + [(speed, 0.5) for speed in waves]


class _Scales(NamedTuple):
    """[N] each: p; e^{−τ}; 1 − e^{−τ}; ω/t; (1 − (1 + τ) e^{−τ})/τ; χ, ``p ∂x χ``, ``t ∂t χ``."""

    length: Tensor
    flown: Tensor
    grown: Tensor
    lag: Tensor
    late: Tensor
    inside: Tensor
    inside_x: Tensor
    inside_t: Tensor


def _growth(tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``e^{−τ}``, ``1 − e^{−τ}``, ``1 − (1 − e^{−τ})/τ``, ``(1 − e^{−τ})/τ − e^{−τ}``."""
    flown, grown = torch.exp(-tau), -torch.expm1(-tau)
    small = tau < 3e-3  # where the differences cancel
    share = grown / torch.where(small, 1.0, tau)
    lag = torch.where(small, tau * (1 / 2 - tau * (1 / 6 - tau * (1 / 24 - tau / 120))), 1 - share)
    late = torch.where(
        small, tau * (1 / 2 - tau * (1 / 3 - tau * (1 / 8 - tau / 30))), share - flown
    )
    return flown, grown, lag, late


class BGKObservables(Observables):
    """``f = E (f_free + Σ_{k≤2} (h_k − a_k) ψ_k) + (1 − E) M[ρ, u, Θ] + ε Σ_{k≥3} b_k ψ_k``.

    ``E = e^{−t/ε}`` is the share in free flight, ``h_k`` and ``a_k`` are the coefficients of the
    Maxwellian and of the free flight. Outputs (ρ, u, Θ) [..., 3] and b [..., M].
    """

    speeds, places = (-np.inf, np.inf), (-np.inf, np.inf)

    def __init__(self, model: BGKModel) -> None:
        self.theta, self.modes, self.problem = model.theta, model.modes, model.problem

    def moments(self, state, modes, t, x, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        return np.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)], -1)

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """``½<(v − u)³ f>``: the Maxwellian's share is zero, left is what flies and ``b_3``."""
        rho, u, temperature = np.moveaxis(state, -1, 0)
        flight = self._flight(t, x)
        flow = flight.moments[:, 0] * flight.moments[:, 1]
        third, mean_flow = (a.numpy().reshape(rho.shape) for a in (flight.third, flow))
        flown = third + 3 * self.theta * (rho * u - mean_flow) - rho * u * (u**2 + 3 * temperature)
        return 0.5 * np.exp(-t / eps) * flown + self.theta**1.5 * 1.5**0.5 * eps * modes[..., 0]

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        flown = np.exp(-t / eps)[..., None]
        macro = flown * self._excess(state, t, x)
        coefficients = np.concatenate([macro, eps[..., None] * modes], -1)
        scaled = v / self.theta**0.5
        below, here = np.zeros_like(scaled), np.ones_like(scaled)
        total = np.zeros(np.broadcast_shapes(np.shape(v), rho.shape))
        for k in range(self.modes + 3):  # He_{k+1}/√(k+1)! from the two before
            total = total + coefficients[..., k] * here
            below, here = here, (scaled * here - k**0.5 * below) / (k + 1) ** 0.5
        gauss = np.exp(-0.5 * scaled**2) / np.sqrt(2 * np.pi * self.theta)
        maxwell = rho * np.exp(-0.5 * (v - u) ** 2 / temperature)
        maxwell = maxwell / np.sqrt(2 * np.pi * temperature)
        free = free_distribution(self.problem, *map(torch.as_tensor, (t, x, v))).numpy()
        flown = flown[..., 0]
        return flown * free + (1 - flown) * maxwell + gauss * total

    def _excess(self, state, t, x) -> NDArray:
        """``h_k − a_k``, k ≤ 2: what free flight lacks of the conserved moments, [..., 3]."""
        states = torch.tensor(state).reshape(-1, 3)
        none = states.new_zeros(len(states), 1, 3)
        h, _ = maxwellian_coefficients(states, none, 2, self.theta)
        return (h - self._flight(t, x).modes).numpy().reshape(state.shape)

    def _flight(self, t, x) -> FreeFlight:
        t, x = (torch.tensor(a).reshape(-1) for a in (t, x))
        return free_flight(self.problem, t, x, torch.ones_like(t), self.theta)
