"""The BGK solvers against what is known: free flight, Euler, heat conduction, conservation laws.

Every function returns rows of a table, as in `verification_bgk`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch02_verification_bgk import GENTLE, in_window, order_of, row
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann, navier_stokes_fourier
from hrgradlib.kinetics.maxwellian import conserved, maxwellian, primitive
from hrgradlib.reference._bgk_solutions import relative_l2
from hrgradlib.reference.bgk_imex import Imex
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian
from hrgradlib.reference.bgk_similarity import Similarity

__all__ = ["chapman_enskog_flux", "euler_riemann", "fluid_orders", "free_flight",
           "free_flight_moments", "similarity_conservation"]  # fmt: skip


def free_flight_moments(problem: BGKProblem, t: float, x: NDArray) -> NDArray:
    """ρ, ρu, E of ``f_0(x − vt, v)`` by Gauss sums cut where f_0 has a kink or jump; [3, X]."""
    fastest = problem.max_speed
    regular = np.tile(np.linspace(-fastest, fastest, 161), (x.size, 1))
    breaks = [(x - y) / t for y in (-0.5, 0.0, 0.5)]
    edges = np.sort(np.clip(np.column_stack([regular, *breaks]), -fastest, fastest), 1)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)[..., None]
    v = (0.5 * (edges[:, 1:] + edges[:, :-1])[..., None] + half * nodes).reshape(x.size, -1)
    start = np.moveaxis(problem.initial_moments(x[:, None] - v * t)[0], -1, 0)
    f = maxwellian(start, v) * (half * weights).reshape(x.size, -1)
    return np.stack([f.sum(1), (v * f).sum(1), 0.5 * (v**2 * f).sum(1)])


def free_flight(
    problem: BGKProblem, eps: float = 1e8, mesh: Mesh | None = None, nx: int = 600
) -> list[dict]:
    """Errors of the solvers without collisions, against quadrature of the initial state.

    Args:
        problem: what to solve, with a Knudsen number so large that nobody collides.
        mesh: of `SemiLagrangian`, by default that of the references; nx: cells of `Imex`.
    """
    t = problem.final_time
    mesh = mesh or Mesh(nx=1000, nv=121, nt=300)
    rows = []
    for name, solver in (("semi-lagrangian", SemiLagrangian(problem, eps, mesh)),
                         ("imex", Imex(problem, eps, nx, 96))):  # fmt: skip
        inside = in_window(problem, solver.x)
        exact = free_flight_moments(problem, t, solver.x[inside])
        found = solver.run([t])[0][0][:3, inside]
        rows.append(row(relative_l2(exact, found), scheme=name))
    return rows


def euler_riemann(sizes: Sequence[int], eps: float = 1e-8, weno: bool = True) -> list[dict]:
    """L1 errors of `Imex` on ``bgk-riemann`` against the exact Riemann solution of Euler."""
    exact = EulerRiemann(BGK_RIEMANN.left, BGK_RIEMANN.right)
    t = BGK_RIEMANN.final_time
    rows: list[dict] = []
    for n in sizes:
        solver = Imex(BGK_RIEMANN, eps, n, 64, weno=weno)
        gap = solver.run([t])[0][0][:3] - conserved(exact(t, solver.x))
        errors = np.abs(gap).sum(1) * solver.dx
        rows.append(row(errors, cells=n, order=order_of(rows, "cells", n, errors[0])))
    return rows


def chapman_enskog_flux(primitives: NDArray, dx: float, eps: float) -> NDArray:
    """``−(3/2) ε ρΘ ∂x Θ`` on a uniform mesh, [X] from (ρ, u, Θ) [3, X]."""
    rho, _, temperature = primitives
    return -1.5 * eps * rho * temperature * np.gradient(temperature, dx, edge_order=2)


def fluid_orders(
    eps: Sequence[float], problem: BGKProblem = GENTLE, mesh: Mesh | None = None
) -> list[dict]:
    """Distance of BGK to Euler, O(ε), and to Navier–Stokes–Fourier, O(ε²); heat flux, rel. O(ε).

    Returns:
        Rows with ``eps``, the largest of the three moments' relative L2 distances ``euler`` and
        ``nsf``, and ``heat``, that of ``½<(v−u)³f>`` to ``−(3/2) ε ρΘ ∂x Θ``.
    """
    mesh = mesh or Mesh(nx=800, nv=61, nt=300)
    t = problem.final_time
    euler = conserved(navier_stokes_fourier(problem, 0.0, t, mesh.nx)[1])
    rows = []
    for e in eps:
        solver = SemiLagrangian(problem, e, mesh)
        inside = in_window(problem, solver.x)
        found = solver.run([t])[0][0]
        nsf = conserved(navier_stokes_fourier(problem, e, t, mesh.nx)[1])
        gaps = [float(relative_l2(u[:, inside], found[:3, inside]).max()) for u in (euler, nsf)]
        state = primitive(found[:3])
        heat = found[3] - 0.5 * state[0] * state[1] * (state[1] ** 2 + 3 * state[2])
        law = chapman_enskog_flux(state, solver.dx, e)
        gap = np.linalg.norm((heat - law)[inside]) / np.linalg.norm(law[inside])
        rows.append({"eps": e, "euler": gaps[0], "nsf": gaps[1], "heat": float(gap)})
    return rows


def similarity_conservation(table: Similarity, tau: Sequence[float]) -> list[dict]:
    """Defect of the conservation laws in the self-similar table, which never uses them.

    In (τ, ξ) they read ``τ ∂τ U_k − ξ ∂ξ U_k + ∂ξ <v m_k f> = 0``; rows hold the largest defect
    over ξ in units of the largest flux gradient.
    """
    xi, h = np.linspace(-6, 6, 241), 1e-3

    def columns(time: float, places: NDArray) -> NDArray:
        state = table.state(time, places)
        return np.concatenate([conserved(state[:3]), state[3:]])

    rows = []
    for s in tau:
        slope = _central([columns(s, xi + k * h) for k in (-2, -1, 1, 2)], h)
        change = _central([columns(s * (1 + k * h), xi) for k in (-2, -1, 1, 2)], h)
        flux = np.stack([slope[1], 2 * slope[2], slope[3]])
        defect = np.abs(change[:3] - xi * slope[:3] + flux).max(1) / np.abs(flux).max(1)
        rows.append(row(defect, tau=s))
    return rows


def _central(values: list[NDArray], h: float) -> NDArray:
    """Derivative from values at −2h, −h, h, 2h; fourth order."""
    a, b, c, d = values
    return (a - 8 * b + 8 * c - d) / (12 * h)
