"""Measurements on the BGK solvers: orders, agreement, conservation, positivity, domain.

Every function returns rows of a table. Known solutions and limits are in `verification_bgk_limits`;
`bgk_tables` repeats all measurements and keeps them for chapter 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hrgradlib.kinetics.bgk_problems import BGK_SMOOTH, BGKProblem
from hrgradlib.kinetics.maxwellian import conserved, discrete_maxwellian, invariants, maxwellian
from hrgradlib.reference._bgk_solutions import relative_l2, sample
from hrgradlib.reference.bgk import BGKReference
from hrgradlib.reference.bgk_imex import Imex
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian

__all__ = ["GENTLE", "agreement", "conservation", "domain_effect", "in_window",
           "maxwellian_defects", "order_of", "positivity", "row", "space_orders",
           "time_orders", "uniformity"]  # fmt: skip

#: Analytic initial data, for orders of convergence: the kinks of ``bgk-smooth`` would limit them.
GENTLE = replace(BGK_SMOOTH, name="bgk-gentle", profile="tanh", steepness=8.0)

_NAMES = ("density", "momentum", "energy")


class _Wave(BGKProblem):
    """One period over the domain."""

    def mixing(self, x):
        wave = 2 * np.pi / (self.domain[1] - self.domain[0])
        return np.sin(wave * x), wave * np.cos(wave * x)


def row(errors: Iterable[float], **labels) -> dict:
    """A row of a table: labels, and a number for each of ρ, ρu, E."""
    return labels | dict(zip(_NAMES, map(float, errors), strict=True))


def in_window(problem: BGKProblem, x: NDArray) -> NDArray:
    """Mask of the places in the problem's window."""
    return (x >= problem.window[0]) & (x <= problem.window[1])


def order_of(rows: Sequence[dict], size: str, n: int, error: float) -> float:
    """Order between the last of the rows and a new one with ``size = n``; nan for the first."""
    if not rows:
        return float("nan")
    return float(np.log(rows[-1]["density"] / error) / np.log(n / rows[-1][size]))


def space_orders(
    scheme: str, eps: float, sizes: Sequence[int], problem: BGKProblem = GENTLE, **options
) -> list[dict]:
    """Error of n cells as difference from 3n cells, whose centres include those of the n cells.

    Args:
        scheme: "semi-lagrangian", its step kept, or "imex", whose step shrinks with the cells.
        eps: Knudsen number.
        sizes: values of n, each about twice the one before.
        problem: initial data.
        options: of the mesh (nv, nt, degree) or of :class:`Imex`.

    Returns:
        Rows with ``cells``, an error per moment and ``order`` of the density (nan in the first).
    """
    rows: list[dict] = []
    for n in sizes:
        x, coarse = _final(scheme, problem, eps, n, options)
        _, fine = _final(scheme, problem, eps, 3 * n, options)
        inside = in_window(problem, x)
        errors = relative_l2(fine[:, 1::3][:, inside], coarse[:, inside])
        rows.append(row(errors, cells=n, order=order_of(rows, "cells", n, errors[0])))
    return rows


def time_orders(
    eps: float, counts: Sequence[int], order: int = 3, problem: BGKProblem = GENTLE,
    nx: int = 300, nv: int = 61,
) -> list[dict]:  # fmt: skip
    """Error of `SemiLagrangian` with nt steps against 6 times the finest number of steps."""

    def final(nt: int, q: int) -> NDArray:
        x, moments = _final("semi-lagrangian", problem, eps, nx, dict(nv=nv, nt=nt, order=q))
        return moments[:, in_window(problem, x)]

    exact = final(6 * max(counts), 3)
    rows: list[dict] = []
    for nt in counts:
        errors = relative_l2(exact, final(nt, order))
        rows.append(row(errors, steps=nt, order=order_of(rows, "steps", nt, errors[0])))
    return rows


def uniformity(
    eps: Sequence[float], counts: Sequence[int], problem: BGKProblem = GENTLE, finest: int = 300
) -> list[dict]:
    """Largest error over ρ, ρu, E of `SemiLagrangian` on one mesh for all ε.

    Returns:
        Rows with ``eps`` and, under ``str(n)`` for every n of ``counts``, the error on 4n cells
        with n steps, against 4 ``finest`` cells and 2 ``finest`` steps.
    """
    rows = []
    for e in eps:
        options = {"nv": 61, "nt": 2 * finest}
        x, exact = _final("semi-lagrangian", problem, e, 4 * finest, options)
        window = np.linspace(*problem.window, 401)
        exact = sample(x, exact, window)
        errors = {}
        for n in counts:
            x, found = _final("semi-lagrangian", problem, e, 4 * n, {"nv": 61, "nt": n})
            errors[str(n)] = float(relative_l2(exact, sample(x, found, window)).max())
        rows.append({"eps": e} | errors)
    return rows


def _final(scheme, problem, eps, nx, options) -> tuple[NDArray, NDArray]:
    """Cell centres and ρ, ρu, E at the final time."""
    solver: Imex | SemiLagrangian
    if scheme == "imex":
        solver = Imex(problem, eps, nx, **options)
    else:
        solver = SemiLagrangian(problem, eps, Mesh(nx=nx, **options))
    return solver.x, solver.run([problem.final_time])[0][0][:3]


def agreement(
    reference: BGKReference, eps: Sequence[float], nx: int = 600, nv: int = 96, weno: bool = True
) -> list[dict]:
    """Relative L2 difference at the final time between the reference and `Imex`, per ε."""
    problem = reference.problem
    x = np.linspace(*problem.window, 1001)
    rows = []
    for e in eps:
        solver = Imex(problem, e, nx, nv, weno=weno)
        other = sample(solver.x, solver.run([problem.final_time])[0][0][:3], x)
        ours = conserved(reference.moments(problem.final_time, x, e))
        rows.append(row(relative_l2(ours, other), eps=e, cells=nx))
    return rows


def conservation(eps: Sequence[float], nx: int = 200) -> list[dict]:
    """Largest drift of total mass, momentum and energy, on a periodic domain, relative to mass."""
    wave = _Wave("wave", "tanh", (1e-3, 1.0), 0.1, (), (), left=(1.5, 0.3, 1.5),
                 right=(0.625, -0.2, 0.75))  # fmt: skip
    rows = []
    for e in eps:
        for name, solver in (
            ("semi-lagrangian", SemiLagrangian(wave, e, Mesh(nx, 61, 50), periodic=True)),
            ("imex", Imex(wave, e, nx, 64, periodic=True)),
        ):
            start = (solver.sums[:3] @ solver.f).sum(1)
            ends = [m[:3].sum(1) for m, _ in solver.run([0.02, 0.05, 0.1])]
            drift = np.abs(np.array(ends) - start).max(0) / start[0]
            rows.append(row(drift, eps=e, scheme=name))
    return rows


def domain_effect(problem: BGKProblem, eps: float) -> dict:
    """What the ends at ±1.2 do: largest change of ρ, ρu, E in the window when they are at ±2.4.

    Also the largest distance from the far field at ±1.2 (in the wider domain).
    """
    low, high = problem.domain
    wide = replace(problem, domain=(2 * low, 2 * high))
    t = problem.final_time
    near, far = (SemiLagrangian(p, eps, Mesh(n, 61, 100)).run([t])[0][0][:3]
                 for p, n in ((problem, 400), (wide, 800)))  # fmt: skip
    inside = in_window(problem, SemiLagrangian(problem, eps, Mesh(400, 3, 1)).x)
    gap = np.abs(near - far[:, 200:600])
    ends = [np.abs(far[:, i] - far[:, j]).max() for i, j in ((200, 0), (599, -1))]
    return {"eps": eps, "window": float(gap[:, inside].max()), "domain": float(gap.max()),
            "ends": float(max(ends))}  # fmt: skip


def positivity(
    problem: BGKProblem, eps: Sequence[float], nx: int = 400,
    schemes: Sequence[str] = ("semi-lagrangian", "imex"),
) -> list[dict]:  # fmt: skip
    """Smallest value of f over the largest one at the final time.

    Args:
        problem, eps: what to solve.
        nx: cells of `Imex`; the other scheme has twice as many.
        schemes: which; for a jump only "imex", whose WENO weights avoid it.
    """
    rows = []
    for e in eps:
        for name in schemes:
            mesh = Mesh(2 * nx, 81, nx // 2)
            made = Imex(problem, e, nx, 96) if name == "imex" else SemiLagrangian(problem, e, mesh)
            f = made.run([problem.final_time])[0][1]
            rows.append({"eps": e, "scheme": name, "smallest": float(f.min() / f.max())})
    return rows


def maxwellian_defects(spacings: Sequence[float], temperature: float = 0.75) -> list[dict]:
    """Moments missed by a Maxwellian sampled with spacing h, before and after Newton's method.

    Poisson's summation formula predicts ``2 exp(−2π² Θ/h²)`` for the density, at the worst place
    of the nodes.
    """
    state = np.array([[1.0], [0.0], [temperature]])
    rows = []
    for h in spacings:
        v = h * np.arange(-round(10 / h), round(10 / h) + 1)
        w = np.full(v.size, h)
        sums = (invariants(v)[:3] * w) @ maxwellian(state, v[:, None])
        repaired = (invariants(v)[:3] * w) @ discrete_maxwellian(conserved(state), v, w)
        rows.append({
            "spacing": float(h), "sampled": float(abs(sums[0, 0] - 1)),
            "predicted": float(2 * np.exp(-2 * np.pi**2 * temperature / h**2)),
            "repaired": float(np.abs(repaired - conserved(state)).max()),
        })  # fmt: skip
    return rows
