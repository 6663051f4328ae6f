"""Residuals of one point and of two: how many they are, and whether they are the point's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hrgradlib.optim._backwards import piece
from hrgradlib.optim._check import Verdict

__all__ = ["probe_one", "probe_two"]

_ADVICE = "expected those of a point to be its own; hand over all that belongs to it among `points`"


def probe_one(residuals: Callable[..., Tensor], points: Sequence[Tensor]) -> Tensor:
    """[1, C] residuals of the last point.

    Raises:
        ValueError: they have another shape.
    """  # noqa: DOC502 (raised by what it calls)
    return _evaluated(residuals, points, [len(points[0]) - 1])


def probe_two(
    residuals: Callable[..., Tensor], points: Sequence[Tensor], one: Tensor, verdict: Verdict
) -> None:
    """The first time: the last point has the residuals ``one`` beside another point, too.

    Raises:
        ValueError: it has not.
    """  # noqa: DOC502 (raised by what it calls)
    count = len(points[0])
    if count > 1 and not verdict.splits:
        _refuse_shared(one, _evaluated(residuals, points, [0, count - 1]), count)
        verdict.splits = True


def _evaluated(residuals: Callable[..., Tensor], points: Sequence[Tensor], rows: list) -> Tensor:
    with torch.enable_grad():  # derivatives by the points may be part of the residuals
        found = residuals(*(piece(p, torch.tensor(rows, device=p.device)) for p in points))
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(rows):
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        number = {1: "one point", 2: "two points"}[len(rows)]
        raise ValueError(
            f"residual_jacobian: for {number} the residuals have shape {shape}; expected "
            f"({len(rows)}, C), one row of components per point."
        )
    return found.detach()


def _refuse_shared(one: Tensor, two: Tensor, count: int) -> None:
    roundoff = torch.finfo(one.dtype).eps
    largest = two.abs().max()
    noise = roundoff ** (1 / 3) * largest + 1e3 * roundoff
    if two.shape[1] != one.shape[1] or bool(((two[1] - one[0]).abs() > noise).any()):
        raise ValueError(
            "residual_jacobian: the last point has other residuals beside the first point than "
            f"alone (found {two[1].tolist()[:3]} and {one[0].tolist()[:3]}); {_ADVICE}."
        )
    apart = two[0] - two[1]
    spread = apart.max() - apart.min()
    if count == one.shape[1] > 2 and bool(spread <= 1e3 * roundoff * largest):
        raise ValueError(
            f"residual_jacobian: found {count} residuals for each of {count} points, which differ "
            f"by the same number from point to point ([N, 1] minus [N]?); {_ADVICE}, and one row "
            "of components per point."
        )
