"""What every reference solution asks of its arguments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["checked", "groups"]

_CONDITIONS = {
    "eps": (lambda a: a <= 0, "expected eps > 0"),
    "t": (lambda a: a < 0, "expected t ≥ 0"),
    "v": (lambda a: np.abs(a) > 1, "expected v in [-1, 1]"),
}


def checked(owner: str, **arguments: ArrayLike) -> list[NDArray]:
    """The arguments as float arrays.

    Raises:
        ValueError: NaN or inf, ``eps ≤ 0``, ``t < 0``, ``|v| > 1``; names the argument, the first
            bad value and what was expected.
    """
    arrays = []
    for name, value in arguments.items():
        array = np.asarray(value, dtype=float)
        if not np.isfinite(array).all():
            raise ValueError(f"{owner}: found NaN or inf in {name}.")
        bad, expected = _CONDITIONS.get(name, (None, ""))
        if bad is not None and bad(array).any():
            raise ValueError(f"{owner}: found {name} = {array[bad(array)].flat[0]}; {expected}.")
        arrays.append(array)
    return arrays


def groups(t: NDArray, eps: NDArray) -> Iterator[tuple[tuple[float, float], NDArray]]:
    """Pairs (t, ε) that occur in arrays of one shape, each with the mask of where."""
    for one_t in np.unique(t):
        for one_eps in np.unique(eps[t == one_t]):
            yield (float(one_t), float(one_eps)), (t == one_t) & (eps == one_eps)
