"""BGK as a plain PINN has it: the equation of f alone, its moments being sums over velocities."""

from __future__ import annotations

import torch
from torch import Tensor

from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.published import KineticFields

__all__ = ["moments_of", "plain_bgk_residuals"]


def moments_of(f: Tensor, v: Tensor) -> Tensor:
    """(ρ, u, Θ) [N, 3] of f [N, V], positive, at equidistant velocities [V]."""
    rho = (v[1] - v[0]) * f.sum(1)
    shares = (v[1] - v[0]) * f / rho[:, None]
    u = shares @ v
    temperature = (shares * (v - u[:, None]).square()).sum(1)
    return torch.stack([rho, u, temperature], 1)


def plain_bgk_residuals(fields: KineticFields, eps: Tensor, v: Tensor) -> Tensor:
    """``ε (∂t f + v ∂x f) + f − M[<m f>]`` at every velocity, [N, V].

    Args:
        fields: f and its derivatives, [N, V] each.
        eps: [N].
        v: [V] equidistant; squares of a row sum to the integral over v.
    """
    local = maxwellian(moments_of(fields.value, v), v)
    streaming = eps[:, None] * (fields.along_t + v * fields.along_x)
    return (v[1] - v[0]).sqrt() * (streaming + fields.value - local)
