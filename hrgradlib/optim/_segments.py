"""Segments: consecutive rows of a batch that belong to one task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["Segments", "read_sizes", "segment_means", "short"]


def read_sizes(sizes: Sequence[int] | Tensor, where: str) -> tuple[int, ...]:
    """Numbers of points per task; a list, tuple, array or tensor (``torch.bincount``).

    Raises:
        ValueError: not whole numbers ≥ 0 of which one is positive; ``where`` is named.
    """
    numbers = sizes.tolist() if hasattr(sizes, "tolist") else sizes
    if not isinstance(numbers, list | tuple) or any(int(s) != s or s < 0 for s in set(numbers)):
        raise ValueError(f"{where}: found sizes = {numbers}; expected integers ≥ 0, one per task.")
    if not any(numbers):
        raise ValueError(f"{where}: found sizes = {numbers}; expected integers, one of them ≥ 1.")
    return tuple(int(s) for s in numbers)


def segment_means(values: Tensor, sizes: Sequence[int] | Tensor) -> Tensor:
    """``L_k``, the mean of every task's point losses, differentiable: [N] to [K].

    Raises:
        ValueError: ``sizes`` are not whole numbers ≥ 0.
    """  # noqa: DOC502 (raised by what it calls)
    return Segments(read_sizes(sizes, "segment_means"), values.device).mean(values)


def short(sizes: Sequence[int]) -> str:
    return str(list(sizes)) if len(sizes) <= 8 else f"[{sizes[0]}, …] ({len(sizes)} tasks)"


class Segments:
    """Splits the first dimension into K tasks; unequal sizes are padded, never looped over."""

    def __init__(self, sizes: Sequence[int], device: torch.device) -> None:
        self.count, self.longest = len(sizes), max(sizes)
        self.equal = min(sizes) == self.longest
        if not self.equal:
            self.sizes = torch.tensor(sizes, device=device)
            starts = self.sizes.cumsum(0) - self.sizes
            offset = torch.arange(self.longest, device=device)
            self.valid = offset < self.sizes[:, None]
            self.index = torch.where(self.valid, starts[:, None] + offset, 0)

    def stack(self, rows: Tensor) -> Tensor:
        """[N, ..., f] to [K, longest·(...), f]; padding rows are zero."""
        if not self.equal:
            # Filled, not multiplied by zero: a NaN must stay in its own task.
            padding = ~self.valid.reshape([-1] + [1] * (rows.ndim - 1))
            rows = rows[self.index.reshape(-1)].masked_fill(padding, 0)
        return rows.reshape(self.count, -1, rows.shape[-1])

    def mean(self, values: Tensor) -> Tensor:
        """[N] to [K]; NaN for a task without points."""
        if self.equal:
            return values.reshape(self.count, -1).mean(1)
        return self.stack(values[:, None]).sum((1, 2)) / self.sizes

    def seed(self, values: Tensor) -> Tensor:
        """[N] the derivative of ``Σ_k L_k`` by every point's loss."""
        if self.equal:
            return torch.full_like(values, 1 / self.longest)
        return (1.0 / self.sizes.to(values.dtype)).repeat_interleave(self.sizes)

    def owners(self, device: torch.device) -> Tensor:
        """[N] the task of every row."""
        tasks = torch.arange(self.count, device=device)
        return tasks.repeat_interleave(self.longest if self.equal else self.sizes)
