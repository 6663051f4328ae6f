"""The axis at one angle to every gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._axis import AxisFound, times

__all__ = ["equiangular"]


def equiangular(cosines: NDArray, active: NDArray, tolerance: float) -> AxisFound:
    """``α = c M⁺1`` and ``c = (1ᵀM⁺1)^{-1/2}``; solved where 1 lies in the range of M."""
    values, vectors = np.linalg.eigh(cosines)
    kept = values > tolerance
    projected = times(vectors.mT, active.astype(float))
    # The part of 1 that M cannot reach, in its null space (duplicates leave none of it).
    missing = (projected**2 * ~kept).sum(-1)
    inverse = kept / np.where(kept, values, 1.0)
    raw = times(vectors, inverse * projected) * active
    inverse_square = raw.sum(-1)
    solved = (missing <= tolerance) & (inverse_square > 0)
    c = 1 / np.sqrt(np.where(solved, inverse_square, 1.0))
    return AxisFound(c[:, None] * raw, np.minimum(c, 1.0), solved)
