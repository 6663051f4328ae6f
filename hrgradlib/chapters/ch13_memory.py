"""Chapter 13: what networks hold, beside the time they take: weights, optimizer, one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from hrgradlib.chapters.ch13_apart import Choice, Network, cheapest
from hrgradlib.chapters.looks import in_column, label_of
from hrgradlib.experiments.runner import begin
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.training.loop import Schedule, train
from hrgradlib.training.methods import Method
from hrgradlib.training.state import TrainingState

__all__ = ["MEASURED", "Held", "by_method", "held", "peak", "same_error", "state_bytes", "told"]

#: Methods of the table, and the points of each of five tasks at which ``step-memory`` has them.
MEASURED = dict.fromkeys(
    ("sum", "hrgrad", "m-config", "hrgrad-reported", "sum-soap", "hrgrad-soap"), 128
) | {"hrgrad-gn": 28}
_TASKS = 5
_KIB = 2**10


class Held(NamedTuple):
    """What one network holds between two steps.

    Attributes:
        numbers: its weights, counted.
        weights: bytes of them.
        state: bytes of all else that the next step depends on.
    """

    numbers: int
    weights: int
    state: int


def state_bytes(method: Method) -> int:
    """Bytes of every tensor in what a method needs to go on, each tensor once."""
    found = {id(tensor): tensor for tensor in _tensors(method.state_dict())}
    return sum(map(_bytes, found.values()))


def _tensors(content: object) -> Iterator[Tensor]:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, dict):
        yield from _tensors([*content.values()])
    elif isinstance(content, list | tuple):
        for part in content:
            yield from _tensors(part)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


@cache
def held(spec: Spec) -> Held:
    """Counted after one step; how many points that step has changes nothing that stays."""
    short = spec.with_(per_task=4, steps=1, warmup=0)
    method, tasks = begin(short, torch.device("cpu"))
    state = TrainingState(method.model, method, torch.Generator().manual_seed(0))
    train(state, tasks, Schedule(1, short.lr, 0), quiet=True)
    weights = [p.detach() for p in method.model.parameters()]
    return Held(sum(p.numel() for p in weights), sum(map(_bytes, weights)), state_bytes(method))


def peak(rows: Sequence[dict], spec: Spec) -> float:
    """MiB that one step takes above what is there before it; NaN where it was not measured.

    Args:
        rows: of ``step-memory``, whose network is that of this problem's quick runs.
        spec: of a run. A sum has no tasks: only the number of all points counts.
    """
    usual = make_spec("transport-periodic", spec.method, "quick")
    if held(spec).numbers != held(usual).numbers:
        return np.nan
    for row in rows:
        points = row["tasks"] * row["points"] == spec.tasks * spec.per_task
        tasks = row["tasks"] == spec.tasks or spec.method.startswith("sum")
        if row["step"] == spec.method and points and tasks:
            return row["mebibytes"]
    return np.nan


def by_method(rows: Sequence[dict]) -> str:
    """A line per method: weights, what the optimizer keeps of K = 5 tasks, and one step's peak.

    Args:
        rows: of ``step-memory``.
    """
    heads = ("weights", "KiB", "kept, KiB", "of weights", "step, MiB")
    lines = [f"{f'K = {_TASKS}':30s}" + "".join(f"{head:>12s}" for head in heads)]
    for name, points in MEASURED.items():
        spec = make_spec("transport-periodic", name, "quick").with_(tasks=_TASKS, per_task=points)
        own, label = held(spec), in_column(label_of(name), 30)
        lines.append(
            f"{label}{own.numbers:12,d}{own.weights / _KIB:12.0f}{own.state / _KIB:12.0f}"
            f"{own.state / own.weights:12.1f}{_shown(peak(rows, spec)):>12s}"
        )
    return "\n".join(lines)


def _shown(mebibytes: float) -> str:
    return "–" if np.isnan(mebibytes) else f"{mebibytes:.1f}"


class _Cost(NamedTuple):
    """Of one network or of several: seconds, KiB of all, KiB and MiB of the largest one."""

    seconds: float
    weights: float
    kept: float
    alone: float
    step: float


def _cost(networks: Sequence[Network], rows: Sequence[dict]) -> _Cost | None:
    """None where there is no network."""
    if not networks:
        return None
    own = [held(network.spec) for network in networks]
    largest = max(range(len(own)), key=lambda i: own[i].weights)
    return _Cost(
        sum(network.seconds for network in networks),
        sum(h.weights for h in own) / _KIB,
        sum(h.state for h in own) / _KIB,
        (own[largest].weights + own[largest].state) / _KIB,
        peak(rows, networks[largest].spec),
    )


def _compared(
    found: list[Choice], rows: Sequence[dict]
) -> Iterator[tuple[float, _Cost | None, _Cost | None]]:
    """Every error that a choice ends at, and what one network and four cost that err no more."""
    for error in sorted({choice.error for choice in found}, reverse=True):
        one, four = cheapest(found, error)
        yield error, _cost(one, rows), _cost(four, rows)


def same_error(found: list[Choice], rows: Sequence[dict]) -> str:
    """Time and memory of one network and of four, the quickest that err no more: a line an error.

    Args:
        found: of :func:`hrgradlib.chapters.ch13_apart.choices`.
        rows: of ``step-memory``.
    """
    heads = ("seconds", "weights, KiB", "kept, KiB", "one by one", "step, MiB")
    lines = [
        f"{'':10s}" + "".join(f"{head:>16s}" for head in heads),
        f"{'error':10s}" + f"{'one':>8s}{'four':>8s}" * len(heads),
    ]
    for error, one, four in _compared(found, rows):
        parts = [_columns(cost) for cost in (one, four)]
        lines.append(
            f"{error:<10.1e}" + "".join(f"{a:>8s}{b:>8s}" for a, b in zip(*parts, strict=True))
        )
    return "\n".join(lines) if found else "no run is stored yet"


def _columns(cost: _Cost | None) -> list[str]:
    if cost is None:
        return ["–"] * len(_Cost._fields)
    return [f"{value:.0f}" for value in cost[:-1]] + [_shown(cost.step)]


def told(found: list[Choice], rows: Sequence[dict]) -> str:
    """What four networks take, times what one takes, over the errors that both reach; in words."""
    both = [(e, one, four) for e, one, four in _compared(found, rows) if one and four]
    if not both:
        return "no error that both reach is stored yet"
    seconds, weights, kept, alone, _ = (
        np.array([four for *_, four in both]).T / np.array([one for _, one, _ in both]).T
    )
    return (
        f"to errors of {_spread([e for e, *_ in both], '.1e')}, which both reach, four networks "
        f"take {_spread(seconds)} times the seconds of one, store {_spread(weights)} times its "
        f"weights, and keep {_spread(kept)} times as much beside them while they are trained side "
        f"by side; one by one they need {_spread(alone)} times the memory of one"
    )


def _spread(values: Iterable[float], form: str = ".1f") -> str:
    low, high = (format(end(values), form) for end in (min, max))
    return low if low == high else f"{low} to {high}"
