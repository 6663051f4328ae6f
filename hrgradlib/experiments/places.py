"""Places of more than one coordinate: to a network x is [N, 2], to everything else two arrays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.evaluation import evaluate

__all__ = ["COORDINATES", "ByCoordinate", "evaluate_in_plane"]

COORDINATES = ("x", "y")  # names, as commands and messages use them


class ByCoordinate(nn.Module):
    """A network of (t, x, ε) with x [N, D] as one of (t, x_1, …, x_D, ε), all [N].

    Points are then arrays of one shape, which can be cut into pieces.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, t: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """What ``model(t, x, ε)`` returns."""
        *x, eps = rest
        return self.model(t, torch.stack(x, -1), eps)


def evaluate_in_plane(model: nn.Module, t: NDArray, x: NDArray, eps: NDArray) -> tuple:
    """Every output of ``model(t, x, ε)`` as float64, in the shape [...] of the points.

    Args:
        model: takes x as [N, 2].
        t, eps: broadcastable with ``x[..., 0]``.
        x: [..., 2].
    """
    points = np.broadcast_arrays(t, x[..., 0], x[..., 1], eps)
    return evaluate(ByCoordinate(model), *points)
