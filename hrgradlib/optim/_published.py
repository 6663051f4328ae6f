"""Published rules from a Gramian to weights, each with the properties it has: to compare with.

The steps of training methods are another matter (momentum, Adam's second moment): here is the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.optim._config import config_weights
from hrgradlib.optim._harmonize import harmonic_weights
from hrgradlib.optim._properties import Property
from hrgradlib.optim._reported import reported_weights

__all__ = ["PUBLISHED", "Rule"]

_EPS = float(np.finfo(float).eps)


class Rule(NamedTuple):
    """A rule for the direction.

    Attributes:
        weights: Gramian [K, K] of the task gradients → weights [K] on them.
        properties: what its direction has, read without the words on κ, which is ours.
    """

    weights: Callable[[NDArray], NDArray]
    properties: frozenset[Property]


def _sum(gramian: NDArray) -> NDArray:
    return np.ones(len(gramian))


def _config(gramian: NDArray) -> NDArray:
    return config_weights(gramian, _EPS)


def _harmonic(gramian: NDArray) -> NDArray:
    return harmonic_weights(gramian, 1.0, "rays", _EPS).weights


def _reported(gramian: NDArray) -> NDArray:
    return reported_weights(gramian, spread=float("inf")).weights


_ORDER = Property.TASK_ORDER
_SCALE = Property.ANY_LOSS_SCALE

PUBLISHED = {
    "sum": Rule(
        _sum, frozenset({Property.UNTOUCHED, Property.IN_CONE, Property.ANY_NUMBER, _ORDER})
    ),
    "ConFIG": Rule(
        _config,
        frozenset(
            {Property.DESCENT, Property.EQUAL_COSINES, Property.EIGENVALUE_FLOOR}
            | {Property.ANY_NUMBER, _SCALE, _ORDER}
        ),
    ),
    "HARMONIC": Rule(_harmonic, frozenset({Property.DESCENT, Property.IN_CONE, _SCALE, _ORDER})),
    "HRGrad as reported": Rule(_reported, frozenset({_SCALE, _ORDER})),
}
