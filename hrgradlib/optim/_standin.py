"""Stand-ins for parameters, which take part in no operation that is not looked at first.

What may be done with them is told by :mod:`hrgradlib.optim._layers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "StandIn",
    "UnsupportedLayerError",
    "alone",
    "refusal",
    "replaced",
    "shape_of",
    "tensors_in",
]


class UnsupportedLayerError(RuntimeError):
    """A parameter is used by something that cannot be split into tasks in one backward pass.

    Example:
        >>> from hrgradlib import task_gradients
        >>> model, x = nn.Bilinear(2, 2, 1), torch.ones(3, 2)
        >>> try:
        ...     task_gradients(lambda: model(x, x)[:, 0], model, [2, 1], engine="one-backward")
        ... except UnsupportedLayerError as error:
        ...     print(str(error).split(",")[0])
        task_gradients: parameter 'weight' is used by bilinear
    """


class StandIn(Tensor):
    """Stands in for a parameter, or for an expression of parameters alone.

    Attributes:
        own: the parameter, or None for an expression.
        value: what it stands for, as autograd does not see it.
        start: the parameter's first column of the matrix.
        total: [K, *shape] what was recorded so far, or None.
        placed: whether ``total`` is a view of the matrix.
        recorder: :class:`hrgradlib.optim._recorder.Recorder`.
    """

    own: nn.Parameter | None
    value: Tensor
    start: int
    total: Tensor | None
    placed: bool
    recorder: Any
    _leaf: Tensor | None

    @staticmethod
    def of(parameter: nn.Parameter, start: int, recorder) -> StandIn:
        """For a parameter."""
        standin = Tensor._make_subclass(StandIn, parameter, True)  # as nn.Parameter does
        standin.own = standin.value = parameter
        standin.start, standin.recorder = start, recorder
        standin.total, standin.placed, standin._leaf = None, False, None
        standin._is_param = True  # what isinstance(…, nn.Parameter) asks for
        return standin

    @staticmethod
    def made(expression: Tensor, recorder) -> StandIn:
        """For an expression of parameters."""
        value = expression.detach()
        standin = Tensor._make_subclass(StandIn, value, True)
        standin.own, standin.value, standin._leaf = None, value, expression
        standin.start, standin.recorder = -1, recorder
        standin.total, standin.placed = None, False
        recorder.expressions.append(standin)
        return standin

    @property
    def expression(self) -> Tensor:
        """With the graph to the parameters, in copies of them that share their storage."""
        if self._leaf is None:
            self._leaf = self.value.detach().requires_grad_()
        return self._leaf

    @property
    def is_expressed(self) -> bool:
        """Whether an expression may have been made of this parameter."""
        return self._leaf is not None

    @property
    def label(self) -> str:
        """For messages."""
        if self.own is None:
            return f"an expression of parameters of shape {tuple(self.value.shape)}"
        return f"parameter {self.recorder.name(self.own)!r}"

    def block(self) -> Tensor:
        """The parameter's columns of the matrix, [K, *shape]."""
        columns = self.recorder.matrix.narrow(1, self.start, self.value.numel())
        return columns.view(-1, *self.value.shape)

    def open(self) -> Tensor:
        """``total``, from zero."""
        if self.total is None:
            tasks = len(self.recorder.task_sizes)
            self.total = self.value.new_zeros(tasks, *self.value.shape)
        return self.total

    def collect(self, part: Tensor) -> None:
        self.total = part if self.total is None else self.total.add_(part)

    def add_products(self, left: Tensor, right: Tensor) -> None:
        """A Jacobian is large: products are written at their place, one pass for each."""
        for column, row in zip(left.unbind(1), right.unbind(1), strict=True):
            if self.total is None:
                self.total, self.placed = self.block(), True
                torch.mul(column[:, :, None], row[:, None, :], out=self.total)
            else:
                self.total.addcmul_(column[:, :, None], row[:, None, :])

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        standin = args[1] if len(args) > 1 else None  # the weight of linear
        if type(standin) is not cls:
            standin = next(t for t in tensors_in((args, kwargs)) if isinstance(t, cls))
        return standin.recorder.use(func, args, kwargs or {})


def tensors_in(values: Iterable) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value)
        elif isinstance(value, dict):
            yield from tensors_in(value.values())


def replaced(value: Any, how: Callable[[Tensor], Any]) -> Any:
    """``how`` applied to all tensors of nested arguments or results (``max`` has named ones)."""
    if isinstance(value, Tensor):
        return how(value)
    if isinstance(value, list | tuple):
        parts = [replaced(v, how) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def alone(func, args: tuple, kwargs: dict, recorder) -> Any:
    """Parameters and constants only: the result is a stand-in if it can be differentiated."""
    inside = torch.is_grad_enabled()

    def opened(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, StandIn):
            return tensor
        return tensor.expression if inside else tensor.value

    with torch._C.DisableTorchFunctionSubclass():
        result = func(
            *replaced(args, opened), **{k: replaced(v, opened) for k, v in kwargs.items()}
        )
    if not inside:
        return result
    return replaced(result, lambda t: StandIn.made(t, recorder) if t.requires_grad else t)


def shape_of(tensor: Tensor) -> torch.Size:
    """Without asking the stand-in, which would take it for an expression."""
    return tensor.value.shape if isinstance(tensor, StandIn) else tensor.shape


def refusal(used: StandIn, how: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"task_gradients: {used.label} is used {how}, which cannot be split into tasks in one "
        "backward pass; engine=None falls back to one backward pass per task."
    )
