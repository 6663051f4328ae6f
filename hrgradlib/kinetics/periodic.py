"""Linear transport in diffusive scaling: problem data and micro–macro residuals.

``ε ∂t f + v ∂x f = (<f> − f)/ε`` with ``f = ρ + ε g``, ``<g> = 0``. The micro part is expanded
in normalised Legendre polynomials, ``g = Σ_{k=1}^N b_k φ_k``, which makes ``<g> = 0`` an identity
and turns velocity into N columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.kinetics.velocity import recurrence

__all__ = ["PeriodicFields", "PeriodicTransport", "macro_residual", "micro_residual"]


@dataclass(frozen=True)
class PeriodicTransport:
    """The problem ``transport-periodic``: x in [0, 1) periodic, ``f0 = ρ0``, no inflow.

    Attributes:
        eps_range: smallest and largest Knudsen number (dimensionless).
        final_time: ``T`` (dimensionless).
        modes: pairs (k, a): ``ρ0(x) = Σ a cos 2πkx`` (dimensionless).
        eval_eps, eval_times: where errors are quoted.
    """

    eps_range: tuple[float, float] = (1e-4, 1.0)
    final_time: float = 0.1
    modes: tuple[tuple[int, float], ...] = ((0, 1.0), (1, 0.5))
    eval_eps: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
    eval_times: tuple[float, ...] = (0.005, 0.02, 0.05, 0.1)

    def initial_density(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ0`` and ``∂x ρ0`` at x, same shape as x."""
        value, slope = torch.zeros_like(x), torch.zeros_like(x)
        for k, amplitude in self.modes:
            wave = 2 * np.pi * k
            value = value + amplitude * torch.cos(wave * x)
            slope = slope - amplitude * wave * torch.sin(wave * x)
        return value, slope

    def free_density(self, t: NDArray, x: NDArray, eps: NDArray) -> NDArray:
        """ρ of free transport, ``f0(x − v t/ε)``: the limit of large ε. Arguments broadcast."""
        waves = (
            amplitude * np.sinc(2 * k * t / eps) * np.cos(2 * np.pi * k * x)
            for k, amplitude in self.modes
        )
        return sum(waves, np.zeros(()))

    def diffusion_density(self, t: NDArray, x: NDArray) -> NDArray:
        """Solution of ``∂t ρ = ⅓ ∂xx ρ``: the limit of small ε. Arguments broadcast."""
        waves = (
            amplitude * np.exp(-((2 * np.pi * k) ** 2) * t / 3) * np.cos(2 * np.pi * k * x)
            for k, amplitude in self.modes
        )
        return sum(waves, np.zeros(()))


class PeriodicFields(NamedTuple):
    """What the residuals need of a candidate solution at N points, M = number of modes of g.

    Attributes:
        density_t: [N] ``∂t ρ``.
        density_x: [N] ``∂x ρ``.
        micro_x: [N, M] ``∂x b_k``, k = 1..M.
        relaxation: [N, M] ``ε² ∂t b_k + b_k``, one field because its two terms may cancel.
    """

    density_t: Tensor
    density_x: Tensor
    micro_x: Tensor
    relaxation: Tensor


def macro_residual(fields: PeriodicFields) -> Tensor:
    """``∂t ρ + ∂x <v g>``, shape [N]; ``<v g> = α_1 b_1``."""
    return fields.density_t + float(recurrence(1)[0]) * fields.micro_x[:, 0]


def micro_residual(fields: PeriodicFields, eps: Tensor) -> Tensor:
    """``ε² ∂t g + ε (v ∂x g − ∂x<v g>) + v ∂x ρ + g``, Legendre coefficients 1..M.

    The coefficient of ``φ_{M+1}``, ``ε α_{M+1} ∂x b_M``, is the truncation of the expansion and
    no equation for the M unknowns; chapter 3 measures what it costs.

    Args:
        fields: see :class:`PeriodicFields`.
        eps: [N] Knudsen number of every point.

    Returns:
        [N, M], dimensionless.
    """
    alpha = torch.as_tensor(recurrence(fields.micro_x.shape[1]), dtype=eps.dtype, device=eps.device)
    upward = fields.micro_x[:, 1:] * alpha[1:]
    downward = fields.micro_x[:, :-1] * alpha[1:]
    transport = torch.nn.functional.pad(upward, (0, 1)) + torch.nn.functional.pad(downward, (1, 0))
    drive = torch.nn.functional.pad(
        (alpha[0] * fields.density_x)[:, None], (0, fields.micro_x.shape[1] - 1)
    )
    return fields.relaxation + eps[:, None] * transport + drive
