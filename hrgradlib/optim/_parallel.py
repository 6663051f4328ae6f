"""Training with several processes (``torch.distributed``): all take the step of their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["Averaged", "averaged", "processes"]


class Averaged(NamedTuple):
    """What all processes have.

    Attributes:
        matrix: [K, n] task gradients.
        losses: [K], or None.
        present: K times whether the task had points, anywhere.
    """

    matrix: Tensor
    losses: Tensor | None
    present: Sequence[bool]


def processes() -> int:
    """How many take part; 1 where no process group was made."""
    ready = dist.is_available() and dist.is_initialized()
    return dist.get_world_size() if ready else 1


def averaged(matrix: Tensor, losses: Tensor | None, present: Sequence[bool]) -> Averaged:
    """The mean of every task over the processes in which it is present.

    Before anything is checked or decided, so that a NaN of one is refused by all, and all of them
    move alike.
    """
    if processes() == 1:
        return Averaged(matrix, losses, present)
    here = torch.tensor(present, device=matrix.device)
    column = matrix.new_full((len(matrix), 1), torch.nan) if losses is None else losses[:, None]
    shared = torch.cat([here[:, None].to(matrix), column.to(matrix), matrix], 1)
    shared[~here] = 0.0
    dist.all_reduce(shared)
    shared /= shared[:, :1].clamp_min(1)
    found = shared[:, 0] > 0
    shared[~found, 1] = torch.nan
    losses = None if losses is None else shared[:, 1]
    return Averaged(shared[:, 2:].contiguous(), losses, found.tolist())
