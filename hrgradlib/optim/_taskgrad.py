"""K task gradients for the price of one backward pass.

Tasks are segments of one batch. In the backward pass of the *summed* loss a linear layer sees,
row by row, its input ``x_i`` and the gradient ``δ_i`` of its output; row i belongs to one task, so
``∂L_k/∂W = Σ_{i in task k} δ_i x_iᵀ``: one batched matrix product instead of one product, and the
same number of operations. Exact, for any number of tasks.

While the losses are built, the model's parameters are replaced by stand-ins that know calls of
``torch.nn.functional.linear`` and refuse all else. So the model needs no change, may call a layer
several times (value and tangent streams), and may differentiate by its inputs
(``torch.autograd.grad(..., create_graph=True)``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

__all__ = ["TaskGradients", "UnsupportedLayerError", "segment_means", "task_gradients"]


class UnsupportedLayerError(RuntimeError):
    """A parameter is used by something that cannot be split into tasks.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
        >>> try:
        ...     task_gradients(lambda: model(torch.ones(3, 2))[:, 0], model, sizes=[2, 1])
        ... except UnsupportedLayerError as error:
        ...     print(str(error).split(";")[0])
        task_gradients: parameter '1.weight' is used by layer_norm
    """


class TaskGradients(NamedTuple):
    """Result of :func:`task_gradients`.

    Attributes:
        losses: [K] value of every task's loss, detached.
        matrix: [K, n] row k is the gradient of loss k by all parameters, flattened in the order
            of ``model.parameters()`` (those that require a gradient).

    Example:
        >>> model = nn.Linear(3, 1)
        >>> found = TaskGradients(losses=torch.zeros(2), matrix=torch.arange(8.0).view(2, 4))
        >>> weight, bias = found.by_parameter(model)
        >>> weight.tolist(), bias.tolist()
        ([[[0.0, 1.0, 2.0]], [[4.0, 5.0, 6.0]]], [[3.0], [7.0]])
    """

    losses: Tensor
    matrix: Tensor

    def by_parameter(self, model: nn.Module) -> list[Tensor]:
        """Views of ``matrix``: one [K, *shape] tensor per trainable parameter."""
        parameters = [p for p in model.parameters() if p.requires_grad]
        blocks = self.matrix.split([p.numel() for p in parameters], dim=1)
        return [b.view(len(b), *p.shape) for b, p in zip(blocks, parameters, strict=True)]


def task_gradients(
    point_losses: Callable[[], Tensor],
    model: nn.Module,
    sizes: Sequence[int],
    out: Tensor | None = None,
) -> TaskGradients:
    """Gradients of the K task losses ``L_k = mean of the losses of task k's points``.

    Args:
        point_losses: evaluates the model and returns the loss of every point, [N]. Points of a
            task are consecutive, and every linear layer must see them as the **first** dimension
            of its input, [N, ..., features]. A point's loss may depend on its own row only (no
            batch normalisation, no attention between points): this cannot be checked here.
        model: its trainable parameters may be used by ``torch.nn.functional.linear`` (hence
            ``nn.Linear``) alone.
        sizes: number of points of every task, ``Σ sizes = N``. Tasks of one size are fastest.
        out: [K, n] contiguous, overwritten and returned as ``matrix``; saves its allocation.

    Returns:
        :class:`TaskGradients`; equal to K backward passes up to rounding.

    Raises:
        UnsupportedLayerError: a trainable parameter enters anything but ``linear``, a layer's
            input has not N rows (both before any backward pass), or a parameter is used through
            a reference kept outside the model.
        ValueError: ``sizes`` do not sum to N, or the losses have the wrong shape.

    Example:
        Two tasks of the model ``w x`` with the loss ``(w x)²``, whose gradient is ``2 w x²``:

        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 3.0)
        >>> x = torch.tensor([[1.0], [1.0], [2.0]])
        >>> found = task_gradients(lambda: model(x)[:, 0].square(), model, sizes=[2, 1])
        >>> found.losses.tolist(), found.matrix.tolist()
        ([9.0, 36.0], [[6.0], [24.0]])
    """  # noqa: DOC502 (UnsupportedLayerError: raised by the stand-ins)
    recorder = _Recorder(model, sizes, out)
    values = recorder.evaluate(point_losses)
    if not isinstance(values, Tensor) or values.shape != (recorder.rows,):
        found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(
            f"task_gradients: the losses have shape {found}; expected ({recorder.rows},), "
            f"one per point, since sizes = {_short(sizes)} sum to {recorder.rows}."
        )
    losses = recorder.segments.mean(values.detach())
    recorder.backward(values)
    recorder.lent.clear()  # they point back: without this their memory waits for the collector
    return TaskGradients(losses, recorder.matrix)


def segment_means(values: Tensor, sizes: Sequence[int]) -> Tensor:
    """``L_k``, the mean of every task's point losses, differentiable: [N] to [K]."""
    return _Segments(sizes, values.device).mean(values)


def _short(sizes: Sequence[int]) -> str:
    return str(list(sizes)) if len(sizes) <= 8 else f"[{sizes[0]}, …] ({len(sizes)} tasks)"


class _Segments:
    """Splits the first dimension into K tasks; unequal sizes are padded, never looped over."""

    def __init__(self, sizes: Sequence[int], device: torch.device) -> None:
        if len(sizes) == 0 or any(int(s) != s or s < 1 for s in set(sizes)):
            raise ValueError(f"task_gradients: found sizes = {list(sizes)}; expected integers ≥ 1.")
        self.count, self.longest = len(sizes), max(sizes)
        self.equal = min(sizes) == self.longest
        if not self.equal:
            self.sizes = torch.tensor(sizes, device=device)
            starts = self.sizes.cumsum(0) - self.sizes
            offset = torch.arange(self.longest, device=device)
            self.valid = offset < self.sizes[:, None]
            self.index = torch.where(self.valid, starts[:, None] + offset, 0)

    def stack(self, rows: Tensor) -> Tensor:
        """[N, ..., f] to [K, longest·(...), f]; padding rows are zero."""
        if not self.equal:
            # Filled, not multiplied by zero: a NaN must stay in its own task.
            padding = ~self.valid.reshape([-1] + [1] * (rows.ndim - 1))
            rows = rows[self.index.reshape(-1)].masked_fill(padding, 0)
        return rows.reshape(self.count, -1, rows.shape[-1])

    def mean(self, values: Tensor) -> Tensor:
        if self.equal:
            return values.reshape(self.count, -1).mean(1)
        return self.stack(values[:, None]).sum((1, 2)) / self.sizes

    def seed(self, values: Tensor) -> Tensor:
        """[N] the derivative of ``Σ_k L_k`` by every point's loss."""
        if self.equal:
            return torch.full_like(values, 1 / self.longest)
        return (1.0 / self.sizes.to(values.dtype)).repeat_interleave(self.sizes)


class _Recorder:
    """Lends the model stand-ins for its trainable parameters and collects their gradients."""

    def __init__(self, model: nn.Module, sizes: Sequence[int], out: Tensor | None) -> None:
        self.model = model
        self.slots = [  # every place in the model that holds a trainable parameter
            (module._parameters, key, p)
            for module in model.modules()
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad
        ]
        if not self.slots:
            raise ValueError("task_gradients: the model has no trainable parameter.")
        first = self.slots[0][2]
        self.segments = _Segments(sizes, first.device)
        self.rows = int(sum(sizes))
        self.parameters = list({id(p): p for *_, p in self.slots}.values())  # tied ones once
        numel = [p.numel() for p in self.parameters]
        self.matrix = first.detach().new_empty(len(sizes), sum(numel)) if out is None else out
        if self.matrix.shape != (len(sizes), sum(numel)) or not self.matrix.is_contiguous():
            raise ValueError(
                f"task_gradients: found out.shape = {tuple(self.matrix.shape)}; expected "
                f"({len(sizes)}, {sum(numel)}), contiguous."
            )
        starts = accumulate(numel, initial=0)
        self.lent = {
            id(p): _Lent.of(p, start, self)
            for p, start in zip(self.parameters, starts, strict=False)
        }
        self.armed = False  # gradients are recorded only in the final backward pass

    def name(self, parameter: Tensor) -> str:
        """Of a parameter, for messages; a stand-in may be in its place."""
        return next(n for n, p in self.model.named_parameters() if _own(p) is parameter)

    def evaluate(self, point_losses: Callable[[], Tensor]) -> Tensor:
        """Call ``point_losses`` while the stand-ins are in place."""
        try:
            for table, key, p in self.slots:
                table[key] = self.lent[id(p)]  # type: ignore[assignment]  # a stand-in
            return point_losses()
        finally:
            for table, key, p in self.slots:
                table[key] = p

    def backward(self, values: Tensor) -> None:
        """The one backward pass fills the matrix.

        Raises:
            UnsupportedLayerError: a parameter was used behind its stand-in's back, which shows in
                its ``grad``.
        """
        before = [p.grad for p in self.parameters]
        for p in self.parameters:
            p.grad = None
        self.armed = True
        try:
            values.backward(self.segments.seed(values))
            bypassed = [self.name(p) for p in self.parameters if p.grad is not None]
        finally:
            self.armed = False
            for p, grad in zip(self.parameters, before, strict=True):
                p.grad = grad
        if bypassed:
            raise UnsupportedLayerError(
                f"task_gradients: parameter {bypassed[0]!r} was used directly (a reference kept "
                "outside the model); only layers of the model can be split into tasks."
            )
        self._collect([*self.lent.values()])

    def _collect(self, lent: list[_Lent]) -> None:
        """The totals into the matrix, in the order of the parameters."""
        tasks = len(self.matrix)
        totals = [  # zero where a parameter is not used
            self.matrix.new_zeros(tasks, *one.own.shape) if one.total is None else one.total
            for one in lent
        ]
        if any(one.placed for one in lent):
            for one, total in zip(lent, totals, strict=True):
                if not one.placed:
                    one.block().copy_(total)
        else:
            torch.cat([total.reshape(tasks, -1) for total in totals], 1, out=self.matrix)

    def record(self, weight: Tensor, bias: Tensor | None, left: Tensor, right: Tensor) -> None:
        """Add ``Σ_{i in task k} left_i right_iᵀ`` for the weight, ``Σ left_i`` for the bias."""
        if not self.armed:
            return
        left = self.segments.stack(left)
        if isinstance(bias, _Lent):
            part = left.sum(1)
            bias.total = part if bias.total is None else bias.total.add_(part)
        if not isinstance(weight, _Lent):
            return
        right = self.segments.stack(right)
        if self.segments.longest == 1:
            weight.add_products(left, right)
        elif weight.total is None:
            weight.total = torch.bmm(left.mT, right)
        else:
            weight.total.baddbmm_(left.mT, right)


class _Lent(Tensor):
    """Stands in for a parameter while losses are built: only ``linear`` may differentiate it."""

    own: Tensor
    start: int
    recorder: _Recorder
    total: Tensor | None
    placed: bool

    @staticmethod
    def of(parameter: Tensor, start: int, recorder: _Recorder) -> _Lent:
        lent = Tensor._make_subclass(_Lent, parameter, True)  # as nn.Parameter does
        lent.own, lent.start, lent.recorder = parameter, start, recorder
        lent.total, lent.placed = None, False  # sum over the layer's calls; whether it is in place
        return lent

    def block(self) -> Tensor:
        """The parameter's columns of the matrix, [K, *shape]."""
        columns = self.recorder.matrix.narrow(1, self.start, self.own.numel())
        return columns.view(-1, *self.own.shape)

    @property
    def name_(self) -> str:
        return self.recorder.name(self.own)

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
        kwargs = kwargs or {}
        if func is linear:
            return _linear(*args, **kwargs)
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **kwargs)
        if any(t.requires_grad for t in _tensors((result,))):
            used = next(a for a in _tensors((*args, *kwargs.values())) if isinstance(a, cls))
            raise _refusal(used, f"by {getattr(func, '__name__', func)}")
        return result


def _refusal(used: _Lent, how: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"task_gradients: parameter {used.name_!r} is used {how}; only the weight and bias of "
        "torch.nn.functional.linear (nn.Linear) can be split into tasks. Use TorchJD's autojac "
        "for such a model."
    )


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if isinstance(input, _Lent):
        raise _refusal(input, "as the input of linear")
    lent = weight if isinstance(weight, _Lent) else bias
    assert isinstance(lent, _Lent)  # or we would not have been called
    recorder = lent.recorder
    if input.shape[0] != recorder.rows or input.ndim < 2:
        raise UnsupportedLayerError(
            f"task_gradients: the layer of {lent.name_!r} got an input of shape "
            f"{tuple(input.shape)}; expected ({recorder.rows}, ..., features), points first."
        )
    return _SegmentedLinear.apply(input, weight, bias, recorder)


def _own(parameter: Tensor) -> Tensor:
    """The parameter behind a stand-in; used only where autograd does not look."""
    return parameter.own if isinstance(parameter, _Lent) else parameter


def _tensors(values: Iterable) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


class _SegmentedLinear(torch.autograd.Function):
    """``x Wᵀ + b`` whose backward pass records instead of summing over all tasks."""

    @staticmethod
    def forward(ctx, input, weight, bias, recorder):
        ctx.save_for_backward(input)
        ctx.layer = weight, bias, recorder
        return linear(input, _own(weight), None if bias is None else _own(bias))

    @staticmethod
    def backward(ctx, grad):
        (input,) = ctx.saved_tensors
        weight, bias, recorder = ctx.layer
        recorder.record(weight, bias, grad, input)
        back = _transpose(grad, weight, recorder) if ctx.needs_input_grad[0] else None
        return back, None, None, None


def _transpose(grad: Tensor, weight: Tensor, recorder: _Recorder) -> Tensor:
    if torch.is_grad_enabled():  # create_graph=True: this product is differentiated again
        return _SegmentedTranspose.apply(grad, weight, recorder)
    return grad @ _own(weight)


class _SegmentedTranspose(torch.autograd.Function):
    """``δ W``: the step back through a layer, itself recorded when differentiated again."""

    @staticmethod
    def forward(ctx, grad, weight, recorder):
        ctx.save_for_backward(grad)
        ctx.layer = weight, recorder
        return grad @ _own(weight)

    @staticmethod
    def backward(ctx, again):
        (grad,) = ctx.saved_tensors
        weight, recorder = ctx.layer
        recorder.record(weight, None, grad, again)
        forward = None
        if ctx.needs_input_grad[0]:
            forward = _SegmentedLinear.apply(again, weight, None, recorder)
        return forward, None, None
