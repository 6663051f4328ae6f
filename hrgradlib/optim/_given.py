"""What a step is made of, checked before anything moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["Given", "read"]


class Given(NamedTuple):
    """Input of one step, known to be finite and of the right shape.

    Attributes:
        tasks: K.
        matrix: [K, n] task gradients, or [R, n] the Jacobian of all residuals.
        losses: [K], or None where none were given.
        total: [n] the summed gradient, its square finite; None from a Jacobian.
        residuals: [R]; None from task gradients.
        sizes: residuals of every task; None from task gradients.
    """

    tasks: int
    matrix: Tensor
    losses: Tensor | None
    total: Tensor | None = None
    residuals: Tensor | None = None
    sizes: tuple[int, ...] | None = None


def read(gradients, needs: type, metric: str, count: int) -> Given:
    """Check what ``HRGrad.step`` was called with.

    Args:
        gradients: the argument of the call.
        needs: what the metric steps on.
        metric: its name, for messages.
        count: n, numbers that are trained.

    Raises:
        StepRefused: NaN, inf or a sum too large to be squared.
        ValueError: not what the metric needs, or of another shape.
    """  # noqa: DOC502 (StepRefused: raised by the source's reader)
    source = _SOURCES[needs]
    if not isinstance(gradients, source.kinds):
        raise ValueError(
            f"HRGrad: the metric {metric!r} steps on the result of {source.maker}; found "
            f"{type(gradients).__name__}."
        )
    return source.read(gradients, count)


def _read_tasks(gradients: TaskGradients | Tensor, count: int) -> Given:
    losses: Tensor | None = None
    if isinstance(gradients, TaskGradients):
        losses, matrix = gradients.losses, gradients.matrix
    else:
        matrix = gradients
    if matrix.ndim != 2 or matrix.shape[1] != count or matrix.shape[0] < 1:
        raise ValueError(
            f"HRGrad: found task gradients of shape {tuple(matrix.shape)}; expected "
            f"(K, {count}), one row per task."
        )
    total = matrix.sum(0)
    # Finite unless an entry is not, or squares come near the end of the dtype's range.
    if not math.isfinite(float(total.dot(total))):
        _refuse_unbounded(matrix, losses, float(total.abs().amax()))
    return Given(len(matrix), matrix, losses, total=total)


def _refuse_unbounded(matrix: Tensor, losses: Tensor | None, largest: float) -> None:
    tasks = (~matrix.isfinite().all(1)).nonzero().flatten().tolist()
    if tasks:
        shown = "" if losses is None else f" (losses {losses[tasks].tolist()})"
        raise StepRefused(
            f"HRGrad: NaN or inf in the gradient of task(s) {tasks}{shown}; nothing was updated.",
            tasks,
        )
    if not largest * largest < torch.finfo(matrix.dtype).max:
        raise StepRefused(
            "HRGrad: NaN or inf in the second moment, as the summed gradient reaches "
            f"{largest:.3g}, whose square is too large for {matrix.dtype}; nothing was "
            "updated. Scale the losses down or use float64."
        )


def _read_jacobian(jacobian: ResidualJacobian, count: int) -> Given:
    rows = len(jacobian.residuals)
    if jacobian.matrix.shape != (rows, count) or sum(jacobian.sizes) != rows:
        raise ValueError(
            f"HRGrad: found a Jacobian of shape {tuple(jacobian.matrix.shape)} for {rows} "
            f"residuals of tasks of sizes summing to {sum(jacobian.sizes)}; expected "
            f"(R, {count}) and R residuals."
        )
    finite = jacobian.matrix.sum(1).isfinite() & jacobian.residuals.isfinite()
    if not bool(finite.all()):
        broken = [k for k, f in enumerate(finite.split(jacobian.sizes)) if not bool(f.all())]
        raise StepRefused(
            f"HRGrad: NaN or inf in the residuals or the Jacobian of task(s) "
            f"{broken}; nothing was updated.",
            broken,
        )
    return Given(
        len(jacobian.sizes),
        jacobian.matrix,
        jacobian.losses,
        residuals=jacobian.residuals,
        sizes=jacobian.sizes,
    )


class _Source(NamedTuple):
    """A kind of input: what makes it, the types it may come as, and how it is checked."""

    maker: str
    kinds: tuple[type, ...]
    read: Callable[..., Given]


_SOURCES = {
    TaskGradients: _Source("task_gradients(...)", (TaskGradients, Tensor), _read_tasks),
    ResidualJacobian: _Source("residual_jacobian(...)", (ResidualJacobian,), _read_jacobian),
}
