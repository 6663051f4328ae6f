"""Convection against diffusion, singularly perturbed: problem data and residuals in mixed form.

``−ε u'' + u' = f`` on (0, 1), ``u(0) = u(1) = 0``; ε is the inverse of the Péclet number. For ε → 0
it is the reduced equation ``u' = f``, ``u(0) = 0``, which cannot meet the value at x = 1: there a
layer of width ε is left. In the unknowns u and ``q``, the flux that is carried and diffused,

    q' = f,      u − ε u' = q,

no term is larger than O(1), inside the layer or outside: as in a micro–macro system.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["ConvectionDiffusion", "ConvectionFields", "layer_profile", "residual"]


@dataclass(frozen=True)
class ConvectionDiffusion:
    """The problem ``convection-diffusion``, a stationary one: its solution is that at every t.

    Attributes:
        eps_range: smallest and largest inverse Péclet number.
        final_time: end of the times that may be asked for; nothing depends on them.
        source: pairs (k, a): ``f(x) = Σ a cos πkx``, positive, so that u is.
        eval_eps, eval_times: where errors are quoted.
    """

    eps_range: tuple[float, float] = (1e-4, 1.0)
    final_time: float = 1.0
    source: tuple[tuple[int, float], ...] = ((0, 1.0), (1, 0.5), (3, 0.4))
    eval_eps: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
    eval_times: tuple[float, ...] = (1.0,)

    def source_at(self, x: Tensor) -> Tensor:
        """``f`` at x, same shape as x."""
        waves = (a * torch.cos(np.pi * k * x) for k, a in self.source)
        return sum(waves, torch.zeros_like(x))

    def reduced(self, x: NDArray) -> NDArray:
        """Solution of ``u' = f``, ``u(0) = 0``: the limit of small ε outside the layer."""
        return sum((a * _integral(k, x) for k, a in self.source), np.zeros(()))

    def reduced_with_layer(self, x: NDArray, eps: NDArray) -> NDArray:
        """The same, and the layer that meets the value at x = 1: matched asymptotics, O(ε)."""
        return self.reduced(x) - self.reduced(np.ones(())) * layer_profile(x, eps)

    def diffusion(self, x: NDArray, eps: NDArray) -> NDArray:
        """Solution of ``−ε u'' = f`` with both values: the limit of large ε."""

        def twice(x: NDArray) -> NDArray:
            return sum((a * _twice(k, x) for k, a in self.source), np.zeros(()))

        return (x * twice(np.ones(())) - twice(x)) / eps


class ConvectionFields(NamedTuple):
    """What the residuals need of a candidate solution at N points.

    Attributes:
        value: [N] u.
        slope: [N] ``ε u'``, O(1) in the layer too.
        flux: [N] q.
        flux_x: [N] ``q'``.
    """

    value: Tensor
    slope: Tensor
    flux: Tensor
    flux_x: Tensor


def residual(fields: ConvectionFields, source: Tensor) -> Tensor:
    """``q' − f`` and ``u − ε u' − q``, [N, 2], dimensionless.

    Args:
        fields: see :class:`ConvectionFields`.
        source: [N] f at the points.
    """
    return torch.stack([fields.flux_x - source, fields.value - fields.slope - fields.flux], 1)


def layer_profile(x: NDArray, eps: NDArray) -> NDArray:
    """``(e^{x/ε} − 1)/(e^{1/ε} − 1)``: 0 at x = 0, 1 at x = 1, killed by the left side."""
    return np.exp((x - 1) / eps) * np.expm1(-x / eps) / np.expm1(-1 / eps)


def _integral(k: int, x: NDArray) -> NDArray:
    """Of ``cos πkx`` from 0 to x."""
    return x if k == 0 else np.sin(np.pi * k * x) / (np.pi * k)


def _twice(k: int, x: NDArray) -> NDArray:
    return x**2 / 2 if k == 0 else (1 - np.cos(np.pi * k * x)) / (np.pi * k) ** 2
