"""Networks at NumPy points, in pieces that fit, and the one norm that errors are quoted in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hrgradlib._system.progress import progress

__all__ = ["evaluate", "in_pieces", "relative_l2"]

# A network keeps kilobytes a point. Grids on which errors are measured are smaller than a piece:
# bits of a matrix product may depend on where it is cut.
PIECE = 1 << 14
_PATIENCE = 3.0  # seconds before a bar is shown


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


def in_pieces(function: Callable[..., NDArray], *points: NDArray, piece: int = PIECE) -> NDArray:
    r"""``function(*points)``, a bounded number of points at a time; a bar if it takes long.

    Args:
        function: (\*points) → [N] or [N, columns], each row from the points of its own place.
        points: arrays of one shape [...].
        piece: points at a time.

    Returns:
        [...] or [..., columns].
    """
    shape, count = np.shape(points[0]), np.size(points[0])
    if count <= piece:
        return function(*points)
    found: NDArray | None = None
    with progress(count, "point", delay=_PATIENCE) as bar:
        for start in range(0, count, piece):
            rows = slice(start, min(start + piece, count))
            part = function(*(_rows(p, rows) for p in points))
            if found is None:
                found = np.empty((count, *part.shape[1:]), part.dtype)
            found[rows] = part
            bar.update(len(part))
    assert found is not None  # more points than one piece holds
    return found.reshape((*shape, *found.shape[1:]))


def _rows(array: NDArray, rows: slice) -> NDArray:
    """Some of the array in its flat order; ``ravel`` would copy all of what was broadcast."""
    return array.flat[rows]


def relative_l2(found: NDArray, exact: NDArray, weights: NDArray | float = 1.0) -> NDArray:
    """``‖found − exact‖ / ‖exact‖`` over the last axis, at the same points.

    Args:
        found, exact: [..., X].
        weights: [X] quadrature weights of the norm, for points that are not equidistant.
    """
    difference = (weights * (found - exact) ** 2).sum(-1)
    return np.sqrt(difference / (weights * exact**2).sum(-1))
