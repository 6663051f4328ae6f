"""One network for ``transport-2d`` at every ε: layer coordinate, clock, modes of the angle."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.plane import PlaneFields, PlaneTransport
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["PlaneModel", "PlaneObservables"]


class PlaneModel(nn.Module):
    """``ρ`` and ``g`` of linear transport on the periodic unit square, for all ε at once.

    The formulation of :class:`hrgradlib.models.PeriodicModel`: with ``σ = 1 − e^{−t/ε²}``, the
    coordinate ``s = σ(t)/σ(T)``, the clock ``ω = t − ε² σ``, and networks N,

        ρ = ρ0(x) + (ω/T) N_ρ,      (c_m, s_m) = σ N_m,   m = 1..M.

    The initial data hold exactly for every ε, ``<g> = 0`` by construction (no mode 0), and no term
    of the residuals is stiff or a difference of large numbers, down to the smallest ε in float32.

    Args:
        problem: data and ranges.
        width, depth: of the trunk (hidden features, hidden layers).
        modes: M, pairs of angular modes of g.
        code: features of the hidden representation ``z = E(log10 ε)``.
    """

    known = 6  # input features beside the code

    def __init__(
        self,
        problem: PlaneTransport,
        width: int = 64,
        depth: int = 4,
        modes: int = 4,
        code: int = 8,
    ) -> None:
        super().__init__()
        self.problem, self.modes = problem, modes
        self.encoder = StreamMLP([1, 4 * code, code])
        self.trunk = StreamMLP([self.known + code] + [width] * depth + [1 + 2 * modes])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ`` [N] and the pairs ``(c_m, s_m)`` [N, M, 2] at t [N], x [N, 2], ε [N]."""
        _check(x)
        grown = _grown(t, eps)
        out = self.trunk(torch.cat([self._known(t, x, eps, grown), self._code(eps)], 1))
        density0, _ = self.problem.initial_density(x)
        clock = (t - eps.square() * grown) / self.problem.final_time
        return density0 + clock * out[:, 0], self._pairs(grown[:, None] * out[:, 1:])

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PlaneFields:
        """The derivatives that the residuals need, at t [N], x [N, 2], ε [N]."""
        _check(x)
        grown, code = _grown(t, eps), self._code(eps)
        features = torch.cat([self._known(t, x, eps, grown), code], 1)
        moving = nn.functional.pad(self._tangents(t, x, eps), (0, code.shape[1]))
        out, tangents = self.trunk(features, moving)
        out_x, out_t = tangents[:, :2], tangents[:, 2]
        _, slope0 = self.problem.initial_density(x)
        layer, final = eps.square(), self.problem.final_time
        clock, pace = t - layer * grown, t + layer
        relaxation = out[:, 1:] + (grown * layer / pace)[:, None] * out_t[:, 1:]
        return PlaneFields(
            density_t=(grown * out[:, 0] + (clock / pace) * out_t[:, 0]) / final,
            density_x=slope0 + (clock / final)[:, None] * out_x[:, :, 0],
            micro_x=self._pairs(grown[:, None, None] * out_x[:, :, 1:]),
            relaxation=self._pairs(relaxation),
        )

    def _code(self, eps: Tensor) -> Tensor:
        return self.encoder(regime(eps, self.problem.eps_range)[:, None])

    def _pairs(self, columns: Tensor) -> Tensor:
        return columns.unflatten(-1, (self.modes, 2))

    def _known(self, t: Tensor, x: Tensor, eps: Tensor, grown: Tensor) -> Tensor:
        """Time, layer coordinate, and cosine and sine of both places, [N, 6]."""
        time = 2 * t / self.problem.final_time - 1
        layer = 2 * grown / _grown(self.problem.final_time, eps) - 1
        wave = 2 * torch.pi * x
        return torch.cat([torch.stack([time, layer], 1), torch.cos(wave), torch.sin(wave)], 1)

    def _tangents(self, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        """``∂x``, ``∂y`` and ``(t + ε²) ∂t`` of these, [N, 3, 6]; the last is O(1) everywhere."""
        final, layer = self.problem.final_time, eps.square()
        pace, zero = t + layer, torch.zeros_like(t)
        (cos_x, cos_y), (sin_x, sin_y) = (
            (2 * torch.pi * f(2 * torch.pi * x)).unbind(1) for f in (torch.cos, torch.sin)
        )
        in_layer = 2 * (pace / layer) * torch.exp(-t / layer) / _grown(final, eps)
        rows = (
            (zero, zero, -sin_x, zero, cos_x, zero),
            (zero, zero, zero, -sin_y, zero, cos_y),
            (2 * pace / final, in_layer, zero, zero, zero, zero),
        )
        return torch.stack([torch.stack(row, 1) for row in rows], 1)


class PlaneObservables(Observables):
    """``f = ρ + ε √2 Σ (c_m cos mθ + s_m sin mθ)``; outputs ρ [...] and pairs [..., M, 2].

    A velocity v is told by its angle θ in radians, any real number.
    """

    speeds, places, period = (-np.inf, np.inf), (-np.inf, np.inf), 1.0

    def __init__(self, model: PlaneModel) -> None:
        self.orders = np.arange(1, model.modes + 1)

    def moments(self, density, modes, t, x, eps) -> NDArray:
        """``<(1, cos θ, sin θ, ½) f>`` along a new last axis; x is [..., 2]."""
        flux = eps[..., None] * modes[..., 0, :] * 0.5**0.5
        return np.concatenate([density[..., None], flux, 0.5 * density[..., None]], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        angle = np.asarray(v)[..., None] * self.orders
        waves = modes[..., 0] * np.cos(angle) + modes[..., 1] * np.sin(angle)
        return density + eps * 2**0.5 * waves.sum(-1)


def _grown(t: Tensor | float, eps: Tensor) -> Tensor:
    """``1 − e^{−t/ε²}``, shape of ``eps``."""
    return -torch.expm1(-t / eps.square())


def _check(x: Tensor) -> None:
    """Coordinates of another shape would broadcast to something.

    Raises:
        ValueError: x is not [N, 2].
    """
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"PlaneModel: found x of shape {tuple(x.shape)}; expected (N, 2)")
