"""The network of a jump far into the fluid: `BGKModel` with layers that sharpen.

After a jump f depends on ``τ = t/ε`` and ``ξ = x/t``. In ξ, waves that the fluid has thin out: a
shock, a few mean free paths thick, as 1/τ, a contact and the edges of a fan, which diffuse, as
τ^{−1/2}. The network is told where these run and how thin they are, by the coordinates

    y/√(y² + w²),    y = ξ − s,    w = α (1 + τ/τ_1)^{−a},

s the wave's speed in Euler's solution of the same data. In a shock the micro part is as large as
one over its thickness, so that ``b_k`` carry the known factor ``A = 1 + (α/w − 1) w²/(y² + w²)`` of
the shock, and residuals are divided by it. The rest is as in :mod:`hrgradlib.models.bgk`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from hrgradlib.kinetics.bgk import BGKFields, residual
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.free_flight import free_flight
from hrgradlib.models.bgk import BGKModel
from hrgradlib.models.streams import StreamMLP

__all__ = ["Layer", "RiemannModel", "layers"]

_SMALL = 0.1  # of the last layer's weights at the beginning
_SPREAD = 0.5  # relative width α of every layer while nothing has collided


class Layer(NamedTuple):
    """A coordinate of the network: speed s, width α, and how it thins out: τ_1 and a."""

    speed: float
    share: float = _SPREAD
    clock: float = 1.0
    power: float = 0.0


def layers(problem: BGKProblem) -> list[Layer]:
    """Of a jump: the middle twice, the shocks of Euler's solution last, its other waves between."""
    waves = EulerRiemann(problem.left, problem.right)
    middle = [Layer(0.0, 1.0), Layer(0.0, 3.0)]
    soft, sharp = [Layer(waves.velocity, clock=4.0, power=0.5)], []
    for sign, state, speed in (
        (-1.0, problem.left, waves.speeds[0]),
        (1.0, problem.right, waves.speeds[2]),
    ):
        rho, u, temperature = state
        ratio = waves.pressure / (rho * temperature)
        if ratio > 1:
            sharp.append(Layer(speed, clock=8.0, power=1.0))
            continue
        head = (waves.gamma * temperature) ** 0.5
        tail = head * ratio ** ((waves.gamma - 1) / (2 * waves.gamma))
        soft += [Layer(u + sign * head, clock=4.0, power=0.5),
                 Layer(waves.velocity + sign * tail, clock=4.0, power=0.5)]  # fmt: skip
    return middle + soft + sharp


class RiemannModel(BGKModel):
    """See the module; arguments as of :class:`BGKModel`.

    Raises:
        ValueError: the data are no jump, or what `BGKModel` refuses.
    """

    def __init__(
        self,
        problem: BGKProblem,
        width: int = 32,
        depth: int = 3,
        modes: int = 8,
        theta: float = 1.2,
    ) -> None:
        super().__init__(problem, width, depth, modes, theta=theta)
        if not self.similar:
            raise ValueError(
                f"RiemannModel: found profile = {problem.profile!r}; expected 'sign', a jump."
            )
        self.layers = layers(problem)
        self.trunk = StreamMLP([len(self.layers) + 3] + [width] * depth + [3 + modes])
        with torch.no_grad():  # begin near free flight
            list(self.trunk.parameters())[-2].mul_(_SMALL)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3] and the coefficients ``b_3 … b_{M+2}`` [N, M]."""
        scales, sharp = self._scales(t, x, eps), self._sharp(t, x, eps)
        out = self.trunk(sharp.features) * scales.inside[:, None]
        free = free_flight(self.problem, t, x, scales.length, self.theta)
        late = scales.late * t / eps / scales.length * sharp.steep
        change = scales.lag[:, None] * out[:, :3]
        return self._moments(free.moments, change), late[:, None] * out[:, 3:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> BGKFields:
        """What the residuals need, at points given as three tensors [N], t > 0; p = t."""
        scales, sharp = self._scales(t, x, eps), self._sharp(t, x, eps)
        out, moving = self.trunk(sharp.features, torch.stack([sharp.along_x, sharp.along_t], 1))
        inside, inside_x, inside_t, grown, lag, late = (
            s[:, None]
            for s in (scales.inside, scales.inside_x, scales.inside_t,
                      scales.grown, scales.lag, scales.late)
        )  # fmt: skip
        out_x = inside_x * out + inside * moving[:, 0]  # t ∂x
        out_t = inside_t * out + inside * moving[:, 1]  # t ∂t
        out = inside * out
        free = free_flight(self.problem, t, x, scales.length, self.theta)
        moments = self._moments(free.moments, lag * out[:, :3])
        one = torch.ones_like(t)
        factor = torch.stack([moments[:, 0], one, moments[:, 2]], 1)
        start = torch.stack([free.moments[:, 0], one, free.moments[:, 2]], 1)
        change_t = late * out[:, :3] + lag * out_t[:, :3]  # t ∂t lag = late
        steep, steep_x, steep_t = (s[:, None] for s in (sharp.steep, sharp.steep_x, sharp.steep_t))
        micro, micro_x, micro_t = out[:, 3:], out_x[:, 3:], out_t[:, 3:]
        whole, whole_t = steep * micro, steep_t * micro + steep * micro_t
        return BGKFields(
            moments=moments,
            moments_t=factor * (free.moments_t / start + change_t),
            moments_x=factor * (free.moments_x / start + lag * out_x[:, :3]),
            micro_x=late * (steep_x * micro + steep * micro_x),
            relaxation=grown * whole + late * (whole_t - whole),
            flown=scales.flown,
            free_t=free.modes_t,
            free_x=free.modes_x,
        )

    def residuals(self, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        """Residuals of modes 0 … M + 2 times t/A, [N, M + 3], of order one in a shock too."""
        return residual(self.fields(t, x, eps), self.theta) / self._sharp(t, x, eps).steep[:, None]

    def _sharp(self, t: Tensor, x: Tensor, eps: Tensor) -> _Sharp:
        tau, zero = t / eps, torch.zeros_like(t)
        place = (x / t.clamp_min(torch.finfo(t.dtype).tiny)).clamp(-1e3, 1e3)
        flown, grown = torch.exp(-tau), -torch.expm1(-tau)
        scales = self._scales(t, x, eps)
        late_clock = torch.log1p(tau / 3) / _LATEST - 1
        features = [2 * grown - 1, 2 * scales.lag - 1, late_clock]
        along_x = [zero, zero, zero]
        along_t = [2 * tau * flown, 2 * scales.late, tau / (3 + tau) / _LATEST]
        steep, steep_x, steep_t = torch.ones_like(t), zero, zero
        for layer in self.layers:
            y = place - layer.speed
            aged = 1 + tau / layer.clock
            w = layer.share * aged**-layer.power
            w_t = -layer.power * w * (tau / layer.clock) / aged  # t ∂t w
            radius = (y.square() + w.square()).sqrt()
            features.append(y / radius)
            along_x.append(w.square() / radius**3)  # t ∂x ξ = 1, t ∂t ξ = −ξ
            along_t.append((-place * w.square() - y * w * w_t) / radius**3)
            if layer.power == 1:
                bump = (w / radius).square()
                bump_x = -2 * bump * y / radius.square()
                bump_t = 2 * bump * (w_t / w - (w * w_t - y * place) / radius.square())
                excess = layer.share / w - 1
                steep = steep + excess * bump
                steep_x = steep_x + excess * bump_x
                steep_t = steep_t + excess * bump_t - layer.share * w_t / w.square() * bump
        return _Sharp(
            torch.stack(features, 1), torch.stack(along_x, 1), torch.stack(along_t, 1),
            steep, steep_x, steep_t,
        )  # fmt: skip


_LATEST = float(np.log1p(300 / 3) / 2)  # the logarithmic clock is of order one up to τ of hundreds


class _Sharp(NamedTuple):
    """Features [N, F] with their ``t ∂x`` and ``t ∂t``; the factor A [N] with the same of it."""

    features: Tensor
    along_x: Tensor
    along_t: Tensor
    steep: Tensor
    steep_x: Tensor
    steep_t: Tensor
