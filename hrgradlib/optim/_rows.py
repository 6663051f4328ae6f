"""Moments and gradients in coordinates where the metric is the identity, and their products.

All metrics that are diagonal in some orthonormal basis share this: ``P = Q diag(ρ²) Qᵀ`` with a
root ``ρ``; a row is ``ρ Qᵀ m_k``. Products are accumulated in float64 whatever the dtype of the
rows, so that rank, stationarity and the promise of a cosine are judged alike in every precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim._metric import Candidates, Joint, Step, Weights

__all__ = ["Rows", "adam_bound", "gramian_of", "offer_rows", "unbiased"]

_FAR = 1e-140, 1e140  # norms whose squares float64 still holds with all digits


class Rows(NamedTuple):
    """Kept from step to step: fresh memory costs as much as the products do.

    Attributes:
        fresh: [K, n] moments after this step, in the metric's basis; in the dtype of moments.
        moments: [K, n] the same times the root, float64.
        gradients: [K, n] the current gradients times the root, in the dtype of moments.
    """

    fresh: Tensor
    moments: Tensor
    gradients: Tensor

    @staticmethod
    def like(moments: Tensor) -> Rows:
        """Empty, for moments of this shape and dtype."""
        return Rows(
            torch.empty_like(moments),
            torch.empty_like(moments, dtype=torch.float64),
            torch.empty_like(moments),
        )

    def fill(
        self,
        moments: Tensor,
        gradients: Tensor,
        lent: float,
        root: Tensor | None,
        absent: Sequence[int] = (),
    ) -> None:
        """Of the last moments and current gradients [K, n], in the metric's basis.

        Args:
            moments, gradients: as said; ``gradients`` may be ``self.gradients``.
            lent: ``1 − β₁``, what a gradient contributes to its moment.
            root: [n] of the metric, or None for one.
            absent: tasks whose moments wait; they have no part in the products.
        """
        torch.lerp(moments, gradients, lent, out=self.fresh)
        self.moments.copy_(self.fresh)
        if root is None:
            self.gradients.copy_(gradients)
        else:
            self.moments.mul_(root.double())
            torch.mul(gradients, root, out=self.gradients)
        for task in absent:
            self.fresh[task] = moments[task]
            self.moments[task] = 0.0


def adam_bound(betas: tuple[float, float], step: int) -> float:
    """The farthest that Adam moves a parameter at this step, in learning rates.

    ``|m̂| ≤ b √v̂`` by the Cauchy–Schwarz inequality, with equality for one sequence of gradients
    (theorem in chapter 7):

        b² = (1 − β₁)²/(1 − β₁ᵗ)² · (1 − β₂ᵗ)/(1 − β₂) · Σ_{s<t} (β₁²/β₂)ˢ.
    """
    beta1, beta2 = betas
    if beta2 == 0:
        return math.inf if beta1 > 0 and step > 1 else 1.0
    ratio = beta1**2 / beta2
    total = step if ratio == 1 else (1 - ratio**step) / (1 - ratio)
    first = (1 - beta1) / (1 - beta1**step)
    return first * math.sqrt((1 - beta2**step) / (1 - beta2) * total)


def unbiased(beta1: float, seen: NDArray) -> NDArray:
    """``1/(1 − β₁^s)`` [K], s the steps that went into a task's moment (zero if none did)."""
    return 1 / (1 - beta1 ** np.maximum(seen, 1))


def offer_rows(
    rows: Rows,
    root: Tensor | None,
    scale: Tensor | None,
    unbias: NDArray,
    bound: float,
    back: Callable[[Tensor], Tensor],
    commit: Callable[[Weights], None],
) -> Candidates:
    """Candidates of a metric that is diagonal in some basis.

    Args:
        rows: in the coordinates of that basis, times the root.
        root: [n] ``ρ``; None for one.
        scale: [n] learning rates as multiples of the largest, part of ``ρ²``; None for one.
        unbias: [K] what makes a moment of its biased row.
        bound: the farthest that any coordinate of the step may move, in learning rates.
        back: from coordinates [n] of that basis to parameters.
        commit: as in :class:`Candidates`.
    """
    accurate, dtype = rows.moments, rows.fresh.dtype
    moments = gramian_of(accurate) * np.outer(unbias, unbias)

    def joint() -> Joint:
        fair = torch.as_tensor(unbias).to(accurate)[:, None]
        both = torch.cat([accurate * fair, rows.gradients.double()])
        products = gramian_of(both)
        return Joint(products, products[len(moments) :])

    def current() -> NDArray:
        return gramian_of(rows.gradients.double())

    def combine(weights: Weights) -> Step:
        # In float64: a weight may be as large as the norms of two tasks differ.
        along = torch.as_tensor(weights.on_moments * unbias).to(accurate) @ accurate
        if weights.on_gradients is not None:
            along += torch.as_tensor(weights.on_gradients).to(accurate) @ rows.gradients.double()
        length = _length(along)
        norms = torch.linalg.vector_norm(rows.gradients, dim=1).double()
        seen = rows.gradients @ (along / max(length, _FAR[0])).to(dtype)
        cosines = seen.double() / norms.clamp_min(_FAR[0])
        coordinates = along if root is None else along.mul_(root)
        # A group of learning rate zero stays where it is: zero over zero.
        reached = coordinates if scale is None else coordinates / scale.where(scale > 0, 1.0)
        low, high = torch.aminmax(reached)
        farthest = max(float(high), -float(low))
        # With one task it is the base optimizer, which is never shortened (SOAP exceeds the bound
        # where its basis has just turned); one part in a thousand is left to rounding.
        exceeds = farthest > 1.001 * bound and len(accurate) > 1
        shortened = bound / farthest if exceeds else 1.0
        direction = back(coordinates.mul_(shortened).to(dtype))
        return Step(direction, shortened, norms.cpu().numpy(), cosines.cpu().numpy())

    return Candidates(moments, joint, current, np.finfo(float).eps, combine, commit)


def _length(vector: Tensor) -> float:
    """Euclidean norm; a product is several times faster than what torch does against overflow."""
    square = float(vector.dot(vector))
    return math.sqrt(square) if _FAR[0] < square < _FAR[1] else float(vector.norm())


def gramian_of(rows: Tensor) -> NDArray:
    """[K, n] float64 to [K, K]; rows near the end of the range are first scaled to one."""
    products = _products(rows)
    squares = np.diagonal(products)
    if squares.min() < _FAR[0] ** 2 or not squares.max() < _FAR[1] ** 2:
        scale = rows.abs().amax(1)
        scale = torch.where(scale > 0, scale, 1.0)
        products = _products(rows / scale[:, None])
        factors = scale.cpu().numpy()
        products = products * factors[:, None] * factors
    return products


def _products(rows: Tensor) -> NDArray:
    if rows.device.type != "cpu":
        return (rows @ rows.mT).cpu().numpy()
    array = rows.numpy()
    return array @ array.T  # NumPy's BLAS knows it to be symmetric: half the work
