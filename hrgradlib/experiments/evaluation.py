"""Networks at NumPy points, and the one norm that errors are quoted in."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["evaluate", "relative_l2"]


def evaluate(model: nn.Module, *points: NDArray) -> tuple[NDArray, ...]:
    """Every output of ``model(*points)`` as float64, in the shape of the points (and columns)."""
    parameter = next(model.parameters())
    flat = [
        torch.tensor(np.ravel(p), dtype=parameter.dtype, device=parameter.device) for p in points
    ]
    with torch.no_grad():
        outputs = model(*flat)
    shape = np.shape(points[0])
    return tuple(o.double().cpu().numpy().reshape((*shape, *o.shape[1:])) for o in outputs)


def relative_l2(found: NDArray, exact: NDArray, weights: NDArray | float = 1.0) -> NDArray:
    """``‖found − exact‖ / ‖exact‖`` over the last axis, at the same points.

    Args:
        found, exact: [..., X].
        weights: [X] quadrature weights of the norm, for points that are not equidistant.
    """
    difference = (weights * (found - exact) ** 2).sum(-1)
    return np.sqrt(difference / (weights * exact**2).sum(-1))
