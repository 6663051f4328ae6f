"""Task gradients by ordinary means: one backward pass per task, whatever the model is made of.

The slow ways, and what the fast one is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from hrgradlib.optim._replay import Replay

__all__ = ["by_backwards", "by_segments", "flat_gradient"]


def flat_gradient(loss: Tensor, parameters: Sequence[Tensor], keep: bool) -> Tensor:
    """[n] the gradient of one loss; zeros for a parameter that it does not reach."""
    before = [p.grad for p in parameters]
    for p in parameters:
        p.grad = None
    try:
        if loss.requires_grad:
            loss.backward(retain_graph=keep)  # autograd.grad would refuse reentrant checkpoints
        return torch.cat(
            [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters]
        )
    finally:
        for p, grad in zip(parameters, before, strict=True):
            p.grad = grad


def by_backwards(
    values: Tensor,
    again: Callable[[], Tensor],
    parameters: Sequence[nn.Parameter],
    sizes: tuple[int, ...],
    matrix: Tensor,
    replay: Replay,
) -> None:
    """K backward passes through one evaluation.

    Args:
        values: [N] the evaluation.
        again: evaluates once more: compiled code may be differentiated once only.
        parameters: n numbers.
        sizes: points of every task.
        matrix: [K, n] to be filled.
        replay: lets ``again`` repeat what it did.

    Raises:
        RuntimeError: autograd's, where a single backward pass fails.
    """
    matrix.zero_()
    tasks = [k for k, size in enumerate(sizes) if size]
    for task in tasks:
        part = values.split(list(sizes))[task]
        keep = task != tasks[-1]
        try:
            matrix[task] = flat_gradient(part.mean(), parameters, keep)
        except RuntimeError:
            if not keep:
                raise
            break
    else:
        return
    for task in tasks:
        replay.rewind()
        matrix[task] = flat_gradient(again().split(list(sizes))[task].mean(), parameters, False)


def by_segments(
    losses: Callable[..., Tensor],
    points: Sequence[Tensor],
    parameters: Sequence[nn.Parameter],
    sizes: tuple[int, ...],
    matrix: Tensor,
) -> Tensor:
    """One forward and backward pass per task, with its own points alone.

    Returns:
        [N] the losses of all points.
    """
    matrix.zero_()
    values, start = [], 0
    for task, size in enumerate(sizes):
        if size:
            own = losses(*(piece(p, slice(start, start + size)) for p in points))
            matrix[task] = flat_gradient(own.mean(), parameters, False)
            values.append(own.detach())
        start += size
    return torch.cat(values)


def piece(points: Tensor, rows: slice | Tensor) -> Tensor:
    """Rows of points; where they ask for derivatives, leaves of their own."""
    return points[rows].detach().requires_grad_(points.requires_grad)
