"""Does a network for BGK conserve? Its balances in the whole domain, and what they are equal to.

Nothing reaches the ends of the domain in time, so mass and energy stay and the far field's
pressures push: ``∫ρ = const``, ``∫ρu = t (ρl Tl − ρr Tr)``, ``∫E = const``. What a candidate lacks
of this is the integral of its residuals of modes 0, 1, 2 (chapter 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.experiments.solution import Solution
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.models import BGKModel
from hrgradlib.reference._interpolation import gauss_panels

__all__ = ["conservation_defects", "integrated_residuals"]


def conservation_defects(
    solution: Solution, eps: Sequence[float], times: Sequence[float]
) -> NDArray:
    """What mass, momentum and energy in the domain lack of their balance, relative to `_scales`.

    Args:
        solution: of a BGK problem, in the default formulation.
        eps: [E]; times: [T].

    Returns:
        [3, E, T].
    """
    x, weights = _nodes(solution)
    found = weights @ solution.moments(
        np.asarray(times)[:, None], x, np.asarray(eps)[:, None, None]
    )
    start, push, scales = _scales(solution)
    exact = start + np.asarray(times)[:, None] * np.array([0, push, 0])
    return np.moveaxis((found - exact) / scales, -1, 0)


def integrated_residuals(solution: Solution, eps: Sequence[float], count: int = 48) -> NDArray:
    """``∫∫ R_0, √Θ_ψ R_1, ½Θ_ψ (√2 R_2 + R_0)`` over domain and time over `_scales`, [3, E].

    Args:
        solution, eps: as for :func:`conservation_defects`.
        count: Gauss nodes in √t; the layer of width ε at the start needs them.
    """
    problem, model = solution.problem, cast(BGKModel, solution.model)
    theta = model.theta
    x, weights = _nodes(solution)
    root, share = np.polynomial.legendre.leggauss(count)
    t = problem.final_time * ((root + 1) / 2) ** 2
    share = share * problem.final_time * (root + 1) / 2
    residuals = solution.spec.case.residuals(solution.spec)
    like = next(model.parameters())
    results = []
    for e in eps:
        grid = [
            torch.tensor(g.ravel()).to(like)
            for g in np.broadcast_arrays(t[:, None], x, np.array(e))
        ]
        with torch.no_grad():
            scaled = residuals(model, *grid)[:, :3]
        length = (grid[0].square() + problem.length**2).sqrt()
        values = (scaled / length[:, None]).double().cpu().numpy().reshape(count, -1, 3)
        r0, r1, r2 = np.einsum("t,x,txk->k", share, weights, values)
        results.append([r0, theta**0.5 * r1, 0.5 * theta * (2**0.5 * r2 + r0)])
    return (np.array(results) / _scales(solution)[2]).T


def _nodes(solution: Solution) -> tuple[NDArray, NDArray]:
    """Places and weights of a Gauss rule on panels that no kink of the data lies in."""
    low, high = solution.problem.domain
    places, weights = gauss_panels(np.linspace(low, high, 49), 6)
    return places.ravel(), weights.ravel()


def _scales(solution: Solution) -> tuple[NDArray, float, NDArray]:
    """Mass, momentum and energy at the start; the push; what defects are relative to.

    That is total mass, the momentum that the push has brought by the final time, total energy.
    """
    problem = solution.problem
    x, weights = _nodes(solution)
    initial = conserved(np.moveaxis(problem.initial_moments(x)[0], -1, 0)) @ weights
    push = problem.left[0] * problem.left[2] - problem.right[0] * problem.right[2]
    return initial, push, np.array([initial[0], push * problem.final_time, initial[2]])
