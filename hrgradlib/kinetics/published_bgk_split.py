"""BGK as published networks pose it, its equation split into a macro and a micro part.

With f and its moments ``U = (ρ, ρu, E)`` as the unknowns and ``f = M[U] + ε g`` the micro–macro
system (Bennoune, Lemou & Mieussens 2008) is

    ∂t U + ∂x <v m f> = 0,      <m g> = 0,
    ε ∂t g + (I − Π) v ∂x (M + ε g) + g = 0,

Π the projection on ``M·span(1, v, v²)``, orthogonal with the weight 1/M. As ``<m f> = U`` makes
``(I − Π) ∂t f = ∂t f − ∂t M``, the last one is ε⁻¹ times

    (I − Π) [ε (∂t f + v ∂x f)] + f − M = 0:

the equation of :mod:`hrgradlib.kinetics.published_bgk` without its part along the Maxwellian, which
the conservation laws hold already.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.published_bgk import BGKPublishedFields, published_residuals

__all__ = ["split_residuals", "without_macro"]


def split_residuals(fields: BGKPublishedFields, eps: Tensor, v: Tensor) -> Tensor:
    """Conservation, consistency of the moments, and the micro equation at every velocity.

    Arguments and shape as of :func:`hrgradlib.kinetics.published_bgk.published_residuals`, and the
    first six columns too.
    """
    macro = published_residuals(fields, eps, v)[:, :6]
    streaming = eps[:, None] * (fields.along_t + v * fields.along_x)
    micro = without_macro(fields.moments, streaming, v)
    micro = micro + fields.value - maxwellian(fields.moments, v)
    return torch.cat([macro, (v[1] - v[0]).sqrt() * micro], 1)


def without_macro(moments: Tensor, h: Tensor, v: Tensor) -> Tensor:
    """``(I − Π) h`` for the Maxwellian of these moments.

    Args:
        moments: [N, 3] ρ, u, Θ.
        h: [N, V].
        v: [V] equidistant; means over v are sums over them.

    Returns:
        [N, V].
    """
    rho, u, temperature = moments[:, :, None].unbind(1)
    c = (v - u) / temperature.sqrt()
    basis = torch.stack([torch.ones_like(c), c, (c.square() - 1) / 2**0.5], 1)  # [N, 3, V]
    shares = (v[1] - v[0]) * (basis * h[:, None]).sum(2)  # <χ_i h>
    return h - (shares[:, :, None] * basis).sum(1) * maxwellian(moments, v) / rho
