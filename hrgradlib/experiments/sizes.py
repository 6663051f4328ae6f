"""What a run needs at the least, computed before it is taken: what must fail is refused."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from hrgradlib.experiments.segmentation import task_sizes
from hrgradlib.experiments.specs import Spec, SpecError
from hrgradlib.optim import free_bytes
from hrgradlib.training.methods import Method

__all__ = ["TooLarge", "check_network", "check_step", "components"]

_COORDINATES, _BYTES = 3, 8  # of a collocation point, in float64
_LAYER_BYTES = 4096  # of a layer's Python objects, whatever its width


class TooLarge(MemoryError):
    """A run needs more memory than there is; nothing was begun."""


def check_network(spec: Spec, device: torch.device) -> None:
    """Refuse what is certain to fail, before any of it is allocated.

    Raises:
        SpecError: the learning rate is beyond the method's dtype.
        TooLarge: points, network or a step of the method do not fit into the memory that is free.
    """
    kind = spec.kind
    largest = torch.finfo(kind.dtype).max * (1 - spec.beta1)  # Adam divides by 1 − β1 at first
    if not spec.lr < largest:
        raise SpecError(
            f"lr = {spec.lr:g} is out of range; expected less than {largest:.2g}, the end of "
            f"{kind.dtype} as {spec.method} divides it by 1 − beta1"
        )
    free = free_bytes(device)
    points = spec.tasks * spec.per_task * spec.candidates
    _refuse(f"{points} points", points * _COORDINATES * _BYTES, free)
    _refuse(f"{spec.depth} layers", spec.depth * _LAYER_BYTES, free)
    try:
        with torch.device("meta"):  # shapes without numbers
            model = spec.case.build(spec)
    except (RuntimeError, OverflowError, MemoryError) as error:
        raise TooLarge(
            f"the network of width {spec.width}, depth {spec.depth} and {spec.modes} modes is too "
            "large to be addressed; take a smaller one"
        ) from error
    parameters = sum(p.numel() for p in model.parameters())
    _refuse(f"{parameters} parameters", parameters * kind.dtype.itemsize, free)
    check_step(kind(model, spec.settings), task_sizes(spec), 1, device)


def check_step(method: Method, sizes: Sequence[int], parts: int, device: torch.device) -> None:
    """Refuse a step that cannot fit.

    Args:
        method: built for a model, of which the shapes suffice.
        sizes: points per task.
        parts: residual components a point.

    Raises:
        TooLarge: it needs more than is free.
    """  # noqa: DOC502
    needed = method.step_bytes(sizes, parts)
    _refuse(f"a step on {sum(sizes)} points", needed, free_bytes(device))


def components(spec: Spec, model: nn.Module) -> int:
    """Residual components of a point, C."""
    like = next(model.parameters())
    points = spec.case.draw(spec, 2, torch.Generator())
    one = [p[:1].to(like) for p in points]
    with torch.no_grad():
        return spec.case.residuals(spec)(model, *one).shape[1]


def _refuse(what: str, needed: int, free: int) -> None:
    if needed > free:
        raise TooLarge(
            f"{what} need at least {needed / 2**30:.3g} GiB; {free / 2**30:.3g} GiB are free. "
            "Take fewer points, a smaller network, or a method under Adam"
        )
