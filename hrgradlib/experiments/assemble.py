"""From a specification to the objects that are trained and judged."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.specs import METHODS, Spec
from hrgradlib.kinetics.linear_transport import PeriodicTransport, macro_residual, micro_residual
from hrgradlib.models import PlainTransportModel, TransportModel
from hrgradlib.reference.linear_transport import PeriodicReference
from hrgradlib.training import sample_points

__all__ = ["build_model", "point_losses", "point_residuals", "problem_of", "relative_errors",
           "sample", "task_sizes"]


def problem_of(spec: Spec) -> PeriodicTransport:
    """The problem's data."""
    return {"transport-periodic": PeriodicTransport()}[spec.problem]


def build_model(spec: Spec) -> nn.Module:
    """A freshly initialised network; its parameters depend on the seed (and dtype) alone."""
    kind = PlainTransportModel if spec.formulation == "plain" else TransportModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        model = kind(problem_of(spec), spec.width, spec.depth, spec.modes)
    return model.to(METHODS[spec.method].dtype)


def task_sizes(spec: Spec) -> list[int]:
    """Points of every task: ranges of ε, and in the plain formulation these once more at t = 0."""
    initial = [spec.per_task // 2] * spec.tasks if spec.formulation == "plain" else []
    return [spec.per_task] * spec.tasks + initial


def sample(
    spec: Spec, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor, Tensor]:
    """Fresh collocation points of all tasks, in the dtype of the method."""
    problem = problem_of(spec)
    points = sample_points(
        problem.eps_range, problem.final_time, spec.tasks, spec.per_task, generator, device,
        spec.beyond,
    )
    if spec.formulation == "plain":
        initial = sample_points(
            problem.eps_range, problem.final_time, spec.tasks, spec.per_task // 2, generator,
            device,
        )
        initial = torch.zeros_like(initial[0]), *initial[1:]
        points = [torch.cat(pair) for pair in zip(points, initial, strict=True)]
    return tuple(p.to(METHODS[spec.method].dtype) for p in points)


def point_residuals(spec: Spec) -> Callable[..., Tensor]:
    """The function (model, t, x, ε) → residual components [N, C] that the run minimises."""
    if spec.formulation == "plain":
        return partial(_plain_residuals, spec.initial_weight**0.5)
    return _residuals


def _residuals(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Macro residual and M micro residuals."""
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def _plain_residuals(
    root_weight: float, model: nn.Module, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """The same for t > 0; at t = 0 the weighted misfit of ``f = ρ + ε g``, by component."""
    density, coefficients = model(t, x, eps)
    wanted, _ = model.problem.initial_density(x)
    misfit = torch.cat([(density - wanted)[:, None], eps[:, None] * coefficients], 1)
    return torch.where((t == 0)[:, None], root_weight * misfit, _residuals(model, t, x, eps))


def point_losses(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Squared macro and micro residuals of every collocation point, shape [N]."""
    return _residuals(model, t, x, eps).square().sum(1)


@lru_cache(maxsize=4)
def _reference(problem: PeriodicTransport, cells: int) -> tuple[NDArray, ...]:
    eps = np.array(problem.eval_eps)[:, None, None]
    t = np.array(problem.eval_times)[:, None]
    x = np.arange(cells) / cells
    density = PeriodicReference(problem.modes).density(t, x, eps)
    grid = np.broadcast_arrays(t, x, eps)
    return density, *(np.ascontiguousarray(g) for g in grid)


def relative_errors(model: nn.Module, problem: PeriodicTransport, cells: int = 64) -> NDArray:
    """Relative L2 error of ρ over x against the exact reference, same points for both.

    Returns:
        [len(eval_eps), len(eval_times)], dimensionless.
    """
    exact, *grid = _reference(problem, cells)
    parameter = next(model.parameters())
    points = [torch.as_tensor(g.ravel(), dtype=parameter.dtype, device=parameter.device)
              for g in grid]
    with torch.no_grad():
        found = model(*points)[0].double().cpu().numpy().reshape(exact.shape)
    return np.linalg.norm(found - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
