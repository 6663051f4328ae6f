"""What can be done with a parameter so that its gradient can be split into tasks.

Three uses:

- with parameters and constants only: an expression of parameters, a stand-in itself;
- ``linear``, matrix products and look-ups with rows of points (:mod:`hrgradlib.optim._rowwise`);
- element by element with rows of points, as slopes, scales and biases are.

Normalisations and the like are made of the third. All else is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from hrgradlib.optim import _rowwise as rowwise
from hrgradlib.optim._standin import StandIn, alone, refusal, replaced, shape_of, tensors_in

__all__ = ["use"]


def use(func: Callable, args: tuple, kwargs: dict) -> Any:
    """``func(*args, **kwargs)`` where an argument is a stand-in.

    Raises:
        UnsupportedLayerError: it cannot be split into tasks.
    """  # noqa: DOC502 (raised by what it calls)
    if func is linear:
        return _linear(*args, **kwargs)
    tensors = [*tensors_in((args, kwargs))]
    first = next(t for t in tensors if isinstance(t, StandIn))
    if torch.is_grad_enabled():
        rows = [t for t in tensors if not isinstance(t, StandIn) and first.recorder.is_rows(t)]
        if rows:
            return _with_rows(func, args, kwargs, first, rows)
    return alone(func, args, kwargs, first.recorder)


def _with_rows(func, args: tuple, kwargs: dict, first: StandIn, rows: list[Tensor]) -> Any:
    """Parameters and rows of points."""
    count = rows[0].shape[0]
    if any(t.shape[0] != count for t in rows):
        raise refusal(first, f"by {_name(func)} with rows of different number")
    name = _name(func)
    if name in _LAYERS:
        return _LAYERS[name](first, *args, **kwargs)
    known = name in _ELEMENTWISE or name in _JOINING
    if not known or "out" in kwargs or (name.endswith("_") and isinstance(args[0], StandIn)):
        raise refusal(first, f"by {name}")
    ndim = max(len(shape_of(t)) for t in tensors_in((*args, *kwargs.values())))
    if any(t.ndim != ndim for t in rows):
        raise refusal(first, f"by {name} with rows of different dimensions")
    if name in _JOINING and _dimension(args, kwargs) % ndim == 0:
        raise refusal(first, f"by {name} along the rows")
    call = first.recorder.call(count)

    def by_row(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, StandIn):
            return tensor
        shape = shape_of(tensor)
        if len(shape) == ndim and shape[0] == count:
            return rowwise.rows_of(tensor, call)
        if name in _JOINING or (len(shape) == ndim and shape[0] != 1):
            raise refusal(tensor, f"by {name}")
        return rowwise.expanded(tensor, call, ndim)

    return func(*replaced(args, by_row), **{k: replaced(v, by_row) for k, v in kwargs.items()})


def _dimension(args: tuple, kwargs: dict) -> int:
    return kwargs.get("dim", args[1] if len(args) > 1 else 0)


def _name(func) -> str:
    return getattr(func, "__name__", str(func))


# --- layers ------------------------------------------------------------------------------------


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    lent = weight
    if not isinstance(lent, StandIn):
        lent = next(t for t in (bias, input) if isinstance(t, StandIn))
    recorder = lent.recorder
    if isinstance(input, StandIn) or not recorder.is_rows(input):
        if any(_made_of_points(t) for t in (weight, bias)):
            raise refusal(lent, "by linear beside a weight or bias that was made of points")
        return alone(linear, (input, weight, bias), {}, recorder)
    if input.ndim < 2:
        raise refusal(lent, f"by linear on an input of shape {tuple(input.shape)}, points first")
    if _made_of_points(weight):
        raise refusal(lent, "by linear beside a weight that was made of points")
    lone = isinstance(bias, StandIn) and len(shape_of(bias)) == 1
    if bias is not None and not lone and bias.requires_grad:  # generated: one row per point
        return linear(input, weight) + bias
    return rowwise.multiplied(input, weight, bias, recorder.call(input.shape[0]))


def _made_of_points(tensor: Tensor | None) -> bool:
    return tensor is not None and not isinstance(tensor, StandIn) and tensor.requires_grad


def _matmul(first: StandIn, left: Tensor, right: Tensor) -> Tensor:
    if not isinstance(right, StandIn) or isinstance(left, StandIn) or len(shape_of(right)) > 2:
        raise refusal(first, "by matmul from the left, or as a batch of matrices")
    if len(shape_of(right)) == 1:
        return _linear(left, right[None])[..., 0]
    return _linear(left, right.T)


def _addmm(first: StandIn, bias: Tensor, left: Tensor, right: Tensor, *, beta=1, alpha=1) -> Tensor:
    product = _matmul(first, left, right) if isinstance(right, StandIn) else left @ right
    return beta * bias + alpha * product


def _layer_norm(first: StandIn, input, normalized_shape, weight=None, bias=None, eps=1e-5):
    return _affine(first, nn.functional.layer_norm(input, normalized_shape, eps=eps), weight, bias)


def _rms_norm(first: StandIn, input, normalized_shape, weight=None, eps=None):
    return _affine(first, nn.functional.rms_norm(input, normalized_shape, eps=eps), weight, None)


def _group_norm(first: StandIn, input, num_groups, weight=None, bias=None, eps=1e-5):
    normal = nn.functional.group_norm(input, num_groups, eps=eps)
    return _affine(first, normal, *(_channels(t, input) for t in (weight, bias)))


def _batch_norm(
    first, input, running_mean, running_var, weight=None, bias=None,
    training=False, momentum=0.1, eps=1e-5,
):  # fmt: skip
    if training:
        raise refusal(first, "by batch_norm with the statistics of the batch")
    normal = nn.functional.batch_norm(input, running_mean, running_var, eps=eps)
    return _affine(first, normal, *(_channels(t, input) for t in (weight, bias)))


def _affine(first: StandIn, normal: Tensor, weight, bias) -> Tensor:
    if isinstance(normal, StandIn):
        raise refusal(first, "by a normalisation of parameters")
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


def _channels(values: Tensor | None, like: Tensor) -> Tensor | None:
    """[C] for rows [N, C, ...]."""
    return None if values is None else values.view(-1, *[1] * (like.ndim - 2))


def _prelu(first: StandIn, input: Tensor, weight: Tensor) -> Tensor:
    if isinstance(input, StandIn):
        raise refusal(first, "as the input of prelu")
    slope = weight.view(-1 if weight.numel() > 1 else 1, *[1] * (input.ndim - 2))
    return torch.where(input > 0, input, slope * input)


def _embedding(
    first, input, weight, padding_idx=None, max_norm=None,
    norm_type=2.0, scale_grad_by_freq=False, sparse=False,
):  # fmt: skip
    if max_norm is not None or scale_grad_by_freq or sparse or not isinstance(weight, StandIn):
        raise refusal(first, "by an embedding with max_norm, scale_grad_by_freq or sparse")
    if padding_idx is not None and padding_idx < 0:
        padding_idx += weight.shape[0]
    return rowwise.gathered(input, weight, padding_idx, first.recorder.call(input.shape[0]))


def _getitem(first: StandIn, values: Tensor, index: Tensor) -> Tensor:
    good = isinstance(values, StandIn) and isinstance(index, Tensor) and values.ndim > 0
    if not good or index.dtype not in (torch.int64, torch.int32):
        raise refusal(first, "by an index that was made of points")
    flat = values.reshape(len(values), -1)
    codes = torch.where(index < 0, index + len(values), index)
    found = rowwise.gathered(codes, flat, None, first.recorder.call(len(index)))
    return found.reshape(*index.shape, *values.shape[1:])


def _index_select(first: StandIn, values: Tensor, dim: int, index: Tensor) -> Tensor:
    if dim != 0:
        raise refusal(first, "by index_select along another dimension than the first")
    return _getitem(first, values, index)


_LAYERS: dict[str, Callable] = {
    "matmul": _matmul,
    "__matmul__": _matmul,
    "__rmatmul__": lambda first, right, left: _matmul(first, left, right),
    "mm": _matmul,
    "mv": _matmul,
    "addmm": _addmm,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "group_norm": _group_norm,
    "batch_norm": _batch_norm,
    "prelu": _prelu,
    "embedding": _embedding,
    "__getitem__": _getitem,
    "index_select": _index_select,
}
_BINARY = ("add", "sub", "mul", "div", "truediv", "pow", "rsub")
_ELEMENTWISE = frozenset(
    form.format(name) for name in _BINARY for form in ("{}", "{}_", "__{}__", "__r{}__", "__i{}__")
) | frozenset(
    "subtract multiply divide true_divide maximum minimum where addcmul addcdiv lerp atan2 hypot "
    "copysign rsub".split()
)
_JOINING = frozenset({"cat", "concat", "concatenate"})
