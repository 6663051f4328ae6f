"""One network for ``transport-inflow`` at every ε: similarity coordinates, two trunks.

The solution is diffusive behind a time ε² and a distance ε from the walls, where it depends on
``x/√t``; at the corner it depends on ``x/ε`` and ``t/ε²``. The network sees all of these as bounded
features, with tangents in the scaled derivatives ``p ∂t`` and ``√p ∂x``, ``p = t + ε²``, which are
of order one everywhere (:mod:`hrgradlib.kinetics.inflow`).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.kinetics.inflow import InflowFields, InflowTransport, front_density
from hrgradlib.kinetics.inflow_basis import even_odd, inflow_basis
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = ["InflowModel", "InflowObservables"]


class InflowModel(nn.Module):
    """``ρ' = σ (R + δ Q)`` and ``E, O = σ N`` with ``σ = 1 − e^{−t/ε²}``: zero at t = 0 exactly.

    The outer trunk does not see ``x/ε``: it holds R and the flux, which do not change across the
    boundary layers to leading order. The inner trunk sees everything and holds what is δ times
    smaller, Q and the flux's correction, and the coefficients ``E_k``, ``O_k`` with k ≥ 1;
    ``O_0`` follows from the flux ``(B O)_0``.

    Args:
        problem: data and ranges.
        width, depth: of each trunk.
        modes: K, even and odd functions of v each.
        code: features of the hidden representation ``z = E(log10 ε)``.
        kind: basis, "half-range" (even–odd form) or "legendre" (micro–macro form).
    """

    outer_features, layer_features = 5, 3
    flux_row: Tensor

    def __init__(
        self,
        problem: InflowTransport,
        width: int = 24,
        depth: int = 3,
        modes: int = 3,
        code: int = 6,
        kind: str = "half-range",
    ) -> None:
        super().__init__()
        self.problem, self.modes, self.kind = problem, modes, kind
        self.basis = inflow_basis(kind, modes)
        outer = self.outer_features + code
        self.encoder = StreamMLP([1, 2 * code, code])
        self.outer = StreamMLP([outer] + [width] * depth + [2])
        self.inner = StreamMLP(
            [outer + self.layer_features] + [width] * depth + [2 + 2 * (modes - 1)]
        )
        flux = torch.as_tensor(self.basis.coupling[0])
        self.register_buffer("flux_row", flux, persistent=False)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ`` [N], of f and not f', and the coefficients ``δE_1…, δO_0…`` [N, 2K−1] of f'."""
        outer, inner, _ = self._features(t, x, eps, tangents=False)
        density, flux, even, odd = self._split(self.outer(outer), self.inner(inner), t, eps)
        grown, delta = self._growth(t, eps), self._delta(t, eps)
        coefficients = delta[:, None] * torch.cat([even, self._odd(flux, odd)], 1)
        return grown * density + front_density(t, x, eps), grown[:, None] * coefficients

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> InflowFields:
        """What the residuals need, at points given as three tensors [N]."""
        outer, inner, moving = self._features(t, x, eps, tangents=True)
        a, a_d = self.outer(outer, moving[0])
        b, b_d = self.inner(inner, moving[1])
        grown, delta = self._growth(t, eps)[:, None], self._delta(t, eps)
        density, flux, even, odd = self._split(a, b, t, eps)
        along = [self._split(a_d[:, i], b_d[:, i], t, eps) for i in range(2)]  # √p ∂x, p ∂t
        slope = -0.5 * delta  # p ∂t δ
        density_t = along[1][0] + slope * b[:, 0]
        flux_t = along[1][1] + slope * b[:, 1]
        pace = (t / eps.square() + 1) * torch.exp(-t / eps.square())  # p ∂t σ
        whole_odd = self._odd(flux, odd)
        odd_x, odd_t = self._odd(along[0][1], along[0][3]), self._odd(flux_t, along[1][3])
        return InflowFields(
            density=grown[:, 0] * density,
            density_t=grown[:, 0] * density_t + pace * density,
            density_x=grown[:, 0] * along[0][0],
            even=grown * even,
            odd=grown * whole_odd,
            even_t=grown * along[1][2] + pace[:, None] * even,
            odd_t=grown * odd_t + pace[:, None] * whole_odd,
            even_x=grown * delta[:, None] * along[0][2],
            odd_x=grown * delta[:, None] * odd_x,
            flux_x=grown[:, 0] * along[0][1],
        )

    def _split(self, outer: Tensor, inner: Tensor, t: Tensor, eps: Tensor):
        """Network outputs to ρ'/σ, (B O)_0/σ, E/σ and O_{1…}/σ."""
        delta = self._delta(t, eps)
        return (
            outer[:, 0] + delta * inner[:, 0],
            outer[:, 1] + delta * inner[:, 1],
            inner[:, 2 : 1 + self.modes],
            inner[:, 1 + self.modes :],
        )

    def _odd(self, flux: Tensor, higher: Tensor) -> Tensor:
        """``O_0 … O_{K−1}`` from the flux ``(B O)_0 = B_00 O_0 + B_01 O_1`` and ``O_1 …``."""
        beside = self.flux_row[1:] @ higher.mT
        return torch.cat([((flux - beside) / self.flux_row[0])[:, None], higher], 1)

    @staticmethod
    def _growth(t: Tensor, eps: Tensor) -> Tensor:
        return -torch.expm1(-t / eps.square())

    @staticmethod
    def _delta(t: Tensor, eps: Tensor) -> Tensor:
        return eps / (t + eps.square()).sqrt()

    def _features(self, t: Tensor, x: Tensor, eps: Tensor, *, tangents: bool):
        """Inputs of both trunks and, with tangents, their derivatives [N, 2, F] by √p ∂x, p ∂t."""
        # Below the trained range the solution is the diffusion limit to O(ε).
        lowest = self.problem.eps_range[0]
        code = self.encoder(regime(eps.clamp_min(lowest), self.problem.eps_range)[:, None])
        p = t + eps.square()
        root, delta = p.sqrt(), eps / p.sqrt()
        tau = t / eps.square()
        final = self.problem.final_time
        radius = (x.square() + p).sqrt()
        near = x / (x + eps)
        far = (1 - x) / (1 - x + eps)
        front = (1 - x / (tau * eps).clamp_min(torch.finfo(t.dtype).tiny)).clamp_min(-1.0)
        known = torch.stack([2 * x - 1, 2 * t / final - 1, x / radius, delta, (p / (p + final))], 1)
        layers = torch.stack([near, far, front], 1)
        outer = torch.cat([known, code], 1)
        inner = torch.cat([outer, layers], 1)
        if not tangents:
            return outer, inner, None
        zero = torch.zeros_like(t)
        ahead = (front > -1.0).to(t.dtype)
        along_x = torch.stack([2 * root, zero, root * p / radius**3, zero, zero], 1)
        along_t = torch.stack(
            [
                zero,
                2 * p / final,
                -0.5 * x * p / radius**3,
                -0.5 * delta,
                p * final / (p + final).square(),
            ],
            1,
        )
        speed = 1 / (tau * eps).clamp_min(torch.finfo(t.dtype).tiny)  # of the front, 1/(t/ε)
        layers_x = torch.stack(
            [
                root * eps / (x + eps).square(),
                -root * eps / (1 - x + eps).square(),
                -ahead * root * speed,
            ],
            1,
        )
        layers_t = torch.stack([zero, zero, ahead * x * speed * p / t.clamp_min(1e-300)], 1)
        first = nn.functional.pad(torch.stack([along_x, along_t], 1), (0, code.shape[1]))
        return outer, inner, (first, torch.cat([first, torch.stack([layers_x, layers_t], 1)], 2))


class InflowObservables(Observables):
    """``f = S + f'``; outputs ρ (of f) [...] and ``δE_1…, δO_0…`` of f' [..., 2K−1]."""

    speeds, places = (-1.0, 1.0), (0.0, 1.0)

    def __init__(self, model: InflowModel) -> None:
        self.count, self.kind = model.modes, model.kind

    @staticmethod
    def _front(t, x, eps) -> tuple[NDArray, NDArray]:
        """``e^{−t/ε²}`` and the slowest velocity behind the front, x/(t/ε), at most 1."""
        reach = t / eps
        slowest = np.where(x < reach, x / np.where(reach > 0, reach, 1.0), 1.0)
        return np.exp(-t / eps**2) * (t > 0), slowest

    def moments(self, density, modes, t, x, eps) -> NDArray:
        height, slowest = self._front(t, x, eps)
        b = inflow_basis(self.kind, self.count + 1).coupling
        even, odd = modes[..., : self.count - 1], modes[..., self.count - 1 :]
        prime = density - 0.5 * height * (1 - slowest)
        flux = odd @ b[0, : self.count] + 0.25 * height * (1 - slowest**2)
        square = prime / 3 + even @ (b @ b.T)[0, 1 : self.count] + height * (1 - slowest**3) / 6
        return np.stack([density, flux, 0.5 * square], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        height, slowest = self._front(t, x, eps)
        even, odd = even_odd(v, self.count, self.kind)
        prime = density - 0.5 * height * (1 - slowest)
        smooth = prime + (modes * np.concatenate([even[..., 1:], odd], -1)).sum(-1)
        return smooth + height * ((v > slowest) & (v > 0))
