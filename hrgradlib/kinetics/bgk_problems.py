"""BGK on the line: the data of a problem.

``ε (∂t f + v ∂x f) = M[U] − f`` with ``f(0) = M[U0]``; ``ρ0, u0, Θ0`` pass from a left to a right
state, all three along one profile w(x) from −1 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["BGK_LAYER", "BGK_PROBLEMS", "BGK_RIEMANN", "BGK_SMOOTH", "BGKProblem"]

_PROFILES = ("sine", "tanh", "sign")
_Points = TypeVar("_Points", NDArray, Tensor)  # what comes as an array is answered as an array


@dataclass(frozen=True)
class BGKProblem:
    """``(ρ, u, Θ)(0, x) = left + (right − left) (1 + w(x))/2``, ``f(0, x, v) = M[ρ, u, Θ](v)``.

    Posed on the line. What starts in the window cannot be felt at the ends of the domain, nor the
    ends in the window: fewer than one particle in 10⁷ flies 0.7 in the time 0.1.

    Attributes:
        name: of the problem, in tables and names of files.
        profile: "sine", ``w = sin πx`` for |x| ≤ ½ and ±1 outside; "tanh", ``w = tanh(steepness
            x)``; "sign", ``w = sign x``.
        steepness: of "tanh" (dimensionless).
        eps_range: smallest and largest Knudsen number (dimensionless).
        final_time: ``T`` (dimensionless).
        eval_eps, eval_times: where errors are quoted.
        left, right: far-field states (ρ, u, Θ), dimensionless, ρ > 0 and Θ > 0.
        window: where errors are measured; domain: where solutions are computed.
        max_speed: velocities beyond ± this are left out; the Maxwellians are below 1e-15 there.

    Raises:
        ValueError: unknown profile; a range that is not 0 < low ≤ high; a final time or steepness
            that is not positive; a state that is not finite with ρ > 0 and Θ > 0.
    """

    name: str
    profile: str
    eps_range: tuple[float, float]
    final_time: float
    eval_eps: tuple[float, ...]
    eval_times: tuple[float, ...]
    steepness: float = 20.0
    left: tuple[float, float, float] = (1.5, 0.0, 1.5)
    right: tuple[float, float, float] = (0.625, 0.0, 0.75)
    window: tuple[float, float] = (-0.5, 0.5)
    domain: tuple[float, float] = (-1.2, 1.2)
    max_speed: float = 10.0

    def __post_init__(self) -> None:
        if self.profile not in _PROFILES:
            raise ValueError(
                f"BGKProblem: found profile = {self.profile!r}; expected one of {_PROFILES}."
            )
        low, high = self.eps_range
        if not 0 < low <= high < np.inf:
            raise ValueError(
                f"BGKProblem: found eps_range = {self.eps_range}; expected 0 < low ≤ high."
            )
        for name in ("final_time", "steepness"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(
                    f"BGKProblem: found {name} = {getattr(self, name)}; expected a positive number."
                )
        for side, state in (("left", self.left), ("right", self.right)):
            if not (np.isfinite(state).all() and state[0] > 0 and state[2] > 0):
                raise ValueError(
                    f"BGKProblem: found {side} = {state}; expected (ρ, u, Θ) with ρ > 0 and Θ > 0."
                )

    @property
    def length(self) -> float:
        """``1/max w'``: over what length the data change; 0 for a jump (dimensionless)."""
        return {"sine": 1 / np.pi, "tanh": 1 / self.steepness, "sign": 0.0}[self.profile]

    def mixing(self, x: _Points) -> tuple[_Points, _Points]:
        """``w`` and ``w'`` at x, same kind and shape as x; the slope of "sign" is zero."""
        xp = torch if isinstance(x, Tensor) else np
        if self.profile == "sign":
            return xp.sign(x), xp.zeros_like(x)
        if self.profile == "tanh":
            w = xp.tanh(self.steepness * x)
            return w, self.steepness * (1 - w**2)
        inside = np.pi * xp.clip(x, -0.5, 0.5)
        slope = xp.where(abs(x) < 0.5, np.pi * xp.cos(inside), xp.zeros_like(x))
        return xp.sin(inside), slope

    def initial_moments(self, x: _Points) -> tuple[_Points, _Points]:
        """``(ρ, u, Θ)`` and its derivative by x at t = 0.

        Args:
            x: floating-point array or tensor of any shape [...], dimensionless.

        Returns:
            Two of the same kind, [..., 3].
        """
        xp = torch if isinstance(x, Tensor) else np
        w, slope = self.mixing(x)
        pairs = list(zip(self.left, self.right, strict=True))
        values = [a + (b - a) * 0.5 * (1 + w) for a, b in pairs]
        slopes = [(b - a) * 0.5 * slope for a, b in pairs]
        return xp.stack(values, -1), xp.stack(slopes, -1)


_WIDE = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3)
_TIMES = (0.01, 0.03, 0.06, 0.1)

BGK_SMOOTH = BGKProblem("bgk-smooth", "sine", (1e-3, 1.0), 0.1, _WIDE, _TIMES)
BGK_LAYER = BGKProblem("bgk-layer", "tanh", (1e-3, 1.0), 0.1, _WIDE, _TIMES)
BGK_RIEMANN = BGKProblem(
    "bgk-riemann", "sign", (1e-2, 1.0), 0.05,
    (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01), (0.005, 0.015, 0.03, 0.05),
)  # fmt: skip

#: By name.
BGK_PROBLEMS = {problem.name: problem for problem in (BGK_SMOOTH, BGK_LAYER, BGK_RIEMANN)}
