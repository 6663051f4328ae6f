"""The axis of the best worst cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._axis import AxisFound

__all__ = ["maxmin"]


def maxmin(cosines: NDArray, active: NDArray, tolerance: float) -> AxisFound:
    """None: the axis of the best worst cosine is what is taken where nothing is found."""
    del cosines, tolerance
    problems = len(active)
    return AxisFound(np.zeros(active.shape), np.zeros(problems), np.zeros(problems, dtype=bool))
