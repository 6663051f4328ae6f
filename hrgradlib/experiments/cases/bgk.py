"""``bgk-smooth``, ``bgk-layer``, ``bgk-riemann``: collocation, residuals, errors of ρ, ρu and E."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.experiments.specs import Spec
from hrgradlib.kinetics.bgk import residual
from hrgradlib.kinetics.bgk_plain import initial_misfit, plain_residual
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.models import BGKModel, PlainBGKModel
from hrgradlib.reference.bgk import BGKReference

__all__ = ["BGKCase"]

_BIAS = 1.5  # > 1: more ranges of ε are small ones, where fronts are steep
_CELLS = 200  # points in the window that errors are measured at


class BGKCase:
    """See :mod:`hrgradlib.experiments.assemble` for what the methods are for."""

    quantities = ("density", "momentum", "energy")

    def __init__(self, problem: BGKProblem) -> None:
        self.problem = problem

    def build(self, spec: Spec) -> nn.Module:
        if spec.formulation == "plain":
            return PlainBGKModel(self.problem, spec.width, spec.depth)
        return BGKModel(self.problem, spec.width, spec.depth, spec.modes)

    def sizes(self, spec: Spec) -> list[int]:
        """Ranges of ε, and in the plain formulation these once more at t = 0."""
        initial = [spec.per_task // 2] * spec.tasks if spec.formulation == "plain" else []
        return [spec.per_task] * spec.tasks + initial

    def sample(self, spec: Spec, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε, narrower where it is small; times uniform, or uniform in ``1 − e^{−t/ε}``.

        Half of the places lie where waves have come since t = 0, ``|x| ≤ 2ℓ + 3t``, ℓ the width of
        the initial profile, at most in the window; a quarter twice as far, a quarter in the domain.
        """
        points = self._draw(spec, spec.per_task, generator)
        if spec.formulation == "plain":
            _, *place = self._draw(spec, spec.per_task // 2, generator)
            initial = torch.zeros_like(place[0]), *place
            points = [torch.cat(pair) for pair in zip(points, initial, strict=True)]
        return points

    def _draw(self, spec: Spec, count: int, generator: torch.Generator) -> list[Tensor]:
        tasks, problem = spec.tasks, self.problem
        draw = torch.rand(3, tasks, count, generator=generator, dtype=torch.float64)
        low, high = (math.log(e) for e in problem.eps_range)
        share = (torch.arange(tasks)[:, None] + draw[0]) / tasks
        eps = torch.exp(low + (high - low) * share**_BIAS)
        final, index = spec.beyond * problem.final_time, torch.arange(count)
        in_layer = -eps * torch.log1p(draw[1] * torch.expm1(-final / eps))
        t = torch.where(index % 2 == 0, draw[1] * final, in_layer).clamp(max=final)
        wave = 2 * problem.length + 3 * t
        near, far = wave.clamp(max=problem.window[1]), (2 * wave).clamp(max=0.8)
        whole = 5 * wave if problem.length == 0 else torch.full_like(t, problem.domain[1])
        reach = torch.stack([near, near, far, whole])
        reach = reach.gather(0, (index // 2 % 4).expand(1, tasks, -1))[0]
        return [p.flatten() for p in (t, (2 * draw[2] - 1) * reach, eps)]

    def residuals(self, spec: Spec) -> Callable[..., Tensor]:
        if spec.formulation == "plain":
            return partial(_plain_residuals, spec.initial_weight**0.5)
        return residuals

    def errors(self, model: nn.Module) -> NDArray:
        exact, grid = _reference(self.problem)
        state, _ = evaluate(model, *grid)
        return relative_l2(conserved(np.moveaxis(state, -1, 0)), exact)


def residuals(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Residuals of modes 0 … M + 2, [N, M + 3]."""
    return residual(model.fields(t, x, eps), model.theta)


def _plain_residuals(
    root_weight: float, model: nn.Module, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """Equation and moments for t > 0, the weighted misfit of the data at t = 0; [N, V + 3]."""
    moments, f, transported = model.streams(t, x, eps)
    start, _ = model.problem.initial_moments(x)
    misfit = root_weight * initial_misfit(moments, f, start, model.nodes)
    inside = plain_residual(moments, f, transported, eps, model.nodes)
    return torch.where((t == 0)[:, None], misfit, inside)


@lru_cache(maxsize=4)
def _reference(problem: BGKProblem) -> tuple[NDArray, tuple[NDArray, ...]]:
    """(ρ, ρu, E) [3, E, T, X] in the window, and the points."""
    low, high = problem.window
    x = low + (np.arange(_CELLS) + 0.5) * (high - low) / _CELLS
    grid = np.broadcast_arrays(
        np.array(problem.eval_times)[:, None], x, np.array(problem.eval_eps)[:, None, None]
    )
    solver = BGKReference(problem)
    return conserved(np.stack(solver.moments(*grid))), tuple(grid)
