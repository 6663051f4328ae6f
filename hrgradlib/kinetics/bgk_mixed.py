"""BGK with a Knudsen number that varies in space: every regime in one periodic domain.

``ε(x) (∂t f + v ∂x f) = M[U] − f`` on [−½, ½], ``ε(x) = ε0 + ½ (tanh(1 − 11x) + tanh(1 + 11x))``:
a gas of frequent collisions around one of few (Filbet and Jin 2010). Velocity as in
:mod:`hrgradlib.kinetics.bgk`. What has not collided is the share ``E = exp(−∫_0^t ds/ε(x − vs))``
of free flight, which depends on the velocity; its coefficients ``a_k`` are quadratures. The rest,
f' = f − E f_free, starts from zero. With the local share ``σ = 1 − e^{−t/ε(x)}``

    f'_k = h_k − a_k  (k ≤ 2),      f'_k = σ h_k + ε(x) b_k  (k ≥ 3),

and, with f whole in the balances of mass, momentum and energy, all residuals are

    r_k = ∂t h_k + √Θ_ψ (√(k+1) ∂x f_{k+1} + √k ∂x h_{k−1}),                             k ≤ 2,
    r_k = σ ∂t h_k + ε ∂t b_k + b_k + √Θ_ψ (√(k+1) ∂x f'_{k+1} + √k ∂x f'_{k−1}),        k ≥ 3,

``f_1, f_2 = h_1, h_2`` and ``f_3 = a_3 + f'_3``. No term is stiff, and of the ``a_k`` only the
slopes of a_2 and a_3 occur.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.kinetics.bgk import CONSERVED, maxwellian_coefficients

__all__ = ["Flights", "MixedBGK", "MixedFields", "flights", "mixed_residual", "uncollided"]

_Points = TypeVar("_Points", NDArray, Tensor)  # what comes as an array is answered as an array

_STEEP = 11.0
_NODES = 160  # spacing 1/8 at max_speed = 10; even, so that no velocity is zero
_WHOLE, _ROOM = math.sinh(2.0), math.cosh(2.0)


@dataclass(frozen=True)
class MixedBGK:
    """Equilibrium at t = 0, ``f(0) = M[ρ0, u0, Θ0]``, period 1; dimensionless throughout.

    ``ρ0 = 1 + ½ sin 2πx``, ``u0 = 0``, ``Θ0 = 1 + ⅖ cos 2πx``. The field ε(x) is that of Filbet
    and Jin; the initial data, in equilibrium, and the final time are the project's own.

    Attributes:
        eps_range: smallest and largest ε0, what ε stands for in points (t, x, ε).
        final_time: T.
        eval_eps, eval_times: where errors are quoted.
        domain: of x, one period.
        max_speed: velocities beyond ± this are left out.
    """

    name: str = "mixed"
    eps_range: tuple[float, float] = (1e-3, 1e-1)
    final_time: float = 0.2
    eval_eps: tuple[float, ...] = (0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3)
    eval_times: tuple[float, ...] = (0.02, 0.06, 0.12, 0.2)
    domain: tuple[float, float] = (-0.5, 0.5)
    max_speed: float = 10.0

    def knudsen(self, x: _Points, eps: _Points) -> tuple[_Points, _Points]:
        """``ε(x)`` and its slope, of the period that x lies in.

        Args:
            x: places [...].
            eps: ε0, [...].
        """
        xp = torch if isinstance(x, Tensor) else np
        near = x - xp.round(x)
        a, b = xp.tanh(1 - _STEEP * near), xp.tanh(1 + _STEEP * near)
        return eps + 0.5 * (a + b), 0.5 * _STEEP * (a**2 - b**2)

    def optical(self, x: _Points, eps: _Points) -> _Points:
        """``∫_0^x dy/ε(y)``: mean free paths from the middle, in closed form.

        ``ε = ε0 + sinh 2/(cosh 2 + cosh 22y)``, so that ``1/ε`` is one over ε0 less a function
        whose integral is an inverse hyperbolic tangent.
        """
        xp = torch if isinstance(x, Tensor) else np
        whole = xp.round(x)
        return self._optical(x - whole, eps) + 2 * whole * self._optical(0.5 + 0 * eps, eps)

    def _optical(self, x: _Points, eps: _Points) -> _Points:
        xp = torch if isinstance(x, Tensor) else np
        p, q = eps * _ROOM + _WHOLE, eps
        ratio = ((p - q) / (p + q)) ** 0.5
        arc = xp.arctanh(ratio * xp.tanh(_STEEP * x)) / (_STEEP * (p**2 - q**2) ** 0.5)
        return (x - _WHOLE * arc) / eps

    def initial_moments(self, x: _Points) -> tuple[_Points, _Points]:
        """``(ρ, u, Θ)`` and its derivative by x at t = 0; two of [..., 3]."""
        xp = torch if isinstance(x, Tensor) else np
        wave = 2 * np.pi * x
        cos, sin = xp.cos(wave), xp.sin(wave)
        values = xp.stack([1 + 0.5 * sin, xp.zeros_like(x), 1 + 0.4 * cos], -1)
        slopes = 2 * np.pi * xp.stack([0.5 * cos, xp.zeros_like(x), -0.4 * sin], -1)
        return values, slopes


class Flights(NamedTuple):
    """Free flight at N points; derivatives are scaled by one length p.

    Attributes:
        moments, moments_t, moments_x: [N, 3] ρ, u, Θ of all particles in free flight, ``p ∂t``
            and ``p ∂x`` of these.
        modes, modes_x: [N, 4] ``a_0 … a_3`` of those that have not collided, and ``p ∂x``.
    """

    moments: Tensor
    moments_t: Tensor
    moments_x: Tensor
    modes: Tensor
    modes_x: Tensor


def uncollided(
    problem: MixedBGK, t: Tensor, x: Tensor, v: Tensor, eps: Tensor
) -> tuple[Tensor, Tensor]:
    """``E`` and ``∂x log E`` for velocities v ≠ 0; arguments broadcast."""
    before = x - v * t
    paths = (problem.optical(x, eps) - problem.optical(before, eps)) / v
    here, there = (1 / problem.knudsen(y, eps)[0] for y in (x, before))
    return torch.exp(-paths), -(here - there) / v


def flights(
    problem: MixedBGK, t: Tensor, x: Tensor, eps: Tensor, length: float, theta: float
) -> Flights:
    """Free flight and what of it has not collided, in double precision whatever comes.

    Args:
        problem: whose initial data fly.
        t, x, eps: [N].
        length: p, the scale of the derivatives.
        theta: temperature Θ_ψ of the basis.
    """
    dtype = t.dtype
    t, x, eps = (a.double()[:, None] for a in (t, x, eps))
    step = 2 * problem.max_speed / _NODES
    v = step * (torch.arange(_NODES, dtype=t.dtype, device=t.device) + 0.5) - problem.max_speed
    f, f_x = _flying(problem, t, x, v)
    powers = step * v[:, None] ** torch.arange(4, device=t.device)
    whole, slopes = f @ powers, f_x @ powers  # <v^j f>, j ≤ 3, and ∂x
    share, relative = uncollided(problem, t, x, v, eps)
    left, left_x = (share * f) @ powers, (share * (f_x + f * relative)) @ powers
    mean = whole[:, 1] / whole[:, 0]
    temperature = whole[:, 2] / whole[:, 0] - mean.square()
    found = Flights(
        moments=torch.stack([whole[:, 0], mean, temperature], 1),
        moments_t=_primitive(whole[:, 0], mean, temperature, -length * slopes[:, 1:]),
        moments_x=_primitive(whole[:, 0], mean, temperature, length * slopes[:, :3]),
        modes=_modes(left, theta),
        modes_x=length * _modes(left_x, theta),
    )
    return Flights(*(part.to(dtype) for part in found))


def _flying(problem: MixedBGK, t: Tensor, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """``f0(x − vt, v)`` and its slope by x."""
    values, slopes = problem.initial_moments(x - v * t)
    (rho, mean, temperature), (rho_x, mean_x, temperature_x) = values.unbind(-1), slopes.unbind(-1)
    away = v - mean
    gauss = torch.exp(-0.5 * away.square() / temperature) / (2 * math.pi * temperature).sqrt()
    relative = (
        rho_x / rho
        + away / temperature * mean_x
        + 0.5 * (away.square() / temperature - 1) * temperature_x / temperature
    )
    return rho * gauss, rho * gauss * relative


def _primitive(mass: Tensor, mean: Tensor, temperature: Tensor, d: Tensor) -> Tensor:
    """Derivatives of ``<(1, v, v²) f>`` to those of ρ, u, Θ."""
    mean_d = (d[:, 1] - mean * d[:, 0]) / mass
    square_d = (d[:, 2] - (mean.square() + temperature) * d[:, 0]) / mass
    return torch.stack([d[:, 0], mean_d, square_d - 2 * mean * mean_d], 1)


def _modes(powers: Tensor, theta: float) -> Tensor:
    """``<v^j h>``, j ≤ 3, to the first four coefficients of h."""
    roots = theta ** (0.5 * torch.arange(4, dtype=powers.dtype, device=powers.device))
    first, second, third, fourth = (powers / roots).unbind(1)
    return torch.stack([first, second, (third - first) / 2**0.5, (fourth - 3 * second) / 6**0.5], 1)


class MixedFields(NamedTuple):
    """What the residuals need of a candidate at N points, M micro modes (k = 3 … M+2).

    All derivatives are scaled by one length p > 0.

    Attributes:
        moments: [N, 3] ρ, u, Θ.
        moments_t, moments_x: [N, 3] ``p ∂t`` and ``p ∂x`` of these.
        micro_x: [N, M] ``p ∂x (ε b_k)``.
        relaxation: [N, M] ``p (ε ∂t b_k + b_k)``.
        grown, grown_x: [N] σ and ``p ∂x σ``.
        left_x: [N, 2] ``p ∂x`` of a_2 and a_3.
    """

    moments: Tensor
    moments_t: Tensor
    moments_x: Tensor
    micro_x: Tensor
    relaxation: Tensor
    grown: Tensor
    grown_x: Tensor
    left_x: Tensor


def mixed_residual(fields: MixedFields, theta: float) -> Tensor:
    """All residuals ``p r_0 … p r_{M+2}`` of the module's formula, [N, M + 3], dimensionless.

    The expansion is closed by ``b_{M+3} = 0``.

    Args:
        fields: see :class:`MixedFields`.
        theta: temperature Θ_ψ of the basis.
    """
    highest = fields.micro_x.shape[1] + CONSERVED - 1
    tangents = torch.stack([fields.moments_t, fields.moments_x], 1)
    h, slopes = maxwellian_coefficients(fields.moments, tangents, highest + 1, theta)
    h_t, h_x = slopes.unbind(1)
    grown, grown_x, pad = fields.grown[:, None], fields.grown_x[:, None], torch.nn.functional.pad
    # ∂x f'_3 … ∂x f'_{M+3}
    collided = (grown * h_x + grown_x * h)[:, CONSERVED:] + pad(fields.micro_x, (0, 1))
    roots = theta**0.5 * torch.arange(highest + 2, dtype=h.dtype, device=h.device).sqrt()
    flux = torch.cat([h_x[:, 1:CONSERVED], collided[:, :1] + fields.left_x[:, 1:]], 1)
    macro = h_t[:, :CONSERVED] + roots[1:4] * flux + pad(roots[1:3] * h_x[:, :2], (1, 0))
    below = torch.cat([h_x[:, 2:3] - fields.left_x[:, :1], collided[:, :-2]], 1)
    micro = (
        grown * h_t[:, CONSERVED:-1]
        + fields.relaxation
        + roots[4:] * collided[:, 1:]
        + roots[3:-1] * below
    )
    return torch.cat([macro, micro], 1)
