"""One network for BGK at every ε: positive density and temperature, exact initial data.

``ρ = ρ0 e^{θ N_ρ}``, ``u = u0 + θ N_u``, ``T = T0 e^{θ N_T}`` with ``θ = (t/t_end) χ(x)``, and
micro modes ``b_k = σ χ N_k``, ``σ = 1 − e^{−t/ε}``: the initial data hold for every ε, ρ and T are
positive, and the far-field states are exact where ``χ = 1 − (x/L)²`` ends, at the domain's ends ±L.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hrgradlib.kinetics.bgk import BGKFields
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.models.streams import StreamMLP

__all__ = ["BGKModel"]


class BGKModel(nn.Module):
    """See the module.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
        modes: M, micro modes k = 3 … M + 2.
        code: features of the hidden representation ``z = E(log10 ε)``.
        theta: temperature Θ of the Hermite basis; all temperatures must stay below 2Θ.
    """

    known = 5  # input features beside the code

    def __init__(
        self, problem: BGKProblem, width: int = 32, depth: int = 3, modes: int = 8,
        code: int = 6, theta: float = 1.2,
    ) -> None:
        super().__init__()
        self.problem, self.modes, self.theta = problem, modes, theta
        self.encoder = StreamMLP([1, 2 * code, code])
        self.trunk = StreamMLP([self.known + code] + [width] * depth + [3 + modes])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, T) [N, 3] and the coefficients ``b_3 … b_{M+2}`` [N, M]."""
        features, _ = self._features(t, x, eps, tangents=False)
        out = self.trunk(features)
        inside, _ = self._window(x)
        start, _ = self.problem.initial_moments(x)
        change = (t / self.problem.final_time * inside)[:, None] * out[:, :3]
        grown = -torch.expm1(-t / eps) * inside
        return self._moments(start, change), grown[:, None] * out[:, 3:]

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> BGKFields:
        """What the residuals need, at points given as three tensors [N]."""
        features, tangents = self._features(t, x, eps, tangents=True)
        out, tangents = self.trunk(features, tangents)
        out_x, out_t = tangents.unbind(1)  # the second along (t + ε) ∂t
        inside, inside_x = (w[:, None] for w in self._window(x))
        start, start_x = self.problem.initial_moments(x)
        clock = (t / self.problem.final_time)[:, None]
        pace = (t + eps)[:, None]
        macro, macro_x, macro_t = out[:, :3], out_x[:, :3], out_t[:, :3]
        change = clock * inside * macro
        change_x = clock * (inside_x * macro + inside * macro_x)
        change_t = inside * (macro + t[:, None] / pace * macro_t) / self.problem.final_time
        moments = self._moments(start, change)
        # ρ and T are exponentials: their changes are relative ones.
        factor = torch.stack([moments[:, 0], torch.ones_like(t), moments[:, 2]], 1)
        relative_x = start_x / torch.stack([start[:, 0], torch.ones_like(t), start[:, 2]], 1)
        grown = -torch.expm1(-t / eps)[:, None]
        micro, micro_x, micro_t = out[:, 3:], out_x[:, 3:], out_t[:, 3:]
        return BGKFields(
            moments=moments,
            moments_t=factor * change_t,
            moments_x=factor * (relative_x + change_x),
            micro_x=grown * (inside_x * micro + inside * micro_x),
            relaxation=inside * (micro + grown * eps[:, None] / pace * micro_t),
        )

    @staticmethod
    def _moments(start: Tensor, change: Tensor) -> Tensor:
        return torch.stack([
            start[:, 0] * change[:, 0].exp(), start[:, 1] + change[:, 1],
            start[:, 2] * change[:, 2].exp(),
        ], 1)

    def _window(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``χ`` and its slope; both vanish beyond the domain."""
        reach = self.problem.domain[1]
        value = (1 - (x / reach).square()).clamp_min(0.0)
        return value, torch.where(value > 0, -2 * x / reach**2, 0.0)

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, *, tangents: bool):
        """Inputs [N, F] and their tangents [N, 2, F] along ∂x and (t + ε) ∂t."""
        final, reach = self.problem.final_time, self.problem.domain[1]
        low, high = (torch.log10(torch.tensor(e)).item() for e in self.problem.eps_range)
        code = self.encoder(((2 * torch.log10(eps) - low - high) / (high - low))[:, None])
        whole = -torch.expm1(-final / eps)
        layer = -torch.expm1(-t / eps) / whole
        mixing, slope = self.problem.mixing(x)
        # Waves leave the middle with speeds of order one: x/t, rounded off where the profile is.
        spread = (t.square() + 0.05**2).sqrt()
        ray = x / (x.square() + spread.square()).sqrt()
        known = torch.stack([x / reach, 2 * t / final - 1, 2 * layer - 1, mixing, ray], 1)
        features = torch.cat([known, code], 1)
        if not tangents:
            return features, None
        pace, zero, one = t + eps, torch.zeros_like(t), torch.ones_like(t)
        radius = (x.square() + spread.square()).sqrt()
        along_x = torch.stack(
            [one / reach, zero, zero, slope, spread.square() / radius**3], 1)
        along_t = torch.stack([
            zero, 2 * pace / final, 2 * pace / eps * torch.exp(-t / eps) / whole, zero,
            -x * t / radius**3 * pace,
        ], 1)
        moving = torch.stack([along_x, along_t], 1)
        return features, nn.functional.pad(moving, (0, code.shape[1]))
