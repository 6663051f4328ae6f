"""What a step is made of, checked before anything moves."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._parallel import averaged, processes
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["Given", "read"]


class Given(NamedTuple):
    """Input of one step, known to be finite and of the right shape.

    Attributes:
        tasks: K.
        matrix: [K, n] task gradients, or [R, n] the Jacobian of all residuals.
        losses: [K], or None where none were given.
        residuals: [R]; None from task gradients.
        sizes: residuals of every task; None from task gradients.
        absent: tasks that have no points in this step; they are left out, and their moments wait.
    """

    tasks: int
    matrix: Tensor
    losses: Tensor | None
    residuals: Tensor | None = None
    sizes: tuple[int, ...] | None = None
    absent: tuple[int, ...] = ()


def read(gradients, needs: type, metric: str, parameters: Sequence[Tensor]) -> Given:
    """Check what ``HRGrad.step`` was called with.

    Args:
        gradients: the argument of the call.
        needs: what the metric steps on.
        metric: its name, for messages.
        parameters: that are trained, n numbers in all.

    Columns in another order than the parameters are put into theirs.

    Raises:
        StepRefused: NaN or inf.
        ValueError: not what the metric needs, of another shape or dtype, or of other parameters.
    """  # noqa: DOC502 (StepRefused: raised by the source's reader)
    source = _SOURCES[needs]
    if not isinstance(gradients, source.kinds):
        raise ValueError(
            f"HRGrad: the metric {metric!r} steps on the result of {source.maker}; found "
            f"{type(gradients).__name__}."
        )
    found = source.read(gradients, sum(p.numel() for p in parameters))
    if found.matrix.dtype != parameters[0].dtype:
        raise ValueError(
            f"HRGrad: found gradients in {found.matrix.dtype} of parameters in "
            f"{parameters[0].dtype}; expected one dtype."
        )
    owners = getattr(gradients, "parameters", ())  # of a bare matrix they are not known
    return found._replace(matrix=_ordered(found.matrix, owners, parameters))


def _ordered(matrix: Tensor, owners: Sequence[Tensor], parameters: Sequence[Tensor]) -> Tensor:
    """The columns, those of ``owners`` (unknown if empty), in the order of ``parameters``."""
    if not owners or all(map(operator.is_, owners, parameters)):
        return matrix
    blocks = dict(zip(map(id, owners), matrix.split([p.numel() for p in owners], 1), strict=True))
    if blocks.keys() != {id(p) for p in parameters}:
        raise ValueError(
            "HRGrad: found gradients of other parameters than those it was made with; expected "
            "the same, in any order."
        )
    return torch.cat([blocks[id(p)] for p in parameters], 1)


def _read_tasks(gradients: TaskGradients | Tensor, count: int) -> Given:
    losses: Tensor | None = None
    present: Sequence[bool] = ()
    if isinstance(gradients, TaskGradients):
        losses, matrix, present = gradients.losses, gradients.matrix, gradients.present
    else:
        matrix = gradients
    if matrix.ndim != 2 or matrix.shape[1] != count or matrix.shape[0] < 1:
        raise ValueError(
            f"HRGrad: found task gradients of shape {tuple(matrix.shape)}; expected "
            f"(K, {count}), one row per task."
        )
    matrix, losses, present = averaged(matrix, losses, present or [True] * len(matrix))
    # A finite sum of squares is the cheapest sign of finite entries; where squares overflow, look.
    flat = matrix.reshape(-1)
    if not math.isfinite(float(flat.dot(flat))) and not bool(matrix.isfinite().all()):
        tasks = (~matrix.isfinite().all(1)).nonzero().flatten().tolist()
        shown = "" if losses is None else f" (losses {losses[tasks].tolist()})"
        raise StepRefused(
            f"HRGrad: NaN or inf in the gradient of task(s) {tasks}{shown}; nothing was updated.",
            tasks,
        )
    return Given(len(matrix), matrix, losses, absent=_absent(present))


def _absent(present: Sequence[bool]) -> tuple[int, ...]:
    return tuple(k for k, here in enumerate(present) if not here)


def _read_jacobian(jacobian: ResidualJacobian, count: int) -> Given:
    if processes() > 1:
        raise ValueError(
            f"HRGrad: found {processes()} processes; expected one, as the Gauss–Newton metric "
            "needs the Jacobian of all points in one place."
        )
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
        absent=_absent(jacobian.present),
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
