"""BGK in one space and one velocity dimension: micro–macro residuals in Hermite modes.

``ε (∂t f + v ∂x f) = M[U] − f`` with ``f = M[U] + ε g`` and ``<m g> = 0``, ``m = (1, v, v²/2)``.
With one fixed temperature Θ the functions ``ψ_k(v) = He_k(v/√Θ) M_Θ(v) / √k!`` turn velocity into
columns:

    f = Σ f_k ψ_k,   f_k = <f He_k(v/√Θ)> / √k!,   v: f_k → √Θ (√(k+1) f_{k+1} + √k f_{k−1}).

``f_0, f_1, f_2`` carry exactly ρ, ρu and E, so ``g = Σ_{k≥3} b_k ψ_k`` satisfies ``<m g> = 0``
identically, whatever the ``b_k``. The Maxwellian's coefficients ``h_k(U)`` are polynomials with a
recurrence; all residuals, macro (k ≤ 2) and micro (k ≥ 3), are

    r_k = ∂t h_k + √Θ (√(k+1) ∂x f_{k+1} + √k ∂x f_{k−1}) + [k ≥ 3] (ε ∂t b_k + b_k),

with ``f_k = h_k + ε b_k``. No term is stiff: ε only multiplies.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["CONSERVED", "BGKFields", "maxwellian_coefficients", "residual"]

CONSERVED = 3  # h_0, h_1, h_2 carry mass, momentum and energy


class BGKFields(NamedTuple):
    """What the residuals need of a candidate at N points, M micro modes (k = 3 … M+2).

    Attributes:
        moments: [N, 3] ρ, u, T.
        moments_t, moments_x: [N, 3] their derivatives by t and x.
        micro_x: [N, M] ``∂x b_k``.
        relaxation: [N, M] ``ε ∂t b_k + b_k``, one field because its terms may cancel.
    """

    moments: Tensor
    moments_t: Tensor
    moments_x: Tensor
    micro_x: Tensor
    relaxation: Tensor


def maxwellian_coefficients(
    moments: Tensor, tangents: Tensor, highest: int, theta: float
) -> tuple[Tensor, Tensor]:
    """``h_0 … h_highest`` of ``M[ρ, u, T]`` and their derivatives along some tangents.

    With ``X`` normal of mean ``μ = u/√Θ`` and variance ``T/Θ``, ``h_k = ρ e_k``,
    ``e_k = E[He_k(X)]/√k!`` and ``√(k+1) e_{k+1} = μ e_k + √k (T/Θ − 1) e_{k−1}``.

    Args:
        moments: [N, 3] ρ, u, T.
        tangents: [N, S, 3] derivatives of these in S directions.
        highest: largest k, at least 0.
        theta: Θ.

    Returns:
        [N, highest + 1] and [N, S, highest + 1].
    """
    rho, mean, excess = moments[:, 0], moments[:, 1] / theta**0.5, moments[:, 2] / theta - 1
    rho_d, mean_d, excess_d = (
        tangents[..., 0], tangents[..., 1] / theta**0.5, tangents[..., 2] / theta
    )
    below, here = torch.zeros_like(rho), torch.ones_like(rho)
    below_d, here_d = torch.zeros_like(rho_d), torch.zeros_like(rho_d)
    values, slopes = [here], [here_d]
    for k in range(highest):
        root, scale = k**0.5, (k + 1) ** -0.5
        here_d, below_d = scale * (
            mean_d * here[:, None] + mean[:, None] * here_d
            + root * (excess_d * below[:, None] + excess[:, None] * below_d)
        ), here_d
        here, below = scale * (mean * here + root * excess * below), here
        values.append(here)
        slopes.append(here_d)
    e, e_d = torch.stack(values, 1), torch.stack(slopes, 2)
    return rho[:, None] * e, rho_d[..., None] * e[:, None] + rho[:, None, None] * e_d


def residual(fields: BGKFields, eps: Tensor, theta: float) -> Tensor:
    """All residuals ``r_0 … r_{M+2}`` of the module's formula, [N, M + 3], dimensionless.

    The expansion is closed by ``f_{M+3} = h_{M+3}``: the neglected ``b_{M+3}`` is of order ε.

    Args:
        fields: see :class:`BGKFields`.
        eps: [N] Knudsen number of every point.
        theta: temperature Θ of the basis.
    """
    modes = fields.micro_x.shape[1]
    highest = modes + CONSERVED - 1
    tangents = torch.stack([fields.moments_t, fields.moments_x], 1)
    _, slopes = maxwellian_coefficients(fields.moments, tangents, highest + 1, theta)
    along_t, along_x = slopes.unbind(1)
    pad = torch.nn.functional.pad
    whole_x = along_x + pad(eps[:, None] * fields.micro_x, (CONSERVED, 1))
    roots = torch.arange(highest + 2, dtype=eps.dtype, device=eps.device).sqrt()
    up = roots[1:] * whole_x[:, 1:]
    down = pad(roots[1:-1] * whole_x[:, :highest], (1, 0))
    return along_t[:, :-1] + theta**0.5 * (up + down) + pad(fields.relaxation, (CONSERVED, 0))
