"""The metrics there are: a new one is a class and a line."""

from __future__ import annotations

from hrgradlib.optim._diagonal import Adam, Identity
from hrgradlib.optim._gauss_newton import GaussNewton
from hrgradlib.optim._metric import Metric
from hrgradlib.optim._soap import Soap

__all__ = ["METRICS"]

METRICS: dict[str, Metric] = {
    "identity": Identity(),
    "adam": Adam(),
    "soap": Soap(),
    "gauss-newton": GaussNewton(),
}
