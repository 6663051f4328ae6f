"""Linear transport with inflow: data of the problem ``transport-inflow``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["InflowTransport"]


@dataclass(frozen=True)
class InflowTransport:
    """The problem ``transport-inflow``: x in [0, 1], isotropic inflow at both ends.

    The data jump at (t, x) = (0, 0), as in the literature: the inflow is not the initial state.

    Attributes:
        name: key on the command line and in result files.
        eps_range: smallest and largest Knudsen number (dimensionless).
        final_time: ``T`` (dimensionless).
        inflow_left, inflow_right: ``f(t, 0, v > 0)`` and ``f(t, 1, v < 0)``.
        initial: ``f(0, x, v)``.
        eval_eps, eval_times: where errors are quoted.
        check_eps: Knudsen number of the additional check of the diffusion limit.

    Raises:
        ValueError: a range that is not 0 < low ≤ high, a final time or distribution that is not
            finite, or negative.
    """

    name: str = "transport-inflow"
    eps_range: tuple[float, float] = (1e-4, 1.0)
    final_time: float = 0.1
    inflow_left: float = 1.0
    inflow_right: float = 0.0
    initial: float = 0.0
    eval_eps: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
    eval_times: tuple[float, ...] = (0.005, 0.02, 0.05, 0.1)
    check_eps: float = 1e-8

    def __post_init__(self) -> None:
        low, high = self.eps_range
        if not 0 < low <= high < math.inf:
            raise ValueError(
                f"InflowTransport: found eps_range = {self.eps_range}; expected 0 < low ≤ high."
            )
        if not 0 < self.final_time < math.inf:
            raise ValueError(
                f"InflowTransport: found final_time = {self.final_time}; expected a "
                "positive number."
            )
        for name in ("inflow_left", "inflow_right", "initial"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"InflowTransport: found {name} = {getattr(self, name)}; expected "
                    "a distribution, finite and not negative."
                )

    def left(self, v: Tensor) -> Tensor:
        """``f(t, 0, v)`` for v > 0, same shape as v."""
        return torch.full_like(v, self.inflow_left)

    def right(self, v: Tensor) -> Tensor:
        """``f(t, 1, v)`` for v < 0, same shape as v."""
        return torch.full_like(v, self.inflow_right)

    def initial_density(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ0`` and ``∂x ρ0`` at x, same shape as x."""
        return torch.full_like(x, self.initial), torch.zeros_like(x)
