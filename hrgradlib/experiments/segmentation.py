"""What a task is: a range of ε, or one of the alternatives that an ablation compares.

- ``regimes``: equal ranges of log ε, one task each; the default.
- ``unequal``: as many tasks, each holding half as many points as the one before, sorted by ε.
- ``drawn``: one ε each, drawn anew at every step (where the problem offers it).
- ``terms``: two tasks, the first component of the residual and all others, over all ε.
- ``both``: these two for every range of ε.

Ranges of ε that training never sees, where the problem offers that: the ``gap``, or the ``ends``,
which are the outer quarters of the range.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hrgradlib.experiments.specs import Spec

__all__ = ["GAP", "residuals", "sample", "task_sizes"]

GAP = (0.03, 0.1)  # half a decade
_FEWEST = 4  # points of a task


def task_sizes(spec: Spec) -> list[int]:
    """Points of every task."""
    if spec.segmentation == "unequal":
        return _halving(spec.tasks * spec.per_task, spec.tasks)
    if spec.segmentation == "terms":
        return [spec.tasks * spec.per_task] * 2
    return spec.case.task_sizes(spec) * (2 if spec.segmentation == "both" else 1)


def sample(spec: Spec, generator: torch.Generator) -> list[Tensor]:
    """Fresh points (t, x, ε) of all tasks, tasks consecutive."""
    if spec.segmentation == "unequal":  # sorted by ε as finely as tasks are small
        count = spec.tasks * spec.per_task
        spec = spec.with_(tasks=count // _FEWEST, per_task=_FEWEST, segmentation="regimes")
    points = _seen(spec, generator)
    if spec.segmentation in ("terms", "both"):
        points = [torch.cat([p, p]) for p in points]
    return points


def residuals(spec: Spec) -> Callable[..., Tensor]:
    """Those of the case; where terms are tasks, each half of the points has one of them alone."""
    whole = spec.case.residuals(spec)
    if spec.segmentation not in ("terms", "both"):
        return whole

    def parted(model: nn.Module, *points: Tensor) -> Tensor:
        found = whole(model, *points)
        first = torch.arange(len(found), device=found.device) < len(found) // 2
        leading = torch.arange(found.shape[1], device=found.device) == 0
        return found * (first[:, None] == leading)

    return parted


def _halving(count: int, tasks: int) -> list[int]:
    """Sizes that halve from task to task, multiples of the fewest, in all ``count``."""
    sizes, left = [], count
    for after in range(tasks - 1, 0, -1):
        half = -(-left // (2 * _FEWEST)) * _FEWEST
        sizes.append(max(_FEWEST, min(half, left - _FEWEST * after)))
        left -= sizes[-1]
    return [*sizes, left][::-1]  # the smallest ε, which are first, have the fewest points


def _seen(spec: Spec, generator: torch.Generator) -> list[Tensor]:
    """Points of the case without the unseen ones, of as many tasks."""
    if spec.unseen == "ends":
        half, count = spec.tasks // 2, spec.per_task
        points = spec.case.draw(spec.with_(tasks=spec.tasks + 2 * half), count, generator)
        return [p[half * count : (half + spec.tasks) * count] for p in points]
    if spec.unseen == "gap":
        points = spec.case.draw(spec, 4 * spec.per_task, generator)
        inside = (GAP[0] < points[2]) & (points[2] < GAP[1])
        # The case's first half of a task differs from its second in how times are drawn.
        order = inside.view(2 * spec.tasks, -1).byte().argsort(dim=1, stable=True)
        first = torch.arange(2 * spec.tasks)[:, None] * order.shape[1]
        kept = (first + order[:, : spec.per_task // 2]).flatten()
        return [p[kept] for p in points]
    return spec.case.sample(spec, generator)
