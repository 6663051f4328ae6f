"""``transport-periodic``, in the layer-aware and in the plain formulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import BookRun, Case, untrained
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics.periodic import PeriodicTransport, macro_residual, micro_residual
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.models.periodic import PeriodicModel, PeriodicObservables, PlainPeriodicModel
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["CASES", "PeriodicCase", "point_losses", "residuals", "sample_points"]


class PeriodicCase(Case[PeriodicModel]):
    """HRGrad and the sum are compared here: on the tuning grid, and in the book also at equal time.

    A fifth more steps of the sum take about the wall time of HRGrad at this batch size.
    """

    name = "transport-periodic"
    summary = "linear transport, periodic in x, ρ0 = 1 + ½ cos 2πx, ε in [1e-4, 1], T = 0.1"
    problem = PeriodicTransport()
    formulations = ("layer", "plain")
    penalised = ("plain",)
    reported_seeds = (0, 1, 2)  # the grid's are others
    book = (BookRun("hrgrad"), BookRun("sum"), BookRun("hrgrad-gn"), BookRun("sum", "longer", 1.2))

    def build(self, spec: SpecFields) -> PeriodicModel:
        kind = PlainPeriodicModel if spec.formulation == "plain" else PeriodicModel
        return kind(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return sample_points(
            self.problem.eps_range,
            self.problem.final_time,
            spec.tasks,
            count,
            generator,
            beyond=spec.beyond,
        )

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        if spec.formulation == "plain":
            return partial(_plain_residuals, spec.initial_weight**0.5)
        return residuals

    def observables(self, model: PeriodicModel) -> PeriodicObservables:
        return PeriodicObservables(model)

    def errors(self, model: PeriodicModel, eps: Sequence[float] | None = None) -> NDArray:
        exact, *grid = _reference(self.problem, tuple(eps or self.problem.eval_eps), 64)
        return relative_l2(evaluate(model, *grid)[0], exact)[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        exact, t, x, grid = _reference(self.problem, tuple(eps or self.problem.eval_eps), 64)
        return {
            "untrained ansatz": self.errors(untrained(PeriodicModel(self.problem, 1, 1, 1)), eps),
            "free transport": relative_l2(self.problem.free_density(t, x, grid), exact)[None],
            "diffusion": relative_l2(self.problem.diffusion_density(t, x), exact)[None],
        }


#: Of this family.
CASES = (PeriodicCase(),)


def sample_points(
    eps_range: tuple[float, float],
    final_time: float,
    tasks: int,
    per_task: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    beyond: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Collocation points (t, x, ε), sorted by task.

    Task k is the k-th of ``tasks`` equal ranges of ``log ε``. x is uniform on [0, 1]; half of
    the times are uniform on [0, T], half in the layer coordinate ``(1−e^{−t/ε²})/(1−e^{−T/ε²})``.
    With ``beyond > 1`` both go on to ``beyond · T``: points on one side only leave the end of the
    interval, where errors are quoted, the least determined.

    Returns:
        Three tensors of shape (tasks · per_task,), dimensionless, default dtype.
    """
    final_time = beyond * final_time
    draw = torch.rand(3, tasks, per_task, generator=generator)
    eps = stratified(eps_range, draw[0])
    in_layer = layer_times(draw[1], final_time, eps.square())
    uniform = draw[1] * final_time
    first_half = torch.arange(per_task) < per_task // 2
    t = torch.where(first_half, uniform, in_layer).clamp(max=final_time)
    t, x, eps = (p.flatten().to(device) for p in (t, draw[2], eps))
    return t, x, eps


def residuals(model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Macro residual and M micro residuals, [N, 1 + M]."""
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def point_losses(model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Squared :func:`residuals` of every collocation point, shape [N]."""
    return residuals(model, t, x, eps).square().sum(1)


def _plain_residuals(
    root_weight: float, model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """The same for t > 0; at t = 0 the weighted misfit of ``f = ρ + ε g``, by component."""
    density, coefficients = model(t, x, eps)
    wanted, _ = model.problem.initial_density(x)
    misfit = torch.cat([(density - wanted)[:, None], eps[:, None] * coefficients], 1)
    return torch.where((t == 0)[:, None], root_weight * misfit, residuals(model, t, x, eps))


@lru_cache(maxsize=8)
def _reference(
    problem: PeriodicTransport, judged: tuple[float, ...], cells: int
) -> tuple[NDArray, ...]:
    eps = np.array(judged)[:, None, None]
    t = np.array(problem.eval_times)[:, None]
    x = np.arange(cells) / cells
    density = PeriodicReference(dict(problem.modes)).density(t, x, eps)
    return density, *np.broadcast_arrays(t, x, eps)
