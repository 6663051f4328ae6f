"""Linear transport with inflow: the data of ``transport-inflow``, and residuals by parity in v.

They are scaled so that nothing is stiff anywhere.

The data jump at the corner (t, x) = (0, 0). The jump travels along ``x = v t/ε`` and decays as
``e^{−t/ε²}``, so the exact solution is written ``f = S + f'`` with

    S = e^{−t/ε²} [0 < x < v t/ε],    <S> = ½ e^{−t/ε²} (1 − ε x/t)_+,

where ``f'`` is continuous, starts from zero and flows in as ``1 − e^{−t/ε²}``. With ``τ = t/ε²``,
``p = t + ε²`` and ``δ = ε/√p = (1 + τ)^{−1/2}`` put, in one of the bases of
:mod:`hrgradlib.kinetics.inflow_basis`, half-range (even–odd form) or Legendre (micro–macro form),

    f' = ρ' + δ Σ_{k≥1} E_k e_k + δ Σ_{k≥0} O_k o_k.

``ρ'``, ``E`` and ``O`` are of order one at every ε, in the corner, in the boundary layers (whose
strength is δ) and in the diffusive interior alike, and so are all terms of

    macro   p ∂t ρ' + √p (B ∂x O)_0 = (1 + τ) <S>
    even    ε² ∂t E_k − ½ δ² E_k + ε (B ∂x O)_k + E_k = 0,                        k ≥ 1
    odd     ε² ∂t O_k − ½ δ² O_k + √p B_0k ∂x ρ' + ε Σ_{i≥1} B_ik ∂x E_i + O_k = 0,   k ≥ 0

(``ε² ∂t (δ h) = δ (ε² ∂t h − ½ δ² h)``). For ε → 0 at fixed t: ``O_0 B_00 + … = −√t ∂x ρ'/3``,
the diffusion equation. Inflow, in its moments with the half-range polynomials p_j:
``f' = 1 − e^{−τ}`` for v > 0 at x = 0, ``f' = 0`` for v < 0 at x = 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from hrgradlib.kinetics.inflow_basis import InflowBasis

__all__ = ["InflowFields", "InflowTransport", "front_density", "inflow_misfit", "residual"]


@dataclass(frozen=True)
class InflowTransport:
    """The problem ``transport-inflow``: x in [0, 1], isotropic inflow at both ends.

    The data jump at (t, x) = (0, 0), as in the literature: the inflow is not the initial state.

    Attributes:
        eps_range: smallest and largest Knudsen number (dimensionless).
        final_time: ``T`` (dimensionless).
        inflow_left, inflow_right: ``f(t, 0, v > 0)`` and ``f(t, 1, v < 0)``.
        initial: ``f(0, x, v)``.
        eval_eps, eval_times: where errors are quoted.
        check_eps: Knudsen number of the additional check of the diffusion limit.

    Raises:
        ValueError: a range that is not 0 < low ≤ high, a final time or distribution that is not
            finite, or negative.
    """

    eps_range: tuple[float, float] = (1e-4, 1.0)
    final_time: float = 0.1
    inflow_left: float = 1.0
    inflow_right: float = 0.0
    initial: float = 0.0
    eval_eps: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
    eval_times: tuple[float, ...] = (0.005, 0.02, 0.05, 0.1)
    check_eps: float = 1e-8

    def __post_init__(self) -> None:
        low, high = self.eps_range
        if not 0 < low <= high < math.inf:
            raise ValueError(
                f"InflowTransport: found eps_range = {self.eps_range}; expected 0 < low ≤ high."
            )
        if not 0 < self.final_time < math.inf:
            raise ValueError(
                f"InflowTransport: found final_time = {self.final_time}; expected a "
                "positive number."
            )
        for name in ("inflow_left", "inflow_right", "initial"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"InflowTransport: found {name} = {getattr(self, name)}; expected "
                    "a distribution, finite and not negative."
                )

    def left(self, v: Tensor) -> Tensor:
        """``f(t, 0, v)`` for v > 0, same shape as v."""
        return torch.full_like(v, self.inflow_left)

    def right(self, v: Tensor) -> Tensor:
        """``f(t, 1, v)`` for v < 0, same shape as v."""
        return torch.full_like(v, self.inflow_right)

    def initial_density(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ0`` and ``∂x ρ0`` at x, same shape as x."""
        return torch.full_like(x, self.initial), torch.zeros_like(x)

    def free_density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """ρ of free transport, f carried at the speed v/ε: the limit of large ε.

        Args:
            t: positive.
            x: in [0, 1]; arguments broadcast.
            eps: Knudsen number.
        """
        t, eps = np.asarray(t), np.asarray(eps)

        def unit(x: NDArray) -> NDArray:  # behind the front
            return 0.5 * np.maximum(0.0, 1 - eps * x / t)

        return self._superposed(unit, x)

    def diffusion_density(self, t: float, x: ArrayLike, coefficient: float = 1 / 3) -> NDArray:
        """Solution of ``∂t ρ = D ∂xx ρ`` with ρ on the walls as it flows in: the limit of small ε.

        Args:
            t: positive; 60 terms of the Fourier series serve from ``D t = 0.001`` on.
            x: in [0, 1], any shape.
            coefficient: D.
        """
        k = np.pi * np.arange(1, 61)
        decay = np.exp(-(k**2) * coefficient * t)

        def unit(x: NDArray) -> NDArray:
            return 1 - x - (np.sin(x[..., None] * k) * 2 / k) @ decay

        return self._superposed(unit, x)

    def _superposed(self, unit: Callable[[NDArray], NDArray], x: ArrayLike) -> NDArray:
        """The solution, from that for inflow 1 on the left into an empty slab, by linearity."""
        x, start = np.asarray(x, dtype=float), self.initial
        left, right = self.inflow_left - start, self.inflow_right - start
        return start + left * unit(x) + (right * unit(1 - x) if right else 0.0)


class InflowFields(NamedTuple):
    """What residuals and inflow conditions need at N points; K functions on each half-range.

    Attributes:
        density: [N] ρ'.
        density_t: [N] ``p ∂t ρ'``.
        density_x: [N] ``√p ∂x ρ'``.
        even, odd: [N, K−1] ``E_1…``; [N, K] ``O_0…``.
        even_t, odd_t: of the same shapes, ``p ∂t``.
        even_x, odd_x: of the same shapes, ``ε ∂x``.
        flux_x: [N] ``√p ∂x (B O)_0``.
    """

    density: Tensor
    density_t: Tensor
    density_x: Tensor
    even: Tensor
    odd: Tensor
    even_t: Tensor
    odd_t: Tensor
    even_x: Tensor
    odd_x: Tensor
    flux_x: Tensor


def front_density(t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """``<S>``, shape of the arguments; zero at t = 0."""
    inside = 1 - eps * x / t.clamp_min(torch.finfo(t.dtype).tiny)
    return 0.5 * torch.exp(-t / eps.square()) * inside.clamp(0, 1) * (t > 0)


def residual(fields: InflowFields, t: Tensor, x: Tensor, eps: Tensor, basis: InflowBasis) -> Tensor:
    """Macro, even and odd residuals of the module's formulas, [N, 2K], dimensionless."""
    b = torch.as_tensor(basis.coupling, dtype=t.dtype, device=t.device)
    square = (eps.square() / (t + eps.square()))[:, None]  # δ², and ε² ∂t = δ² p ∂t
    source = front_density(t, x, eps) * (1 + t / eps.square())
    macro = fields.density_t + fields.flux_x - source
    even = square * (fields.even_t - 0.5 * fields.even) + fields.even + fields.odd_x @ b[1:].T
    odd = (
        square * (fields.odd_t - 0.5 * fields.odd)
        + fields.odd
        + fields.density_x[:, None] * b[0]
        + fields.even_x @ b[1:]
    )
    return torch.cat([macro[:, None], even, odd], 1)


def inflow_misfit(
    fields: InflowFields, t: Tensor, x: Tensor, eps: Tensor, basis: InflowBasis
) -> Tensor:
    """What is missing of the inflow conditions at points with x = 0 or x = 1, [N, K].

    Moments of the misfit of f' with ``p_0 … p_{K−1}`` on the velocities that enter; those of
    k ≥ 1, which are of order δ, are divided by δ.
    """
    even_in, odd_in = (
        torch.as_tensor(m, dtype=t.dtype, device=t.device) for m in (basis.even_in, basis.odd_in)
    )
    sign = torch.where(x < 0.5, 1.0, -1.0).to(t.dtype)
    delta = eps / (t + eps.square()).sqrt()
    wanted = torch.where(x < 0.5, -torch.expm1(-t / eps.square()), 0.0)
    micro = fields.even @ even_in[:, 1:].T + sign[:, None] * fields.odd @ odd_in.T
    first = fields.density + delta * micro[:, 0] - wanted
    return torch.cat([first[:, None], micro[:, 1:]], 1)
