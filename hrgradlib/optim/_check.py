"""Whether task gradients are what they are said to be: one ordinary backward pass tells.

The signed sum of all task gradients, each scaled to length one, is compared parameter by parameter
with the gradient of the same combination of losses. A row that is wrong shows, whichever it is,
and so does a parameter that was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from hrgradlib.optim._backwards import flat_gradient
from hrgradlib.optim._recorder import Places

__all__ = ["Verdict", "difference", "remembered"]

#: Cube root of the unit roundoff: gradients are sums in which much cancels; a wrong row is wrong
#: by a fraction of itself.
_TOLERANCE_POWER = 1 / 3


class Verdict:
    """What is known of a model and its losses.

    Attributes:
        engine: the one that was found right, or None before the first call.
        calls: how many there were; the first, second, fourth, eighth, … is compared.
        blocks: which tasks' rows layers saw, see :mod:`hrgradlib.optim._recorder`.
        splits: whether residuals were seen to depend on their own point alone.
    """

    def __init__(self) -> None:
        self.engine: str | None = None
        self.calls = 0
        self.splits = False
        self.blocks: list[list[tuple[int, int]]] = []

    def due(self) -> bool:
        """Counts a call, and says whether it is compared.

        Once is not enough: a gate that starts at zero hides what mixes rows behind it, losses that
        are not finite cannot be compared, and tasks may be evaluated in another order one day.
        """
        self.calls += 1
        return self.calls & (self.calls - 1) == 0


_VERDICTS: WeakKeyDictionary[nn.Module, dict[tuple, Verdict]] = WeakKeyDictionary()


def remembered(
    losses: Callable, model: nn.Module, places: Places, sizes: tuple[int, ...]
) -> Verdict:
    """The verdict on this code, these parameters, this mode and these numbers of rows and tasks."""
    modes = hash(tuple(m.training for m in places.modules))
    trained = hash(tuple(id(p) for p in places.parameters))
    key = _code(losses), trained, modes, sum(sizes), len(sizes)
    return _VERDICTS.setdefault(model, {}).setdefault(key, Verdict())


def _code(function: Callable) -> tuple:
    """The code of a function and of the functions it closes over."""
    function = getattr(function, "func", function)  # partial
    own = getattr(function, "__code__", type(function))
    inner = [cell_contents(c) for c in getattr(function, "__closure__", None) or ()]
    return own, *(getattr(f, "__code__", None) for f in inner if callable(f))


def cell_contents(cell) -> object:
    """What a closure holds; None where it is not bound yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def difference(
    losses: Tensor, matrix: Tensor, values: Tensor, parameters: Sequence[Tensor], sizes: tuple
) -> str | None:
    """What is wrong with task gradients, judged by an ordinary evaluation; None if nothing is.

    Args:
        losses: [K] and matrix: [K, n] to be judged.
        values: [N] an ordinary evaluation of the points' losses; its graph is kept.
        parameters: n numbers.
        sizes: points of every task.
    """
    tolerance = torch.finfo(matrix.dtype).eps ** _TOLERANCE_POWER
    tasks = [k for k, size in enumerate(sizes) if size]
    means = torch.stack([part.mean() for part in values.split(list(sizes)) if len(part)])
    if not bool(losses[tasks].isfinite().all()):
        return None  # nothing that could be compared, or used
    apart = (losses[tasks].to(means.dtype) - means.detach()).abs()
    if not bool((apart <= tolerance * means.detach().abs().max()).all()):
        return "it gives other losses"
    weights = _weights(matrix)
    combined = weights.to(matrix.dtype) @ matrix
    combination = (weights[tasks].to(means.dtype) * means).sum()
    expected = flat_gradient(combination, parameters, False).to(matrix)
    floor = expected.norm() * tolerance**2
    numel = [p.numel() for p in parameters]
    pairs = zip(combined.split(numel), expected.split(numel), strict=True)
    for number, (got, want) in enumerate(pairs):
        if not bool((got - want).norm() <= tolerance * want.norm() + floor):
            shape = tuple(parameters[number].shape)
            return f"it gives other gradients by trained parameter {number}, of shape {shape},"
    return None


def _weights(matrix: Tensor) -> Tensor:
    """[K] signed, of random size, that bring every row to about one length."""
    precise = torch.promote_types(matrix.dtype, torch.float32)
    norms = torch.linalg.vector_norm(matrix, dim=1, dtype=precise)
    generator = torch.Generator().manual_seed(0)
    signed = torch.rand(len(norms), generator=generator, dtype=torch.float64) + 0.5
    signed[1::2] *= -1
    if bool((norms > 0).any()):
        norms = torch.where(norms > 0, norms, norms[norms > 0].min())
    return signed.to(norms) / norms.clamp_min(torch.finfo(precise).tiny ** 0.5)
