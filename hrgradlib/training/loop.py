"""The training loop: sampling, schedule, records, checkpoints, resume.

A run that is interrupted, even killed, goes on from its last checkpoint and, on the CPU, ends
with the same bits: the checkpoint holds model, optimizer, random state, records and clock.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from hrgradlib._files import write_atomically
from hrgradlib.optim import StepRefused

__all__ = ["CheckpointError", "Interrupted", "Records", "TrainingFailed", "learning_rate", "train"]


class TrainingFailed(RuntimeError):
    """A step cannot be taken: a loss or gradient is not finite, or memory does not suffice."""


class Interrupted(RuntimeError):
    """The run was asked to stop; its checkpoint is on disk."""


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read or belongs to another run."""


def learning_rate(step: int, steps: int, peak: float, warmup: int, hold: float = 0.0) -> float:
    """Linear warm-up over ``warmup`` steps times a cosine that falls to zero at the end.

    The cosine stays at one for the share ``hold`` of the steps; ``step`` counts from 0.
    """
    rise = min(1.0, (step + 1) / max(1, warmup))
    fallen = max(0.0, (step / steps - hold) / (1 - hold))
    return peak * rise * 0.5 * (1 + math.cos(math.pi * fallen))


@dataclass
class Records:
    """What a run logs: ``values[name][i]`` was recorded at step ``at[name][i]`` (from 0)."""

    at: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, list[NDArray]] = field(default_factory=dict)

    def append(self, step: int, found: dict[str, NDArray]) -> None:
        for name, value in found.items():
            self.at.setdefault(name, []).append(step)
            kept = value if value.dtype == bool else value.astype(np.float32)
            self.values.setdefault(name, []).append(kept)

    def arrays(self) -> dict[str, NDArray]:
        """``name`` stacked along a first axis, and ``name_steps``."""
        stacked = {name: np.stack(v) for name, v in self.values.items()}
        return stacked | {f"{name}_steps": np.array(a) for name, a in self.at.items()}


def train(
    model: nn.Module,
    method: Any,
    residuals: Callable[..., Tensor],
    sample: Callable[[torch.Generator], tuple[Tensor, ...]],
    sizes: list[int],
    *,
    steps: int,
    lr: float,
    warmup: int,
    seed: int,
    fingerprint: str,
    checkpoint: Path,
    hold: float = 0.0,
    resume: bool = False,
    observe_every: int = 25,
    checkpoint_seconds: float = 30.0,
    quiet: bool = False,
    watch: Callable[[], NDArray] | None = None,
    watches: int = 10,
) -> tuple[Records, float]:
    """Run ``method`` for ``steps`` steps.

    Args:
        model: trained in place.
        method: has ``step(residuals, points, sizes, observe)`` and ``optimizer``.
        residuals: (model, *points) → [N, C], C residual components of every point.
        sample: draws the points of one step from a generator.
        sizes: points per task.
        fingerprint: identifies the run; a checkpoint of another one is refused.
        checkpoint: file to write, replaced atomically.
        watch: evaluated ``watches`` times along the way and recorded as ``"error"``; its time
            is not counted.

    Returns:
        The records and the seconds spent in steps.

    Raises:
        TrainingFailed: a loss or gradient became NaN or inf, the metric's kernel singular, or
            memory too small.
        Interrupted: SIGINT or SIGTERM arrived; the checkpoint is written.
        CheckpointError: the checkpoint is unreadable or belongs to another run.
    """
    generator = torch.Generator().manual_seed(seed)
    records, start, seconds = Records(), 0, 0.0
    if resume and checkpoint.exists():
        records, start, seconds = _restore(checkpoint, fingerprint, model, method, generator)

    def save(done: int) -> None:
        _save(checkpoint, fingerprint, model, method, generator, records, done, seconds)

    looks = {steps * (i + 1) // watches - 1 for i in range(watches)} if watch else set()
    saved_at = time.monotonic()
    bar = tqdm(
        total=steps,
        initial=start,
        disable=quiet,
        file=sys.stderr,
        unit="step",
        mininterval=0.5,
        desc=checkpoint.parent.name,
    )
    with _stop_flag() as stop, bar:
        for step in range(start, steps):
            began = time.perf_counter()
            method.optimizer.param_groups[0]["lr"] = learning_rate(step, steps, lr, warmup, hold)
            points = sample(generator)
            observe = step % observe_every == 0
            found = _guarded(method, partial(residuals, model), points, sizes, observe)
            records.append(step, found)
            seconds += time.perf_counter() - began
            if step in looks:
                records.append(step, {"error": watch(), "seconds": np.array(seconds)})
            bar.update()
            if observe:
                bar.set_postfix(loss=f"{found['losses'].sum():.2e}", refresh=False)
            if stop:
                save(step + 1)
                raise Interrupted(f"stopped after step {step + 1} of {steps}; use --resume")
            if time.monotonic() - saved_at > checkpoint_seconds:
                save(step + 1)
                saved_at = time.monotonic()
    return records, seconds


def _guarded(method, residuals, points, sizes, observe) -> dict[str, NDArray]:
    try:
        found = method.step(residuals, points, sizes, observe)
    except (StepRefused, MemoryError) as error:
        raise TrainingFailed(str(error)) from error
    if not np.isfinite(found["losses"]).all():
        tasks = np.flatnonzero(~np.isfinite(found["losses"])).tolist()
        raise TrainingFailed(f"the loss of task(s) {tasks} is not finite")
    return found


@contextmanager
def _stop_flag():
    """A list that becomes non-empty on SIGINT or SIGTERM (main thread only)."""
    caught: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [
            signal.signal(kind, lambda number, frame: caught.append(number)) for kind in kinds
        ]
    except ValueError:  # not the main thread: nothing to catch
        yield caught
        return
    try:
        yield caught
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _save(path, fingerprint, model, method, generator, records, done, seconds) -> None:
    state = {
        "fingerprint": fingerprint,
        "model": model.state_dict(),
        "optimizer": method.optimizer.state_dict(),
        "generator": generator.get_state(),
        "steps": records.at,
        "done": done,
        "seconds": seconds,
        "values": {n: torch.from_numpy(np.stack(v)) for n, v in records.values.items()},
    }
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def _restore(path, fingerprint, model, method, generator) -> tuple[Records, int, float]:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        found = state["fingerprint"]
    except Exception as error:  # torch.load raises many kinds on a truncated file
        raise CheckpointError(
            f"{path.name} is unreadable ({type(error).__name__}); delete it to start the run again"
        ) from error
    if found != fingerprint:
        raise CheckpointError(
            f"{path.name} belongs to a run with another specification; "
            "use the options it was started with, or another folder"
        )
    model.load_state_dict(state["model"])
    method.optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    values = {name: list(stacked.numpy()) for name, stacked in state["values"].items()}
    return Records(state["steps"], values), state["done"], state["seconds"]
