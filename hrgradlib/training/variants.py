"""Variants of the rule that were tried against it; kept so that the notes on them can be repeated.

Each changes one thing in HRGrad under Adam and nothing else. The appendix on
many tasks tells how they fared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import HRGrad, task_gradients
from hrgradlib.training.methods import HarmonizedSum, Residuals, Settings, record_arrays

__all__ = ["AdaptiveHarmony", "LogLosses", "PersistentConflict", "RootLosses", "WorstFirst"]


class _Powered(HarmonizedSum):
    """Task gradients of ``L_k^{1−p}/(1−p)``: scaled by ``L̄_k^{−p}``, L̄ a running mean."""

    power: float

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.level: Tensor | None = None

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
        self.level = found.losses if self.level is None else self.level.lerp(found.losses, 0.02)
        scaled = found.matrix * self.level.pow(-self.power)[:, None]
        return record_arrays(self.optimizer.step(found._replace(matrix=scaled), observe))

    def state_dict(self) -> dict:
        return super().state_dict() | {"level": self.level}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.level = state["level"]


class RootLosses(_Powered):
    summary = "trial: HRGrad on the tasks' root mean square residuals"
    power = 0.5


class LogLosses(_Powered):
    summary = "trial: HRGrad on the logarithms of the task losses"
    power = 1.0


class WorstFirst(_Powered):
    summary = "trial: HRGrad on the tasks' losses to the power 3/2, which favours the worst"
    power = -0.5


class AdaptiveHarmony(HarmonizedSum):
    summary = "trial: HRGrad with harmony (1 − S)/2, S the alignment metric of the last step"

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        record = super().step(residuals, points, sizes, True)
        norms = np.maximum(record["norms"], np.finfo(float).tiny)
        alignment = 2 * (record["gramian"] / norms[:, None] / norms).mean() - 1
        self.optimizer.param_groups[0]["harmony"] = float(np.clip((1 - alignment) / 2, 0, 1))
        if not observe:
            del record["gramian"]
        return record


class _Averaged(HRGrad):
    """The cosines of the Gramian averaged over about 100 steps; norms stay those of the step."""

    mean: NDArray | None = None

    def _offer(self, given, state, weights):
        offered = super()._offer(given, state, weights)
        norms = np.sqrt(np.maximum(np.diagonal(offered.moments), np.finfo(float).tiny))
        cosines = offered.moments / norms[:, None] / norms
        mean = cosines if self.mean is None else 0.99 * self.mean + 0.01 * cosines

        def commit(chosen):
            self.mean = mean
            offered.commit(chosen)

        return offered._replace(moments=mean * norms[:, None] * norms, commit=commit)


class PersistentConflict(HarmonizedSum):
    summary = "trial: HRGrad on a running mean of the Gramian's cosines: lasting conflict only"
    optimizer: _Averaged
    optimizer_class = _Averaged

    def state_dict(self) -> dict:
        mean = self.optimizer.mean
        return super().state_dict() | {"mean": None if mean is None else torch.from_numpy(mean)}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.optimizer.mean = None if state["mean"] is None else state["mean"].numpy()
