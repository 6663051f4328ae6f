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

from hrgradlib.optim._taskgrad import task_gradients

__all__ = ["ResidualJacobian", "free_bytes", "jacobian_bytes", "residual_jacobian"]


class ResidualJacobian(NamedTuple):
    """Result of :func:`residual_jacobian`, scaled so that ``L_k = ‖residuals of task k‖²``.

    Attributes:
        residuals: [R] ``r_i / √N_k``, R = points · components; tasks are consecutive.
        matrix: [R, n] row i is the gradient of ``residuals[i]`` by all trainable parameters.
        sizes: rows of every task, K numbers that sum to R.

    Example:
        >>> found = ResidualJacobian(torch.tensor([3.0, 4.0, 1.0]), torch.ones(3, 5), (2, 1))
        >>> found.losses.tolist()
        [25.0, 1.0]
    """

    residuals: Tensor
    matrix: Tensor
    sizes: tuple[int, ...]

    @property
    def losses(self) -> Tensor:
        """[K] the task losses."""
        return torch.stack([r.square().sum() for r in self.residuals.split(self.sizes)])


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
    sizes: Sequence[int],
    chunk: int = 4096,
    memory_limit: int | None = None,
    out: ResidualJacobian | None = None,
) -> ResidualJacobian:
    r"""Residuals of all points and their Jacobian by the parameters.

    The loss of task k is the mean over its points of the squared residuals' sum.

    Args:
        residuals: (\*points) → [N, C], C residual components of every point, through the model.
        model: under the conditions of :func:`hrgradlib.task_gradients`.
        points: tensors of first dimension N, points of a task consecutive.
        sizes: number of points of every task, ``Σ sizes = N``.
        chunk: rows (points · components) that pass through the network at a time; bounds the
            memory of the pass, not that of the result.
        memory_limit: bytes that may be taken; default: what the device has free.
        out: an earlier result that is no longer needed; its storage is used again if it fits.

    Raises:
        MemoryError: the result and its kernel do not fit (before any pass over all points).
        ValueError: sizes, points or residuals do not match.
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
    count = _count(points, sizes)
    with torch.no_grad():
        one = residuals(*(p[:1] for p in points))
    if not isinstance(one, Tensor) or one.ndim != 2 or len(one) != 1:
        found = tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__
        raise ValueError(
            f"residual_jacobian: for one point the residuals have shape {found}; "
            "expected (1, C), one row of components per point."
        )
    parts = one.shape[1]
    n = sum(p.numel() for p in model.parameters() if p.requires_grad)
    _check_memory(count * parts, n, one, memory_limit)

    values, matrix = _storage(out, count * parts, n, one)
    scale = torch.tensor([s**-0.5 for s in sizes], dtype=one.dtype, device=one.device)
    scale = scale.repeat_interleave(torch.tensor(sizes, device=one.device))
    step = max(1, chunk // parts)
    for start in range(0, count, step):
        piece = [p[start : start + step] for p in points]
        rows = slice(start * parts, start * parts + len(piece[0]) * parts)
        values[rows] = _rows(
            residuals, model, piece, scale[start : start + step], parts, matrix[rows]
        )
    return ResidualJacobian(values, matrix, tuple(int(s) * parts for s in sizes))


def _storage(
    out: ResidualJacobian | None, rows: int, n: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """The storage of an earlier result where it fits: fresh pages cost as much as the products."""
    if out is not None and out.matrix.shape == (rows, n) and out.matrix.dtype == like.dtype:
        return out.residuals, out.matrix
    return like.new_empty(rows), like.new_empty(rows, n)


def _count(points: Sequence[Tensor], sizes: Sequence[int]) -> int:
    lengths = {len(p) for p in points}
    if lengths != {sum(sizes)} or min(sizes) < 1:
        raise ValueError(
            f"residual_jacobian: found points of lengths {sorted(lengths)} and "
            f"sizes that sum to {sum(sizes)}; expected equal, each size ≥ 1."
        )
    return sum(sizes)


def _rows(residuals, model, points, scale, parts, out) -> Tensor:
    """Scaled residuals of some points; their gradients [rows, n] are written to ``out``."""
    repeated = [p.repeat_interleave(parts, 0) for p in points]
    own = torch.arange(parts, device=out.device).repeat(len(points[0]))[:, None]
    scale = scale.repeat_interleave(parts)
    kept = []

    def each() -> Tensor:
        kept.append(residuals(*repeated).gather(1, own)[:, 0] * scale)
        return kept[0]

    task_gradients(each, model, [1] * len(own), out=out)
    return kept[0].detach()


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
