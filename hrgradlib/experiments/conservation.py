"""Solutions with the mass, momentum and energy that the equation keeps, to rounding.

On a periodic domain the mean over x of what collisions conserve stays what it was at t = 0, at
every Knudsen number: of ρ for linear transport, of ρ, ρu and E for BGK. Training knows of this only
by its residuals. What the mean of an evaluated moment lacks is therefore subtracted from it, the
same number at every place. That is the orthogonal projection, in L² over the period, on the
functions of the right mean, of which the exact solution is one, so the error of that moment can
only fall:

    ‖u − u*‖² = ‖Pu − u*‖² + |period| (mean u − mean u*)².

Nothing is trained again. The distribution follows the moments as the network's ansatz has it: of
``f = ρ + ε g`` the equilibrium ρ moves, of BGK's the Maxwellian, and the micro part stays. Where f
is given by its values, apart from ρ, all of them move as ρ does.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from hrgradlib.experiments.cases import Case
from hrgradlib.experiments.evaluation import PIECE
from hrgradlib.experiments.solution import Solution, SolutionError
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.models.published import NodalObservables

__all__ = ["ConservationError", "Conserving", "conserving", "defects"]

# Nodes a side by dimension: with so many of them means of trained networks have come to rest, at
# 1e-14 in float64 and 1e-8 in float32. Gauss's rule, from one end of the period to the other, as
# ε(x) of bgk-mixed has a kink there, with which the trapezoidal rule is of second order.
_NODES = {1: 128, 2: 32}


class ConservationError(SolutionError):
    """A problem whose domain has ends, or a corrected gas of no mass or no temperature."""


class Conserving(Solution):
    """A solution whose conserved moments keep their means; made by :func:`conserving`.

    Attributes:
        plain: the solution as it was trained.
        nodes: of Gauss's rule for means, a side.
    """

    def __init__(self, plain: Solution, nodes: int) -> None:
        super().__init__(plain.spec, plain.model, plain.result)
        self.plain, self.nodes = plain, nodes

    def _outputs(self, t: NDArray, *rest: NDArray) -> tuple[NDArray, ...]:
        first, modes, t, x, eps = self.plain._outputs(t, *rest)
        (times, knudsen), which = np.unique(
            np.stack([t.ravel(), eps.ravel()]), axis=1, return_inverse=True
        )
        by_pair = _defects(self.plain, times, knudsen, self.nodes)
        lacking = by_pair[which.ravel()].reshape(*t.shape, by_pair.shape[-1])
        if isinstance(self._observed, NodalObservables):
            modes = modes - lacking
        first = _output(self.spec.case, _moments(self.spec.case, first) - lacking)
        _refuse_negative(self.spec.case, first, t, eps)
        return first, modes, t, x, eps


def conserving(solution: Solution, nodes: int | None = None) -> Conserving:
    """The solution with the means that the equation keeps: see the module.

    Of BGK ρ, ρu and E are corrected, and u, Θ, f and the flux of heat follow from these; errors of
    ρ, ρu and E in L² over the period can only fall, those of u and Θ need not.

    Args:
        solution: of a problem that is periodic in x.
        nodes: of Gauss's rule for means, a side; None for as many as means need.

    Raises:
        ConservationError: the problem's domain has ends, through which mass may pass; or, when it
            is evaluated, a density or temperature is not positive after the correction.

    Example:
        >>> from hrgradlib import load_solution
        >>> solution = load_solution(folder)
        >>> places = np.arange(64) / 64
        >>> mass = [s.density(0.1, places, 0.01).mean()
        ...         for s in (solution, conserving(solution))]
        >>> [bool(abs(m - 1.0) < 1e-6) for m in mass]
        [False, True]
    """  # noqa: DOC502
    _period(solution)
    plain = solution.plain if isinstance(solution, Conserving) else solution
    return Conserving(plain, _checked_nodes(solution, nodes))


def defects(solution: Solution, t: ArrayLike, eps: ArrayLike, nodes: int | None = None) -> NDArray:
    """What the means over the period of the conserved moments have too much, at (t, ε).

    Args:
        solution: of a problem that is periodic in x, corrected or not.
        t, eps: broadcast to [...].
        nodes: as of :func:`conserving`.

    Returns:
        [..., C]: of ρ for linear transport, of ρ, ρu and E for BGK; dimensionless.

    Raises:
        ConservationError: the problem's domain has ends.
        SolutionError: t or ε is outside what was trained.
    """  # noqa: DOC502
    _period(solution)
    where = 0.0 if solution.dimensions == 1 else np.zeros(solution.dimensions)
    t, *_, eps = solution._checked(t, where, eps)
    found = _defects(solution, t.ravel(), eps.ravel(), _checked_nodes(solution, nodes))
    return found.reshape(*t.shape, -1)


def _defects(solution: Solution, t: NDArray, eps: NDArray, nodes: int) -> NDArray:
    """The same, [P, C], at pairs t [P], ε [P]; as many pairs at a time as memory is good for."""
    case = solution.spec.case
    places, weights = _rule(solution, nodes)
    start = weights @ _initial(case, places)
    parts = [np.zeros((0, len(start)))]
    at_once = max(1, PIECE // len(weights))
    for first in range(0, len(t), at_once):
        part = slice(first, first + at_once)
        grid = np.broadcast_arrays(t[part, None], *places, eps[part, None])
        parts.append(weights @ _moments(case, solution._outputs(*grid)[0]) - start)
    return np.concatenate(parts)


def _rule(solution: Solution, nodes: int) -> tuple[list[NDArray], NDArray]:
    """Coordinates of the places of a mean over the period, [X] each, and weights of sum one."""
    period = _period(solution)
    side, share = gauss_legendre(nodes)
    side = 0.5 * period * side % period  # of a period around 0, as the domains have it
    grid = np.meshgrid(*[side] * solution.dimensions, indexing="ij")
    weights = reduce(np.multiply.outer, [share] * solution.dimensions)
    return [axis.ravel() for axis in grid], weights.ravel()


def _initial(case: Case, places: list[NDArray]) -> NDArray:
    """Conserved moments of the initial data, [X, C]."""
    if case.conducts_heat:
        return _moments(case, case.problem.initial_moments(places[0])[0])
    x = torch.tensor(np.stack(places, -1))
    density, _ = case.problem.initial_density(x if case.dimensions > 1 else x[:, 0])
    return density.numpy()[:, None]


def _moments(case: Case, first: NDArray) -> NDArray:
    """From what a network is asked first, ρ [...] or (ρ, u, Θ) [..., 3], to [..., C]."""
    if case.conducts_heat:  # BGK: its collisions keep momentum and energy as well
        return np.moveaxis(conserved(np.moveaxis(first, -1, 0)), 0, -1)
    return first[..., None]


def _output(case: Case, moments: NDArray) -> NDArray:
    """The inverse of :func:`_moments`."""
    if not case.conducts_heat:
        return moments[..., 0]
    rho, momentum, energy = np.moveaxis(moments, -1, 0)
    u = momentum / rho
    return np.stack([rho, u, 2 * energy / rho - u**2], -1)


def _refuse_negative(case: Case, first: NDArray, t: NDArray, eps: NDArray) -> None:
    gas = case.conducts_heat
    values = {"density": first[..., 0] if gas else first}
    values |= {"temperature": first[..., 2]} if gas else {}
    for name, value in values.items():
        if value.size and not (value > 0).all():
            worst = np.unravel_index(np.argmin(value), value.shape)
            raise ConservationError(
                f"found a {name} of {value[worst]:.3g} at t = {t[worst]:g}, eps = {eps[worst]:g} "
                "after the correction of the means; expected it to be positive, or no correction"
            )


def _period(solution: Solution) -> float:
    if solution._observed.period is None:
        raise ConservationError(
            f"found problem {solution.spec.problem!r}, whose domain has ends that mass may pass; "
            "expected a problem that is periodic in x, whose means the equation keeps"
        )
    return solution._observed.period


def _checked_nodes(solution: Solution, nodes: int | None) -> int:
    if nodes is None:
        return _NODES[solution.dimensions]
    if nodes < 1:
        raise SolutionError(f"found nodes = {nodes}; expected at least 1")
    return nodes
