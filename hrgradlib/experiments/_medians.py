"""Bootstrap of a difference of two medians: all resamples at once, so that nothing is drawn.

A resample's median is a value of the sample (or the mean of two), with a probability that depends
on ranks alone (Efron 1979, section 3). So the interval is a function of the errors, the same
whichever sample comes first, in whatever order and unit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

__all__ = ["median_interval", "resampled_medians"]

_NEGLIGIBLE = 1e-6  # probability of all the medians that are left out, of large samples
_ROUNDING = 1e-9


def median_interval(first: NDArray, second: NDArray, outside: float) -> tuple[float, float]:
    """Percentile interval of ``median(first) − median(second)`` under independent resampling.

    Args:
        first, second: [n] and [m] numbers; inf is allowed and inf − inf is 0.
        outside: probability that is left out, half of it on each side.

    Returns:
        Its ends; −inf and inf if a sample has a single number, which tells nothing of its scatter.
    """
    if min(len(first), len(second)) < 2:
        return -np.inf, np.inf
    a, weight_a = _medians(first)
    b, weight_b = _medians(second)
    with np.errstate(invalid="ignore"):
        apart = np.where(a[:, None] == b, 0.0, a[:, None] - b).ravel()
    weights = np.outer(weight_a, weight_b).ravel()
    order = np.argsort(apart)
    ranked, weights = apart[order], weights[order]
    tail = outside / 2 * weights.sum() - _ROUNDING
    low = ranked[np.argmax(np.cumsum(weights) >= tail)]
    high = ranked[::-1][np.argmax(np.cumsum(weights[::-1]) >= tail)]
    return float(low), float(high)


def _medians(values: NDArray) -> tuple[NDArray, NDArray]:
    lower, upper, weights = resampled_medians(len(values))
    ranked = np.sort(values)
    return (ranked[lower] + ranked[upper]) / 2, weights


@lru_cache(maxsize=64)
def resampled_medians(n: int) -> tuple[NDArray, NDArray, NDArray]:
    """Which order statistics a resample's median is the mean of, and how probably.

    Args:
        n: size of the sample.

    Returns:
        Indices [M] of the lower and the upper middle value in the sorted sample (equal for odd n),
        and probabilities [M], whose sum is 1 but for what is negligible.
    """
    rank = np.arange(n + 1)
    half = (n + 1) // 2
    # P(the half-th value of a resample is at or below the k-th of the sample), k = 0 … n.
    below = binom.sf(half - 1, n, rank / n)
    if n % 2:
        lower = upper = np.arange(n)
        weights = np.diff(below)
    else:
        # Half the draws at or below i, one of them i; half at or above j, one of them j.
        power = (rank / n) ** half
        step = np.diff(power)
        both = np.triu(binom.pmf(half, n, 0.5) * 2.0**n * np.outer(step, step[::-1]), 1)
        np.fill_diagonal(both, np.diff(below) - both.sum(1))
        lower, upper = np.indices((n, n)).reshape(2, -1)
        weights = both.ravel()
    order = np.argsort(-weights, kind="stable")
    count = 1 + int(np.searchsorted(np.cumsum(weights[order]), 1 - _NEGLIGIBLE))
    kept = np.sort(order[:count])
    return lower[kept], upper[kept], weights[kept]
