"""First-order upwind schemes for BGK, for chapter 2 to show what they lack.

The differences ``v (f_i − f_{i−1})/Δx`` diffuse by ``|v| Δx/2`` whatever the mean free path is:
fronts thinner than some cells are lost. With explicit collisions the step must follow ε, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import invariants, maxwellian, primitive

__all__ = ["UpwindGas", "explicit_step_limit", "upwind"]


@dataclass(frozen=True)
class UpwindGas:
    """Cell centres ``x`` [X], ``moments`` ρ, ρu, E there [3, X], the time reached, and ``stable``.

    The last is False if a density or temperature became negative or huge and the run was stopped.
    """

    x: NDArray
    moments: NDArray
    t: float
    stable: bool


def explicit_step_limit(problem: BGKProblem, eps: float, cells: int) -> float:
    """``1/(max|v|/Δx + 1/ε)``: up to this Δt every coefficient of the explicit scheme is positive.

    Args:
        problem: gives Δx with ``cells``, and max|v|.
        eps: Knudsen number.
    """
    low, high = problem.domain
    return 1 / (problem.max_speed * cells / (high - low) + 1 / eps)


def upwind(
    problem: BGKProblem, eps: float, cells: int, steps: int, implicit: bool, nv: int = 41
) -> UpwindGas:
    """Upwind differences to the final time; Euler steps, collisions explicit or implicit.

    Args:
        problem, eps: what to solve.
        cells, steps: equal ones over the domain and the time.
        implicit: collisions at the new time: ``f = (f* + z M[U])/(1 + z)`` with ``z = Δt/ε`` and U
            the moments of f*, which has flown only.
        nv: equidistant velocities.
    """
    low, high = problem.domain
    dx, h = (high - low) / cells, problem.final_time / steps
    x = low + (np.arange(cells) + 0.5) * dx
    v = np.linspace(-problem.max_speed, problem.max_speed, nv)[:, None]
    sums = invariants(v[:, 0])[:3] * (v[1] - v[0])
    left, right = (maxwellian(np.array(s)[:, None, None], v) for s in (problem.left, problem.right))
    f = maxwellian(np.moveaxis(problem.initial_moments(x)[0], -1, 0), v)
    moments = sums @ f
    for step in range(steps):
        slopes = np.diff(np.concatenate([left, f, right], 1), axis=1) / dx
        flown = f - h * v * np.where(v > 0, slopes[:, :-1], slopes[:, 1:])
        known = sums @ flown if implicit else moments
        if not _gas(known):
            return UpwindGas(x, known, step * h, False)
        equilibrium = maxwellian(primitive(known, "upwind"), v)
        z = h / eps
        f = (flown + z * equilibrium) / (1 + z) if implicit else flown + z * (equilibrium - f)
        moments = sums @ f
    return UpwindGas(x, moments, problem.final_time, _gas(moments))


def _gas(moments: NDArray) -> bool:
    """Whether these are moments of a gas, far from overflow."""
    rho, momentum, energy = moments
    warm = (rho > 0) & (2 * energy * rho > momentum**2)
    return bool(warm.all() and np.abs(moments).max() < 1e3)
