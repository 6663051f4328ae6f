"""SOAP's metric: Adam's, in the eigenbasis of Shampoo's Kronecker factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hrgradlib.optim._diagonal import leading
from hrgradlib.optim._metric import Candidates, Metric, MetricState, Step, Weights, accurate
from hrgradlib.optim._properties import Property
from hrgradlib.optim._rows import Rows, adam_bound, offer_rows, unbiased
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["Soap"]

_SIDES = ("left", "right")
_LONGEST = 1024  # a factor of more rows costs more than it gives


class Soap(Metric):
    """``P = Q diag(1/(√v̂ + tiny)) Qᵀ`` (Vyas et al., SOAP, arXiv 2409.11321).

    A weight matrix has the factors ``L`` and ``R``, running means of ``G Gᵀ`` and ``Gᵀ G``, and
    ``Q = Q_L ⊗ Q_R`` holds their eigenvectors; v is the second moment of ``Q_Lᵀ G Q_R``. Here G is
    what is stepped along: the sum of the task gradients with the weights of the last step for v,
    and with those chosen now for the factors. Every task has its own first moment, kept in the
    eigenbasis. With one task it is SOAP; like SOAP, it takes no step at its first call, which only
    measures the factors.

    Vectors have no factors (they are Adam's), a side longer than 1024 has none, and more
    than two dimensions are read as ``[first, all others]``. The basis follows its factors by one
    power iteration and a QR decomposition every ``refresh`` steps.
    """

    needs = TaskGradients
    defaults = {"lr": 1e-2, "betas": (0.9, 0.99), "tiny": 1e-8, "harmony": 0.5, "refresh": 10}
    properties = frozenset(
        {Property.TASK_ORDER, Property.SINGLE_TASK_BASE, Property.STEP_SCALE_FREE}
    )

    def check(self, group):
        if not (isinstance(group["refresh"], int) and group["refresh"] >= 1):
            raise ValueError(
                f"HRGrad: found refresh = {group['refresh']!r}; expected an integer ≥ 1."
            )

    def init(self, tasks, like):
        state = MetricState.zeros(tasks, like, ["first_moments"], ["second_moment"])
        moments = state.per_task["first_moments"]
        dtype = accurate(like[0].dtype)
        for side in _SIDES:
            lengths = [_side(p.shape, side) for p in like]
            for kind in ("factor", "basis"):
                state.by_parameter[f"{side}_{kind}"] = [
                    p.new_zeros(n, n, dtype=dtype) if n else p.new_zeros(0, 0, dtype=dtype)
                    for p, n in zip(like, lengths, strict=True)
                ]
        state.scratch = Rows.like(moments)
        return state

    def offer(self, state, given, step, weights, group):
        matrix = given.matrix.to(state.shared["second_moment"].dtype)
        if step == 1:
            return self._measure(state, matrix, group)
        moments, second = state.per_task["first_moments"], state.shared["second_moment"]
        (beta1, beta2), rows, done = group["betas"], state.scratch, step - 1
        turned = _Basis(state).turn(matrix, out=rows.gradients)
        led = leading(turned, weights)
        fresh = second.mul(beta2).addcmul_(led, led, value=1 - beta2)
        root = fresh.sqrt().add_(group["tiny"]).div_((1 - beta2**done) ** 0.5).rsqrt_()
        if state.scale is not None:  # constant over a parameter, so it has no basis
            root.mul_(state.scale.sqrt())
        rows.fill(moments, turned, 1 - beta1, root, given.absent)

        def commit(chosen: Weights) -> None:
            moments.copy_(rows.fresh)
            second.copy_(fresh)
            _follow(state, leading(matrix, _or(chosen, weights)), beta2)
            if done % group["refresh"] == 0:
                _refresh(state)

        bound = adam_bound(group["betas"], done)
        back = _Basis(state).turn_back
        unbias = unbiased(beta1, state.seen)
        return offer_rows(rows, root, state.scale, unbias, bound, back, commit)

    @staticmethod
    def _measure(state: MetricState, matrix: Tensor, group: Mapping[str, Any]) -> Candidates:
        """The first call: factors and their eigenvectors, and no step."""
        rows = state.scratch
        rows.fill(matrix, matrix, 1.0, None)

        def commit(chosen: Weights) -> None:
            led = leading(matrix, _or(chosen, np.ones(len(matrix))))
            _follow(state, led, group["betas"][1])
            for side in _SIDES:
                for factor, basis in _pairs(state, side):
                    basis.copy_(torch.linalg.eigh(factor).eigenvectors.flip(1))

        offered = offer_rows(
            rows, None, None, np.ones(len(matrix)), float("inf"), lambda c: c, commit
        )

        def stay(weights: Weights) -> Step:
            step = offered.combine(weights)
            return step._replace(direction=torch.zeros_like(step.direction))

        return offered._replace(combine=stay, still=True)


def _or(chosen: Weights, otherwise) -> Any:
    """The weights chosen, unless the step was none."""
    return chosen.by_task if chosen.by_task.any() else otherwise


def _side(shape: Sequence[int], side: str) -> int:
    """Length of a factor of a parameter; 0 where it has none."""
    if len(shape) < 2:
        return 0
    rows, columns = shape[0], int(np.prod(shape[1:]))
    length = rows if side == "left" else columns
    return length if length <= _LONGEST else 0


def _pairs(state: MetricState, side: str):
    """(factor, basis) of the parameters that have them on this side."""
    named = state.by_parameter
    pairs = zip(named[f"{side}_factor"], named[f"{side}_basis"], strict=True)
    return [(factor, basis) for factor, basis in pairs if len(factor)]


class _Basis:
    """Turns vectors of all parameters into the eigenbasis and back."""

    def __init__(self, state: MetricState) -> None:
        self.state = state
        self.left, self.right = (state.by_parameter[f"{side}_basis"] for side in _SIDES)

    def turn(self, flat: Tensor, out: Tensor) -> Tensor:
        """[K, n] to ``Q_Lᵀ G Q_R`` of every matrix, into ``out``."""
        out.copy_(flat)
        for part, left, right in zip(self.state.split(out), self.left, self.right, strict=True):
            if part.ndim < 3:
                continue
            matrices = part.flatten(2)
            found = matrices @ right if len(right) else matrices
            if len(left):
                found = left.mT @ found
            matrices.copy_(found)
        return out

    def turn_back(self, flat: Tensor) -> Tensor:
        """[n] to ``Q_L D Q_Rᵀ``."""
        found = []
        for part, left, right in zip(self.state.split(flat), self.left, self.right, strict=True):
            turned = part
            if part.ndim > 1:
                turned = part.flatten(1) @ right.mT if len(right) else part.flatten(1)
                turned = left @ turned if len(left) else turned
            found.append(turned.reshape(-1))
        return torch.cat(found)


def _follow(state: MetricState, led: Tensor, beta: float) -> None:
    """Running means of ``G Gᵀ`` and ``Gᵀ G``."""
    factors = (state.by_parameter[f"{side}_factor"] for side in _SIDES)
    for part, left, right in zip(state.split(led), *factors, strict=True):
        if part.ndim > 1:
            matrix = part.flatten(1)
            if len(left):
                left.lerp_(matrix @ matrix.mT, 1 - beta)
            if len(right):
                right.lerp_(matrix.mT @ matrix, 1 - beta)


def _refresh(state: MetricState) -> None:
    """One power iteration of every basis; what is kept in the old one is turned along."""
    second = state.split(state.shared["second_moment"])
    moments = state.split(state.per_task["first_moments"])
    for side in _SIDES:
        named = (state.by_parameter[f"{side}_{kind}"] for kind in ("factor", "basis"))
        for factor, basis, v, m in zip(*named, second, moments, strict=True):
            if not len(factor):
                continue
            powered = factor @ basis
            order = (basis * powered).sum(0).argsort(descending=True)
            fresh = torch.linalg.qr(powered[:, order]).Q
            change = basis.mT @ fresh
            basis.copy_(fresh)
            v2, m2 = v.flatten(1), m.flatten(2)
            if side == "left":
                v.copy_(v2[order].view_as(v))
                m.copy_((change.mT @ m2).view_as(m))
            else:
                v.copy_(v2[:, order].view_as(v))
                m.copy_((m2 @ change).view_as(m))
