"""One network for ``convection-diffusion`` at every Péclet number, with and without its layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.convection_diffusion import ConvectionDiffusion, ConvectionFields
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["ConvectionDiffusionModel", "ConvectionObservables", "PlainConvectionModel"]


class ConvectionDiffusionModel(nn.Module):
    """u and its flux q for all ε at once.

    With the layer coordinate ``ζ = e^{−(1−x)/ε}``, ζ_0 its value at x = 0, the profile of the layer
    ``E = (ζ − ζ_0)/(1 − ζ_0)``, and networks N,

        u = (x − E) N_u(x, ζ, z),      q = N_q(x, z),

    both boundary values hold exactly for every ε; ``x − E`` is the solution for f = 1. The flux has
    no layer, and its network is not told of any. ``ε u'`` has no stiff part.

    Args:
        problem: data and ranges.
        width, depth: of each of the two trunks (hidden features, hidden layers).
        code: features of the hidden representation ``z = E(log10 ε)``.
    """

    known = 2  # input features of u's trunk beside the code

    def __init__(
        self, problem: ConvectionDiffusion, width: int = 64, depth: int = 4, code: int = 8
    ) -> None:
        super().__init__()
        self.problem = problem
        self.encoder = StreamMLP([1, 4 * code, code])
        self.trunk = StreamMLP([self.known + code] + [width] * depth + [1])
        self.flux = StreamMLP([1 + code] + [width] * depth + [1])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """Density u [N] and flux q [N, 1] at points given as three tensors [N], whatever t."""
        code = self._code(eps)
        factor, _ = self._factor(x, eps)
        known, _ = self._known(x, eps)
        out = self.trunk(torch.cat([known, code], 1))
        return factor * out[:, 0], self.flux(torch.cat([_centred(x), code], 1))

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> ConvectionFields:
        """What the residuals need, at points given as three tensors [N]."""
        code = self._code(eps)
        factor, factor_x = self._factor(x, eps)
        known, moving = self._known(x, eps)
        out, out_x = _along(self.trunk, known, moving, code)
        place = _centred(x)
        flux, flux_x = _along(self.flux, place, torch.full_like(place, 2.0), code)
        return ConvectionFields(factor * out, factor_x * out + factor * out_x, flux, flux_x)

    def _code(self, eps: Tensor) -> Tensor:
        return self.encoder(regime(eps, self.problem.eps_range)[:, None])

    def _factor(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """What vanishes on the boundary, [N], and its ``ε ∂x``."""
        inverse = -torch.expm1(-1 / eps)
        layer = torch.exp((x - 1) / eps)
        profile = -layer * torch.expm1(-x / eps) / inverse
        return x - profile, eps - layer / inverse

    def _known(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """Place and layer coordinate, [N, 2], and ``ε ∂x`` of both."""
        layer = torch.exp((x - 1) / eps)
        return torch.stack([2 * x - 1, 2 * layer - 1], 1), 2 * torch.stack([eps, layer], 1)


class PlainConvectionModel(ConvectionDiffusionModel):
    """The same without layer coordinate: ``u = 4x(1 − x) N_u(x, z)``, boundary values exact."""

    known = 1

    def _factor(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        return 4 * x * (1 - x), 4 * eps * (1 - 2 * x)

    def _known(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        return _centred(x), 2 * eps[:, None]


class ConvectionObservables(Observables):
    """A substance of density u and flux q, which has no velocities; outputs u [...] and q [..., 1].

    Its mean velocity is q/u; the third moment is that of a substance carried at speed 1.
    """

    speeds, places = (-np.inf, np.inf), (0.0, 1.0)

    def moments(self, density, modes, t, x, eps) -> NDArray:
        return np.stack([density, modes[..., 0], 0.5 * density], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        """u, whatever v: there are no velocities to tell apart."""
        return np.broadcast_to(density, np.shape(v)).copy()


def _centred(x: Tensor) -> Tensor:
    return (2 * x - 1)[:, None]


def _along(net: StreamMLP, known: Tensor, moving: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
    """A network's one output and its derivative, [N] each; that of the code is zero."""
    moving = nn.functional.pad(moving, (0, code.shape[1]))
    out, tangents = net(torch.cat([known, code], 1), moving[:, None])
    return out[:, 0], tangents[:, 0, 0]
