"""The training loop: schedule, steps, looks at the error, checkpoints, interrupts.

A run that is interrupted, even killed, goes on from its last checkpoint and, on the CPU, ends
with the same bits: the checkpoint holds model, method, random state, records and clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib._system.interrupt import Interrupts
from hrgradlib._system.progress import progress
from hrgradlib.optim import StepRefused
from hrgradlib.training.state import CheckpointError, Records, TrainingState

__all__ = [
    "CheckpointError",
    "Interrupted",
    "Records",
    "Schedule",
    "Tasks",
    "TrainingFailed",
    "TrainingState",
    "learning_rate",
    "train",
]


class TrainingFailed(RuntimeError):
    """A step cannot be taken: a loss or gradient is not finite, or memory does not suffice."""


class Interrupted(RuntimeError):
    """The run was asked to stop; its checkpoint is on disk."""


def learning_rate(step: int, steps: int, peak: float, warmup: int, hold: float = 0.0) -> float:
    """Linear warm-up over ``warmup`` steps times a cosine that falls to zero at the end.

    The cosine stays at one for the share ``hold`` of the steps; ``step`` counts from 0.
    """
    rise = min(1.0, (step + 1) / max(1, warmup))
    fallen = max(0.0, (step / steps - hold) / (1 - hold))
    return peak * rise * 0.5 * (1 + math.cos(math.pi * fallen))


class Tasks(NamedTuple):
    """What is learned.

    Attributes:
        residuals: (model, *points) → [N, C], C residual components of every point.
        sample: draws the points of one step from a generator, tasks consecutive.
        sizes: points per task.
    """

    residuals: Callable[..., Tensor]
    sample: Callable[[torch.Generator], Sequence[Tensor]]
    sizes: Sequence[int]


@dataclass(frozen=True)
class Schedule:
    """When things happen.

    Attributes:
        steps: how many are taken in all.
        lr, warmup, hold: see :func:`learning_rate`; ``lr`` is the peak.
        observe_every: steps between those at which methods record what costs extra.
        watches: looks at the error, evenly over the steps.
        save_seconds: between checkpoints.
    """

    steps: int
    lr: float
    warmup: int = 0
    hold: float = 0.0
    observe_every: int = 25
    watches: int = 10
    save_seconds: float = 30.0

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        return learning_rate(step, self.steps, self.lr, self.warmup, self.hold)

    @property
    def looks(self) -> set[int]:
        """Numbers of steps after which the error is looked at."""
        return {self.steps * (i + 1) // self.watches for i in range(self.watches)} - {0}


def train(
    state: TrainingState,
    tasks: Tasks,
    schedule: Schedule,
    watch: Callable[[], NDArray] | None = None,
    quiet: bool = False,
) -> None:
    """Take the steps that ``state`` lacks; it holds the result, also on disk if it has a path.

    Args:
        state: moved on in place.
        watch: recorded as ``"error"`` at the looks of the schedule; its time is not counted.
        quiet: no progress bar.

    Raises:
        TrainingFailed: a loss or gradient became NaN or inf, the metric's kernel singular, or
            memory too small.
        Interrupted: SIGINT or SIGTERM arrived; the checkpoint is written.
        OSError: the checkpoint cannot be written; the last one is as it was.
    """  # noqa: DOC502
    looks = schedule.looks if watch else set()
    saved_at, saved = time.monotonic(), state.done
    title = state.path.parent.name if state.path else None
    bar = progress(schedule.steps, "step", initial=state.done, title=title, quiet=quiet)
    with Interrupts() as interrupts, bar:
        while True:
            if state.done in looks and not _looked(state):
                _look(state, watch, interrupts, schedule.steps)
            if state.done >= schedule.steps:
                break
            found = _step(state, tasks, schedule)
            bar.update()
            if (state.done - 1) % schedule.observe_every == 0:
                bar.set_postfix(loss=f"{found['losses'].sum():.2e}", refresh=False)
            if interrupts:
                _stop(state, schedule.steps)
            if time.monotonic() - saved_at > schedule.save_seconds:
                state.save()
                saved_at, saved = time.monotonic(), state.done
        if saved < state.done:
            state.save()  # what follows, judging the network, may be interrupted too


def _step(state: TrainingState, tasks: Tasks, schedule: Schedule) -> dict[str, NDArray]:
    began = time.perf_counter()
    state.method.set_learning_rate(schedule.rate(state.done))
    observe = state.done % schedule.observe_every == 0
    residuals = partial(tasks.residuals, state.model)
    try:
        points = tasks.sample(state.generator)
        found = state.method.step(residuals, points, tasks.sizes, observe)
    except (StepRefused, MemoryError, OverflowError, torch.cuda.OutOfMemoryError) as error:
        raise TrainingFailed(str(error)) from error
    except RuntimeError as error:
        # The bare kind is how torch says that the CPU's memory, or a number, does not suffice.
        if type(error) is not RuntimeError:
            raise
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise TrainingFailed(f"step {state.done + 1} cannot be computed: {reason}") from error
    if not np.isfinite(found["losses"]).all():
        broken = np.flatnonzero(~np.isfinite(found["losses"])).tolist()
        raise TrainingFailed(f"the loss of task(s) {broken} is not finite")
    state.records.append(state.done, found)
    state.done += 1
    state.seconds += time.perf_counter() - began
    return found


def _looked(state: TrainingState) -> bool:
    return state.done - 1 in state.records.at.get("error", [])[-1:]


def _look(state: TrainingState, watch, interrupts: Interrupts, steps: int) -> None:
    """Record the error; the first look may compute a reference, for which nobody has to wait."""
    try:
        with interrupts.at_once():
            error = watch()
    except KeyboardInterrupt:
        _stop(state, steps)
    state.records.append(state.done - 1, {"error": error, "seconds": np.array(state.seconds)})


def _stop(state: TrainingState, steps: int) -> NoReturn:
    state.save()
    raise Interrupted(f"stopped after step {state.done} of {steps}; use --resume")
