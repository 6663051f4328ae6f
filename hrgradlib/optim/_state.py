"""Stored states of HRGrad: whether one belongs here, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from hrgradlib.optim._metric import Metric, MetricState
from hrgradlib.optim._refused import StateMismatch

__all__ = ["STATE_VERSION", "check_stored", "restore"]

#: Of the layout of a stored state; raised when old ones can no longer be read.
STATE_VERSION = 2


def check_stored(
    stored: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], metric: Metric
) -> None:
    """Refuse a stored state that is not of an optimizer like this one.

    Args:
        stored: result of ``state_dict()``.
        groups: the parameter groups it is to be loaded into.
        metric: its metric.

    Raises:
        StateMismatch: another optimizer, version, metric, number of tasks, or network.
    """
    try:
        theirs, state = stored["param_groups"][0], stored["state"]
        members = [i for saved in stored["param_groups"] for i in saved["params"]]
    except (KeyError, TypeError, IndexError):
        raise StateMismatch(
            "HRGrad: this is no state of an optimizer; expected what state_dict() of an HRGrad "
            "returned."
        ) from None
    group = groups[0]
    if "metric" not in theirs or "harmony" not in theirs:
        raise StateMismatch(
            f"HRGrad: found the state of another optimizer, with options {sorted(theirs)}; "
            "expected that of an HRGrad."
        )
    for name, ours in (("version", STATE_VERSION), ("metric", group["metric"])):
        if theirs.get(name) != ours:
            raise StateMismatch(
                f"HRGrad: found a state of {name} {theirs.get(name)!r}; expected {ours!r}."
            )
    tasks = theirs.get("tasks")
    if group["tasks"] and tasks and tasks != group["tasks"]:
        raise StateMismatch(
            f"HRGrad: found a state of {tasks} tasks; expected {group['tasks']}, as in the steps "
            "that were taken."
        )
    parameters = [p for own in groups for p in own["params"]]
    if len(members) != len(parameters):
        raise StateMismatch(
            f"HRGrad: found a state of {len(members)} parameters; expected {len(parameters)}."
        )
    if not state:
        return
    trained = [i for i, p in enumerate(parameters) if p.requires_grad]
    if sorted(state) != trained:
        raise StateMismatch(
            f"HRGrad: found a state in which the parameters {sorted(state)} are trained; expected "
            f"{trained}."
        )
    _check_shapes([state[i] for i in trained], trained, parameters, metric, tasks)


def _check_shapes(
    states: Sequence[Mapping[str, Tensor]],
    trained: Sequence[int],
    parameters: Sequence[Tensor],
    metric: Metric,
    tasks: int,
) -> None:
    expected = metric.init(tasks, [parameters[i].detach().to("meta") for i in trained]).views()
    for index, found, wanted in zip(trained, states, expected, strict=True):
        shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
        theirs = {n: tuple(t.shape) for n, t in found.items() if n != "step"}
        if theirs != shapes or "step" not in found:
            raise StateMismatch(
                f"HRGrad: found {_listed(theirs)} in the state of parameter {index}, of shape "
                f"{tuple(parameters[index].shape)}; expected {_listed(shapes)}."
            )


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items())) or "nothing"


def restore(state: MetricState, saved: Sequence[Mapping[str, Tensor]]) -> None:
    """Fill the state with what was saved for every parameter."""
    for ours, theirs in zip(state.views(), saved, strict=True):
        for name, tensor in ours.items():
            tensor.copy_(theirs[name])
