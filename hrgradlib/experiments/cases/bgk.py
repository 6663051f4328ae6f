"""``bgk-smooth``, ``bgk-layer``, ``bgk-riemann``: collocation, residuals, errors of ρ, ρu and E."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import Case, untrained
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics import bgk_problems, euler
from hrgradlib.kinetics.bgk import residual
from hrgradlib.kinetics.bgk_plain import initial_misfit, plain_residual
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_RIEMANN, BGK_SMOOTH, BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann, fluid_history
from hrgradlib.kinetics.free_flight import free_flight
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.models.bgk import BGKModel, BGKObservables
from hrgradlib.models.bgk_plain import PlainBGKModel, PlainBGKObservables
from hrgradlib.reference._cache import cached
from hrgradlib.reference.bgk import BGKReference

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "BGKCase"]

_CELLS = 200  # points in the window that errors are measured at

# Micro modes beside the three moments; points are chosen where residuals are large.
_SIZES = {
    "smoke": dict(steps=30, tasks=4, per_task=8, width=10, depth=2, modes=4, candidates=2),
    "quick": dict(steps=250, tasks=8, per_task=16, width=24, depth=3, modes=7, candidates=6),
    "full": dict(steps=600, tasks=8, per_task=24, width=32, depth=3, modes=8, candidates=6),
}


class BGKCase(Case[BGKModel | PlainBGKModel]):
    """One problem of the family; seeds 0, 1, 2 are those that its settings were settled on.

    Args:
        problem, summary: of the case, which is named as its problem.
        own: by profile, sizes that replace the family's.
        shown_seeds: how many seeds the book trains.
    """

    quantities = ("density", "momentum", "energy")
    formulations = ("layer", "plain")
    penalised = ("plain",)
    conducts_heat = True
    bias = 1.5  # more ranges of ε are small ones, where fronts are steep

    def __init__(
        self,
        problem: BGKProblem,
        summary: str,
        own: dict[str, dict[str, Any]] | None = None,
        shown_seeds: int = 3,
    ) -> None:
        self.name, self.summary, self.problem = problem.name, summary, problem
        self.own, self.shown_seeds = own or {}, shown_seeds

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        return self.with_steps_of(method, _SIZES[profile] | self.own.get(profile, {}))

    def build(self, spec: SpecFields) -> BGKModel | PlainBGKModel:
        if spec.formulation == "plain":
            return PlainBGKModel(self.problem, spec.width, spec.depth)
        return BGKModel(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε, narrower where it is small; times uniform, or uniform in ``1 − e^{−t/ε}``.

        Half of the places lie where waves have come since t = 0, ``|x| ≤ 2ℓ + 3t``, ℓ the width of
        the initial profile, at most in the window; a quarter twice as far, a quarter in the domain.
        """
        tasks, problem = spec.tasks, self.problem
        draw = torch.rand(3, tasks, count, generator=generator, dtype=torch.float64)
        eps = stratified(problem.eps_range, draw[0], self.bias)
        final, index = spec.beyond * problem.final_time, torch.arange(count)
        in_layer = layer_times(draw[1], final, eps)
        t = torch.where(index % 2 == 0, draw[1] * final, in_layer).clamp(max=final)
        wave = 2 * problem.length + 3 * t
        near, far = wave.clamp(max=problem.window[1]), (2 * wave).clamp(max=0.8)
        whole = 5 * wave if problem.length == 0 else torch.full_like(t, problem.domain[1])
        reach = torch.stack([near, near, far, whole])
        reach = reach.gather(0, (index // 2 % 4).expand(1, tasks, -1))[0]
        return [p.flatten() for p in (t, (2 * draw[2] - 1) * reach, eps)]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        if spec.formulation == "plain":
            return partial(_plain_residuals, spec.initial_weight**0.5)
        return residuals

    def observables(self, model: BGKModel | PlainBGKModel) -> BGKObservables:
        if isinstance(model, PlainBGKModel):
            return PlainBGKObservables(model)
        return BGKObservables(model)

    def errors(
        self, model: BGKModel | PlainBGKModel, eps: Sequence[float] | None = None
    ) -> NDArray:
        exact, grid = _reference(self.problem, tuple(eps or self.problem.eval_eps))
        state, _ = evaluate(model, *grid)
        return relative_l2(conserved(np.moveaxis(state, -1, 0)), exact)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        """Free flight is what the ansatz starts from; a jump has no fluid limit beyond Euler."""
        judged = tuple(eps or self.problem.eval_eps)
        exact, (t, x, _) = _reference(self.problem, judged)
        flat_t, flat_x = (torch.from_numpy(a.ravel()) for a in (t, x))
        one = torch.ones_like(flat_t)
        flight = free_flight(self.problem, flat_t, flat_x, one, 1.0).moments
        flown = conserved(flight.T.numpy().reshape(exact.shape))
        return {
            "untrained ansatz": self.errors(untrained(BGKModel(self.problem, 1, 1, 1)), eps),
            "free flight": relative_l2(flown, exact),
        } | {
            name: relative_l2(found, exact) for name, found in _fluids(self.problem, judged).items()
        }


#: Of this family.
CASES = (
    BGKCase(
        BGK_SMOOTH, "BGK on the line, initial moments joined by a sine, ε in [1e-3, 1], T = 0.1"
    ),
    BGKCase(
        BGK_LAYER,
        "BGK on the line, initial moments joined by tanh 20x, ε in [1e-3, 1], T = 0.1",
        own={"full": dict(steps=1000)},  # the steepest front of all takes longer
        shown_seeds=1,  # the profile full is meant
    ),
    BGKCase(
        BGK_RIEMANN,
        "BGK on the line, initial moments jump at x = 0, ε in [1e-2, 1], T = 0.05",
        # A jump has a kink in v at x/t, so more modes; its solution depends on two variables only.
        own={"quick": dict(modes=10), "full": dict(modes=12, steps=300)},
        shown_seeds=1,
    ),
)


def residuals(model: BGKModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Residuals of modes 0 … M + 2, [N, M + 3]."""
    return residual(model.fields(t, x, eps), model.theta)


def _plain_residuals(
    root_weight: float, model: PlainBGKModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """Equation and moments for t > 0, the weighted misfit of the data at t = 0; [N, V + 3]."""
    moments, f, transported = model.streams(t, x, eps)
    start, _ = model.problem.initial_moments(x)
    misfit = root_weight * initial_misfit(moments, f, start, model.nodes)
    inside = plain_residual(moments, f, transported, eps, model.nodes)
    return torch.where((t == 0)[:, None], misfit, inside)


def _fluids(problem: BGKProblem, judged: tuple[float, ...]) -> dict[str, NDArray]:
    """(ρ, ρu, E) of the fluid limits [3, E or 1, T, X] where errors are measured, by name."""
    x = _places(problem)
    if problem.length == 0:
        exact = EulerRiemann(problem.left, problem.right)
        states = np.stack([exact(t, x) for t in problem.eval_times], 1)
        return {"Euler": conserved(states)[:, None]}
    low, high = problem.window
    # Cells a third as long, each third centre a point of the window.
    cells = 3 * round(_CELLS * (problem.domain[1] - problem.domain[0]) / (high - low))

    def compute() -> dict[str, NDArray]:
        found = []
        for eps in (0.0, *judged):
            centres, states = fluid_history(problem, eps, problem.eval_times, cells)
            inside = np.abs(centres[:, None] - x).argmin(0)
            found.append(conserved(np.moveaxis(states, 1, 0)[..., inside]))
        return {"moments": np.stack(found, 1)}

    parameters = {"problem": asdict(problem), "eps": judged, "cells": cells, "points": _CELLS}
    stored = cached("bgk-fluids", parameters, compute, [bgk_problems, euler])["moments"]
    return {"Euler": stored[:, :1], "Navier–Stokes–Fourier": stored[:, 1:]}


def _places(problem: BGKProblem) -> NDArray:
    low, high = problem.window
    return low + (np.arange(_CELLS) + 0.5) * (high - low) / _CELLS


@lru_cache(maxsize=8)
def _reference(problem: BGKProblem, eps: tuple[float, ...]) -> tuple[NDArray, tuple[NDArray, ...]]:
    """(ρ, ρu, E) [3, E, T, X] in the window, and the points."""
    grid = np.broadcast_arrays(
        np.array(problem.eval_times)[:, None], _places(problem), np.array(eps)[:, None, None]
    )
    solver = BGKReference(problem)
    return conserved(np.stack([*solver.moments(*grid)])), tuple(grid)
