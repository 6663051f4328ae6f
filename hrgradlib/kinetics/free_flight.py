"""What flies freely: ``f0(x − v t, v)``, its moments and their slopes.

Of the initial particles the share ``e^{−t/ε}`` has not collided by the time t. With the Hermite
functions of :mod:`hrgradlib.kinetics.bgk`, ``a_k(t, x) = <f0(x − v t, v) He_k(v/√Θ_ψ)>/√k!``. A
jump gives error functions of x/t; smooth profiles are integrated by the trapezoidal rule, which
converges faster than any power of the spacing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hrgradlib.kinetics.bgk_problems import BGKProblem

__all__ = ["FreeFlight", "free_distribution", "free_flight"]

_NODES = 161  # spacing 1/8 at max_speed = 10


class FreeFlight(NamedTuple):
    """Free flight at N points; derivatives are scaled by a length p.

    Attributes:
        moments, moments_t, moments_x: [N, 3] ρ, u, Θ and their ``p ∂t``, ``p ∂x``.
        modes, modes_t, modes_x: [N, 3] ``a_0, a_1, a_2`` and theirs.
        third: [N] ``<v³ f>``, which the heat flux needs.
    """

    moments: Tensor
    moments_t: Tensor
    moments_x: Tensor
    modes: Tensor
    modes_t: Tensor
    modes_x: Tensor
    third: Tensor


def free_distribution(problem: BGKProblem, t: Tensor, x: Tensor, v: Tensor) -> Tensor:
    """``f0(x − v t, v)``; arguments broadcast."""
    (density, mean, temperature), _ = _initial(problem, x - v * t)
    return density * _gauss(v - mean, temperature)


def free_flight(
    problem: BGKProblem, t: Tensor, x: Tensor, length: Tensor, theta: float
) -> FreeFlight:
    """The free flight of a problem's initial data.

    Args:
        problem: whose ``f0 = M[ρ0, u0, Θ0]`` flies.
        t, x: [N]; with a jump, t > 0 or x ≠ 0.
        length: [N] p, the scale of the derivatives.
        theta: temperature Θ_ψ of the basis.
    """
    raw = _jump if problem.profile == "sign" else _quadrature
    powers, slopes = raw(problem, t, x, length)  # <v^j f> and their p ∂x, j ≤ 3
    mass, momentum, square, third = powers.unbind(1)
    mean = momentum / mass
    temperature = square / mass - mean.square()
    along_t, along_x = -slopes[:, 1:], slopes[:, :3]
    return FreeFlight(
        moments=torch.stack([mass, mean, temperature], 1),
        moments_t=_primitive(mass, mean, temperature, along_t),
        moments_x=_primitive(mass, mean, temperature, along_x),
        modes=_modes(powers, theta),
        modes_t=_modes(along_t, theta),
        modes_x=_modes(along_x, theta),
        third=third,
    )


def _modes(powers: Tensor, theta: float) -> Tensor:
    """``<v^j h>``, j = 0, 1, 2, …, to the first three coefficients of h."""
    return torch.stack(
        [powers[:, 0], powers[:, 1] / theta**0.5, (powers[:, 2] / theta - powers[:, 0]) / 2**0.5], 1
    )


def _primitive(mass: Tensor, mean: Tensor, temperature: Tensor, d: Tensor) -> Tensor:
    """Derivatives of ``<(1, v, v²) f>`` to those of ρ, u, Θ."""
    mean_d = (d[:, 1] - mean * d[:, 0]) / mass
    square_d = (d[:, 2] - (mean.square() + temperature) * d[:, 0]) / mass
    return torch.stack([d[:, 0], mean_d, square_d - 2 * mean * mean_d], 1)


def _gauss(away: Tensor, temperature: Tensor) -> Tensor:
    return torch.exp(-0.5 * away.square() / temperature) / (2 * math.pi * temperature).sqrt()


def _initial(problem: BGKProblem, x: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    values, slopes = problem.initial_moments(x)
    return values.unbind(-1), slopes.unbind(-1)


def _quadrature(problem: BGKProblem, t: Tensor, x: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    v = torch.linspace(
        -problem.max_speed, problem.max_speed, _NODES, dtype=t.dtype, device=t.device
    )
    powers = (v[1] - v[0]) * v[:, None] ** torch.arange(4, device=t.device)
    (rho, mean, temperature), (rho_x, mean_x, temperature_x) = _initial(
        problem, x[:, None] - v * t[:, None]
    )
    away = v - mean
    f = rho * _gauss(away, temperature)
    relative = (
        rho_x / rho
        + away / temperature * mean_x
        + 0.5 * (away.square() / temperature - 1) * temperature_x / temperature
    )
    return f @ powers, length[:, None] * ((f * relative) @ powers)


def _jump(problem: BGKProblem, t: Tensor, x: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Slower than c = x/t comes from the right, faster from the left."""
    t = t.clamp_min(torch.finfo(t.dtype).tiny)
    c = (x / t).clamp(-1e3, 1e3)  # far beyond every particle
    totals, step = t.new_zeros(len(t), 4), torch.zeros_like(t)
    for sign, state in ((1.0, problem.right), (-1.0, problem.left)):
        density, mean, temperature = state
        slower = torch.special.ndtr((c - mean) / temperature**0.5)
        here = _gauss(c - mean, c.new_tensor(temperature))
        below = torch.stack(
            [  # <v^j M; v < c>/ρ
                slower,
                mean * slower - temperature * here,
                (mean**2 + temperature) * slower - temperature * (c + mean) * here,
                mean * (mean**2 + 3 * temperature) * slower
                - temperature * (c**2 + c * mean + mean**2 + 2 * temperature) * here,
            ],
            1,
        )
        full = below.new_tensor(
            [1.0, mean, mean**2 + temperature, mean * (mean**2 + 3 * temperature)]
        )
        totals = totals + density * (below if sign > 0 else full - below)
        step = step + sign * density * here
    step = step * length / t
    return totals, step[:, None] * c[:, None] ** torch.arange(4, device=c.device)
