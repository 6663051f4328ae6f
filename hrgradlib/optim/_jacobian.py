"""The Jacobian of all residuals: every residual of every point is a task of its own.

One backward pass holds it as it holds the task gradients (:mod:`hrgradlib.optim._taskgrad`): each
point is repeated once per component of its residual, and every segment has one row. It is what the
Gauss–Newton metric is made of, and it is large; its size is known, and checked, beforehand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hrgradlib.optim._check import remembered
from hrgradlib.optim._probe import probe_one, probe_two
from hrgradlib.optim._recorder import Places
from hrgradlib.optim._segments import read_sizes
from hrgradlib.optim._taskgrad import ENGINES, gradients_of

__all__ = ["ResidualJacobian", "free_bytes", "jacobian_bytes", "residual_jacobian"]


class ResidualJacobian(NamedTuple):
    """Result of :func:`residual_jacobian`, scaled so that ``L_k = ‖residuals of task k‖²``.

    Attributes:
        residuals: [R] ``r_i / √N_k``, R = points · components; tasks are consecutive.
        matrix: [R, n] row i is the gradient of ``residuals[i]`` by all trainable parameters.
        sizes: rows of every task, K numbers that sum to R; 0 for an absent task.
        parameters: those of the columns, so that an optimizer can tell their order.
        engine: how the rows were found, see :class:`hrgradlib.TaskGradients`.

    Example:
        >>> found = ResidualJacobian(torch.tensor([3.0, 4.0, 1.0]), torch.ones(3, 5), (2, 1))
        >>> found.losses.tolist()
        [25.0, 1.0]
    """

    residuals: Tensor
    matrix: Tensor
    sizes: tuple[int, ...]
    parameters: tuple[nn.Parameter, ...] = ()
    engine: str = "one-backward"

    @property
    def losses(self) -> Tensor:
        """[K] the task losses; NaN for an absent task."""
        parts = self.residuals.split(self.sizes)
        return torch.stack([r.square().sum() if len(r) else r.new_tensor(torch.nan) for r in parts])

    @property
    def present(self) -> tuple[bool, ...]:
        """K times whether the task had points."""
        return tuple(size > 0 for size in self.sizes)


def jacobian_bytes(residuals: int, parameters: int, dtype: torch.dtype) -> int:
    """Memory that a step in the Gauss–Newton metric takes, in bytes.

    The Jacobian, and twice (the matrix and its factor) a square of its smaller side.

    Example:
        >>> jacobian_bytes(residuals=300, parameters=1000, dtype=torch.float64)
        3840000
        >>> (300 * 1000 + 2 * 300**2) * 8
        3840000
    """
    small = min(residuals, parameters)
    return (residuals * parameters + 2 * small**2) * dtype.itemsize


def residual_jacobian(
    residuals: Callable[..., Tensor],
    model: nn.Module,
    points: Sequence[Tensor],
    sizes: Sequence[int] | Tensor,
    chunk: int = 4096,
    memory_limit: int | None = None,
    out: ResidualJacobian | None = None,
    *,
    engine: str | None = None,
    check: bool | None = None,
) -> ResidualJacobian:
    r"""Residuals of all points and their Jacobian by the parameters.

    The loss of task k is the mean over its points of the squared residuals' sum.

    Args:
        residuals: (\*points) → [N, C], C residual components of every point, through the model;
            called with one point, with two, and with pieces of the batch, points repeated.
            Derivatives by the points may be taken by ``torch.autograd.grad`` (let the points
            require a gradient) or carried forward.
        model: what :func:`hrgradlib.task_gradients` finds in one backward pass is found so here;
            anything else takes a forward and backward pass per residual.
        points: tensors of first dimension N, points of a task consecutive; all that belongs to a
            point (targets, weights) must be among them.
        sizes: number of points of every task, ``Σ sizes = N``; 0 for an absent task.
        chunk: rows (points · components) that pass through the network at a time; bounds the
            memory of the pass, not that of the result.
        memory_limit: bytes that may be taken; default: what the device has free.
        out: an earlier result that is no longer needed; its storage is used again if it fits.
        engine, check: as in :func:`hrgradlib.task_gradients`.

    Raises:
        MemoryError: the result and its kernel do not fit (before any pass over all points).
        ValueError: sizes, points or residuals do not match, or the residuals of a point are not
            its own (data of other points in a closure, rows that mix).
        UnsupportedLayerError: as in :func:`hrgradlib.task_gradients`.

    Example:
        Residuals ``w x`` of two tasks, of two points and of one; every row is ``x/√N_k``:

        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 3.0)
        >>> x = torch.tensor([[1.0], [1.0], [2.0]])
        >>> found = residual_jacobian(model, model, [x], sizes=[2, 1])
        >>> torch.testing.assert_close(found.losses, torch.tensor([9.0, 36.0]))  # means of (w x)²
        >>> torch.testing.assert_close(found.matrix[:, 0], torch.tensor([0.5**0.5, 0.5**0.5, 2.0]))
    """  # noqa: DOC502 (MemoryError, UnsupportedLayerError: raised by what it calls)
    numbers = read_sizes(sizes, "residual_jacobian")
    count = _count(points, numbers)
    places = Places.of(model)
    one = probe_one(residuals, points)
    parts = one.shape[1]
    n = sum(p.numel() for p in places.parameters)
    _check_memory(count * parts, n, one, memory_limit)
    probe_two(residuals, points, one, remembered(residuals, model, places, numbers))

    values, matrix = _storage(out, count * parts, n, one)
    scale = torch.tensor([max(s, 1) ** -0.5 for s in numbers], dtype=one.dtype, device=one.device)
    scale = scale.repeat_interleave(torch.tensor(numbers, device=one.device))
    step, slowest = max(1, chunk // parts), 0
    for start in range(0, count, step):
        own = [p[start : start + step] for p in points]
        rows = slice(start * parts, start * parts + len(own[0]) * parts)
        repeated = _repeated(own, scale[start : start + step], parts)
        tasks = (1,) * (len(own[0]) * parts)
        found = gradients_of(
            _each(residuals), model, tasks, matrix[rows], repeated, engine, check, residuals
        )
        values[rows] = found.losses
        slowest = max(slowest, ENGINES.index(found.engine))
    sizes_of_rows = tuple(s * parts for s in numbers)
    return ResidualJacobian(values, matrix, sizes_of_rows, places.parameters, ENGINES[slowest])


def _storage(
    out: ResidualJacobian | None, rows: int, n: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """The storage of an earlier result where it fits: fresh pages cost as much as the products."""
    if out is not None and out.matrix.shape == (rows, n) and out.matrix.dtype == like.dtype:
        return out.residuals, out.matrix
    return like.new_empty(rows), like.new_empty(rows, n)


def _count(points: Sequence[Tensor], sizes: tuple[int, ...]) -> int:
    lengths = {len(p) for p in points}
    if lengths != {sum(sizes)}:
        raise ValueError(
            f"residual_jacobian: found points of lengths {sorted(lengths)} and "
            f"sizes that sum to {sum(sizes)}; expected equal."
        )
    return sum(sizes)


def _repeated(points: Sequence[Tensor], scale: Tensor, parts: int) -> list[Tensor]:
    """Points once per component, the component of every row [rows, 1], and its scale [rows]."""
    component = torch.arange(parts, device=scale.device).repeat(len(scale))[:, None]
    rows = [p.detach().repeat_interleave(parts, 0).requires_grad_(p.requires_grad) for p in points]
    return [*rows, component, scale.repeat_interleave(parts)]


def _each(residuals: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The scaled residuals of repeated points, one per row."""

    def each(*repeated: Tensor) -> Tensor:
        *points, component, scale = repeated
        return residuals(*points).gather(1, component)[:, 0] * scale

    return each


def _check_memory(rows: int, n: int, like: Tensor, limit: int | None) -> None:
    needed = jacobian_bytes(rows, n, like.dtype)
    free = free_bytes(like.device) if limit is None else limit
    if needed > free:
        raise MemoryError(
            f"residual_jacobian: {rows} residuals by {n} parameters in {like.dtype} need "
            f"{needed / 2**30:.3g} GiB with their kernel; {free / 2**30:.3g} GiB are free. Take "
            "fewer points or parameters, or the metric 'adam', which needs no Jacobian."
        )


def free_bytes(device: torch.device) -> int:
    """Memory that the device has free, in bytes."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            table = dict(line.split(":") for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # no Linux: all there is
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
