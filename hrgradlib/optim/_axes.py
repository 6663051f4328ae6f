"""The axes by name: :data:`AXES` is the registry, an axis is one rule and one line here."""

from __future__ import annotations

from hrgradlib.optim._axis import Axis
from hrgradlib.optim._equiangular import equiangular
from hrgradlib.optim._maxmin import maxmin
from hrgradlib.optim._properties import Property
from hrgradlib.optim._rays import rays

__all__ = ["AXES"]

_ALWAYS = frozenset(
    {
        Property.SHARE,
        Property.UNTOUCHED,
        Property.ANY_LOSS_SCALE,
        Property.TASK_ORDER,
        Property.DESCENT,
    }
)
_FLOOR = {Property.EIGENVALUE_FLOOR, Property.ANY_NUMBER}

AXES = {
    "equiangular": Axis(equiangular, _ALWAYS | _FLOOR | {Property.EQUAL_COSINES}),
    "maxmin": Axis(maxmin, _ALWAYS | _FLOOR | {Property.BEST_WORST_COSINE, Property.IN_CONE}),
    "rays": Axis(rays, _ALWAYS | {Property.IN_CONE}),
}
