"""Derivatives by central differences of sixth order: what knows nothing of tangents or graphs."""

import numpy as np

_SHIFTS = np.array([-3, -2, -1, 1, 2, 3])
_WEIGHTS = np.array([-1, 9, -45, 45, -9, 1]) / 60


def difference(function, points, place, step):
    """``∂ function(*points)`` by one of the points, in the shape of the values.

    Args:
        function: of arrays [N], gives arrays [N].
        points: arrays [N].
        place: number of the point that moves.
        step: [N] or a number, how far.
    """
    total = 0.0
    for shift, weight in zip(_SHIFTS, _WEIGHTS, strict=True):
        moved = [p + shift * step if i == place else p for i, p in enumerate(points)]
        total = total + weight * function(*moved)
    return total / step
