"""What a task is: a range of ε, or one of the alternatives that an ablation compares.

- ``regimes``: equal ranges of log ε, one task each; the default.
- ``unequal``: as many tasks, each holding twice as many points as the one before, sorted by ε.
- ``drawn``: one ε each, drawn anew at every step (where the problem offers it).
- ``terms``: one for each term of the loss that the case knows, over all ε.
- ``both``: these for every range of ε.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hrgradlib.experiments.specs import FEWEST, Spec

__all__ = ["residuals", "sample", "task_sizes"]


def task_sizes(spec: Spec) -> list[int]:
    """Points of every task."""
    if spec.segmentation == "unequal":
        return _halving(spec.tasks * spec.per_task, spec.tasks)
    if spec.segmentation == "terms":
        return [spec.tasks * spec.per_task] * _terms(spec)
    return spec.case.task_sizes(spec) * (_terms(spec) if spec.segmentation == "both" else 1)


def sample(spec: Spec, generator: torch.Generator) -> list[Tensor]:
    """Fresh points (t, x, ε) of all tasks, tasks consecutive."""
    points = spec.case.sample(spec, generator)
    if spec.segmentation == "unequal":
        order = points[-1].argsort(stable=True)
        points = [p[order] for p in points]
    if spec.segmentation in ("terms", "both"):
        points = [torch.cat([p] * _terms(spec)) for p in points]
    return points


def residuals(spec: Spec) -> Callable[..., Tensor]:
    """Those of the case; where terms are tasks, each share of the points has one of them alone."""
    whole = spec.case.residuals(spec)
    if spec.segmentation not in ("terms", "both"):
        return whole
    ends = torch.tensor(spec.case.terms(spec)).cumsum(0)

    def parted(model: nn.Module, *points: Tensor) -> Tensor:
        found = whole(model, *points)
        count, columns = found.shape
        share = torch.arange(count, device=found.device) * (len(ends) + 1) // count
        term = torch.bucketize(
            torch.arange(columns, device=found.device), ends.to(found.device), right=True
        )
        return found * (share[:, None] == term)

    return parted


def _terms(spec: Spec) -> int:
    return len(spec.case.terms(spec)) + 1


def _halving(count: int, tasks: int) -> list[int]:
    """Sizes that halve from task to task, multiples of the fewest, in all ``count``."""
    sizes, left = [], count
    for after in range(tasks - 1, 0, -1):
        half = -(-left // (2 * FEWEST)) * FEWEST
        sizes.append(max(FEWEST, min(half, left - FEWEST * after)))
        left -= sizes[-1]
    return [*sizes, left][::-1]  # the smallest ε, which are first, have the fewest points
