"""Metrics that are diagonal in the parameters: identity and Adam's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim._metric import Candidates, Metric, MetricState, Weights
from hrgradlib.optim._properties import Property
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["Adam", "Identity"]


class Rows(NamedTuple):
    """Moments and current gradients in coordinates where the metric is the identity.

    Kept from step to step: fresh memory costs as much as the products do.

    Attributes:
        moments, gradients: [K, n] each.
        flat: [2K, n] both.
        blocks: [n / width, 2K, width] the same numbers, filled up with zeros.
    """

    moments: Tensor
    gradients: Tensor
    flat: Tensor
    blocks: Tensor

    @staticmethod
    def like(moments: Tensor) -> Rows:
        """For K moments of n numbers."""
        tasks, count = moments.shape
        blocks = max(1, count // 1024)
        padded = moments.new_zeros(2 * tasks, blocks, -(-count // blocks))
        flat = padded.flatten(1)[:, :count]
        return Rows(flat[:tasks], flat[tasks:], flat, padded.transpose(0, 1))


class Identity(Metric):
    """``P = 1``: gradient descent with momentum, bias corrected as Adam's."""

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99)}
    properties = frozenset({Property.TASK_ORDER, Property.SINGLE_TASK_BASE})

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, per_task=["first_moments"])
        state.scratch = Rows.like(state.per_task["first_moments"])
        return state

    def offer(self, state, given, step, group):
        moments, rows, beta1 = state.per_task["first_moments"], state.scratch, group["betas"][0]
        torch.lerp(moments, given.matrix, 1 - beta1, out=rows.moments)
        rows.gradients.copy_(given.matrix)

        def commit(_: Weights) -> None:
            moments.copy_(rows.moments)

        return _candidates(rows, None, 1 / (1 - beta1**step), commit)


class Adam(Metric):
    """``P = diag(1/(√v̂ + tiny))``, v [n] the second moment of the summed gradient."""

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99), "tiny": 1e-8}
    properties = frozenset(
        {Property.TASK_ORDER, Property.SINGLE_TASK_BASE, Property.STEP_SCALE_FREE}
    )

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, ["first_moments"], ["second_moment"])
        state.scratch = Rows.like(state.per_task["first_moments"])
        return state

    def offer(self, state, given, step, group):
        moments, second = state.per_task["first_moments"], state.shared["second_moment"]
        rows, (beta1, beta2) = state.scratch, group["betas"]
        fresh = second.mul(beta2).addcmul_(given.total, given.total, value=1 - beta2)
        # Root first: dividing by the small correction could leave the range of the dtype.
        root = fresh.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["tiny"]).rsqrt_()  # √P
        torch.lerp(moments, given.matrix, 1 - beta1, out=rows.moments).mul_(root)
        torch.mul(given.matrix, root, out=rows.gradients)

        def commit(_: Weights) -> None:
            moments.lerp_(given.matrix, 1 - beta1)
            second.copy_(fresh)

        return _candidates(rows, root, 1 / (1 - beta1**step), commit)


def _candidates(
    rows: Rows, root: Tensor | None, unbias: float, commit: Callable[[Weights], None]
) -> Candidates:
    products, roundoff = _gramian(rows)

    def combine(weights: Weights) -> Tensor:
        used = weights.used
        # The bias of the first moments is one common factor: left out of the K×K algebra.
        direction = torch.as_tensor(used * unbias).to(rows.flat) @ rows.flat[: len(used)]
        return direction if root is None else direction.mul_(root)

    return Candidates(products, products[len(products) // 2 :], roundoff, combine, commit)


def _gramian(rows: Rows) -> tuple[NDArray, float]:
    """Joint Gramian [2K, 2K] of moments and gradients, float64.

    Products are summed in float64 over blocks of the parameters. Only where a square nears the
    end of the dtype's range are the rows first scaled to one.

    Returns:
        The Gramian and the unit roundoff to judge its rank by.
    """
    blocks, info = rows.blocks, torch.finfo(rows.flat.dtype)
    products = _products(blocks)
    squares = np.diagonal(products)
    if squares.min() < info.tiny / info.eps or not squares.max() < info.max * info.eps:
        scale = rows.flat.abs().amax(1)
        scale = torch.where(scale > 0, scale, 1.0)
        products = _products(blocks / scale[:, None])
        factors = scale.double().cpu().numpy()
        products = products * factors[:, None] * factors
    return products, info.eps


def _products(blocks: Tensor) -> NDArray:
    return torch.bmm(blocks, blocks.mT).sum(0, dtype=torch.float64).cpu().numpy()
