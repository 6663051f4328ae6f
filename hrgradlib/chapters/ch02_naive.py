"""Two schemes for transport with inflow that fail as ε → 0, for chapter 2 to show why.

Both are first-order upwind differences in x on equal cells, the textbook's first choice. In the
diffusive scaling the upwind correction ``|v| Δx/2 ∂xx f`` is divided by ε, and the density obeys a
diffusion equation with the wrong coefficient, `upwind_diffusivity`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrgradlib.kinetics.velocity import gauss_legendre

__all__ = [
    "UpwindResult",
    "explicit_step_limit",
    "explicit_upwind",
    "implicit_upwind",
    "upwind_diffusivity",
]

_BLOWN_UP = 1e3


@dataclass(frozen=True)
class UpwindResult:
    """Cell centres ``x``, density ``rho`` there, the time reached, and ``stable``.

    The last is False if the density left [−1000, 1000] and the run was stopped.
    """

    x: NDArray
    rho: NDArray
    t: float
    stable: bool


def explicit_step_limit(eps: float, cells: int) -> float:
    """``ε² Δx/(ε + Δx)``: up to this Δt every coefficient of the explicit scheme is positive."""
    width = 1 / cells
    return eps**2 * width / (eps + width)


def upwind_diffusivity(eps: float, cells: int) -> float:
    """``⅓ + Δx/(4ε)``: what upwind differences diffuse with; ⅓ is right."""
    return 1 / 3 + 1 / (4 * eps * cells)


def explicit_upwind(
    eps: float, t: float, cells: int, steps: int, n_velocity: int = 16
) -> UpwindResult:
    """Forward Euler; inflow 1 on the left, 0 on the right, empty at t = 0.

    Args:
        eps, t: dimensionless, positive.
        cells, steps: equal ones.
        n_velocity: Gauss–Legendre nodes on [−1, 1], an even number.
    """
    v, w, difference, inflow = _upwind(cells, n_velocity)
    h = t / steps
    f = np.zeros((n_velocity, cells))
    for step in range(steps):
        rho = w @ f
        if not np.abs(rho).max() < _BLOWN_UP:
            return UpwindResult(_centres(cells), rho, step * h, False)
        moved = np.abs(v)[:, None] * ((difference @ f[..., None])[..., 0] - inflow)
        f = f - h / eps * moved + h / eps**2 * (rho - f)
    rho = w @ f
    return UpwindResult(_centres(cells), rho, t, bool(np.abs(rho).max() < _BLOWN_UP))


def implicit_upwind(
    eps: float, t: float, cells: int, steps: int, n_velocity: int = 16
) -> UpwindResult:
    """Backward Euler, stable for every step; arguments as for `explicit_upwind`."""
    v, w, difference, inflow = _upwind(cells, n_velocity)
    h = t / steps
    flight = h * eps * np.abs(v)[:, None, None]
    inverse = np.linalg.inv((eps**2 + h) * np.eye(cells) + flight * difference)
    reduced = np.linalg.inv(np.eye(cells) - h * np.tensordot(w, inverse, 1))
    f = np.zeros((n_velocity, cells))
    for _ in range(steps):
        known = (inverse @ (eps**2 * f + flight[..., 0] * inflow)[..., None])[..., 0]
        rho = reduced @ (w @ known)
        f = known + h * (inverse @ rho)
    return UpwindResult(_centres(cells), w @ f, t, True)


def _upwind(cells: int, n_velocity: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Nodes, weights, upwind differences [N, cells, cells] and inflow [N, cells], both over Δx.

    Raises:
        ValueError: fewer than two cells, or a number of velocities that is not even.
    """
    if cells < 2 or n_velocity < 2 or n_velocity % 2:
        raise ValueError(
            f"upwind: found cells = {cells}, n_velocity = {n_velocity}; "
            "expected at least 2 cells and an even number of velocities."
        )
    v, w = gauss_legendre(n_velocity)
    backward = cells * (np.eye(cells) - np.eye(cells, k=-1))
    difference = np.where((v > 0)[:, None, None], backward, backward.T)
    inflow = np.zeros((n_velocity, cells))
    inflow[v > 0, 0] = cells
    return v, w, difference, inflow


def _centres(cells: int) -> NDArray:
    return (np.arange(cells) + 0.5) / cells
