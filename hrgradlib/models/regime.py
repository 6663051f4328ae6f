"""Where a Knudsen number stands in the range a network is trained on."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["regime"]


def regime(eps: Tensor, eps_range: tuple[float, float]) -> Tensor:
    """Position of ``log10 ε`` in the range, shape of ``eps``: −1 at its low end, 1 at its high.

    Args:
        eps: Knudsen numbers, positive.
        eps_range: lowest and highest.
    """
    low, high = (torch.log10(torch.tensor(e)).item() for e in eps_range)
    return (2 * torch.log10(eps) - low - high) / (high - low)
