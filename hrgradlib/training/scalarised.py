"""Loss weightings: the K task losses become one number, whose gradient Adam is given.

Published rules by TorchJD's code; the sum of logarithms and the static weights are written here. No
rule but the static weights looks at a gradient: a step costs one backward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import TaskGradients, segment_means, task_gradients
from hrgradlib.training._extras import Chance, require
from hrgradlib.training._products import refuse_not_finite
from hrgradlib.training.methods import PlainSum, Residuals, Settings, record_arrays
from hrgradlib.training.static import divisors

__all__ = [
    "DWA",
    "FAMO",
    "FirstNormSum",
    "GeometricMean",
    "LogSum",
    "RandomWeights",
    "Scalarised",
    "Uncertainty",
]


class Scalarised(PlainSum, ABC):
    """What all of them do: the gradient of :meth:`total`, then Adam, then :meth:`learn`."""

    @abstractmethod
    def total(self, losses: Tensor) -> Tensor:
        """What is differentiated, of the [K] task losses; called once a step."""

    def learn(self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int]) -> None:
        """What the rule itself learns, after the step."""

    def weights(self, found: TaskGradients) -> Tensor:
        with torch.enable_grad():
            losses = found.losses.clone().requires_grad_()
            self.total(losses).backward()
        assert losses.grad is not None  # every rule depends on the losses
        return losses.grad

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        self.optimizer.zero_grad()
        if observe:
            found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
            refuse_not_finite(found.losses, found)
            record = self._from_tasks(found, True)
        else:
            losses = segment_means(residuals(*points).square().sum(1), sizes)
            refuse_not_finite(losses)
            self.total(losses).backward()
            self.optimizer.step()
            record = record_arrays({"losses": losses.detach()})
        self.learn(residuals, points, sizes)
        return record


def _positive(losses: Tensor) -> Tensor:
    return losses.clamp_min(torch.finfo(losses.dtype).tiny)


class LogSum(Scalarised):
    summary = "the sum of the logarithms of the task losses under Adam"

    def total(self, losses: Tensor) -> Tensor:
        return _positive(losses).log().sum()


class FirstNormSum(Scalarised):
    """``Σ L_k / ‖g_k‖``, the norms those of the first step."""

    summary = "static weights: every loss over its first gradient's norm, under Adam"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.first: Tensor | None = None

    def total(self, losses: Tensor) -> Tensor:
        assert self.first is not None  # measured before
        return (losses / self.first).sum()

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        if self.first is None:
            found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
            refuse_not_finite(found.losses, found)
            self.first = divisors(found.matrix.norm(dim=1), "gradient")
        return super().step(residuals, points, sizes, observe)

    def state_dict(self) -> dict:
        return super().state_dict() | {"first": self.first}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.first = state["first"]


class _FromTorchJD(Scalarised):
    """A scalarizer of TorchJD, built when the number of tasks is known."""

    packages: ClassVar[tuple[str, ...]] = ("torchjd",)

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        require(self.summary, self.packages, "torchjd")
        super().__init__(model, settings)
        self.scalarizer: Any = None

    @abstractmethod
    def build(self, tasks: int) -> nn.Module:
        """TorchJD's module."""

    def total(self, losses: Tensor) -> Tensor:
        if self.scalarizer is None:
            self.scalarizer = self.build(len(losses)).to(losses)
        return self.scalarizer(losses)


class GeometricMean(_FromTorchJD):
    summary = "the geometric mean of the task losses under Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.scalarization import GeometricMean as Rule

        return Rule()

    def total(self, losses: Tensor) -> Tensor:
        return super().total(_positive(losses))


class RandomWeights(_FromTorchJD):
    summary = "RLW: random weights of the task losses, drawn at every step, under Adam (TorchJD)"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.chance = Chance()

    def build(self, tasks: int) -> nn.Module:
        from torchjd.scalarization import Random

        return Random()

    def total(self, losses: Tensor) -> Tensor:
        with self.chance.drawing(self.model):
            return super().total(losses)

    def state_dict(self) -> dict:
        return super().state_dict() | {"chance": self.chance.state}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.chance.state = state["chance"]


class DWA(_FromTorchJD):
    """Points are drawn anew at every step: what its authors call an epoch is 50 steps here."""

    summary = "DWA: weights by how fast each loss fell in the last 50 steps, under Adam (TorchJD)"
    epoch: ClassVar[int] = 50
    settles_after: ClassVar[int] = 3 * epoch  # it weighs from the third epoch on

    def build(self, tasks: int) -> nn.Module:
        from torchjd.scalarization import DWA as Rule

        return Rule(temperature=2.0)

    def learn(self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int]) -> None:
        if self.scalarizer._n_batches >= self.epoch:
            self.scalarizer.step()

    def state_dict(self) -> dict:
        s = self.scalarizer
        kept = None if s is None else (s._loss_sum, s._n_batches, s._previous_averages)
        return super().state_dict() | {"averages": kept}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.scalarizer = None
        if state["averages"] is not None:
            self.scalarizer = self.build(0)
            total, count, averages = state["averages"]
            self.scalarizer._loss_sum, self.scalarizer._n_batches = total, count
            self.scalarizer._previous_averages = list(averages)


class _Learning(_FromTorchJD):
    """A scalarizer with parameters and an Adam of its own for them."""

    learner: Any = None

    def state_dict(self) -> dict:
        rule, learner = self.scalarizer, self.learner
        kept = None if rule is None else (rule.state_dict(), learner and learner.state_dict())
        return super().state_dict() | {"learnt": kept}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.scalarizer = self.learner = None
        if state["learnt"] is not None:
            rule, learner = state["learnt"]
            like = next(iter(rule.values()))
            self.scalarizer = self.build(len(like)).to(like)
            self.scalarizer.load_state_dict(rule)
            if learner:
                self.begin()
                self.learner.load_state_dict(learner)

    @abstractmethod
    def begin(self) -> None:
        """Make the learner."""


class Uncertainty(_Learning):
    summary = "UW: weights learnt as inverse variances of the tasks, under Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.scalarization import UW

        return UW(tasks)

    def begin(self) -> None:
        group = self.optimizer.param_groups[0]
        self.learner = torch.optim.Adam(
            self.scalarizer.parameters(), lr=group["lr"], betas=group["betas"]
        )

    def learn(self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int]) -> None:
        if self.learner is None:
            self.begin()
        self.learner.param_groups[0]["lr"] = self.optimizer.param_groups[0]["lr"]
        self.learner.step()
        self.learner.zero_grad()


class FAMO(_Learning):
    summary = "FAMO: weights learnt from how much each step lowered each loss, Adam (TorchJD)"

    def build(self, tasks: int) -> nn.Module:
        from torchjd.scalarization import FAMO as Rule

        return Rule(tasks)

    @property
    def learner(self) -> Any:
        """TorchJD's own, made at its first use."""
        return self.scalarizer and self.scalarizer._optimizer

    @learner.setter
    def learner(self, value: Any) -> None:
        assert value is None  # as it is at first

    def begin(self) -> None:
        s = self.scalarizer
        s._optimizer = torch.optim.Adam([s._w], lr=s.lr, weight_decay=s.weight_decay)

    @torch.no_grad()
    def learn(self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int]) -> None:
        after = segment_means(residuals(*points).square().sum(1), sizes)
        if bool(after.isfinite().all()):  # else the next step is refused, and names the task
            self.scalarizer.update(after)
