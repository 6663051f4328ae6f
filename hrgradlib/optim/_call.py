"""Rows that pass through a layer together: which tasks they belong to, and what they add to whom.

Everything that the backward pass brings arrives here (:mod:`hrgradlib.optim._rowwise`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hrgradlib.optim._segments import Segments
from hrgradlib.optim._standin import StandIn, UnsupportedLayerError

if TYPE_CHECKING:
    from hrgradlib.optim._recorder import Recorder

__all__ = ["Call"]

_LARGEST_SCATTER = 2**26  # numbers [K, N, ...] that a parameter with one row per point may take


class Call:
    """Rows that pass through a layer together, and the tasks they belong to."""

    def __init__(self, recorder: Recorder, rows: int, segments: Segments | None) -> None:
        self.recorder, self.rows, self.segments = recorder, rows, segments
        self.first, self.last = 0, len(recorder.task_sizes)
        self.seen: dict[int, tuple[int, int]] = {}  # while probing: task to its extreme rows

    # --- which tasks ----------------------------------------------------------------------------

    def _note(self, task: int, grad: Tensor) -> None:
        rows = grad.flatten(1).ne(0).any(1).nonzero().flatten().tolist()
        if rows:
            low, high = self.seen.get(task, (rows[0], rows[-1]))
            self.seen[task] = min(low, rows[0]), max(high, rows[-1])

    def block(self, ends: list[int]) -> tuple[int, int]:
        """``first, last + 1`` of the tasks whose points, all of them in order, are the rows.

        Raises:
            UnsupportedLayerError: they are not.
        """
        if not self.seen:  # no loss needs it
            return 0, 0
        first, last = min(self.seen), max(self.seen) + 1
        start = ends[first]
        fits = ends[last] - start == self.rows and all(
            ends[k] - start <= low and high < ends[k + 1] - start
            for k, (low, high) in self.seen.items()
        )
        if not fits:
            raise UnsupportedLayerError(
                f"task_gradients: a layer got {self.rows} rows, which are not those of the batch "
                f"({self.recorder.rows}) nor those of some consecutive tasks in order."
            )
        return first, last

    def place(self, first: int, last: int) -> None:
        """Its tasks are known."""
        self.first, self.last = first, last
        if first == last:
            return
        self.segments = Segments(self.recorder.task_sizes[first:last], self.recorder.device)

    # --- what the backward pass brings ----------------------------------------------------------

    def _records(self, grad: Tensor) -> bool:
        task = self.recorder.probing
        if task is None:
            if self.recorder.armed and self.segments is None:
                raise UnsupportedLayerError(
                    f"task_gradients: a layer that got {self.rows} rows was of no use to the "
                    "losses in an earlier evaluation, and is now."
                )
            return self.recorder.armed
        if self.segments is None:
            self._note(task, grad)
        return False

    def record_product(self, weight, bias, left: Tensor, right: Tensor, came: Tensor) -> None:
        """Add ``Σ_{i in task k} left_i right_iᵀ`` for the weight, ``Σ left_i`` for the bias.

        ``came`` is the one of the two that the backward pass brought.
        """
        if not self.recorder.armed or not self._records(came):
            return
        left = self._known.stack(left)
        if isinstance(bias, StandIn):
            self._add(bias, left.sum(1))
        if not isinstance(weight, StandIn):
            return
        right = self._known.stack(right)
        if self is not self.recorder.whole:
            self._add(weight, torch.bmm(left.mT, right))
        elif self._known.longest == 1 and weight.own is not None:
            weight.add_products(left, right)
        elif weight.total is None:
            weight.total = torch.bmm(left.mT, right)
        else:
            weight.total.baddbmm_(left.mT, right)

    def record_sum(self, standin: StandIn, grad: Tensor) -> None:
        """Add ``Σ_{i in task k} grad_i``, the stand-in having been the same for all rows."""
        if self._records(grad):
            left = self._known.stack(grad.reshape(self.rows, 1, -1))
            self._add(standin, left.sum(1).view(-1, *standin.value.shape))

    def record_rows(self, standin: StandIn, grad: Tensor) -> None:
        """Row i of the stand-in is used by row i alone."""
        if self._records(grad):
            tasks = len(self.recorder.task_sizes)
            if tasks * grad.numel() > _LARGEST_SCATTER:
                raise UnsupportedLayerError(
                    f"task_gradients: {standin.label} has a row per point; its gradients by "
                    f"{tasks} tasks are too many."
                )
            owners = self._owners()
            total = standin.open()
            total[owners, torch.arange(self.rows, device=owners.device)] += grad

    def record_gather(self, standin: StandIn, codes: Tensor, grad: Tensor) -> None:
        """Add the gradients of ``standin[codes]``."""
        if self._records(grad):
            owners = self._owners().view([-1] + [1] * (codes.ndim - 1)).expand_as(codes)
            standin.open().index_put_((owners, codes), grad, accumulate=True)

    @property
    def _known(self) -> Segments:
        assert self.segments is not None  # or nothing is recorded
        return self.segments

    def _owners(self) -> Tensor:
        return self._known.owners(self.recorder.device) + self.first

    def _add(self, standin: StandIn, part: Tensor) -> None:
        if self is self.recorder.whole:
            standin.collect(part)
        else:
            standin.open()[self.first : self.last] += part
