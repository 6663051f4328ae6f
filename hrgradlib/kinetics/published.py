"""Linear transport as the literature's networks are trained on it: parity form, kinetic form.

With ``r = ½(f(v) + f(−v))`` and ``j = (f(v) − f(−v))/(2ε)`` on v in [0, 1] the equation
``ε ∂t f + v ∂x f = (<f> − f)/ε`` is

    ε² ∂t r + ε² v ∂x j + r − ρ = 0,      ε² ∂t j + v ∂x r + j = 0,
    ∂t ρ + <v ∂x j> = 0,                  ρ = <r>,

``<·>`` being the mean over [0, 1]: ρ is a function of its own, and that it is the mean of r is an
equation to be met (Jin, Ma & Wu 2022). The kinetic form knows f alone.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from hrgradlib.kinetics.velocity import gauss_legendre

__all__ = [
    "KineticFields",
    "ParityFields",
    "half_range",
    "kinetic_residuals",
    "parity_residuals",
    "start_misfit",
]


class ParityFields(NamedTuple):
    """A candidate solution at N points and Q speeds.

    Attributes:
        density_t: [N] ``∂t ρ``.
        density: [N] ρ.
        even, even_t, even_x: [N, Q] r, ``∂t r``, ``∂x r``.
        odd, odd_t, odd_x: [N, Q] j, ``∂t j``, ``∂x j``.
    """

    density: Tensor
    density_t: Tensor
    even: Tensor
    even_t: Tensor
    even_x: Tensor
    odd: Tensor
    odd_t: Tensor
    odd_x: Tensor


class KineticFields(NamedTuple):
    """f at N points and 2Q velocities, −v before v, and its derivatives; [N, 2Q] each."""

    value: Tensor
    along_t: Tensor
    along_x: Tensor


def half_range(count: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss nodes on [0, 1] and their weights, which sum to one; [count] as ``like``."""
    return _half_range(count, like.dtype, like.device)


@cache
def _half_range(count: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    nodes, weights = gauss_legendre(count)
    v, w = (torch.from_numpy(a).to(device, dtype) for a in (0.5 * (nodes + 1), weights))
    return v, w


def parity_residuals(fields: ParityFields, eps: Tensor) -> Tensor:
    """Continuity, ``ρ − <r>``, and the even and the odd equation at Q speeds.

    Args:
        fields: see :class:`ParityFields`.
        eps: [N].

    Returns:
        [N, 2 + 2Q], dimensionless; those at the speeds times the roots of the weights, so that
        their squares sum to a mean over v.
    """
    v, w = half_range(fields.even.shape[1], eps)
    layer = eps.square()[:, None]
    continuity = fields.density_t + fields.odd_x @ (w * v)
    consistency = fields.density - fields.even @ w
    even = layer * (fields.even_t + v * fields.odd_x) + fields.even - fields.density[:, None]
    odd = layer * fields.odd_t + v * fields.even_x + fields.odd
    pair = torch.stack([continuity, consistency], 1)
    return torch.cat([pair, w.sqrt() * even, w.sqrt() * odd], 1)


def kinetic_residuals(fields: KineticFields, eps: Tensor) -> Tensor:
    """``ε² ∂t f + ε v ∂x f + f − <f>`` at 2Q velocities times the roots of weights, [N, 2Q]."""
    v, w = half_range(fields.value.shape[1] // 2, eps)
    both, weights = torch.cat([-v.flip(0), v]), 0.5 * torch.cat([w.flip(0), w])
    mean = (fields.value @ weights)[:, None]
    small = eps[:, None]
    streaming = small.square() * fields.along_t + small * both * fields.along_x
    return weights.sqrt() * (streaming + fields.value - mean)


def start_misfit(values: Tensor, wanted: Tensor) -> Tensor:
    """``f − f0`` at t = 0, times the roots of the weights.

    Args:
        values: [N, 2Q] f, −v before v.
        wanted: [N] ``f0``, the same for all velocities.

    Returns:
        [N, 2Q], squares of a row sum to ``<(f − f0)²>``.
    """
    _, w = half_range(values.shape[1] // 2, wanted)
    return (0.5 * torch.cat([w.flip(0), w])).sqrt() * (values - wanted[:, None])
