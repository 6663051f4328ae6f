"""From a network's outputs to ``f`` and its moments: what they mean is said beside each network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from numpy.typing import NDArray

__all__ = ["ConductsHeat", "Observables"]


class Observables(ABC):
    """What the two outputs of a network mean, as float64 arrays at points that have one shape.

    Attributes:
        speeds: slowest and fastest velocity.
        places: ends of the domain in x.
        period: of what is periodic in x.
    """

    speeds: tuple[float, float]
    places: tuple[float, float]
    period: float | None = None

    @abstractmethod
    def moments(
        self, first: NDArray, modes: NDArray, t: NDArray, x: NDArray, eps: NDArray
    ) -> NDArray:
        """``<(1, v, v²/2) f>`` with the average of the equation, along a new last axis.

        ``<·>`` is ``½ ∫_{-1}^{1}`` for linear transport and ``∫_{-∞}^{∞}`` for BGK.
        """

    @abstractmethod
    def distribution(
        self, first: NDArray, modes: NDArray, t: NDArray, x: NDArray, v: NDArray, eps: NDArray
    ) -> NDArray:
        """``f(t, x, v; ε)``, in the shape of the points."""


class ConductsHeat(Protocol):
    """Observables that have a heat flux too; arguments as of :meth:`Observables.moments`."""

    def heat_flux(
        self, first: NDArray, modes: NDArray, t: NDArray, x: NDArray, eps: NDArray
    ) -> NDArray:
        """``½ <(v − u)³ f>``, in the shape of the points."""
