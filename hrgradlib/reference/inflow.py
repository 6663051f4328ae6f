"""Reference solution of ``transport-inflow`` for every Knudsen number, without a mesh in x or t.

``ε ∂t f + v ∂x f = (<f> − f)/ε`` on [0, 1], constant isotropic inflow, constant initial state.
Two representations cover the range; both are evaluated at any point:

* few collisions, ``t ≤ 30 ε²`` and ``t ≤ ε`` (nothing has crossed the slab yet): the exact sum over
  the number of collisions, `hrgradlib.reference._inflow_series`;
* many collisions: Laplace transform and modes, `hrgradlib.reference._inflow_modes`.

Where both hold they agree to 1e-7 or better, and with the time-stepping scheme of
`hrgradlib.reference.parity`, which shares nothing with them (chapter 2).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.reference import _inflow_modes, _inflow_series
from hrgradlib.reference._arguments import checked, groups
from hrgradlib.reference._panels import unit_quadrature

__all__ = ["InflowReference"]

#: Below this many mean free times of age the transform's inverse is cut off too early.
_YOUNGEST = 10.0


class InflowReference:
    """Solution with ``f = left`` coming in at x = 0, ``right`` at x = 1, ``f = initial`` at t = 0.

    The relative L2 error of the density on [0, 1] is below 1e-6 for ``t ≤ 0.1`` and every ε (see
    `error_estimate`). At t = 0 the methods return the initial state; at the walls the distribution
    is that inside, so that incoming velocities carry the inflow.

    Args:
        left, right, initial: constants, dimensionless.

    Raises:
        ValueError: a constant is NaN or infinite.
    """

    def __init__(self, left: float = 1.0, right: float = 0.0, initial: float = 0.0) -> None:
        checked("InflowReference", left=left, right=right, initial=initial)
        self.initial = float(initial)
        # By linearity: solutions for unit inflow into the empty slab, from the left and the right.
        self._parts = [(float(left) - self.initial, False), (float(right) - self.initial, True)]
        self._parts = [part for part in self._parts if part[0] != 0]

    def density(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``ρ(t, x; ε)``; arguments broadcast, dimensionless, x in [0, 1]."""
        return self._evaluate("density", self.initial, 1, t=t, x=x, eps=eps)

    def flux(self, t: ArrayLike, x: ArrayLike, eps: ArrayLike) -> NDArray:
        """``<v f>/ε = <v g>``, with which ``∂t ρ + ∂x <v g> = 0``; arguments as for `density`."""
        return self._evaluate("flux", 0.0, -1, t=t, x=x, eps=eps)

    def distribution(self, t: ArrayLike, x: ArrayLike, v: ArrayLike, eps: ArrayLike) -> NDArray:
        """``f(t, x, v; ε)``; arguments broadcast, v in [−1, 1].

        The uncollided part, with its front ``x = v t/ε``, is exact; the rest is the density
        integrated along the flight, at the velocity asked for: no interpolation in v.
        """
        return self._evaluate("distribution", self.initial, 1, t=t, x=x, v=v, eps=eps)

    def error_estimate(self, t: ArrayLike, eps: ArrayLike) -> NDArray:
        """Relative L2 error of the density on [0, 1], of the broadcast shape of t and ε.

        Its difference from a coarser computation (fewer velocities, a shorter and coarser contour,
        fewer panels): the error of the coarser one, and more than that of the solution.
        """
        t, eps = np.broadcast_arrays(*checked("InflowReference", t=t, eps=eps))
        x, weights = unit_quadrature()
        result = np.zeros(t.shape)
        for (one_t, one_eps), where in groups(t, eps):
            if one_t > 0:
                fine = self.density(one_t, x, one_eps)
                coarse = self._at("density", 1, one_t, one_eps, {"x": x}, coarse=True)
                change = weights @ (fine - self.initial - coarse) ** 2
                norm = weights @ fine**2
                result[where] = np.sqrt(change / norm) if norm > 0 else 0.0
        return result

    def _evaluate(self, quantity: str, constant: float, parity: int, **arguments) -> NDArray:
        values = np.broadcast_arrays(*checked("InflowReference", **arguments))
        named = dict(zip(arguments, values, strict=True))
        x, t, eps = named["x"], named.pop("t"), named.pop("eps")
        if outside := x[(x < 0) | (x > 1)].tolist():
            raise ValueError(f"InflowReference: found x = {outside[0]}; expected x in [0, 1].")
        result = np.full(t.shape, constant)
        for (one_t, one_eps), where in groups(t, eps):
            if one_t > 0:
                here = {name: value[where] for name, value in named.items()}
                result[where] += self._at(quantity, parity, one_t, one_eps, here)
        return result

    def _at(self, quantity, parity, t, eps, points, coarse=False) -> NDArray:
        """Sum of the two unit solutions; the right one is the left one's mirror image."""
        total = np.zeros(points["x"].shape)
        for amplitude, mirrored in self._parts:
            at = points
            if mirrored:
                at = {k: 1 - a if k == "x" else -a for k, a in points.items()}
            sign = parity if mirrored else 1
            total += sign * amplitude * _unit(quantity, t, eps, at, coarse)
        return total


def _unit(quantity: str, t: float, eps: float, points: dict, coarse: bool) -> NDArray:
    """The solution for f = 1 coming in on the left of an empty slab, at flat points.

    Raises:
        ValueError: a time between the reach of the series and that of the expansion.
    """
    tau = t / eps**2
    if t <= eps and tau <= _inflow_series.MAX_TIME:
        solution = _inflow_series.series(*((20, 4, 8) if coarse else ()))
        scaled = [points["x"] / eps, *(points[k] for k in points if k != "x")]
        value = getattr(solution, quantity)(tau, *scaled)
        return value / eps if quantity == "flux" else value
    if tau < _YOUNGEST and eps > 0.1:
        raise ValueError(
            f"InflowReference: found t = {t}, eps = {eps}; expected t ≤ eps (nothing has crossed "
            f"the slab) or t ≥ {_YOUNGEST:g} eps². Between them use ParityScheme."
        )
    return getattr(_expansion(t, eps, coarse), quantity)(*points.values())


@lru_cache(maxsize=256)
def _expansion(t: float, eps: float, coarse: bool) -> _inflow_modes.Expansion:
    if coarse:
        return _inflow_modes.expand(t, eps, n_velocity=20, n_contour=18, reach=0.9)
    return _inflow_modes.expand(t, eps)
