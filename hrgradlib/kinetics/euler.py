"""Fluid limits of BGK in one velocity dimension, a gas with γ = 3: Euler and Navier–Stokes–Fourier.

`EulerRiemann` is exact. `navier_stokes_fourier` solves the smooth case with differences of sixth
order; for ``eps = 0`` it is Euler.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved, primitive

__all__ = ["EulerRiemann", "fluid_history", "navier_stokes_fourier"]


class EulerRiemann:
    """Exact solution of the Riemann problem for ``∂t U + ∂x F(U) = 0``, ideal gas.

    Args:
        left, right: (ρ, u, Θ), dimensionless, pressure ``p = ρΘ``.
        gamma: ratio of specific heats, > 1; 3 for one velocity dimension.

    Attributes:
        pressure, velocity: between the two nonlinear waves.

    Raises:
        ValueError: a density or temperature that is not positive; or the states separate so fast
            that a vacuum forms.
    """

    def __init__(self, left: Sequence[float], right: Sequence[float], gamma: float = 3.0) -> None:
        for side in (left, right):
            if not (np.isfinite(side).all() and side[0] > 0 and side[2] > 0):
                raise ValueError(
                    f"EulerRiemann: found state {tuple(side)}; expected ρ > 0 and Θ > 0."
                )
        if not gamma > 1:
            raise ValueError(f"EulerRiemann: found gamma = {gamma}; expected gamma > 1.")
        self.gamma = float(gamma)
        self.left, self.right = tuple(map(float, left)), tuple(map(float, right))
        sounds = [np.sqrt(gamma * s[2]) for s in (left, right)]
        if 2 / (gamma - 1) * sum(sounds) <= right[1] - left[1]:
            raise ValueError("EulerRiemann: found states that separate into a vacuum.")
        self.pressure = self._solve()
        self.velocity = float(
            0.5 * (left[1] + right[1])
            + 0.5 * (self._jump(self.pressure, self.right) - self._jump(self.pressure, self.left))
        )

    def _jump(self, p: float, state: tuple[float, ...]) -> float:
        """Change of velocity across the wave from ``state`` to pressure p."""
        rho, _, temperature = state
        p0, g = rho * temperature, self.gamma
        if p > p0:  # shock: Rankine–Hugoniot
            return (p - p0) * np.sqrt(2 / rho / ((g + 1) * p + (g - 1) * p0))
        return 2 * np.sqrt(g * temperature) / (g - 1) * ((p / p0) ** ((g - 1) / (2 * g)) - 1)

    def _solve(self) -> float:
        def gap(p: float) -> float:
            return (
                self._jump(p, self.left) + self._jump(p, self.right) + self.right[1] - self.left[1]
            )

        high = max(s[0] * s[2] for s in (self.left, self.right))
        while gap(high) < 0:
            high *= 2
        return brentq(gap, 0.0, high, xtol=1e-15 * high, rtol=8.9e-16)

    @property
    def speeds(self) -> tuple[float, float, float]:
        """Of the left wave, the contact and the right wave; of a fan, its middle."""
        mirrored = (self.left[0], -self.left[1], self.left[2])
        return (
            -self._speed(mirrored, -self.velocity),
            self.velocity,
            self._speed(self.right, self.velocity),
        )

    def _speed(self, state: tuple[float, ...], velocity: float) -> float:
        """Of the wave that runs to the right into ``state``."""
        rho, u, temperature = state
        g, ratio = self.gamma, self.pressure / (rho * temperature)
        sound = np.sqrt(g * temperature)
        if ratio > 1:  # shock
            return float(u + sound * np.sqrt(((g + 1) * ratio + g - 1) / (2 * g)))
        return float(0.5 * (u + sound + velocity + sound * ratio ** ((g - 1) / (2 * g))))

    def __call__(self, t: float, x: ArrayLike) -> NDArray:
        """(ρ, u, Θ) at one time t > 0 and places x, the jump starting from 0; [3, ...].

        Raises:
            ValueError: ``t ≤ 0``, or a place that is not finite.
        """
        x = np.asarray(x, dtype=float)
        if not (t > 0 and np.isfinite(x).all()):
            raise ValueError(f"EulerRiemann: found t = {t}; expected t > 0 and finite x.")
        s = x / t
        # the right half is the left half of the mirrored problem
        rho, u, temperature = self._half(s, self.left, self.velocity)
        mirrored = (self.right[0], -self.right[1], self.right[2])
        rho_r, u_r, temperature_r = self._half(-s, mirrored, -self.velocity)
        here = s < self.velocity
        return np.stack(
            [
                np.where(here, rho, rho_r),
                np.where(here, u, -u_r),
                np.where(here, temperature, temperature_r),
            ]
        )

    def _half(self, s: NDArray, state: tuple[float, ...], star: float) -> NDArray:
        """The solution left of the contact, as function of ``s = x/t``."""
        rho, u, temperature = state
        g, p0, p = self.gamma, rho * temperature, self.pressure
        sound = np.sqrt(g * temperature)
        result = np.empty((3, *s.shape))
        if p > p0:
            ratio = ((g + 1) * p + (g - 1) * p0) / ((g - 1) * p + (g + 1) * p0)
            speed = u - sound * np.sqrt(((g + 1) * p / p0 + g - 1) / (2 * g))
            inner = (rho * ratio, star, p / (rho * ratio))
            return np.where(s < speed, self._column(state, s), self._column(inner, s))
        density = rho * (p / p0) ** (1 / g)
        inner = (density, star, p / density)
        head, tail = u - sound, star - np.sqrt(g * p / density)
        # inside the fan u − c = s and u + 2c/(γ−1) is that of the left state
        c = np.clip((g - 1) / (g + 1) * (u - s) + 2 / (g + 1) * sound, 1e-300, None)
        result[0] = rho * (c / sound) ** (2 / (g - 1))
        result[1] = s + c
        result[2] = c**2 / g
        result = np.where(s < head, self._column(state, s), result)
        return np.where(s > tail, self._column(inner, s), result)

    @staticmethod
    def _column(state: Sequence[float], s: NDArray) -> NDArray:
        return np.reshape(state, (3,) + (1,) * s.ndim)


def navier_stokes_fourier(
    problem: BGKProblem, eps: float, t: float, nx: int = 1600, courant: float = 0.3
) -> tuple[NDArray, NDArray]:
    """Euler with the heat flux ``q = −(3/2) ε ρΘ ∂x Θ``, the first order of Chapman–Enskog.

    One velocity dimension has no viscosity. Central differences of sixth order between cell centres
    and Runge–Kutta of fourth order in time: for solutions that the mesh resolves. The far-field
    states are kept at the ends.

    Args:
        problem: smooth initial state and domain.
        eps: Knudsen number, ≥ 0.
        t: final time, ≥ 0.
        nx: cells.
        courant: Courant number; the diffusive restriction is taken care of.

    Returns:
        Centres [nx] and (ρ, u, Θ) [3, nx].

    Raises:
        ValueError: ``eps < 0``, or the scheme left the states with positive ρ and Θ: the solution
            has steepened beyond the mesh.
    """  # noqa: DOC502
    x, dx, moments = _start(problem, eps, nx, "navier_stokes_fourier")
    hottest = max(problem.left[2], problem.right[2])
    step = courant * min(dx / np.sqrt(12 * hottest), dx**2 / (6 * eps * hottest + 1e-300))
    count = int(np.ceil(t / step))
    for _ in range(count):
        moments = _runge_kutta(moments, t / count, dx, eps)
    return x, primitive(moments, "navier_stokes_fourier")


def fluid_history(
    problem: BGKProblem, eps: float, times: Sequence[float], nx: int = 1440
) -> tuple[NDArray, NDArray]:
    """The equations of `navier_stokes_fourier` at several times, by a solver with implicit steps.

    It is not slowed down by conduction, so that large ε cost seconds. The last digits are those of
    a step control with tolerance 1e-6.

    Args:
        problem: smooth initial state and domain.
        eps: Knudsen number, ≥ 0.
        times: increasing, ≥ 0.
        nx: cells.

    Returns:
        Centres [nx] and (ρ, u, Θ) [len(times), 3, nx].

    Raises:
        ValueError: as `navier_stokes_fourier`; or the solver gave up.
    """
    x, dx, moments = _start(problem, eps, nx, "fluid_history")

    def rate(t: float, flat: NDArray) -> NDArray:
        return _rate(flat.reshape(nx, 3).T, dx, eps).T.ravel()

    # Conduction takes a slope of a slope, six cells either way, three values in each.
    band, tolerance = 3 * 6 + 2, 1e-6
    found = solve_ivp(
        rate, (0.0, times[-1]), moments.T.ravel(), "LSODA", times,
        lband=band, uband=band, rtol=tolerance, atol=tolerance,
    )  # fmt: skip
    if not found.success:
        raise ValueError(f"fluid_history: {found.message}; expected a solution the mesh resolves.")
    return x, np.stack([primitive(y.reshape(nx, 3).T, "fluid_history") for y in found.y.T])


def _start(problem: BGKProblem, eps: float, nx: int, owner: str) -> tuple[NDArray, float, NDArray]:
    """Centres, their spacing and the initial (ρ, ρu, E)."""
    if not eps >= 0:
        raise ValueError(f"{owner}: found eps = {eps}; expected eps ≥ 0.")
    low, high = problem.domain
    dx = (high - low) / nx
    x = low + (np.arange(nx) + 0.5) * dx
    return x, dx, conserved(np.moveaxis(problem.initial_moments(x)[0], -1, 0))


def _runge_kutta(moments: NDArray, h: float, dx: float, eps: float) -> NDArray:
    k1 = _rate(moments, dx, eps)
    k2 = _rate(moments + 0.5 * h * k1, dx, eps)
    k3 = _rate(moments + 0.5 * h * k2, dx, eps)
    k4 = _rate(moments + h * k3, dx, eps)
    return moments + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _rate(moments: NDArray, dx: float, eps: float) -> NDArray:
    rho, u, temperature = primitive(moments, "navier_stokes_fourier")
    pressure = rho * temperature
    flux = np.stack([moments[1], moments[1] * u + pressure, u * (moments[2] + pressure)])
    if eps > 0:
        flux[2] -= 1.5 * eps * pressure * _slope(temperature, dx)
    return -_slope(flux, dx)


def _slope(values: NDArray, dx: float) -> NDArray:
    """Derivative along the last axis, sixth order, constant beyond the ends."""
    pad = [(0, 0)] * (values.ndim - 1) + [(3, 3)]
    wide = np.pad(values, pad, mode="edge")
    count = values.shape[-1]
    shifted = [wide[..., k : k + count] for k in range(7)]
    return (
        45 * (shifted[4] - shifted[2]) - 9 * (shifted[5] - shifted[1]) + shifted[6] - shifted[0]
    ) / (60 * dx)
