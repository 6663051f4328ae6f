"""A trained network as a function of (t, x, v, ε) for NumPy users.

In two dimensions x is an array [..., 2], with whose places ``x[..., 0]`` the other arguments
broadcast, and a velocity v is told by its angle in radians.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.evaluation import evaluate, in_pieces
from hrgradlib.experiments.folder import (
    FolderError,
    MissingFile,
    RunFailed,
    read_identity,
    read_weights,
)
from hrgradlib.experiments.places import COORDINATES, ByCoordinate
from hrgradlib.experiments.specs import Spec
from hrgradlib.models.observables import ConductsHeat

__all__ = ["Solution", "SolutionError", "load_solution"]


class SolutionError(ValueError):
    """A folder holds no readable solution, or a point lies outside what was trained."""


class Solution:
    """Solution of a kinetic equation for every trained ε; see :func:`load_solution`.

    Attributes:
        spec: how it was trained.
        problem: data and ranges.
        result: errors against the reference, as measured at the end of the run.
        dimensions: coordinates of a place, 1 or 2.

    Example:
        ``folder`` is that of ``hrgrad run transport-periodic``. The initial data, 1 + ½ cos 2πx,
        hold exactly, whatever the training:

        >>> solution = load_solution(folder)
        >>> solution.density(t=0.0, x=[0.0, 0.25, 0.5], eps=0.01).round(6).tolist()
        [1.5, 1.0, 0.5]
    """

    def __init__(self, spec: Spec, model: torch.nn.Module, result: dict) -> None:
        self.spec, self.model, self.result = spec, model.eval(), result
        self.problem, self._observed = spec.case.problem, spec.case.observables(model)
        self.dimensions = spec.case.dimensions
        self._network = self.model if self.dimensions == 1 else ByCoordinate(self.model)

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε)``; arguments broadcast, dimensionless, x [..., 2] in two dimensions.

        Raises:
            SolutionError: NaN, t outside [0, T], x outside the domain (of a problem with walls) or
                of too few coordinates, or ε outside the trained range, or not one of those that
                have a network each.
        """  # noqa: DOC502
        return self.moments(t, x, eps)[..., 0]

    def velocity(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``u = <v f>/<f>``, the mean velocity; arguments and errors as for :meth:`density`.

        A vector [..., 2] in two dimensions.
        """
        mean = _mean_velocity(self.moments(t, x, eps))
        return mean[..., 0] if self.dimensions == 1 else mean

    def temperature(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``<(v − u)² f>/<f>``, the variance of v; arguments and errors as for :meth:`density`.

        In two dimensions the mean of both components' variances.
        """
        moments = self.moments(t, x, eps)
        kinetic = (_mean_velocity(moments) ** 2).sum(-1)
        return (2 * moments[..., -1] / moments[..., 0] - kinetic) / self.dimensions

    def moments(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``<(1, v, v²/2) f>`` along a new last axis, with the average ``<·>`` of the equation.

        For BGK these are (ρ, ρu, E); in two dimensions there are four, v being a vector. Arguments
        and errors as for :meth:`density`.
        """
        return in_pieces(self._moments, *self._checked(t, x, eps))

    def heat_flux(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``½<(v − u)³ f>``, the flux of heat, of BGK alone.

        Tends to ``−(3/2) ε ρT ∂x T`` for small ε (Chapman–Enskog). Arguments as for
        :meth:`density`.

        Raises:
            SolutionError: as in :meth:`density`; or a problem of linear transport, whose particles
                have no temperature to carry.
        """
        case = self.spec.case
        if not case.conducts_heat:
            others = ", ".join(name for name, other in CASES.items() if other.conducts_heat)
            raise SolutionError(
                f"found problem {case.name!r}, which conducts no heat; expected one of {others} "
                "(the flux of mass is moments(…)[..., 1])"
            )
        return in_pieces(self._heat_flux, *self._checked(t, x, eps))

    def distribution(self, t: ArrayLike, x: ArrayLike, v: ArrayLike, eps: ArrayLike) -> NDArray:
        """``f(t, x, v; ε)``; arguments broadcast, dimensionless; in two dimensions v is an angle.

        Raises:
            SolutionError: as in :meth:`density`, or v outside its range ([−1, 1] for transport).
        """
        t, *places, v, eps = _broadcast(**{"t": t, **self._coordinates(x), "v": v, "eps": eps})
        slowest, fastest = self._observed.speeds
        if not ((v >= slowest) & (v <= fastest) & np.isfinite(v)).all():
            raise SolutionError(
                f"found NaN in v or |v| > {fastest:g}; expected v in [{slowest:g}, {fastest:g}]"
            )
        points = self._checked(t, places[0] if len(places) == 1 else np.stack(places, -1), eps)
        return in_pieces(self._distribution, v, *points)

    def _moments(self, *points: NDArray) -> NDArray:
        return self._observed.moments(*self._outputs(*points))

    def _heat_flux(self, *points: NDArray) -> NDArray:
        observed = cast(ConductsHeat, self._observed)  # the case has been asked
        return observed.heat_flux(*self._outputs(*points))

    def _distribution(self, v: NDArray, *points: NDArray) -> NDArray:
        first, modes, t, x, eps = self._outputs(*points)
        return self._observed.distribution(first, modes, t, x, v, eps)

    def _outputs(self, t: NDArray, *rest: NDArray) -> tuple[NDArray, ...]:
        """Both outputs of the network, and (t, x, ε); coordinates come one by one, and go as x."""
        first, modes = evaluate(self._network, t, *rest)
        *places, eps = rest
        return first, modes, t, places[0] if len(places) == 1 else np.stack(places, -1), eps

    def _coordinates(self, x: ArrayLike) -> dict[str, NDArray]:
        """Coordinates by name, as arrays of one shape."""
        x = np.asarray(x, dtype=float)
        if self.dimensions == 1:
            return {"x": x}
        if x.ndim == 0 or x.shape[-1] != self.dimensions:
            raise SolutionError(
                f"found x of shape {x.shape}; expected (..., {self.dimensions}), "
                f"{self.dimensions} coordinates a place"
            )
        return dict(zip(COORDINATES, np.moveaxis(x, -1, 0), strict=True))

    def _checked(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> tuple[NDArray, ...]:
        """t, coordinates and ε broadcast, inside what was trained, x in the period if any."""
        places = self._coordinates(x)
        arrays = {"t": np.asarray(t, dtype=float), **places, "eps": np.asarray(eps, dtype=float)}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise SolutionError(f"found NaN or inf in {name}")
        low, high = self.problem.eps_range
        lowest = min(low, getattr(self.problem, "check_eps", low))  # its limit is in the ansatz
        below = f", or down to {lowest:g} by its ansatz" if lowest < low else ""
        self._inside("eps", arrays["eps"], lowest, high, f"[{low:g}, {high:g}]{below}")
        self._answered(arrays["eps"])
        self._inside("t", arrays["t"], 0.0, self.problem.final_time)
        for name in places:
            self._inside(name, arrays[name], *self._observed.places)
            if self._observed.period is not None:  # in float64: the network may be of another dtype
                arrays[name] = arrays[name] % self._observed.period
        return _broadcast(**arrays)

    def _answered(self, eps: NDArray) -> None:
        """Nothing, if the network answers for these ε and not for a few others alone."""
        only = self.spec.case.only_eps(self.model)
        if only is None:
            return
        missing = ~np.isclose(eps[..., None], only, rtol=1e-6, atol=0.0).any(-1)
        if missing.any():
            known = ", ".join(f"{e:g}" for e in only)
            raise SolutionError(
                f"found eps = {eps[missing].flat[0]:g}, which has no network or code; "
                f"expected one of {known}"
            )

    @staticmethod
    def _inside(name: str, array: NDArray, low: float, high: float, trained: str = "") -> None:
        slack = 1e-6 * high if np.isfinite(high) else 0.0
        if array.size and (array.min() < low * (1 - 1e-6) or array.max() > high + slack):
            raise SolutionError(
                f"found {name} from {array.min():g} to {array.max():g}; "
                f"expected the trained range {trained or f'[{low:g}, {high:g}]'}"
            )


def _mean_velocity(moments: NDArray) -> NDArray:
    """``<v f>/<f>`` by component, [..., D], of moments [..., 2 + D]."""
    return moments[..., 1:-1] / moments[..., :1]


def _broadcast(**arguments: ArrayLike) -> tuple[NDArray, ...]:
    arrays = {name: np.asarray(a, dtype=float) for name, a in arguments.items()}
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError as error:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise SolutionError(f"found shapes {shapes}, which do not broadcast") from error


def load_solution(folder: str | Path) -> Solution:
    """The solution that ``hrgrad run … --out FOLDER`` wrote.

    Raises:
        SolutionError: the folder holds no finished run, or a file of it is damaged.

    Example:
        >>> solution = load_solution(folder)
        >>> solution.spec.problem, solution.problem.eps_range
        ('transport-periodic', (0.0001, 1.0))
    """
    folder = Path(folder)
    try:
        spec, result = read_identity(folder)
        model = spec.build_model()
        model.load_state_dict(read_weights(folder))
    except MissingFile as error:
        raise SolutionError(f"{error}; finish it with hrgrad run … --resume") from error
    except RunFailed as error:
        raise SolutionError(str(error)) from error
    except (FolderError, RuntimeError) as error:  # torch's kind for weights of another network
        raise SolutionError(
            f"{folder} cannot be read ({str(error).splitlines()[0]}); "
            "hrgrad run … --resume makes it again"
        ) from error
    return Solution(spec, model, result)
