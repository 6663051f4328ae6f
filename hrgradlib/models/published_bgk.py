"""Networks as the literature trains them for BGK on the line: one for f, one for its moments.

Velocity is an input of the first; moments are exact at the ends, where nothing arrives; the initial
data are nobody's but the loss's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.published_bgk import BGKPublishedFields
from hrgradlib.models.bgk import BGKObservables
from hrgradlib.models.published import PublishedModel
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["PublishedBGKModel", "PublishedBGKObservables", "SwishMLP"]

_FASTEST = 6.0  # of the velocities: five deviations of the hottest Maxwellian
_THETA = 1.2  # without the factor e^{−v²/2Θ_ψ} of f training hardly begins, as in the plain form


class SwishMLP(StreamMLP):
    """With ``a·sigmoid(a)`` in place of the hyperbolic tangent."""

    def forward(self, value: Tensor, tangents: Tensor | None = None):
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            value = layer(value)
            if tangents is not None:
                tangents = nn.functional.linear(tangents, layer.weight)  # type: ignore[arg-type]
            if index == last:
                break
            share = torch.sigmoid(value)
            if tangents is not None:
                slope = share * (1 + value * (1 - share))
                tangents = slope[:, None] * tangents
            value = value * share
        return value if tangents is None else (value, tangents)


class PublishedBGKModel(PublishedModel):
    """``f = softplus(N_f) e^{−v²/2Θ_ψ}`` of (t, x, v, ε), and (ρ, u, Θ) exact at ``x = ±reach``.

    With ``s = (1 + x/reach)/2`` and ``b = 1 − (x/reach)²`` the moments are

        ρ = ρ_left^{1−s} ρ_right^s e^{b N_1},   u = (1−s) u_left + s u_right + b N_2,

    and Θ as ρ, so that both are positive.

    Args:
        problem: data and ranges.
        width, depth: of either network (hidden features, hidden layers).
        nodes: V, equidistant velocities.
        reach: half the length of the domain; what starts in the window does not get there.
    """

    problem: Any
    velocities: Tensor
    ends: Tensor

    def __init__(
        self,
        problem: BGKProblem,
        width: int = 32,
        depth: int = 4,
        nodes: int = 16,
        reach: float = 1.0,
    ) -> None:
        super().__init__(problem, width, depth, nodes)  # type: ignore[arg-type]
        self.inputs, self.reach = 3, reach
        self.macro = SwishMLP([self.inputs] + [width] * depth + [3])
        self.kinetic = SwishMLP([self.inputs + 1] + [width] * depth + [1])
        v = torch.linspace(-_FASTEST, _FASTEST, nodes)
        self.register_buffer("velocities", v, persistent=False)
        # Of log ρ, u and log Θ, at the left end and at the right one.
        pairs = [(math.log(r), u, math.log(T)) for r, u, T in (problem.left, problem.right)]
        self.register_buffer("ends", torch.tensor(pairs), persistent=False)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3], and f at the velocities [N, V]."""
        features, _ = self._features(t, x, eps)
        out, _ = self._moments(x, self.macro(features), None)
        return out, self._at_speeds(features, self.velocities)

    def distribution(self, t: Tensor, x: Tensor, v: Tensor, eps: Tensor) -> Tensor:
        """f, in the shape of the arguments."""
        flat = [a.reshape(-1) for a in (t, x, eps, v)]
        features, _ = self._features(*flat[:3])
        rows = torch.cat([features, flat[3][:, None] / _FASTEST], 1)
        return (softplus(self.kinetic(rows)[:, 0]) * _bell(flat[3])).view(t.shape)

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> BGKPublishedFields:
        """What the residuals need, at points given as three tensors [N]."""
        features, tangents = self._features(t, x, eps)
        state, along = self._moments(x, *self.macro(features, tangents[:, 1:]))
        out, moving = self.kinetic(*self._at(self.velocities / _FASTEST, features, tangents))
        bell = _bell(self.velocities)
        slope = torch.sigmoid(out[..., 0]) * bell
        return BGKPublishedFields(
            state,
            along,
            softplus(out[..., 0]) * bell,
            slope * moving[:, 1, :, 0],
            slope * moving[:, 0, :, 0],
        )

    def _at_speeds(self, features: Tensor, v: Tensor) -> Tensor:
        out = self.kinetic(self._at(v / _FASTEST, features, None))[..., 0]
        return softplus(out) * _bell(v)

    def _moments(self, x: Tensor, out: Tensor, moving: Tensor | None) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) and their derivatives along one tangent that leaves x as it is, [N, 3] each."""
        place = x / self.reach
        share, bump = 0.5 * (1 + place), 1 - place.square()

        def joined(k: int) -> Tensor:
            left, right = self.ends[:, k]
            return (1 - share) * left + share * right + bump * out[:, k]

        rho, u, temperature = joined(0).exp(), joined(1), joined(2).exp()
        state = torch.stack([rho, u, temperature], 1)
        if moving is None:
            return state, torch.zeros_like(state)
        factor = torch.stack([rho, torch.ones_like(u), temperature], 1)
        return state, factor * bump[:, None] * moving[:, 0]

    def _features(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """t, x and ε, each in [−1, 1], and the derivatives by x and t, [N, 2, F]."""
        final = self.problem.final_time
        known = [2 * t / final - 1, x / self.reach, regime(eps, self.problem.eps_range)]
        features = torch.stack(known, 1)
        along_x, along_t = torch.zeros_like(features), torch.zeros_like(features)
        along_x[:, 1], along_t[:, 0] = 1 / self.reach, 2 / final
        return features, torch.stack([along_x, along_t], 1)


def _bell(v: Tensor) -> Tensor:
    return torch.exp(-0.5 * v.square() / _THETA)


class PublishedBGKObservables(BGKObservables):
    """f is a network's output itself; the moments are another's, as the formulation has it."""

    def __init__(self, model: PublishedBGKModel) -> None:
        self.model, self.places = model, (-model.reach, model.reach)

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """By the sum over the velocities that f is trained at; modes are f there."""
        v = self.model.velocities.double().cpu().numpy()
        return 0.5 * (v[1] - v[0]) * ((v - state[..., 1:2]) ** 3 * modes).sum(-1)

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        like = self.model.velocities
        arguments = (torch.tensor(np.asarray(a)).to(like) for a in (t, x, v, eps))
        with torch.no_grad():
            return self.model.distribution(*arguments).double().cpu().numpy()
