"""Reference solutions of BGK problems at every Knudsen number.

Three solvers, each where it is best (an appendix measures all against each other):

* smooth data: `SemiLagrangian`;
* the jump: the self-similar table of `bgk_similarity`, one for every ε ≥ t/5;
* shocks that no mesh resolves (ε far below the problem's range): `Imex` with WENO, first order.

Results are kept on disk (`hrgradlib.reference._cache`), by problem, ε and mesh.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.kinetics import maxwellian
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference import _bgk_solutions as solutions
from hrgradlib.reference._arguments import checked, groups

__all__ = ["BGKReference"]

_QUANTITIES = ("density", "momentum", "energy")


class BGKReference:
    """Moments and distribution of a BGK problem at the times asked for, any x and any ε > 0.

    A Knudsen number costs seconds when it is met for the first time, nothing afterwards.

    Args:
        problem: data of the problem.
        times: when the solution can be asked for, besides t = 0; the problem's ``eval_times`` by
            default. In (0, final_time].
        coarse: the mesh of smoke tests, about 20 times cheaper and 100 times less accurate.

    Raises:
        ValueError: times outside (0, final_time].
    """

    def __init__(
        self, problem: BGKProblem, times: Sequence[float] | None = None, coarse: bool = False
    ) -> None:
        chosen = checked("BGKReference", times=problem.eval_times if times is None else times)[0]
        self.times = tuple(float(t) for t in np.unique(chosen))
        if not self.times or self.times[0] <= 0 or self.times[-1] > problem.final_time:
            raise ValueError(
                f"BGKReference: found times {self.times}; expected some in (0, "
                f"{problem.final_time}]."
            )
        self.problem, self.coarse = problem, coarse
        self._solutions: dict[float | None, object] = {}

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε)``; arguments broadcast, dimensionless, x in the problem's domain."""
        return self.moments(t, x, eps)[0]

    def velocity(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u = <v f>/ρ``; arguments as for `density`."""
        return self.moments(t, x, eps)[1]

    def temperature(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``Θ = <(v − u)² f>/ρ``; arguments as for `density`."""
        return self.moments(t, x, eps)[2]

    def momentum(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρu``; arguments as for `density`."""
        return conserved(self.moments(t, x, eps))[1]

    def energy(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``E = ½ρ(u² + Θ)``; arguments as for `density`."""
        return conserved(self.moments(t, x, eps))[2]

    def moments(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``(ρ, u, Θ)``, shape [3, ...] with the broadcast shape of the arguments."""
        return self._all_moments(t, x, eps)[:3]

    def heat_flux(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``½<(v − u)³ f> = ε ½<v³ g>``; tends to ``−(3/2) ε ρΘ ∂x Θ``."""
        rho, u, temperature, third = self._all_moments(t, x, eps)
        return third - 0.5 * rho * u * (u**2 + 3 * temperature)

    def distribution(self, t: ArrayLike, x: ArrayLike, v: ArrayLike, eps: ArrayLike) -> NDArray:
        """``f(t, x, v; ε)``; arguments broadcast, |v| ≤ the problem's ``max_speed``.

        Raises:
            ValueError: a velocity beyond ``max_speed``, or an argument out of its range.
        """
        t, x, v, eps = np.broadcast_arrays(*checked("BGKReference", t=t, x=x, velocity=v, eps=eps))
        self._check_places(x)
        if (np.abs(v) > self.problem.max_speed).any():
            raise ValueError(
                f"BGKReference: found velocity = {v[np.abs(v) > self.problem.max_speed].flat[0]}; "
                f"expected at most {self.problem.max_speed} in size."
            )
        result = np.empty(t.shape)
        for (one_t, one_eps), where in groups(t, eps):
            self._check_time(one_t)
            if one_t == 0:
                start = np.moveaxis(self.problem.initial_moments(x[where])[0], -1, 0)
                result[where] = maxwellian.maxwellian(start, v[where])
            else:
                solution = self._solution(one_t, one_eps)
                result[where] = solution.distribution(one_t, x[where], v[where], one_eps)
        return result

    def error_estimate(self, t: ArrayLike, eps: ArrayLike, quantity: str = "density") -> NDArray:
        """Relative L2 error of the density, momentum or energy over the window.

        It is the difference from a computation that is coarser in every variable at once: the error
        of the coarser one, and several times that of the solution. At t = 0 it is zero.

        Raises:
            ValueError: another quantity, or an argument out of its range.
        """
        if quantity not in _QUANTITIES:
            raise ValueError(
                f"BGKReference: found quantity {quantity!r}; expected one of {_QUANTITIES}."
            )
        t, eps = np.broadcast_arrays(*checked("BGKReference", t=t, eps=eps))
        result = np.zeros(t.shape)
        for (one_t, one_eps), where in groups(t, eps):
            self._check_time(one_t)
            if one_t > 0:
                solution = self._solution(one_t, one_eps)
                errors = solution.errors(one_t, one_eps, self.problem.window)
                result[where] = errors[_QUANTITIES.index(quantity)]
        return result

    def _all_moments(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """ρ, u, Θ, ½<v³f>."""
        t, x, eps = np.broadcast_arrays(*checked("BGKReference", t=t, x=x, eps=eps))
        self._check_places(x)
        result = np.empty((4, *t.shape))
        for (one_t, one_eps), where in groups(t, eps):
            self._check_time(one_t)
            if one_t == 0:
                start = np.moveaxis(self.problem.initial_moments(x[where])[0], -1, 0)
                result[:, where] = [*start, maxwellian.full_moments(start)[3]]
            else:
                solution = self._solution(one_t, one_eps)
                result[:, where] = solution.state(one_t, x[where], one_eps)
        return result

    def _check_places(self, x: NDArray) -> None:
        low, high = self.problem.domain
        if outside := x[(x < low) | (x > high)].tolist():
            raise ValueError(
                f"BGKReference: found x = {outside[0]}; expected x in [{low}, {high}]."
            )

    def _check_time(self, t: float) -> None:
        if t != 0 and t not in self.times:
            raise ValueError(
                f"BGKReference: found t = {t}; expected 0 or one of {self.times}. Name other times "
                "up to the final one when it is made."
            )

    def _solution(self, t: float, eps: float):
        similar = solutions.is_similar(self.problem, t, eps)
        key = None if similar else eps  # one table serves every ε
        if key not in self._solutions:
            make = solutions.SelfSimilar if similar else solutions.Meshed
            self._solutions[key] = make(self.problem, eps, self.times, self.coarse)
        return self._solutions[key]
