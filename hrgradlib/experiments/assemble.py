"""From a specification to the objects that are trained and judged.

What a problem consists of is said once per family, in :mod:`hrgradlib.experiments.cases`; here it
is looked up, and brought to the method's dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.cases.periodic import residuals
from hrgradlib.experiments.specs import METHODS, Spec

__all__ = [
    "build_model",
    "collocation",
    "limit_errors",
    "point_losses",
    "point_residuals",
    "problem_of",
    "quantities_of",
    "relative_errors",
    "sample",
    "task_sizes",
]


def problem_of(spec: Spec) -> Any:
    """The problem's data."""
    return CASES[spec.problem].problem


def quantities_of(spec: Spec) -> tuple[str, ...]:
    """Names of the quantities whose errors are quoted."""
    return CASES[spec.problem].quantities


def build_model(spec: Spec) -> nn.Module:
    """A freshly initialised network; its parameters depend on the seed (and dtype) alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        model = CASES[spec.problem].build(spec)
    return model.to(METHODS[spec.method].dtype)


def task_sizes(spec: Spec) -> list[int]:
    """Points of every task."""
    return CASES[spec.problem].sizes(spec)


def sample(
    spec: Spec, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Fresh collocation points (t, x, ε) of all tasks, in the dtype of the method."""
    points = CASES[spec.problem].sample(spec, generator)
    return tuple(p.to(device, METHODS[spec.method].dtype) for p in points)


def collocation(
    spec: Spec, model: nn.Module, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Collocation points of one step: those of :func:`sample`, or a choice among more of them.

    With ``spec.candidates`` = c > 1, every task keeps one point of c, with probability proportional
    to ``1 + |r|/mean |r|`` of the present residuals (Wu et al. 2023, residual-based adaptive
    distribution with k = c = 1): where a shock is, the network learns of from its own residuals.
    """
    if spec.candidates == 1:
        return sample(spec, generator, device)
    points = sample(spec.with_(per_task=spec.candidates * spec.per_task), generator, device)
    tasks = len(task_sizes(spec))
    with torch.no_grad():
        size = point_residuals(spec)(model, *points).norm(dim=1).view(tasks, -1).cpu()
    weights = 1 + size / size.mean(1, keepdim=True)
    chosen = torch.multinomial(weights, spec.per_task, generator=generator).to(device)
    return tuple(p.view(tasks, -1).gather(1, chosen).flatten() for p in points)


def point_residuals(spec: Spec) -> Callable[..., Tensor]:
    """The function (model, t, x, ε) → residual components [N, C] that the run minimises."""
    return CASES[spec.problem].residuals(spec)


def relative_errors(model: nn.Module, spec: Spec) -> NDArray:
    """Relative L2 errors over x against the reference, same points for both.

    Returns:
        [quantities, len(eval_eps), len(eval_times)], dimensionless.
    """
    return CASES[spec.problem].errors(model)


def limit_errors(model: nn.Module, spec: Spec) -> dict[str, float] | None:
    """Final relative L2 error by quantity at the Knudsen number of the problem's limit check.

    ``None`` where the problem names none; it lies far below the trained range.
    """
    case = CASES[spec.problem]
    if not hasattr(case, "limit_errors"):
        return None
    return dict(zip(case.quantities, case.limit_errors(model)[:, 0, -1].tolist(), strict=True))


def point_losses(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Squared residuals of ``transport-periodic`` at every collocation point, shape [N]."""
    return residuals(model, t, x, eps).square().sum(1)
