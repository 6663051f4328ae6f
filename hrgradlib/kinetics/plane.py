"""Linear transport in the plane, diffusive scaling: problem data and micro–macro residuals.

``ε ∂t f + Ω·∇f = (<f> − f)/ε``, ``Ω = (cos θ, sin θ)``, ``<·>`` the mean over θ; ``f = ρ + ε g``.
The micro part is expanded in ``√2 cos mθ`` and ``√2 sin mθ``, m = 1..M, orthonormal under ``<·>``:
``g = √2 Σ_m (c_m cos mθ + s_m sin mθ)``, so that ``<g> = 0`` is an identity. Project's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import j0
from torch import Tensor

__all__ = ["PlaneFields", "PlaneTransport", "macro_residual", "micro_residual"]

_HALF = 0.5**0.5  # <cos θ · √2 cos θ>


@dataclass(frozen=True)
class PlaneTransport:
    """The problem ``transport-2d``: the unit square, periodic, ``f0 = ρ0``.

    Attributes:
        eps_range: smallest and largest Knudsen number (dimensionless).
        final_time: ``T`` (dimensionless).
        waves: pairs (k, a), k two integers: ``ρ0(x) = Σ a cos 2πk·x`` (dimensionless, positive).
        eval_eps, eval_times: where errors are quoted.

    Raises:
        ValueError: ρ0 may vanish: the waves' amplitudes reach that of k = (0, 0).
    """

    eps_range: tuple[float, float] = (1e-6, 1.0)
    final_time: float = 0.1
    waves: tuple[tuple[tuple[int, int], float], ...] = (
        ((0, 0), 1.0),
        ((1, 0), 0.25),
        ((1, 2), 0.25),
    )
    eval_eps: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-4, 1e-6)
    eval_times: tuple[float, ...] = (0.005, 0.02, 0.05, 0.1)

    def __post_init__(self) -> None:
        rest = sum(a for k, a in self.waves if k == (0, 0))
        most = sum(abs(a) for k, a in self.waves if k != (0, 0))
        if not rest > most:
            raise ValueError(
                f"PlaneTransport: found waves of amplitudes {most:g} on a mean of {rest:g}; "
                "expected less than the mean, so that the density is positive"
            )

    def initial_density(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ0`` [N] and ``∇ρ0`` [N, 2] at x [N, 2]."""
        value, slope = torch.zeros_like(x[:, 0]), torch.zeros_like(x)
        for wave, amplitude in self.waves:
            vector = 2 * torch.pi * torch.tensor(wave, dtype=x.dtype, device=x.device)
            value = value + amplitude * torch.cos(x @ vector)
            slope = slope - amplitude * torch.sin(x @ vector)[:, None] * vector
        return value, slope

    def free_density(self, t: NDArray, x: NDArray, eps: NDArray) -> NDArray:
        """ρ of free transport, ``<f0(x − Ω t/ε)>``: the limit of large ε.

        A wave decays like ``<e^{−iκ cos θ t/ε}> = J_0(κt/ε)``, ``κ = 2π|k|``.

        Args:
            t, eps: broadcastable with ``x[..., 0]``.
            x: [..., 2].
        """
        return self._waves(x, lambda kappa: j0(kappa * t / eps))

    def diffusion_density(self, t: NDArray, x: NDArray) -> NDArray:
        """Solution of ``∂t ρ = ½ Δρ``: the limit of small ε. Arguments as above.

        For ε → 0 the micro equation says ``g = −Ω·∇ρ``, and ``<Ω Ω> = ½ I`` on the circle.
        """
        return self._waves(x, lambda kappa: np.exp(-(kappa**2) * t / 2))

    def _waves(self, x: NDArray, decay) -> NDArray:
        found = (
            a * decay(2 * np.pi * np.hypot(*k)) * np.cos(2 * np.pi * (x @ np.array(k)))
            for k, a in self.waves
        )
        return sum(found, np.zeros(()))


class PlaneFields(NamedTuple):
    """What the residuals need of a candidate solution at N points, M = number of angular modes.

    Last axes of length two hold the pair ``(c_m, s_m)``.

    Attributes:
        density_t: [N] ``∂t ρ``.
        density_x: [N, 2] ``∇ρ``.
        micro_x: [N, 2, M, 2] ``∂x`` and ``∂y`` of the coefficients.
        relaxation: [N, M, 2] ``ε² ∂t + 1`` of them, one field because its two terms may cancel.
    """

    density_t: Tensor
    density_x: Tensor
    micro_x: Tensor
    relaxation: Tensor


def macro_residual(fields: PlaneFields) -> Tensor:
    """``∂t ρ + ∇·<Ω g>``, shape [N]; ``<Ω g> = (c_1, s_1)/√2``."""
    first = fields.micro_x[:, :, 0]
    return fields.density_t + _HALF * (first[:, 0, 0] + first[:, 1, 1])


def micro_residual(fields: PlaneFields, eps: Tensor) -> Tensor:
    """``ε² ∂t g + ε (Ω·∇g − ∇·<Ω g>) + Ω·∇ρ + g``, coefficients on the 2M modes.

    With ``q_m = c_m + i s_m`` transport couples neighbours,
    ``(Ω·∇g)_m = ½ (∂x − i∂y) q_{m+1} + ½ (∂x + i∂y) q_{m−1}``, and ``Ω·∇ρ`` drives the first mode
    by ``∇ρ/√2``. The coefficient of mode M + 1 is the truncation, and no equation.

    Args:
        fields: see :class:`PlaneFields`.
        eps: [N] Knudsen number of every point.

    Returns:
        [N, 2M], dimensionless; ``c_m`` and ``s_m`` alternate.
    """
    (cos_x, sin_x), (cos_y, sin_y) = (part.unbind(-1) for part in fields.micro_x.unbind(1))
    from_above = torch.stack([cos_x + sin_y, sin_x - cos_y], -1)[:, 1:]
    from_below = torch.stack([cos_x - sin_y, sin_x + cos_y], -1)[:, :-1]
    pad = torch.nn.functional.pad
    transport = 0.5 * (pad(from_above, (0, 0, 0, 1)) + pad(from_below, (0, 0, 1, 0)))
    drive = pad(_HALF * fields.density_x[:, None], (0, 0, 0, transport.shape[1] - 1))
    return (fields.relaxation + eps[:, None, None] * transport + drive).flatten(1)
