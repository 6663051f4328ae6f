"""``transport-periodic``, in the layer-aware and in the plain formulation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.experiments.specs import Spec
from hrgradlib.kinetics.periodic import PeriodicTransport, macro_residual, micro_residual
from hrgradlib.models import PeriodicModel, PlainPeriodicModel
from hrgradlib.reference.periodic import PeriodicReference
from hrgradlib.training.loop import sample_points

__all__ = ["PeriodicCase", "residuals"]


class PeriodicCase:
    """See :mod:`hrgradlib.experiments.assemble` for what the methods are for."""

    problem = PeriodicTransport()
    quantities = ("density",)

    def build(self, spec: Spec) -> nn.Module:
        kind = PlainPeriodicModel if spec.formulation == "plain" else PeriodicModel
        return kind(self.problem, spec.width, spec.depth, spec.modes)

    def sizes(self, spec: Spec) -> list[int]:
        """Ranges of ε, and in the plain formulation these once more at t = 0."""
        initial = [spec.per_task // 2] * spec.tasks if spec.formulation == "plain" else []
        return [spec.per_task] * spec.tasks + initial

    def sample(self, spec: Spec, generator: torch.Generator) -> list[Tensor]:
        ranges = self.problem.eps_range, self.problem.final_time, spec.tasks
        points = sample_points(*ranges, spec.per_task, generator, beyond=spec.beyond)
        if spec.formulation == "plain":
            _, *place = sample_points(*ranges, spec.per_task // 2, generator)
            initial = torch.zeros_like(place[0]), *place
            points = [torch.cat(pair) for pair in zip(points, initial, strict=True)]
        return list(points)

    def residuals(self, spec: Spec) -> Callable[..., Tensor]:
        if spec.formulation == "plain":
            return partial(_plain_residuals, spec.initial_weight**0.5)
        return residuals

    def errors(self, model: nn.Module) -> NDArray:
        exact, *grid = _reference(self.problem, 64)
        return relative_l2(evaluate(model, *grid)[0], exact)[None]


def residuals(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Macro residual and M micro residuals, [N, 1 + M]."""
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def _plain_residuals(
    root_weight: float, model: nn.Module, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """The same for t > 0; at t = 0 the weighted misfit of ``f = ρ + ε g``, by component."""
    density, coefficients = model(t, x, eps)
    wanted, _ = model.problem.initial_density(x)
    misfit = torch.cat([(density - wanted)[:, None], eps[:, None] * coefficients], 1)
    return torch.where((t == 0)[:, None], root_weight * misfit, residuals(model, t, x, eps))


@lru_cache(maxsize=4)
def _reference(problem: PeriodicTransport, cells: int) -> tuple[NDArray, ...]:
    eps = np.array(problem.eval_eps)[:, None, None]
    t = np.array(problem.eval_times)[:, None]
    x = np.arange(cells) / cells
    density = PeriodicReference(problem.modes).density(t, x, eps)
    return density, *np.broadcast_arrays(t, x, eps)
