"""Operations whose backward pass records row by row instead of summing over all tasks.

In the backward pass of the *summed* loss a linear layer sees, row by row, its input ``x_i`` and the
gradient ``δ_i`` of its output; row i belongs to one task, so
``∂L_k/∂W = Σ_{i in task k} δ_i x_iᵀ``: one batched matrix product instead of one product, and the
same number of operations.

Every operation gets stand-ins (:mod:`hrgradlib.optim._standin`) and the call it belongs to
(:class:`hrgradlib.optim._call.Call`); autograd learns nothing of the stand-ins, the call does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import embedding, linear

__all__ = ["expanded", "gathered", "multiplied", "rows_of"]


def value_of(parameter: Any) -> Any:
    """What a stand-in stands for; used only where autograd does not look."""
    return getattr(parameter, "value", parameter)


def multiplied(input: Tensor, weight: Tensor, bias: Tensor | None, call) -> Tensor:
    """``x Wᵀ + b`` for x of shape [rows, ..., features]."""
    return _Linear.apply(input, weight, bias, call)


def expanded(standin: Tensor, call, ndim: int) -> Tensor:
    """[*S] to [rows, 1, ..., 1, *S] of ``ndim`` dimensions: the same numbers for every row."""
    return _Expanded.apply(standin, call, ndim)


def rows_of(standin: Tensor, call) -> Tensor:
    """A stand-in of shape [rows, ...] whose row i is used by row i alone."""
    return _Rows.apply(standin, call)


def gathered(codes: Tensor, standin: Tensor, padding: int | None, call) -> Tensor:
    """``W[codes]`` for codes of shape [rows, ...], as ``nn.Embedding`` does."""
    return _Gathered.apply(codes, standin, padding, call)


class _Linear(Function):
    @staticmethod
    def forward(ctx, input, weight, bias, call):
        ctx.save_for_backward(input)
        ctx.layer = weight, bias, call
        return linear(input, value_of(weight), value_of(bias))

    @staticmethod
    def backward(ctx, grad):
        (input,) = ctx.saved_tensors
        weight, bias, call = ctx.layer
        call.record_product(weight, bias, grad, input, came=grad)
        back = _transpose(grad, weight, call) if ctx.needs_input_grad[0] else None
        return back, None, None, None


def _transpose(grad: Tensor, weight: Tensor, call) -> Tensor:
    if torch.is_grad_enabled():  # create_graph=True: this product is differentiated again
        return _Transpose.apply(grad, weight, call)
    return grad @ value_of(weight)


class _Transpose(Function):
    """``δ W``: the step back through a layer, itself recorded when differentiated again."""

    @staticmethod
    def forward(ctx, grad, weight, call):
        ctx.save_for_backward(grad)
        ctx.layer = weight, call
        return grad @ value_of(weight)

    @staticmethod
    def backward(ctx, again):
        (grad,) = ctx.saved_tensors
        weight, call = ctx.layer
        call.record_product(weight, None, grad, again, came=again)
        forward = _Linear.apply(again, weight, None, call) if ctx.needs_input_grad[0] else None
        return forward, None, None


class _Expanded(Function):
    @staticmethod
    def forward(ctx, standin, call, ndim):
        ctx.layer = standin, call
        value = value_of(standin).detach()
        if value.ndim == ndim:  # [1, *S]
            value = value[0]
        ones = [1] * (ndim - 1 - value.ndim)
        return value.expand(call.rows, *ones, *value.shape)

    @staticmethod
    def backward(ctx, grad):
        standin, call = ctx.layer
        call.record_sum(standin, grad)
        return None, None, None


class _Rows(Function):
    @staticmethod
    def forward(ctx, standin, call):
        ctx.layer = standin, call
        return value_of(standin).detach()

    @staticmethod
    def backward(ctx, grad):
        standin, call = ctx.layer
        call.record_rows(standin, grad)
        return None, None


class _Gathered(Function):
    @staticmethod
    def forward(ctx, codes, standin, padding, call):
        ctx.save_for_backward(codes)
        ctx.layer = standin, padding, call
        return embedding(codes, value_of(standin).detach())

    @staticmethod
    def backward(ctx, grad):
        (codes,) = ctx.saved_tensors
        standin, padding, call = ctx.layer
        if padding is not None:
            grad = grad.masked_fill((codes == padding)[..., None], 0)
        call.record_gather(standin, codes, grad)
        return None, None, None, None
