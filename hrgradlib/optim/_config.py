"""ConFIG on the Gramian: equal cosines by the pseudo-inverse, length by projection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._refused import StepRefused

__all__ = ["Units", "config_coefficients", "config_weights", "units_of"]


class Units(NamedTuple):
    """Unit gradients by their products.

    Attributes:
        norms: [K] of the gradients.
        cosines: [K, K] M; zero where a task is at rest, but for the diagonal.
        active: [K] bool, tasks that are not at rest.
        tolerance: eigenvalues and products of M up to this are taken for zero.
    """

    norms: NDArray
    cosines: NDArray
    active: NDArray
    tolerance: float


def units_of(gramian: NDArray, roundoff: float) -> Units:
    """Norms and cosines of K gradients.

    Args:
        gramian: [K, K] float64.
        roundoff: unit roundoff of the arithmetic that made it.

    Raises:
        StepRefused: NaN or inf; the tasks are named.
    """
    diagonal = np.diagonal(gramian)
    if not np.isfinite(gramian).all():
        broken = ~np.isfinite(diagonal)
        broken = broken if broken.any() else ~np.isfinite(gramian).all(-1)
        tasks = np.flatnonzero(broken).tolist()
        raise StepRefused(f"ConFIG: NaN or inf in the Gramian of task(s) {tasks}.", tasks)
    active = diagonal > np.finfo(float).tiny
    norms = np.sqrt(np.where(active, diagonal, 1.0))
    cosines = gramian / norms[:, None] / norms * (active[:, None] & active)
    cosines = np.clip(0.5 * (cosines + cosines.T), -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return Units(norms * active, cosines, active, 10 * len(gramian) * roundoff)


def config_coefficients(units: Units) -> NDArray:
    """``(Σ_k g_k·u) u`` with ``u = U[(Û⁺)ᵀ1]``, [K] on the unit gradients ``Û``.

    Zero where 1 has no part in the range of M: no vector has equal positive cosines then.

    Example:
        Lengths 2 and 1, 120° apart, as in :func:`hrgradlib.harmonize`:

        >>> found = config_coefficients(units_of(np.array([[4.0, -1.0], [-1.0, 1.0]]), 1e-16))
        >>> found.round(12).tolist()
        [1.5, 1.5]
    """
    values, vectors = np.linalg.eigh(units.cosines)
    kept = values > units.tolerance
    inverse = kept / np.where(kept, values, 1.0)
    raw = vectors @ (inverse * (vectors.T @ units.active)) * units.active
    along = units.cosines @ raw
    square = raw @ along
    if square <= units.tolerance:
        return np.zeros_like(raw)
    return raw * (units.norms @ along) / square


def config_weights(gramian: NDArray, roundoff: float) -> NDArray:
    """Weights [K] of ConFIG's update ``Σ_k w_k g_k`` (Liu et al., arXiv 2408.11104).

    Args:
        gramian: [K, K] float64.
        roundoff: unit roundoff of the arithmetic that made it.

    Raises:
        StepRefused: NaN or inf; the tasks are named.

    Note:
        ``harmonize(..., harmony=1, axis="equiangular")`` wherever an equiangular axis exists; where
        none does, this is the least-squares solution of the original.
    """  # noqa: DOC502 (raised where the numbers are read)
    units = units_of(gramian, roundoff)
    return config_coefficients(units) / np.where(units.active, units.norms, 1.0)
