"""Methods that see only a total, watched: bit for bit their steps, with products recorded.

A watched step costs one more pass over the tasks; it is taken where the loop asks to observe.
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim import task_gradients
from hrgradlib.training._products import flat, products
from hrgradlib.training.methods import (
    HarmonizedSoap,
    LogSummedSoap,
    Residuals,
    SummedSoap,
    UnitSummedSoap,
    record_arrays,
)
from hrgradlib.training.static import FirstLossSoap

__all__ = ["WatchedFirst", "WatchedLogSum", "WatchedSum", "WatchedUnit"]


class _Watched(HarmonizedSoap):
    """Put before a method: adds the applied step's products with every task gradient."""

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        if not observe:
            return super().step(residuals, points, sizes, observe)
        found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
        before = flat(self.model)
        record = super().step(residuals, points, sizes, observe)
        applied = before - flat(self.model)
        if not bool(applied.any()):
            return record  # SOAP only measures at first: no step, no products
        return record | record_arrays(products(found.matrix, applied))


class WatchedSum(_Watched, SummedSoap):
    summary = "sum-soap, its products with the task gradients recorded"


class WatchedLogSum(_Watched, LogSummedSoap):
    summary = "log-soap, its products with the task gradients recorded"


class WatchedUnit(_Watched, UnitSummedSoap):
    summary = "unit-soap, its products with the task gradients recorded"


class WatchedFirst(_Watched, FirstLossSoap):
    summary = "first-soap, its products with the task gradients recorded"
