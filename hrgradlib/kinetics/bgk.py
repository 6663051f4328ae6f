"""BGK in one space and one velocity dimension: micro–macro residuals in Hermite modes.

``ε (∂t f + v ∂x f) = M[U] − f``. With one fixed temperature Θ_ψ the functions
``ψ_k(v) = He_k(v/√Θ_ψ) M_{Θ_ψ}(v) / √k!`` turn velocity into columns:

    f = Σ f_k ψ_k,   f_k = <f He_k(v/√Θ_ψ)> / √k!,   v: f_k → √Θ_ψ (√(k+1) f_{k+1} + √k f_{k−1}).

``f_0, f_1, f_2`` carry exactly ρ, ρu and E. The Maxwellian's coefficients ``h_k(U)`` are
polynomials with a recurrence. Of the initial particles ``E = e^{−t/ε}`` still fly freely, with
known coefficients ``a_k`` (:mod:`hrgradlib.kinetics.free_flight`); the others, f' = f − E f_free,
solve the same equation from zero. They are written

    f'_k = h_k − E a_k  (k ≤ 2),     f'_k = (1 − E) h_k + ε b_k  (k ≥ 3),

so that ``g = Σ_{k≥3} b_k ψ_k`` satisfies ``<m g> = 0``, ``m = (1, v, v²/2)``, whatever the ``b_k``.
All residuals, macro (k ≤ 2) and micro (k ≥ 3), are

    r_k = √Θ_ψ (√(k+1) ∂x f'_{k+1} + √k ∂x f'_{k−1})
          + { ∂t h_k − E ∂t a_k  (k ≤ 2),   (1 − E) ∂t h_k + ε ∂t b_k + b_k  (k ≥ 3) }.

No term is stiff: ε only multiplies. Only ``a_0, a_1, a_2`` occur.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["CONSERVED", "BGKFields", "maxwellian_coefficients", "residual"]

CONSERVED = 3  # h_0, h_1, h_2 carry mass, momentum and energy


class BGKFields(NamedTuple):
    """What the residuals need of a candidate at N points, M micro modes (k = 3 … M+2).

    All derivatives are scaled by one length p > 0 of the point's own.

    Attributes:
        moments: [N, 3] ρ, u, Θ.
        moments_t, moments_x: [N, 3] ``p ∂t`` and ``p ∂x`` of these.
        micro_x: [N, M] ``ε p ∂x b_k``.
        relaxation: [N, M] ``p (ε ∂t b_k + b_k)``, one field because its terms may cancel.
        flown: [N] E, the share that flies freely; 0 where nothing was split off.
        free_t, free_x: [N, 3] ``p ∂t`` and ``p ∂x`` of ``a_0, a_1, a_2``.
    """

    moments: Tensor
    moments_t: Tensor
    moments_x: Tensor
    micro_x: Tensor
    relaxation: Tensor
    flown: Tensor
    free_t: Tensor
    free_x: Tensor


def maxwellian_coefficients(
    moments: Tensor, tangents: Tensor, highest: int, theta: float
) -> tuple[Tensor, Tensor]:
    """``h_0 … h_highest`` of ``M[ρ, u, Θ]`` and their derivatives along some tangents.

    With ``X`` normal of mean ``ν = u/√Θ_ψ`` and variance ``Θ/Θ_ψ``, ``h_k = ρ e_k``,
    ``e_k = E[He_k(X)]/√k!`` and ``√(k+1) e_{k+1} = ν e_k + √k (Θ/Θ_ψ − 1) e_{k−1}``.

    Args:
        moments: [N, 3] ρ, u, Θ.
        tangents: [N, S, 3] derivatives of these in S directions.
        highest: largest k, at least 0.
        theta: Θ_ψ.

    Returns:
        [N, highest + 1] and [N, S, highest + 1].
    """
    rho, mean, excess = moments[:, 0], moments[:, 1] / theta**0.5, moments[:, 2] / theta - 1
    rho_d, mean_d, excess_d = (
        tangents[..., 0],
        tangents[..., 1] / theta**0.5,
        tangents[..., 2] / theta,
    )
    below, here = torch.zeros_like(rho), torch.ones_like(rho)
    below_d, here_d = torch.zeros_like(rho_d), torch.zeros_like(rho_d)
    values, slopes = [here], [here_d]
    for k in range(highest):
        root, scale = k**0.5, (k + 1) ** -0.5
        here_d, below_d = (
            scale
            * (
                mean_d * here[:, None]
                + mean[:, None] * here_d
                + root * (excess_d * below[:, None] + excess[:, None] * below_d)
            ),
            here_d,
        )
        here, below = scale * (mean * here + root * excess * below), here
        values.append(here)
        slopes.append(here_d)
    e, e_d = torch.stack(values, 1), torch.stack(slopes, 2)
    return rho[:, None] * e, rho_d[..., None] * e[:, None] + rho[:, None, None] * e_d


def residual(fields: BGKFields, theta: float) -> Tensor:
    """All residuals ``p r_0 … p r_{M+2}`` of the module's formula, [N, M + 3], dimensionless.

    The expansion is closed by ``b_{M+3} = 0``: what is neglected is of order ε.

    Args:
        fields: see :class:`BGKFields`.
        theta: temperature Θ_ψ of the basis.
    """
    highest = fields.micro_x.shape[1] + CONSERVED - 1
    tangents = torch.stack([fields.moments_t, fields.moments_x], 1)
    _, slopes = maxwellian_coefficients(fields.moments, tangents, highest + 1, theta)
    flown, pad = fields.flown[:, None], torch.nn.functional.pad

    def collided(maxwell: Tensor, free: Tensor, micro: Tensor) -> Tensor:
        return torch.cat(
            [maxwell[:, :CONSERVED] - flown * free, (1 - flown) * maxwell[:, CONSERVED:] + micro], 1
        )

    along_t = collided(slopes[:, 0, :-1], fields.free_t, fields.relaxation)
    along_x = collided(slopes[:, 1], fields.free_x, pad(fields.micro_x, (0, 1)))
    roots = torch.arange(highest + 2, dtype=flown.dtype, device=flown.device).sqrt()
    up = roots[1:] * along_x[:, 1:]
    down = pad(roots[1:-1] * along_x[:, :highest], (1, 0))
    return along_t + theta**0.5 * (up + down)
