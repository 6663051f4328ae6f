"""What `BGKReference` reads its values from: computed solutions, on a mesh or self-similar.

Both kinds have ``state(t, x, eps)`` → ρ, u, Θ, ½<v³f>, ``distribution(t, x, v, eps)`` and
``errors(t, eps, window)`` → relative L2 errors of ρ, ρu and E.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline, make_interp_spline

from hrgradlib.kinetics import bgk_problems, maxwellian
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved, primitive
from hrgradlib.reference import _interpolation, bgk_imex, bgk_semilagrangian, bgk_similarity
from hrgradlib.reference._cache import cached
from hrgradlib.reference.bgk_imex import Imex
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

__all__ = ["Meshed", "Plan", "SelfSimilar", "is_similar", "plan", "relative_l2", "sample"]

_MODULES = [_interpolation, bgk_problems, maxwellian, bgk_imex, bgk_semilagrangian, bgk_similarity,
            sys.modules[__name__]]  # fmt: skip
_POINTS = 1001  # of the window, where errors are measured
_NOTHING = 1e-30  # f in the tails is not below this, or is rounding


def is_similar(problem: BGKProblem, t: float, eps: float) -> bool:
    """Whether the self-similar table reaches this far; an ε rounded to single precision counts."""
    last = SimilarityMesh().edges[-1]
    return problem.profile == "sign" and t <= (1 + 1e-6) * last * eps


@dataclass(frozen=True)
class Plan:
    """A solver's name and options."""

    solver: str
    options: dict

    def coarser(self) -> Plan:
        """Half as many cells and steps, two thirds of the velocities."""
        o = dict(self.options)
        o["nx"] //= 2
        o["nv"] = 2 * (o["nv"] // 3) + (1 if o["nv"] % 2 else 0)
        if "nt" in o:
            o["nt"] //= 2
        return Plan(self.solver, o)


def plan(problem: BGKProblem, eps: float, coarse: bool = False) -> Plan:
    """Solver and mesh for one Knudsen number: measured, with room to spare (the appendix on them).

    Where collisions are rare f keeps the initial profile's details in v: more velocities, above all
    where a sine ends in a constant and the trapezoidal rule is no longer spectral. Where they are
    frequent fronts as thin as the mean free path appear: more cells. Fronts thinner than that are
    left to WENO.
    """
    steep = problem.profile != "sine"
    if steep and eps < 0.3 * problem.eps_range[0] or problem.profile == "sign":
        return Plan("imex", {"nx": 300 if coarse else 1200, "nv": 48 if coarse else 64})
    frequent = eps < 0.02
    if coarse:
        mesh = Mesh(nx=600, nv=41, nt=100) if frequent else Mesh(nx=400, nv=61, nt=80)
    elif frequent:
        mesh = Mesh(nx=1600, nv=61, nt=400)
    else:
        mesh = Mesh(nx=1000, nv=121, nt=300) if steep else Mesh(nx=2000, nv=301, nt=100)
    return Plan("semi-lagrangian", asdict(mesh))


class Meshed:
    """Solution on a mesh in x and v at the reference's times."""

    def __init__(self, problem: BGKProblem, eps: float, times, coarse: bool) -> None:
        chosen = plan(problem, eps, coarse)
        parameters = {"problem": asdict(problem), "eps": eps, "times": times, **asdict(chosen)}
        data = cached(problem.name, parameters, lambda: _solve(problem, eps, times, chosen),
                      _MODULES)  # fmt: skip
        self.times, self.x, self.v = times, data["x"], data["v"]
        self._moments, self._f, self._errors = data["moments"], data["f"], data["errors"]
        self._splines: dict[float, RectBivariateSpline] = {}

    def state(self, t: float, x: NDArray, eps: float) -> NDArray:
        values = sample(self.x, self._moments[self.times.index(t)], x)
        return np.concatenate([primitive(values[:3], "BGKReference"), values[3:]])

    def distribution(self, t: float, x: NDArray, v: NDArray, eps: float) -> NDArray:
        if t not in self._splines:
            # the logarithm: nearly a parabola in v, and what comes back is positive
            logs = np.log(np.maximum(self._f[self.times.index(t)], _NOTHING))
            self._splines[t] = RectBivariateSpline(self.v, self.x, logs, kx=5, ky=5)
        low, high = self.x[0], self.x[-1]
        return np.exp(self._splines[t].ev(v, np.clip(x, low, high)))

    def errors(self, t: float, eps: float, window) -> NDArray:
        return self._errors[self.times.index(t)]


def _solve(problem: BGKProblem, eps: float, times, chosen: Plan) -> dict[str, NDArray]:
    fine, coarse = (_run(problem, eps, times, p) for p in (chosen, chosen.coarser()))
    x = np.linspace(*problem.window, _POINTS)
    errors = [
        relative_l2(sample(fine[0], a[:3], x), sample(coarse[0], b[:3], x))
        for a, b in zip(fine[2], coarse[2], strict=True)
    ]
    return {"x": fine[0], "v": fine[1], "moments": fine[2], "f": fine[3],
            "errors": np.stack(errors)}  # fmt: skip


def _run(problem: BGKProblem, eps: float, times, chosen: Plan) -> tuple[NDArray, ...]:
    solver: Imex | SemiLagrangian
    if chosen.solver == "imex":
        solver = Imex(problem, eps, **chosen.options)
    else:
        solver = SemiLagrangian(problem, eps, Mesh(**chosen.options))
    results = solver.run(times)
    return solver.x, solver.v, np.stack([r[0] for r in results]), np.stack([r[1] for r in results])


class SelfSimilar:
    """Solution of the Riemann problem from its table in (t/ε, x/t), and from a coarser table."""

    def __init__(self, problem: BGKProblem, eps: float, times, coarse: bool) -> None:
        rough = SimilarityMesh(degree=4, spacing=0.2, nodes=6, nv=61, n_eta=64)
        rougher = replace(rough, degree=3, spacing=0.3, nodes=5)
        meshes = (rough, rougher) if coarse else (SimilarityMesh(), rough)
        self._tables = [Similarity(self._table(problem, m)) for m in meshes]

    @staticmethod
    def _table(problem: BGKProblem, mesh: SimilarityMesh) -> dict[str, NDArray]:
        left, right, fastest = problem.left, problem.right, problem.max_speed
        parameters = {"left": left, "right": right, "max_speed": fastest, "mesh": asdict(mesh)}
        return cached(f"{problem.name}-table", parameters,
                      lambda: solve_similarity(left, right, mesh, fastest), _MODULES)  # fmt: skip

    def state(self, t: float, x: NDArray, eps: float, table: int = 0) -> NDArray:
        return self._tables[table].state(t / eps, x / t)

    def distribution(self, t: float, x: NDArray, v: NDArray, eps: float) -> NDArray:
        return self._tables[0].distribution(t / eps, x / t, v)

    def errors(self, t: float, eps: float, window) -> NDArray:
        x = np.linspace(window[0], window[1], _POINTS)
        return relative_l2(*(conserved(self.state(t, x, eps, k)[:3]) for k in (0, 1)))


def sample(nodes: NDArray, values: NDArray, x: NDArray) -> NDArray:
    """Quintic spline through values [..., X] at nodes; at the outermost half cell the end value."""
    spline = make_interp_spline(nodes, values, 5, axis=-1)
    return spline(np.clip(x, nodes[0], nodes[-1]))


def relative_l2(fine: NDArray, coarse: NDArray) -> NDArray:
    """Relative L2 difference per row."""
    return np.linalg.norm(fine - coarse, axis=1) / np.linalg.norm(fine, axis=1)
