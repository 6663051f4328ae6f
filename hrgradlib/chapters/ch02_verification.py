"""How the reference of ``transport-inflow`` is verified: the numbers of chapter 2.

Every function returns plain arrays; errors are relative L2 norms of the density on [0, 1], unless
said, and quantities are dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ive

from hrgradlib.chapters.ch02_naive import implicit_upwind
from hrgradlib.reference._inflow_modes import expand
from hrgradlib.reference._inflow_series import series
from hrgradlib.reference._panels import unit_quadrature
from hrgradlib.reference.inflow import InflowReference
from hrgradlib.reference.parity import ParityScheme, ParitySolution, graded_edges

__all__ = [
    "against_eps",
    "agreement",
    "independent",
    "orders",
    "overlap",
    "refine_degree",
    "refine_space",
    "refine_time",
    "refine_velocity",
    "relative_error",
    "wall_density",
]

_REFERENCE = InflowReference()


# --- exact limits --------------------------------------------------------------------------------


def wall_density(t: ArrayLike, eps: ArrayLike) -> NDArray:
    """``ρ(t, 0)`` for t ≤ ε, exactly: ``1 − ½ e^{−τ/2} (I_0(τ/2) + I_1(τ/2))``, ``τ = t/ε²``."""
    half = np.asarray(t, dtype=float) / np.asarray(eps, dtype=float) ** 2 / 2
    return 1 - 0.5 * (ive(0, half) + ive(1, half))


# --- the reference against itself and against the scheme -----------------------------------------


def relative_error(density: Callable[[NDArray], NDArray], t: float, eps: float) -> float:
    """``‖density − ρ‖/‖ρ‖`` with the reference's ρ."""
    x, weights = unit_quadrature()
    exact = _REFERENCE.density(t, x, eps)
    return float(np.sqrt(weights @ (density(x) - exact) ** 2 / (weights @ exact**2)))


def overlap(pairs: Sequence[tuple[float, float]]) -> NDArray:
    """Largest difference in ρ of the sum over collisions and the inverse transform, per (t, ε).

    Args:
        pairs: each with ``t ≤ ε`` and ``t ≤ 30 ε²``, where the sum is exact.
    """
    x, _ = unit_quadrature()
    return np.array(
        [
            np.abs(series().density(t / eps**2, x / eps) - expand(t, eps).density(x)).max()
            for t, eps in pairs
        ]
    )


def independent(t: float, eps: float) -> ParitySolution:
    """The time-stepping scheme on a mesh fine enough to judge the reference: seconds."""
    split = t < 15 * eps**2  # while fronts are seen
    edges = graded_edges(eps, 0.025, 0.001) if split else graded_edges(eps, 0.05, 0.002)
    scheme = ParityScheme(eps, edges, 6, 64 if split else 16, split=split)
    return scheme.solve(t, 80 if split else 40)


def agreement(t: float, all_eps: Sequence[float]) -> dict[str, NDArray]:
    """Own estimate of the reference, and its difference from `independent`, for every ε."""
    return {
        "estimate": _REFERENCE.error_estimate(t, np.array(all_eps)),
        "difference": np.array([relative_error(independent(t, e).density, t, e) for e in all_eps]),
    }


def refine_velocity(t: float, all_eps: Sequence[float], counts: Sequence[int]) -> NDArray:
    """Errors [ε, count] of the inverse transform on ever more velocities, against 48 of them."""
    x, weights = unit_quadrature()
    result = np.empty((len(all_eps), len(counts)))
    for row, eps in zip(result, all_eps, strict=True):
        fine = expand(t, eps, 48).density(x)
        for i, count in enumerate(counts):
            change = expand(t, eps, count).density(x) - fine
            row[i] = np.sqrt(weights @ change**2 / (weights @ fine**2))
    return result


# --- the scheme's order, uniformly in ε ----------------------------------------------------------


def refine_time(
    t: float, all_eps: Sequence[float], steps: Sequence[int], degree: int = 6, n_velocity: int = 12
) -> NDArray:
    """Errors [ε, steps] of the scheme in time: a mesh in x that leaves only them to be seen."""
    return np.array(
        [
            [
                relative_error(
                    ParityScheme(eps, graded_edges(eps), degree, n_velocity).solve(t, n).density,
                    t,
                    eps,
                )
                for n in steps
            ]
            for eps in all_eps
        ]
    )


def refine_space(
    t: float, all_eps: Sequence[float], cells: Sequence[int], degree: int = 1, steps: int = 20
) -> NDArray:
    """Errors [ε, cells] of the scheme on equal cells that know nothing of ε."""
    return np.array(
        [
            [
                relative_error(_on_equal_cells(eps, n, degree).solve(t, steps).density, t, eps)
                for n in cells
            ]
            for eps in all_eps
        ]
    )


def _on_equal_cells(eps: float, cells: int, degree: int) -> ParityScheme:
    return ParityScheme(eps, np.linspace(0, 1, cells + 1), degree, 8)


def refine_degree(t: float, all_eps: Sequence[float], degrees: Sequence[int]) -> NDArray:
    """Errors [ε, degree] of the scheme on the graded mesh, steps that do not matter."""
    return np.array(
        [
            [
                relative_error(
                    ParityScheme(eps, graded_edges(eps), p, 16).solve(t, 20).density, t, eps
                )
                for p in degrees
            ]
            for eps in all_eps
        ]
    )


def orders(errors: NDArray, sizes: Sequence[int]) -> NDArray:
    """Observed orders between neighbouring refinements, shape [..., len(sizes) − 1]."""
    return -np.diff(np.log(errors), axis=-1) / np.diff(np.log(np.asarray(sizes, dtype=float)))


def against_eps(t: float, all_eps: Sequence[float], cells: int, steps: int) -> dict[str, NDArray]:
    """One mesh, one time step, every ε: errors of implicit upwind and of the scheme, degree 1."""
    upwind, preserving = [], []
    for eps in all_eps:
        naive = implicit_upwind(eps, t, cells, steps)
        first = 1.5 * naive.rho[0] - 0.5 * naive.rho[1]
        last = 1.5 * naive.rho[-1] - 0.5 * naive.rho[-2]
        places, values = np.r_[0.0, naive.x, 1.0], np.r_[first, naive.rho, last]
        upwind.append(relative_error(partial(_between, places, values), t, eps))
        scheme = _on_equal_cells(eps, cells, 1)
        preserving.append(relative_error(scheme.solve(t, steps).density, t, eps))
    return {"upwind": np.array(upwind), "preserving": np.array(preserving)}


def _between(places: NDArray, values: NDArray, x: NDArray) -> NDArray:
    return np.interp(x, places, values)
