"""The optimizer's errors that are no mistakes in a call: bad numbers, and another's state."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["StateMismatch", "StepRefused"]


class StepRefused(ValueError):
    """Numbers that no step can be made of: NaN, inf, beyond the dtype, or a singular kernel.

    Nothing was updated. A training loop that wants to stop, skip or shrink catches this type, and
    no other of the optimizer's errors, which are mistakes in the call.

    Attributes:
        tasks: the tasks whose numbers these are; empty where no single one is to blame.

    Example:
        >>> import torch
        >>> from hrgradlib import HRGrad
        >>> weights = torch.nn.Parameter(torch.ones(2))
        >>> optimizer = HRGrad([weights])
        >>> try:
        ...     optimizer.step(torch.tensor([[1.0, 2.0], [float("nan"), 0.0]]))
        ... except StepRefused as refused:
        ...     print(refused.tasks, weights.tolist())
        (1,) [1.0, 1.0]
    """

    def __init__(self, message: str, tasks: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.tasks = tuple(tasks)


class StateMismatch(ValueError):
    """A stored state of another optimizer, metric, network, number of tasks, or version.

    Nothing was loaded.
    """
