"""Metrics that are diagonal in the parameters: identity and Adam's."""

from __future__ import annotations

import math

import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim._metric import Metric, MetricState, Weights
from hrgradlib.optim._properties import Property
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._rows import Rows, adam_bound, offer_rows, unbiased
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["Adam", "Identity", "leading"]


class Identity(Metric):
    """``P = 1``: gradient descent with momentum, bias corrected as Adam's."""

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99), "harmony": 0.5}
    properties = frozenset({Property.TASK_ORDER, Property.SINGLE_TASK_BASE})

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, per_task=["first_moments"])
        state.scratch = Rows.like(state.per_task["first_moments"])
        return state

    def offer(self, state, given, step, weights, group):
        moments, rows, beta1 = state.per_task["first_moments"], state.scratch, group["betas"][0]
        root = None if state.scale is None else state.scale.sqrt()
        rows.fill(moments, given.matrix.to(moments.dtype), 1 - beta1, root, given.absent)

        def commit(_: Weights) -> None:
            moments.copy_(rows.fresh)

        unbias = unbiased(beta1, state.seen)
        return offer_rows(rows, root, state.scale, unbias, math.inf, _same, commit)


class Adam(Metric):
    """``P = diag(1/(√v̂ + tiny))``, v [n] the second moment of what is stepped along.

    That is the sum of the task gradients with the weights of the last step. (With the plain sum, a
    number that belongs to one weak task alone, or at which the tasks cancel, would move by
    hundreds of learning rates as soon as the weights differ.)
    """

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99), "tiny": 1e-8, "harmony": 0.5}
    properties = frozenset(
        {Property.TASK_ORDER, Property.SINGLE_TASK_BASE, Property.STEP_SCALE_FREE}
    )
    follows = True

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, ["first_moments"], ["second_moment"])
        state.scratch = Rows.like(state.per_task["first_moments"])
        return state

    def offer(self, state, given, step, weights, group):
        moments, second = state.per_task["first_moments"], state.shared["second_moment"]
        rows, (beta1, beta2) = state.scratch, group["betas"]
        matrix = given.matrix.to(moments.dtype)
        led = leading(matrix, weights)
        fresh = second.mul(beta2).addcmul_(led, led, value=1 - beta2)
        # Root first: dividing by the small correction could leave the range of the dtype.
        root = fresh.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["tiny"]).rsqrt_()  # √P
        if state.scale is not None:
            root.mul_(state.scale.sqrt())
        rows.fill(moments, matrix, 1 - beta1, root, given.absent)

        def commit(_: Weights) -> None:
            moments.copy_(rows.fresh)
            second.copy_(fresh)

        bound = adam_bound(group["betas"], step)
        unbias = unbiased(beta1, state.seen)
        return offer_rows(rows, root, state.scale, unbias, bound, _same, commit)


def leading(matrix: Tensor, weights: NDArray) -> Tensor:
    """``Σ_k w_k g_k`` [n], its square finite.

    Raises:
        StepRefused: the square leaves the range of the dtype.
    """
    factors, wide = torch.as_tensor(weights), matrix
    if not float(factors.max()) < torch.finfo(matrix.dtype).max ** 0.5:  # of a very short gradient
        wide = matrix.double()
    total = (factors.to(wide) @ wide).to(matrix)
    if not math.isfinite(float(total.dot(total))):
        largest = float(total.abs().amax())
        if not largest * largest < torch.finfo(matrix.dtype).max:
            raise StepRefused(
                "HRGrad: NaN or inf in the second moment, as the weighted sum of the gradients "
                f"reaches {largest:.3g}, whose square is too large for {matrix.dtype}; nothing was "
                "updated. Scale the losses down or use float64."
            )
    return total


def _same(coordinates: Tensor) -> Tensor:
    return coordinates
