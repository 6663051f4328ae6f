"""Maxwellians and their moments: continuous, on a quadrature, and over half of the velocities.

Arrays of moments have the moment as first axis: ``U = (ρ, ρu, E)``, ``W = (ρ, u, Θ)``, [3, ...];
velocities come first in distributions, [V, ...].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

__all__ = ["conserved", "discrete_maxwellian", "full_moments", "half_moments", "invariants",
           "maxwellian", "primitive"]  # fmt: skip


def maxwellian(primitives: NDArray, v: NDArray) -> NDArray:
    """``ρ/√(2πΘ) exp(−(v−u)²/2Θ)``; W is [3, ...] and v must broadcast with its [...]."""
    rho, u, temperature = primitives
    return rho / np.sqrt(2 * np.pi * temperature) * np.exp(-((v - u) ** 2) / (2 * temperature))


def conserved(primitives: NDArray) -> NDArray:
    """``(ρ, u, Θ)`` → ``(ρ, ρu, E)``, ``E = ½ρ(u² + Θ)``; [3, ...]."""
    rho, u, temperature = primitives
    return np.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)])


def primitive(moments: NDArray, owner: str = "primitive") -> NDArray:
    """``(ρ, ρu, E)`` → ``(ρ, u, Θ)``; [3, ...].

    Raises:
        ValueError: NaN, ``ρ ≤ 0`` or ``Θ ≤ 0``: no Maxwellian has such moments.
    """
    rho, momentum, energy = moments
    if not (rho > 0).all():
        raise ValueError(f"{owner}: found ρ = {np.min(rho)}; expected ρ > 0.")
    u = momentum / rho
    temperature = 2 * energy / rho - u**2
    if not (temperature > 0).all():
        raise ValueError(f"{owner}: found Θ = {np.min(temperature)}; expected Θ > 0.")
    return np.stack([rho, u, temperature])


def invariants(v: NDArray) -> NDArray:
    """``1, v, v²/2`` and, for the heat flux, ``v³/2``: shape [4, V]."""
    return np.stack([np.ones_like(v), v, 0.5 * v**2, 0.5 * v**3])


def discrete_maxwellian(
    moments: NDArray, v: NDArray, weights: NDArray, tolerance: float = 2e-15
) -> NDArray:
    """``M = exp(a + b c + d c²)`` whose *sums* ``Σ_i w_i m(v_i) M_i`` are U, by Newton's method.

    Where the quadrature is good (a trapezoidal rule with spacing ≤ 0.7 √Θ) the sampled Maxwellian
    already has these sums to rounding, and nothing is iterated. The minimiser of the discrete
    entropy under the three constraints is of this form (Mieussens 2000).

    Args:
        moments: U, [3, N].
        v, weights: quadrature, [V].
        tolerance: of the sums, relative to ρ in the variable ``c = (v − u)/√Θ``.

    Returns:
        [V, N], positive.

    Raises:
        ValueError: no convergence; the velocities do not resolve such moments.
    """
    primitives = primitive(moments, "discrete_maxwellian")
    rho, u, temperature = primitives
    values = maxwellian(primitives, v[:, None])
    sums = invariants(v)[:3] * weights
    for _ in range(12):
        m0, m1, m2 = sums @ values / rho
        defect = np.stack(  # of 1, c, c²
            [1 - m0, (u * m0 - m1) / np.sqrt(temperature),
             1 - (2 * m2 - 2 * u * m1 + u**2 * m0) / temperature]
        )  # fmt: skip
        if np.abs(defect).max() <= tolerance * np.sqrt(v.size):
            return values
        try:
            step = _newton_step(values / rho, defect, u, temperature, v, weights)
        except np.linalg.LinAlgError:
            break
        values = values * np.exp(np.clip(step, -5, 5))
    raise ValueError(
        f"discrete_maxwellian: found {v.size} velocities between {v[0]:g} and {v[-1]:g} that miss "
        f"the moments by {np.abs(defect).max():.1e}; expected a finer or wider quadrature."
    )


def _newton_step(shape, defect, u, temperature, v, weights) -> NDArray:
    """The exponent's change e = ``a + b c + d c²``, with ``<(1, c, c²) e M> = defect``."""
    c = (v[:, None] - u) / np.sqrt(temperature)
    powers = [np.ones_like(c)]
    moments = [weights @ shape]
    for _ in range(4):
        powers.append(powers[-1] * c)
        moments.append(weights @ (powers[-1] * shape))
    hankel = np.stack(moments, -1)[:, [[0, 1, 2], [1, 2, 3], [2, 3, 4]]]
    step = np.linalg.solve(hankel, defect.T[..., None])[..., 0].T
    return step[0] + step[1] * c + step[2] * powers[2]


def full_moments(primitives: NDArray) -> NDArray:
    """``<(1, v, v²/2, v³/2) M>``; [3, ...] → [4, ...]."""
    rho, u, temperature = primitives
    third = 0.5 * (u**3 + 3 * u * temperature)
    return rho * np.stack([np.ones_like(u), u, 0.5 * (u**2 + temperature), third])


def half_moments(primitives: NDArray, lowest: NDArray) -> NDArray:
    """``∫_{v > a} (1, v, v²/2, v³/2) M dv``: particles faster than ``a = lowest``.

    Args:
        primitives: W, [3] or [3, ...] broadcasting with a.
        lowest: a, [...].

    Returns:
        [4, ...].
    """
    rho, u, temperature = primitives
    s = np.sqrt(temperature)
    c = (lowest - u) / s
    gauss = np.exp(-0.5 * c**2) / np.sqrt(2 * np.pi)
    j0 = 0.5 * erfc(c / np.sqrt(2))
    j1, j2, j3 = gauss, c * gauss + j0, (c**2 + 2) * gauss  # ∫_{c}^∞ c'^k φ dc'
    return rho * np.stack(
        [
            j0,
            u * j0 + s * j1,
            0.5 * (u**2 * j0 + 2 * u * s * j1 + temperature * j2),
            0.5 * (u**3 * j0 + 3 * u**2 * s * j1 + 3 * u * temperature * j2 + s**3 * j3),
        ]
    )
