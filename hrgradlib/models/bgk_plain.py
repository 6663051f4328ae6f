"""BGK in the plain formulation of the literature: one network for f, one for its moments.

Nothing holds by construction but positivity: equation, moments and initial data are penalties.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.models.bgk import BGKObservables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["PlainBGKModel", "PlainBGKObservables"]

_REACH, _NODES = 7.0, 32  # of the velocity quadrature
_THETA = 1.2  # f decays like a Maxwellian's: without this factor training hardly begins


class PlainBGKModel(nn.Module):
    """``f = e^{N_f(t, x, v, log ε)} e^{−v²/2Θ_ψ}`` and ``(ρ, u, Θ) = (e^{N_1}, N_2, e^{N_3})``.

    Args:
        problem: data and ranges.
        width, depth: of each of the two networks (hidden features, hidden layers).
    """

    nodes: Tensor

    def __init__(self, problem: BGKProblem, width: int = 32, depth: int = 3) -> None:
        super().__init__()
        self.problem = problem
        self.macro = StreamMLP([3] + [width] * depth + [3])
        self.kinetic = StreamMLP([4] + [width] * depth + [1])
        nodes = torch.linspace(-_REACH, _REACH, _NODES)
        self.register_buffer("nodes", nodes, persistent=False)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3], and f at the nodes of the velocity quadrature [N, V]."""
        v = self.nodes.expand(len(t), -1)
        spread_t, spread_x, spread_eps = (a[:, None].expand_as(v) for a in (t, x, eps))
        return self.moments(t, x, eps), self.distribution(spread_t, spread_x, v, spread_eps)

    def moments(self, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        """(ρ, u, Θ) [N, 3]."""
        return _positive(self.macro(self._features(t, x, eps)))

    def distribution(self, t: Tensor, x: Tensor, v: Tensor, eps: Tensor) -> Tensor:
        """f, in the shape of the arguments."""
        flat = [a.reshape(-1) for a in (t, x, eps, v)]
        features = torch.cat([self._features(*flat[:3]), flat[3][:, None] / _REACH], 1)
        return (self.kinetic(features)[:, 0].exp() * _bell(flat[3])).view(t.shape)

    def streams(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3]; f and ``∂t f + v ∂x f`` at the nodes [N, V]."""
        v = self.nodes.expand(len(t), -1)
        place = self._features(t, x, eps)[:, None].expand(-1, len(self.nodes), -1)
        features = torch.cat([place, v[..., None] / _REACH], 2)  # points first: [N, V, 4]
        along = torch.zeros_like(features)  # the tangent of ∂t + v ∂x
        along[..., 0], along[..., 1] = 2 / self.problem.final_time, v / self.problem.domain[1]
        value, slope = self.kinetic(features, along[:, None])
        f = value[..., 0].exp() * _bell(v)
        return self.moments(t, x, eps), f, f * slope[:, 0, :, 0]

    def _features(self, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        return torch.stack(
            [
                2 * t / self.problem.final_time - 1,
                x / self.problem.domain[1],
                regime(eps, self.problem.eps_range),
            ],
            1,
        )


def _bell(v: Tensor) -> Tensor:
    return torch.exp(-0.5 * v.square() / _THETA)


def _positive(out: Tensor) -> Tensor:
    return torch.stack([out[:, 0].exp(), out[:, 1], out[:, 2].exp()], 1)


class PlainBGKObservables(BGKObservables):
    """f is a network's output itself; the moments are another's, as the formulation has it."""

    def __init__(self, model: PlainBGKModel) -> None:
        self.model = model

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """By the quadrature that the formulation knows f at; modes are f at its nodes."""
        nodes = self.model.nodes.double().cpu().numpy()
        return 0.5 * (nodes[1] - nodes[0]) * ((nodes - state[..., 1:2]) ** 3 * modes).sum(-1)

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        like = self.model.nodes
        arguments = (torch.tensor(np.asarray(a)).to(like) for a in (t, x, v, eps))
        with torch.no_grad():
            return self.model.distribution(*arguments).double().cpu().numpy()
