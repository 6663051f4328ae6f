"""BGK as the literature's networks are trained on it: f and its moments apart, tied by equations.

With ``U = (ρ, ρu, E)`` and ``m = (1, v, v²/2)`` a task's loss has the squares of

    ∂t U + ∂x <v m f>,      U − <m f>,      ε (∂t f + v ∂x f) + f − M[U],

and the misfits of f and U at t = 0 and of f at the ends. The first keeps the limit: as ε → 0 the
last gives ``f = M[U]``, and then the first is Euler's equations (Jin, Ma & Wu 2023).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hrgradlib.kinetics.bgk_plain import maxwellian

__all__ = ["BGKPublishedFields", "ends_misfit", "published_residuals"]


class BGKPublishedFields(NamedTuple):
    """A candidate solution at N points and V equidistant velocities.

    Attributes:
        moments: [N, 3] ρ, u, Θ.
        moments_t: [N, 3] their derivatives by t.
        value, along_t, along_x: [N, V] f, ``∂t f``, ``∂x f``.
    """

    moments: Tensor
    moments_t: Tensor
    value: Tensor
    along_t: Tensor
    along_x: Tensor


def published_residuals(fields: BGKPublishedFields, eps: Tensor, v: Tensor) -> Tensor:
    """Conservation, consistency of the moments, and the equation at every velocity.

    Args:
        fields: see :class:`BGKPublishedFields`.
        eps: [N].
        v: [V] equidistant.

    Returns:
        [N, 6 + V], dimensionless; squares of the last V sum to the integral over v.
    """
    spacing = v[1] - v[0]
    powers = spacing * torch.stack([torch.ones_like(v), v, 0.5 * v.square()], 1)
    rho, u, temperature = fields.moments.unbind(1)
    rho_t, u_t, temperature_t = fields.moments_t.unbind(1)
    energy = 0.5 * (u.square() + temperature)
    conserved = torch.stack([rho, rho * u, rho * energy], 1)
    conserved_t = torch.stack(
        [rho_t, rho_t * u + rho * u_t, rho_t * energy + rho * (u * u_t + 0.5 * temperature_t)], 1
    )
    conservation = conserved_t + (v * fields.along_x) @ powers
    consistency = conserved - fields.value @ powers
    streaming = eps[:, None] * (fields.along_t + v * fields.along_x)
    kinetic = streaming + fields.value - maxwellian(fields.moments, v)
    return torch.cat([conservation, consistency, spacing.sqrt() * kinetic], 1)


def ends_misfit(values: Tensor, states: Tensor, v: Tensor) -> Tensor:
    """``f − M[U]`` at the ends, where nothing has arrived yet; [N, V].

    Args:
        values: [N, V] f.
        states: [N, 3] ρ, u, Θ there.
        v: [V] equidistant; squares of a row sum to the integral over v.
    """
    return (v[1] - v[0]).sqrt() * (values - maxwellian(states, v))
