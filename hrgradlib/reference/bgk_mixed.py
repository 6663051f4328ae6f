"""Reference solutions of BGK with ε(x), by two schemes that share the equation alone.

`Spectral`: Fourier series in x, the trapezoidal rule in v, the classical Runge–Kutta method of
fourth order with explicit collisions, which ``ε0 ≥ 10⁻³`` allows: nothing is stiff. Balances hold
to rounding, as the mean of a derivative is zero. `MixedImex`: the finite differences,
Gauss–Legendre velocities, discrete Maxwellians and implicit collisions of `bgk_imex`, with ε(x) in
place of ε.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.kinetics import bgk_mixed, maxwellian
from hrgradlib.kinetics.bgk_mixed import MixedBGK
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved, invariants, primitive
from hrgradlib.reference._arguments import checked, groups
from hrgradlib.reference._cache import cached
from hrgradlib.reference.bgk_imex import Imex

__all__ = ["MixedImex", "MixedReference", "Spectral", "SpectralMesh", "euler_history",
           "fourier_values"]  # fmt: skip

_QUANTITIES = ("density", "momentum", "energy")


@dataclass(frozen=True)
class SpectralMesh:
    """What a run of `Spectral` is made of.

    Attributes:
        nx: equidistant places, even.
        nv: equidistant velocities.
        courant: step by the largest rate of Fourier modes, ``max|v| π nx``; below 2.8.
    """

    nx: int = 64
    nv: int = 73
    courant: float = 2.2

    def coarser(self) -> SpectralMesh:
        """Two thirds of places, velocities and steps."""
        return SpectralMesh(2 * (self.nx // 3), 2 * (self.nv // 3) + 1, self.courant)


class Spectral:
    """The scheme above for one ε0.

    Args:
        problem: initial data, ε(x), velocities.
        eps: ε0.
        mesh: see :class:`SpectralMesh`.

    Raises:
        ValueError: ``eps`` is not positive, or so small that collisions are stiff.
    """

    def __init__(self, problem: MixedBGK, eps: float, mesh: SpectralMesh | None = None) -> None:
        mesh = mesh or SpectralMesh()
        low, high = problem.domain
        self.x = low + (high - low) * np.arange(mesh.nx) / mesh.nx
        self.v = np.linspace(-problem.max_speed, problem.max_speed, mesh.nv)
        self.eps = problem.knudsen(self.x, np.full(mesh.nx, float(eps)))[0]
        self.longest = mesh.courant / (problem.max_speed * np.pi * mesh.nx)
        if not self.longest < 2.5 * self.eps.min():
            raise ValueError(
                f"Spectral: found eps = {eps} and steps of {self.longest:.1e}; expected "
                f"eps > {self.longest / 2.5:.1e}, below which explicit collisions are unstable."
            )
        modes = np.fft.rfftfreq(mesh.nx, 1 / mesh.nx)
        modes[-1] = 0.0  # of the highest one the derivative is not known
        self._rates = -2j * np.pi * modes * self.v[:, None]
        self.sums = invariants(self.v) * (self.v[1] - self.v[0])
        start = np.moveaxis(problem.initial_moments(self.x)[0], -1, 0)
        self.f = maxwellian.maxwellian(start, self.v[:, None])
        self.t = 0.0

    def run(self, times: Sequence[float]) -> list[tuple[NDArray, NDArray]]:
        """Moments [4, X] (ρ, ρu, E, ½<v³f>) and f [V, X] at ascending times ≥ 0."""
        results = []
        for t in times:
            count = int(np.ceil((t - self.t) / self.longest - 1e-9))
            for _ in range(count):
                self._step((t - self.t) / count)
            self.t = t
            results.append((self.sums @ self.f, self.f.copy()))
        return results

    def _step(self, h: float) -> None:
        f = self.f
        k1 = self._rate(f)
        k2 = self._rate(f + 0.5 * h * k1)
        k3 = self._rate(f + 0.5 * h * k2)
        k4 = self._rate(f + h * k3)
        self.f = f + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def _rate(self, f: NDArray) -> NDArray:
        """``−v ∂x f + (M[U] − f)/ε``."""
        state = primitive(self.sums[:3] @ f, "Spectral")
        flight = np.fft.irfft(self._rates * np.fft.rfft(f, axis=1), f.shape[1], axis=1)
        return flight + (maxwellian.maxwellian(state, self.v[:, None]) - f) / self.eps


class MixedImex(Imex):
    """`bgk_imex.Imex` with ε(x), periodic; arguments as there."""

    def __init__(
        self, problem: MixedBGK, eps: float, nx: int = 200, nv: int = 64, courant: float = 0.8
    ) -> None:
        shell = _Shell("mixed", "sine", problem.eps_range, problem.final_time, (), (),
                       domain=problem.domain, max_speed=problem.max_speed)  # fmt: skip
        super().__init__(shell, eps, nx, nv, courant, weno=False, periodic=True)
        self.eps = problem.knudsen(self.x, np.full(nx, float(eps)))[0]  # type: ignore[assignment]
        self.f = self._discrete(np.moveaxis(problem.initial_moments(self.x)[0], -1, 0))


class _Shell(BGKProblem):
    """Domain and velocities of a mixed problem, for a scheme whose states at the ends go unused."""


class MixedReference:
    """Moments and distribution of the mixed problem at the times asked for, any x and trained ε0.

    A Knudsen number costs seconds when it is met for the first time, nothing afterwards.

    Args:
        problem: data.
        times: when the solution can be asked for, besides t = 0; ``eval_times`` by default.
        coarse: the mesh of smoke tests.

    Raises:
        ValueError: times outside (0, final_time].
    """

    def __init__(
        self, problem: MixedBGK, times: Sequence[float] | None = None, coarse: bool = False
    ) -> None:
        chosen = checked("MixedReference", times=problem.eval_times if times is None else times)[0]
        self.times = tuple(float(t) for t in np.unique(chosen))
        if not self.times or self.times[0] <= 0 or self.times[-1] > problem.final_time:
            raise ValueError(
                f"MixedReference: found times {self.times}; expected some in (0, "
                f"{problem.final_time}]."
            )
        self.problem = problem
        self.mesh = SpectralMesh().coarser() if coarse else SpectralMesh()
        self._solutions: dict[float, dict[str, NDArray]] = {}

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε0)``; arguments broadcast, dimensionless."""
        return self.moments(t, x, eps)[0]

    def velocity(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u = <v f>/ρ``; arguments as for `density`."""
        return self.moments(t, x, eps)[1]

    def temperature(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``Θ = <(v − u)² f>/ρ``; arguments as for `density`."""
        return self.moments(t, x, eps)[2]

    def moments(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``(ρ, u, Θ)``, [3, ...] with the broadcast shape of the arguments."""
        return primitive(self._values(t, x, eps)[:3], "MixedReference")

    def heat_flux(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``½<(v − u)³ f>``; arguments as for `density`."""
        values = self._values(t, x, eps)
        rho, u, temperature = primitive(values[:3], "MixedReference")
        return values[3] - 0.5 * rho * u * (u**2 + 3 * temperature)

    def distribution(self, t: float, eps: float) -> tuple[NDArray, NDArray, NDArray]:
        """Places [X], velocities [V] and f [V, X] of the mesh, at one time and one ε0."""
        self._check_time(t)
        found = self._solution(eps)
        return found["x"], found["v"], found["f"][self.times.index(t)]

    def error_estimate(self, t: ArrayLike, eps: ArrayLike, quantity: str = "density") -> NDArray:
        """Relative L2 error of the density, momentum or energy over the period.

        It is the difference from a computation that is coarser in every variable at once.

        Raises:
            ValueError: another quantity, or an argument out of its range.
        """
        if quantity not in _QUANTITIES:
            raise ValueError(
                f"MixedReference: found quantity {quantity!r}; expected one of {_QUANTITIES}."
            )
        t, eps = np.broadcast_arrays(*checked("MixedReference", t=t, eps=eps))
        result = np.zeros(t.shape)
        for (one_t, one_eps), where in groups(t, eps):
            if one_t > 0:
                self._check_time(one_t)
                errors = self._solution(one_eps)["errors"][self.times.index(one_t)]
                result[where] = errors[_QUANTITIES.index(quantity)]
        return result

    def _values(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """ρ, ρu, E, ½<v³f>, [4, ...]: the Fourier series at x."""
        t, x, eps = np.broadcast_arrays(*checked("MixedReference", t=t, x=x, eps=eps))
        result = np.empty((4, *t.shape))
        for (one_t, one_eps), where in groups(t, eps):
            if one_t == 0:
                start = np.moveaxis(self.problem.initial_moments(x[where])[0], -1, 0)
                result[:, where] = maxwellian.full_moments(start)
            else:
                self._check_time(one_t)
                found = self._solution(one_eps)
                values = found["moments"][self.times.index(one_t)]
                result[:, where] = fourier_values(values, x[where] - found["x"][0])
        return result

    def _check_time(self, t: float) -> None:
        if t not in self.times:
            raise ValueError(
                f"MixedReference: found t = {t}; expected 0 or one of {self.times}. Name other "
                "times up to the final one when it is made."
            )

    def _solution(self, eps: float) -> dict[str, NDArray]:
        if eps not in self._solutions:
            parameters = {"problem": asdict(self.problem), "eps": eps, "times": self.times,
                          "mesh": asdict(self.mesh)}  # fmt: skip
            modules = [bgk_mixed, maxwellian, sys.modules[__name__]]
            self._solutions[eps] = cached(
                self.problem.name, parameters, lambda: self._solve(eps), modules
            )
        return self._solutions[eps]

    def _solve(self, eps: float) -> dict[str, NDArray]:
        fine, coarse = (Spectral(self.problem, eps, m) for m in (self.mesh, self.mesh.coarser()))
        found, other = fine.run(self.times), coarse.run(self.times)
        errors = []
        for (moments, _), (rough, _) in zip(found, other, strict=True):
            gap = moments[:3] - fourier_values(rough[:3], fine.x - fine.x[0])
            errors.append(np.linalg.norm(gap, axis=1) / np.linalg.norm(moments[:3], axis=1))
        return {"x": fine.x, "v": fine.v, "moments": np.stack([m for m, _ in found]),
                "f": np.stack([f for _, f in found]), "errors": np.stack(errors)}  # fmt: skip


def fourier_values(values: NDArray, x: NDArray) -> NDArray:
    """The Fourier series of period 1 through [..., X] equidistant values, at x [P]; [..., P].

    Args:
        values: of an even number of places, the first at x = 0.
        x: anywhere.
    """
    count = values.shape[-1]
    modes = np.fft.rfft(values, axis=-1) / count
    modes[..., 1:-1] *= 2
    waves = np.exp(2j * np.pi * np.arange(count // 2 + 1)[:, None] * np.ravel(x))
    return (modes @ waves).real.reshape(*values.shape[:-1], *np.shape(x))


def euler_history(problem: MixedBGK, times: Sequence[float], nx: int = 256) -> NDArray:
    """(ρ, ρu, E) of Euler's equations, ε(x) = 0, γ = 3, by Fourier series; [T, 3, nx].

    For times before a shock, places ``low + period · k/nx``.

    Raises:
        ValueError: the solution has steepened beyond the mesh.
    """  # noqa: DOC502
    low, high = problem.domain
    x = low + (high - low) * np.arange(nx) / nx
    state = conserved(np.moveaxis(problem.initial_moments(x)[0], -1, 0))
    modes = 2j * np.pi * np.fft.rfftfreq(nx, 1 / nx)
    modes = modes * (np.arange(modes.size) <= nx // 3)  # products of three do not fold back

    def rate(moments: NDArray) -> NDArray:
        rho, u, temperature = primitive(moments, "euler_history")
        pressure = rho * temperature
        flux = np.stack([moments[1], moments[1] * u + pressure, u * (moments[2] + pressure)])
        return -np.fft.irfft(modes * np.fft.rfft(flux, axis=1), nx, axis=1)

    found, now = [], 0.0
    for t in times:
        count = int(np.ceil((t - now) * 6.0 * nx))
        h = (t - now) / max(count, 1)
        for _ in range(count):
            k1 = rate(state)
            k2 = rate(state + 0.5 * h * k1)
            k3 = rate(state + 0.5 * h * k2)
            k4 = rate(state + h * k3)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        now = t
        found.append(state)
    return np.stack(found)
