"""All that a training is made of while it runs, and how it is put down and taken up again."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hrgradlib._files import write_bytes
from hrgradlib._system.seal import ForeignSeal, SealError, opened, sealed
from hrgradlib.training.methods import Method

__all__ = ["CheckpointError", "Records", "Series", "TrainingState"]


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read or belongs to another run."""


@dataclass
class Records:
    """What a run logs: ``values[name][i]`` was recorded at step ``at[name][i]`` (from 0)."""

    at: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, Series] = field(default_factory=dict)

    def append(self, step: int, found: dict[str, NDArray]) -> None:
        """Add what was found at a step, by name."""
        for name, value in found.items():
            self.at.setdefault(name, []).append(step)
            kept = value if value.dtype == bool else value.astype(np.float32)
            if name not in self.values:
                self.values[name] = Series(kept[None])
            else:
                self.values[name].append(kept)

    def arrays(self) -> dict[str, NDArray]:
        """``name`` stacked along a first axis, and ``name_steps``."""
        stacked = {name: series.array() for name, series in self.values.items()}
        return stacked | {f"{name}_steps": np.array(a) for name, a in self.at.items()}


class Series:
    """Arrays of one shape in one block that doubles when it is full.

    Kept one by one, small arrays lie between the large ones that every step frees, and the memory
    of the process grows with the steps.
    """

    def __init__(self, first: NDArray) -> None:
        self._block, self._count = first, len(first)

    def append(self, value: NDArray) -> None:
        """Add one at the end."""
        if self._count == len(self._block):
            self._block = np.concatenate([self._block, np.empty_like(self._block)])
        self._block[self._count] = value
        self._count += 1

    def array(self) -> NDArray:
        """All of them along a first axis; a view."""
        return self._block[: self._count]


@dataclass
class TrainingState:
    """A training between two steps.

    Attributes:
        model: what is trained, in place.
        method: see :class:`hrgradlib.training.methods.Method`.
        generator: draws the points; the only source of chance.
        path: the checkpoint's file; none is written without.
        owner: identifies the run; the checkpoint of another one is refused.
        records: what was logged so far.
        done: steps taken.
        seconds: spent in them.
    """

    model: nn.Module
    method: Method
    generator: torch.Generator
    path: Path | None = None
    owner: str = ""
    records: Records = field(default_factory=Records)
    done: int = 0
    seconds: float = 0.0

    def save(self) -> None:
        """Replace the checkpoint, if the state has one.

        Raises:
            OSError: it cannot be written; the last one is as it was.
        """  # noqa: DOC502
        if self.path is None:
            return
        state = {
            "fingerprint": self.owner,
            "model": self.model.state_dict(),
            "method": self.method.state_dict(),
            "generator": self.generator.get_state(),
            "steps": self.records.at,
            "done": self.done,
            "seconds": self.seconds,
            "values": {n: torch.tensor(v.array()) for n, v in self.records.values.items()},
        }
        archive = io.BytesIO()
        torch.save(state, archive)
        write_bytes(self.path, sealed(archive.getvalue(), self.owner))

    def restore(self) -> None:
        """Go on from the checkpoint, if there is one.

        Raises:
            CheckpointError: it cannot be read, its bytes have changed, or it is another run's.
        """
        if self.path is None or not self.path.exists():
            return
        name = self.path.name
        try:
            content = opened(self.path.read_bytes(), self.owner)
            state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        except ForeignSeal as error:
            raise CheckpointError(
                f"{name} belongs to a run with another specification; "
                "use the options it was started with, or another folder"
            ) from error
        except SealError as error:
            raise CheckpointError(
                f"{name} is damaged ({error}); delete it to start the run again"
            ) from error
        except Exception as error:  # torch.load raises many kinds
            raise CheckpointError(
                f"{name} is unreadable ({type(error).__name__}); delete it to start the run again"
            ) from error
        self.model.load_state_dict(state["model"])
        self.method.load_state_dict(state["method"])
        self.generator.set_state(state["generator"])
        values = {name: Series(stacked.numpy()) for name, stacked in state["values"].items()}
        self.records = Records(state["steps"], values)
        self.done, self.seconds = state["done"], state["seconds"]
