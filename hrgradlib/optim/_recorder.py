"""One backward pass fills the matrix of all task gradients.

The model's parameters are replaced by stand-ins while the losses are built *and* differentiated
(activation checkpointing builds them a second time in the backward pass). Operations on rows record
here; what is an expression of parameters alone (a transposed or generated weight, a normalised one)
is recorded as a whole and pulled back to its parameters at the end, once per task, without any row.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hrgradlib.optim._call import Call
from hrgradlib.optim._layers import use
from hrgradlib.optim._segments import Segments
from hrgradlib.optim._standin import StandIn, UnsupportedLayerError

__all__ = ["Blocks", "Places", "Recorder", "trainable"]

#: For every layer call whose rows are not the whole batch: its tasks ``first, last + 1``.
Blocks = list[tuple[int, int]]

_BLOCKS_UP_TO = 64  # tasks


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """Parameters that require a gradient, each once, in the order of ``model.parameters()``."""
    return [p for p in model.parameters() if p.requires_grad]


class Places(NamedTuple):
    """Where a model holds what, found in one walk through its modules.

    Attributes:
        modules: all of them.
        slots: every place that holds a trainable parameter: a table, a key, the parameter.
        parameters: as :func:`trainable`.
    """

    modules: list[nn.Module]
    slots: list[tuple[dict, str, nn.Parameter]]
    parameters: tuple[nn.Parameter, ...]

    @staticmethod
    def of(model: nn.Module) -> Places:
        modules = [*model.modules()]
        slots = [
            (module._parameters, key, p)
            for module in modules
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad
        ]
        return Places(modules, slots, tuple({id(p): p for *_, p in slots}.values()))


class Recorder:
    """Lends the model stand-ins for its trainable parameters and collects their gradients."""

    use = staticmethod(use)  # what stand-ins do

    def __init__(
        self, model: nn.Module, places: Places, sizes: tuple[int, ...], out: Tensor | None
    ) -> None:
        self.model, self.task_sizes, self.rows = model, sizes, sum(sizes)
        self.modules, self.slots, self.parameters = places
        self.device = self.parameters[0].device
        self.segments = Segments(sizes, self.device)
        self.whole = Call(self, self.rows, self.segments)
        self.calls: list[Call] = []  # those of part of the rows
        self.matrix = matrix_for(self.parameters, len(sizes), out)
        starts = accumulate((p.numel() for p in self.parameters), initial=0)
        self.lent = {
            id(p): StandIn.of(p, start, self)
            for p, start in zip(self.parameters, starts, strict=False)
        }
        self.expressions: list[StandIn] = []
        self.armed = False  # gradients are recorded only in the final backward pass
        self.probing: int | None = None  # or the task whose rows are being found
        self._constants: set[int] | None = None
        self._partial: set[int] | None = None

    def name(self, parameter: Tensor) -> str:
        """Of a parameter, for messages."""
        place = {id(p): (table, key) for table, key, p in self.slots}[id(parameter)]
        return next(
            ".".join(filter(None, (prefix, key)))
            for prefix, module in self.model.named_modules()
            for key in module._parameters
            if (module._parameters is place[0] and key == place[1])
        )

    # --- what the stand-ins ask ---------------------------------------------------------------

    def is_rows(self, tensor: Tensor) -> bool:
        """Whether a tensor that is no stand-in has one row per point, or per point of some tasks.

        The others are constants.

        Raises:
            UnsupportedLayerError: an activation that is neither.
        """
        if self._constants is None:
            self._constants = {id(b) for m in self.modules for b in m._buffers.values()}
        if id(tensor) in self._constants:
            return False
        if tensor.ndim and (tensor.shape[0] == self.rows or tensor.shape[0] in self._blocks()):
            return True
        if tensor.requires_grad and not tensor.is_leaf:
            raise UnsupportedLayerError(
                f"task_gradients: a parameter meets a tensor of shape {tuple(tensor.shape)}; "
                f"expected ({self.rows}, ...), points first."
            )
        return False

    def _blocks(self) -> set[int]:
        """Numbers of points of consecutive tasks, the whole batch apart."""
        if self._partial is None:
            ends = list(accumulate(self.task_sizes, initial=0))
            # Tasks of single points would make a block of any number.
            few = len(self.task_sizes) <= _BLOCKS_UP_TO and max(self.task_sizes) > 1
            pairs = [(a, b) for a in range(len(ends)) for b in range(a)] if few else []
            self._partial = {ends[a] - ends[b] for a, b in pairs} - {0, self.rows}
        return self._partial

    def call(self, rows: int) -> Call:
        """The call of an operation on so many rows."""
        if rows == self.rows:
            return self.whole
        self.calls.append(Call(self, rows, None))
        return self.calls[-1]

    # --- evaluation -----------------------------------------------------------------------------

    @contextmanager
    def lending(self) -> Iterator[None]:
        """The stand-ins are in place."""
        before = [p.grad for p in self.parameters]
        try:
            for table, key, p in self.slots:
                table[key] = self.lent[id(p)]
            for p in self.parameters:
                p.grad = None
            with _eagerly():
                yield
        finally:
            for p, grad in zip(self.parameters, before, strict=True):
                p.grad = grad
            for table, key, p in self.slots:
                table[key] = p
            if self.expressions:
                self._give_back()
            # They point back: without this their memory waits for the collector.
            self.lent.clear()
            self.expressions.clear()
            self.calls.clear()

    def _give_back(self) -> None:
        """Modules that keep what they made of parameters keep the value, not its stand-in."""
        for module in self.modules:
            for key, kept in module.__dict__.items():
                if isinstance(kept, StandIn):
                    module.__dict__[key] = kept.value

    def backward(self, values: Tensor, known: list[Blocks]) -> None:
        """The one backward pass fills the matrix.

        Args:
            values: [N] losses of the points, evaluated while lending.
            known: earlier findings about which tasks' rows a layer saw; a new one is appended.

        Raises:
            UnsupportedLayerError: a parameter was used behind its stand-in's back.
        """
        if isinstance(values, StandIn):
            raise UnsupportedLayerError("task_gradients: the losses are made of parameters alone.")
        if self.calls:
            self._resolve(values, known)
        seed = self.segments.seed(values)
        self.armed = True
        values.backward(seed)
        self.armed = False
        self._refuse_bypassed()
        if self.expressions:
            self._pull_back()
        self._collect([*self.lent.values()])

    def _resolve(self, values: Tensor, known: list[Blocks]) -> None:
        """Find the tasks of every call of part of the rows: K backward passes, once."""
        ends = list(accumulate(self.task_sizes, initial=0))
        for blocks in known:
            if len(blocks) == len(self.calls) and all(
                a == b or ends[b] - ends[a] == call.rows
                for (a, b), call in zip(blocks, self.calls, strict=True)
            ):
                break
        else:
            values_of_tasks = values.split(list(self.task_sizes))
            for task, part in enumerate(values_of_tasks):
                self.probing, self.armed = task, True
                part.sum().backward(retain_graph=True)
            self.probing, self.armed = None, False
            blocks = [call.block(ends) for call in self.calls]
            known.append(blocks)
        for call, (first, last) in zip(self.calls, blocks, strict=True):
            call.place(first, last)

    def _refuse_bypassed(self) -> None:
        bypassed = [p for p in self.parameters if p.grad is not None]
        if bypassed:
            raise UnsupportedLayerError(
                f"task_gradients: parameter {self.name(bypassed[0])!r} was used directly (a "
                "reference kept outside the model); only what reaches it through the model can "
                "be split into tasks."
            )
        with torch._C.DisableTorchFunctionSubclass():
            behind = [s for s in (*self.lent.values(), *self.expressions) if s.grad is not None]
        if behind:
            raise UnsupportedLayerError(
                f"task_gradients: {behind[0].label} was differentiated by something that does not "
                "look at its type."
            )

    def _pull_back(self) -> None:
        """From expressions of parameters to the parameters: vector–Jacobian products of K rows."""
        used = [e for e in self.expressions if e.total is not None]
        leaves = [s for s in self.lent.values() if s.is_expressed]
        if not used or not leaves:
            return
        found = _pulled([e.expression for e in used], [s.expression for s in leaves], used)
        for leaf, part in zip(leaves, found, strict=True):
            if part is not None:
                leaf.collect(part)

    def _collect(self, lent: list[StandIn]) -> None:
        """The totals into the matrix, in the order of the parameters."""
        tasks = len(self.matrix)
        totals = [  # zero where a parameter is not used
            self.matrix.new_zeros(tasks, *one.value.shape) if one.total is None else one.total
            for one in lent
        ]
        if any(one.placed for one in lent):
            for one, total in zip(lent, totals, strict=True):
                if not one.placed:
                    one.block().copy_(total)
        else:
            torch.cat([total.reshape(tasks, -1) for total in totals], 1, out=self.matrix)


def _eagerly() -> AbstractContextManager:
    """Compiled code does not look at the type of a parameter, and would remember stand-ins."""
    dynamo = sys.modules.get("torch._dynamo")
    if dynamo is None:  # nothing was compiled
        return nullcontext()
    if hasattr(torch.compiler, "set_stance"):
        return torch.compiler.set_stance("force_eager")
    return dynamo.config.patch(disable=True)  # before PyTorch 2.6


def _pulled(outputs: list[Tensor], leaves: list[Tensor], used: list[StandIn]) -> Sequence:
    totals = [e.total for e in used if e.total is not None]
    rows = [
        torch.autograd.grad(
            outputs, leaves, [t[k] for t in totals], retain_graph=True, allow_unused=True
        )
        for k in range(len(totals[0]))
    ]
    return [None if parts[0] is None else torch.stack(parts) for parts in zip(*rows, strict=True)]


def matrix_for(parameters: Sequence[Tensor], tasks: int, out: Tensor | None) -> Tensor:
    """[K, n], ``out`` if it is given.

    Raises:
        ValueError: ``out`` has another shape, dtype or device, or is not contiguous.
    """
    n, dtype, device = sum(p.numel() for p in parameters), parameters[0].dtype, parameters[0].device
    for p in parameters:
        dtype = dtype if p.dtype == dtype else torch.promote_types(dtype, p.dtype)
    if out is None:
        return torch.empty(tasks, n, dtype=dtype, device=device)
    if out.shape != (tasks, n) or not out.is_contiguous():
        raise ValueError(
            f"task_gradients: found out.shape = {tuple(out.shape)}; expected "
            f"({tasks}, {n}), contiguous."
        )
    if out.dtype != dtype or out.device != device:
        raise ValueError(
            f"task_gradients: found out in {out.dtype} on {out.device}; expected {dtype} on "
            f"{device}, as the parameters."
        )
    return out
