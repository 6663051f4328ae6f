"""Points of one training step, as they are drawn or chosen by the size of their residuals."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hrgradlib.experiments import segmentation
from hrgradlib.experiments.specs import Spec

__all__ = ["collocation", "sample"]


def sample(
    spec: Spec, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Fresh collocation points (t, x, ε) of all tasks, in the dtype of the method."""
    points = segmentation.sample(spec, generator)
    return tuple(p.to(device, spec.kind.dtype) for p in points)


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
    tasks = len(spec.case.task_sizes(spec))
    with torch.no_grad():
        size = spec.case.residuals(spec)(model, *points).norm(dim=1).view(tasks, -1).cpu()
    weights = 1 + size / size.mean(1, keepdim=True)
    chosen = torch.multinomial(weights, spec.per_task, generator=generator).to(device)
    rows = (
        chosen + len(points[0]) // tasks * torch.arange(tasks, device=device)[:, None]
    ).flatten()
    return tuple(p[rows] for p in points)
