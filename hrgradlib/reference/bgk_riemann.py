"""BGK after a jump, at every Knudsen number and beyond the self-similar table.

The solution depends on ``τ = t/ε`` and ``ξ = x/t`` alone, so one computation serves every ε. Up to
τ = 5 it is the table of `bgk_similarity`, in which the jump of f is exact. From there on, with ε as
unit of length, waves are several cells wide for ever, and a semi-Lagrangian scheme goes on with
what has collided, f' = f − e^{−τ} f_free, which has no jump. What is kept are moments at geometric
τ; between these, polynomials in log τ at fixed ξ, where waves stand still.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

from hrgradlib.kinetics import bgk_problems, euler, maxwellian
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.maxwellian import conserved, primitive
from hrgradlib.reference import _bgk_solutions, _interpolation, bgk_semilagrangian, bgk_similarity
from hrgradlib.reference._bgk_solutions import relative_l2
from hrgradlib.reference._cache import cached
from hrgradlib.reference._interpolation import lagrange
from hrgradlib.reference.bgk import BGKReference
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian, collision_weights
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

__all__ = ["Continuation", "RiemannMesh", "RiemannReference", "continue_similarity"]

_MODULES = [_bgk_solutions, _interpolation, bgk_problems, euler, maxwellian, bgk_semilagrangian,
            bgk_similarity, sys.modules[__name__]]  # fmt: skip
_POINTS = 1001  # of the window, where errors are measured
_MARGIN = 40.0  # mean free paths that the mesh reaches beyond the waves
_ALONG = 6  # nodes in log τ that a value is interpolated from
_MEMORY = 36.0  # mean free times after which e^{−s} is rounding


@dataclass(frozen=True)
class RiemannMesh:
    """What the continuation is made of, in mean free paths and times.

    Attributes:
        table: the self-similar table it starts from.
        dx, dt: spacing of cells and longest step.
        nv: velocities.
        ratio: of consecutive τ that are kept.
    """

    table: SimilarityMesh = SimilarityMesh(degree=4, spacing=0.2, nodes=6, nv=61, n_eta=64)
    dx: float = 0.6
    dt: float = 0.5
    nv: int = 61
    ratio: float = 1.1

    def coarser(self) -> RiemannMesh:
        """Coarser in every variable at once; its error is the estimate of the finer one's."""
        rough = replace(self.table, degree=3, spacing=0.3, nodes=5)
        return replace(self, table=rough, dx=2 * self.dx, dt=2 * self.dt, nv=2 * (self.nv // 3) + 1)


class RiemannReference(BGKReference):
    """`BGKReference` of a problem with a jump, at every ε down to that of its range.

    One computation of a minute serves all Knudsen numbers and times. Arguments as there.

    Raises:
        ValueError: the data are no jump, or times outside (0, final_time].
    """

    def __init__(self, problem: BGKProblem, times=None, coarse: bool = False) -> None:
        super().__init__(problem, times, coarse)
        if problem.profile != "sign":
            raise ValueError(
                f"RiemannReference: found profile = {problem.profile!r}; expected 'sign'."
            )
        self._computed: _Both | None = None

    def _solution(self, t: float, eps: float) -> _Both:
        if t > (1 + 1e-5) * self.problem.final_time / self.problem.eps_range[0] * eps:
            raise ValueError(
                f"RiemannReference: found eps = {eps} at t = {t}; expected t/eps up to "
                f"{self.problem.final_time / self.problem.eps_range[0]:g}."
            )
        if self._computed is None:
            self._computed = _Both(self.problem, self.coarse)
        return self._computed


class _Both:
    """The solution, and a coarser one that tells its error."""

    def __init__(self, problem: BGKProblem, coarse: bool) -> None:
        fine = RiemannMesh().coarser() if coarse else RiemannMesh()
        self._parts = [Continuation(_table(problem, mesh)) for mesh in (fine, fine.coarser())]

    def state(self, t: float, x: NDArray, eps: float, part: int = 0) -> NDArray:
        return self._parts[part].state(t / eps, x / t)

    def distribution(self, t: float, x: NDArray, v: NDArray, eps: float) -> NDArray:
        return self._parts[0].distribution(t / eps, x / t, v)

    def errors(self, t: float, eps: float, window) -> NDArray:
        x = np.linspace(window[0], window[1], _POINTS)
        return relative_l2(*(conserved(self.state(t, x, eps, k)[:3]) for k in (0, 1)))


def _table(problem: BGKProblem, mesh: RiemannMesh) -> dict[str, NDArray]:
    left, right, fastest = problem.left, problem.right, problem.max_speed
    last = problem.final_time / problem.eps_range[0]
    parameters = {"left": left, "right": right, "max_speed": fastest, "last": last,
                  "mesh": asdict(mesh)}  # fmt: skip

    def compute() -> dict[str, NDArray]:
        return continue_similarity(left, right, last, mesh, fastest)

    return cached(f"{problem.name}-continued", parameters, compute, _MODULES)


def continue_similarity(
    left: tuple[float, ...], right: tuple[float, ...], last: float, mesh: RiemannMesh,
    max_speed: float = 10.0,
) -> dict[str, NDArray]:  # fmt: skip
    """The table that :class:`Continuation` reads.

    Args:
        left, right: (ρ, u, Θ) of the jump.
        last: largest τ that is needed.
        mesh: see :class:`RiemannMesh`.
        max_speed: velocities beyond ± this are left out.

    Returns:
        The arrays of `solve_similarity`, and ``tau`` [J], ``x`` [X], ``continued`` [J, 4, X]:
        ρ, ρu, E, ½<v³f> at places x in mean free paths.
    """
    table = solve_similarity(left, right, mesh.table, max_speed)
    similar = Similarity(table)
    first = similar.last
    count = int(np.ceil(np.log(max(last / first, 1.0)) / np.log(mesh.ratio)))
    tau = first * mesh.ratio ** np.arange(max(count, _ALONG) + 1)
    solver = _Collided(similar, tau[-1], mesh, max_speed)
    kept = []
    for until in tau:
        solver.run([until])
        kept.append(solver.moments())
    return table | {"tau": tau, "x": solver.x, "continued": np.stack(kept)}


class _Collided(SemiLagrangian):
    """f' of the jump from the end of the table to τ = last, with ε = 1.

    The mesh reaches beyond the waves, whose far field keeps what is repeated at its ends.
    """

    def __init__(
        self, similar: Similarity, last: float, mesh: RiemannMesh, max_speed: float
    ) -> None:
        left, right = (
            (float(rho), float(u), float(temperature))
            for rho, u, temperature in (similar.left, similar.right)
        )
        waves = EulerRiemann(left, right)
        slow = min(waves.speeds[0], left[1] - np.sqrt(waves.gamma * left[2]), 0.0)
        fast = max(waves.speeds[2], right[1] + np.sqrt(waves.gamma * right[2]), 0.0)
        domain = 1.05 * last * slow - _MARGIN, 1.05 * last * fast + _MARGIN
        problem = BGKProblem("collided", "sign", (1.0, 1.0), last, (), (), left=left, right=right,
                             domain=domain, max_speed=max_speed)  # fmt: skip
        cells = round((domain[1] - domain[0]) / mesh.dx)
        super().__init__(problem, 1.0, Mesh(cells, mesh.nv, int(np.ceil(last / mesh.dt))))
        self.similar, self.t = similar, similar.last
        xi, v = np.broadcast_arrays(self.x / self.t, self.v[:, None])
        sides = [maxwellian.maxwellian(side[:, None, None], v)
                 for side in (similar.left, similar.right)]  # fmt: skip
        whole = np.where(xi < 0, *sides)  # beyond what the jump has reached
        near = np.abs(xi[0]) < similar.xi[-1] + 1
        places, speeds = xi[:, near], v[:, near]
        found = similar.distribution(self.t, places.ravel(), speeds.ravel())
        whole[:, near] = found.reshape(places.shape)
        self.f = whole - np.exp(-self.t) * np.where(xi < v, *sides)
        past = [self.t - k * mesh.dt for k in range(self.mesh.order - 1, -1, -1)]
        self._history = [
            (s, maxwellian.maxwellian(similar.state(s, self.x / s)[:3], v)) for s in past
        ]

    def moments(self) -> NDArray:
        """ρ, ρu, E, ½<v³f> of the whole f, [4, X]."""
        return self.sums @ self.f + np.exp(-self.t) * self._flown(self.t)

    def _flown(self, t: float) -> NDArray:
        """The same of free flight, exactly."""
        state = self.similar.state(0.0, self.x / t)
        return np.concatenate([conserved(state[:3]), state[3:]])

    def _step(self, h: float) -> None:
        new = self.t + h
        past = self._history[::-1][: self.mesh.order]
        lags = np.array([0.0] + [new - t for t, _ in past])
        weights, survival = collision_weights(lags, self.eps)
        known = survival * self._shift_collided(h)
        for lag, weight, (_, old) in zip(lags[1:], weights[1:], past, strict=True):
            known += weight * self._shift(old, lag)
        sources = self.sums[:3] @ known + np.exp(-new) * self._flown(new)[:3]
        state = primitive(sources / (survival + weights[1:].sum()), "RiemannReference")
        equilibrium = maxwellian.maxwellian(state, self.v[:, None])
        self.f = known + weights[0] * equilibrium
        self.t = new
        self._history = [*self._history, (new, equilibrium)][-self.mesh.order :]

    def _shift_collided(self, lag: float) -> NDArray:
        """What has collided, where it came from; in the far field a share ``1 − e^{−t}``."""
        far = self._far
        self._far = [-np.expm1(-self.t) * side for side in far]
        shifted = self._shift(self.f, lag)
        self._far = far
        return shifted


class Continuation:
    """Moments and distribution at any τ ≤ ``last`` and any ξ of a table.

    Args:
        table: from :func:`continue_similarity`.
    """

    def __init__(self, table: dict[str, NDArray]) -> None:
        self._similar = Similarity(table)
        self.tau, self.x = table["tau"], table["x"]
        self._spline = make_interp_spline(self.x, np.moveaxis(table["continued"], -1, 0), 5)

    @property
    def last(self) -> float:
        """Largest τ."""
        return float(self.tau[-1])

    def state(self, tau: float, xi: NDArray) -> NDArray:
        """ρ, u, Θ, ½<v³f> at one τ in [0, last] and any ξ; [4, ...]."""
        if tau <= self._similar.last:
            return self._similar.state(tau, xi)
        first = int(np.searchsorted(self.tau, tau)) - _ALONG // 2
        first = int(np.clip(first, 0, self.tau.size - _ALONG))
        near = self.tau[first : first + _ALONG]
        values = np.zeros((*np.shape(xi), 4))
        for k, (node, share) in enumerate(
            zip(near, lagrange(np.log(near), np.log(tau)), strict=True)
        ):
            spline = BSpline(self._spline.t, self._spline.c[:, first + k], 5)
            values += share * spline(np.clip(xi * node, self.x[0], self.x[-1]))
        moments = np.moveaxis(values, -1, 0)
        return np.concatenate([primitive(moments[:3], "RiemannReference"), moments[3:]])

    def distribution(self, tau: float, xi: NDArray, v: NDArray) -> NDArray:
        """The f at one τ in (0, last] and flat arrays ξ, v of one shape: Duhamel's integral."""
        if tau <= self._similar.last:
            return self._similar.distribution(tau, xi, v)
        xi, v = np.broadcast_arrays(xi, v)
        left, right = (s[:, None] for s in (self._similar.left, self._similar.right))
        free = np.where(xi < v, maxwellian.maxwellian(left, v), maxwellian.maxwellian(right, v))
        result = np.exp(-tau) * free
        low = max(tau - _MEMORY, 0.0)
        edges = np.linspace(low, tau, int(np.ceil((tau - low) / 0.5)) + 1)
        nodes, weights = np.polynomial.legendre.leggauss(6)
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            for sigma, weight in zip(0.5 * (a + b + (b - a) * nodes), 0.5 * (b - a) * weights,
                                     strict=True):  # fmt: skip
                state = self.state(sigma, v + (xi - v) * (tau / sigma))[:3]
                result += weight * np.exp(sigma - tau) * maxwellian.maxwellian(state, v)
        return result
