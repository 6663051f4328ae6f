"""Residuals of BGK in the plain formulation: f and its moments apart, tied by penalties."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["initial_misfit", "maxwellian", "plain_residual"]


def maxwellian(moments: Tensor, v: Tensor) -> Tensor:
    """``M[ρ, u, Θ](v)``: moments [N, 3] and v [V] to [N, V]."""
    rho, u, temperature = moments[:, :, None].unbind(1)
    bell = torch.exp(-0.5 * (v - u).square() / temperature)
    return rho * bell / (2 * math.pi * temperature).sqrt()


def plain_residual(
    moments: Tensor, f: Tensor, transported: Tensor, eps: Tensor, v: Tensor
) -> Tensor:
    """``ε (∂t f + v ∂x f) − (M[U] − f)`` at equidistant velocities, and ``<m f> − <m M[U]>``.

    Args:
        moments: [N, 3] ρ, u, Θ.
        f, transported: [N, V] f and ``∂t f + v ∂x f``.
        eps: [N].
        v: [V] equidistant.

    Returns:
        [N, V + 3]; the squares' sum of the first V is the integral over v.
    """
    spacing = v[1] - v[0]
    local = maxwellian(moments, v)
    kinetic = eps[:, None] * transported + f - local
    powers = torch.stack([torch.ones_like(v), v, 0.5 * v.square()], 1)
    return torch.cat([spacing.sqrt() * kinetic, spacing * (f - local) @ powers], 1)


def initial_misfit(moments: Tensor, f: Tensor, start: Tensor, v: Tensor) -> Tensor:
    """``f − M[U0]`` and ``U − U0`` at points with t = 0, [N, V + 3]; arguments as above."""
    spacing = v[1] - v[0]
    return torch.cat([spacing.sqrt() * (f - maxwellian(start, v)), moments - start], 1)
