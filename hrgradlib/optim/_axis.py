"""What an axis of the rotation is: a rule on cosines. One rule, one file; ``_axes`` lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from numpy.typing import NDArray

from hrgradlib.optim._properties import Property

__all__ = ["Axis", "AxisFound", "times"]


class AxisFound(NamedTuple):
    """Axes of B problems.

    Attributes:
        coefficients: [B, K] of the unit axis on the unit gradients.
        cosine: [B] its worst cosine with one of them.
        solved: [B] whether there is such an axis; where not, the rest is of no meaning.
    """

    coefficients: NDArray
    cosine: NDArray
    solved: NDArray


class Axis(NamedTuple):
    """A rule for the axis: an entry of ``AXES``.

    Attributes:
        find: (cosines [B, K, K], mask of moving tasks [B, K], rank tolerance) → the axes. Where
            it finds none, that of the best worst cosine is taken.
        properties: what the direction then promises (proofs: chapters 7 and 8).
    """

    find: Callable[[NDArray, NDArray, float], AxisFound]
    properties: frozenset[Property]


def times(matrices: NDArray, vectors: NDArray) -> NDArray:
    """[B, K, K] by [B, K]; a fraction of the call cost of einsum."""
    return (matrices @ vectors[:, :, None])[:, :, 0]
