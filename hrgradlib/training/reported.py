"""Published rules: HRGrad as reported, M-ConFIG, ConFIG, HARMONIC. None of them is ours.

What distinguishes them is what is harmonised (gradients or their first moments), by which rule, and
that the result is handed to Adam as if it were the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import StepRefused, TaskGradients, harmonize, task_gradients
from hrgradlib.optim._config import config_weights
from hrgradlib.optim._reported import reported_weights
from hrgradlib.training.methods import (
    HarmonizedThenAdam,
    Residuals,
    Settings,
    Stepping,
    record_arrays,
)

__all__ = ["ConFIG", "Harmonic", "MomentConFIG", "Reported", "ReportedAnchor"]

_TINY = 1e-8  # Adam's, added to √v̂
_ROUNDOFF = float(np.finfo(float).eps)  # Gramians are accumulated in float64


class ConFIG(HarmonizedThenAdam):
    summary = "ConFIG of the raw task gradients, handed to Adam"
    rule = 1

    def weights(self, found: TaskGradients) -> Tensor:
        rows = found.matrix.double()
        gramian = (rows @ rows.T).cpu().numpy()
        return torch.from_numpy(config_weights(gramian, _ROUNDOFF)).to(found.matrix)


class Harmonic(HarmonizedThenAdam):
    summary = "HARMONIC: the raw gradients' sum on the axis of their harmonised cone, then Adam"
    rule = 1

    def weights(self, found: TaskGradients) -> Tensor:
        rows = found.matrix.double()
        return harmonize(rows @ rows.T, 1.0, "rays").weights.to(found.matrix)


class _Averages(NamedTuple):
    """Moments [K, n] of the tasks; [n] float64: the moment that the last direction was, and v."""

    moments: Tensor
    led: Tensor
    second: Tensor

    @classmethod
    def zeros(cls, matrix: Tensor) -> _Averages:
        """Before the first step."""
        none = torch.zeros_like(matrix[0], dtype=torch.float64)
        return cls(torch.zeros_like(matrix), none, none)


class MomentConFIG(Stepping):
    """M-ConFIG: ConFIG of the tasks' first moments; the second moment follows what comes out.

    ``m_k ← β1 m_k + (1 − β1) g_k``, ``d = ConFIG(m_k / (1 − β1^t))``. The gradient whose moment
    ``d`` would be, ``(d (1 − β1^t) − β1 d' (1 − β1^{t−1})) / (1 − β1)`` with ``d'`` the last one,
    feeds v, and the step is ``−η d / (√v̂ + tiny)``. With one task it is Adam.

    As in the operator of the rule's authors, but that all K gradients are new at every step (the
    authors may renew one at a time, to save backward passes that here cost nothing).
    """

    summary = "M-ConFIG: ConFIG of the tasks' first moments, second moment of the result"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.lr, self.steps = settings.lr, 0
        self.averages: _Averages | None = None

    def set_learning_rate(self, lr: float) -> None:
        self.lr = lr

    def direct(self, gramian: NDArray, losses: NDArray) -> tuple[NDArray, dict[str, Any]]:
        """[K] on the moments, from their Gramian; and what to record of it."""
        del losses
        return config_weights(gramian, _ROUNDOFF), {}

    @torch.no_grad()
    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        with torch.enable_grad():
            found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
        matrix, t = found.matrix, self.steps + 1
        beta1, beta2 = self.settings.beta1, self.settings.beta2
        last = self.averages or _Averages.zeros(matrix)
        moments = torch.lerp(matrix, last.moments, beta1)
        rows = moments.double() / (1 - beta1**t)
        gramian, losses = (x.double().cpu().numpy() for x in (rows @ rows.T, found.losses))
        weights, said = self.direct(gramian, losses)
        direction = torch.from_numpy(weights).to(rows) @ rows
        led = direction * (1 - beta1**t)
        pseudo = (led - beta1 * last.led) / (1 - beta1)
        second = torch.lerp(pseudo.square(), last.second, beta2)
        metric = 1 / ((second / (1 - beta2**t)).sqrt() + _TINY)
        applied = metric * direction
        if not bool(applied.to(matrix).isfinite().all()):
            raise StepRefused(f"{self.summary}: the step leaves the range of {matrix.dtype}.")
        # Nothing can fail from here on.
        self.averages, self.steps = _Averages(moments, led, second), t
        self._move(applied, found)
        seen = {"losses": found.losses} | said
        return record_arrays(seen | (_products(matrix, metric, applied) if observe else {}))

    def _move(self, applied: Tensor, found: TaskGradients) -> None:
        row = found._replace(matrix=applied[None].to(found.matrix))
        for p, block in zip(self.model.parameters(), row.by_parameter(self.model), strict=True):
            p.sub_(block[0], alpha=self.lr)

    def state_dict(self) -> dict:
        kept = None if self.averages is None else self.averages._asdict()
        return {"steps": self.steps, "averages": kept}

    def load_state_dict(self, state: dict) -> None:
        self.steps, kept = state["steps"], state["averages"]
        device = next(self.model.parameters()).device
        copies = {n: x.to(device, copy=True) for n, x in (kept or {}).items()}
        self.averages = _Averages(**copies) if copies else None


class Reported(MomentConFIG):
    """HRGrad as reported: M-ConFIG with conflicting moments rotated first.

    Records how many were ``rotated``, and how many moments as they were the direction ``opposed``.
    """

    summary = "HRGrad as reported: moments that oppose another one are rotated, then M-ConFIG"
    reading = "gradients"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.before: NDArray | None = None  # [K] losses at the last step

    def direct(self, gramian: NDArray, losses: NDArray) -> tuple[NDArray, dict[str, Any]]:
        """[K] on the moments, from their Gramian; and what to record of it."""
        spread = self._spread(losses)
        found = reported_weights(gramian, self.reading, self.settings.inner, spread, _ROUNDOFF)
        rotated, opposed = (found.angles > 0).sum(), found.opposed.sum()
        return found.weights, {"rotated": rotated, "opposed": opposed}

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        record = super().step(residuals, points, sizes, observe)
        self.before = record["losses"]
        return record

    def _spread(self, losses: NDArray) -> float:
        """Standard deviation of the losses' relative changes since the last step."""
        if self.before is None:
            return 0.0
        return float(np.std(losses / np.maximum(self.before, np.finfo(float).tiny)))

    def state_dict(self) -> dict:
        before = None if self.before is None else torch.from_numpy(self.before)
        return super().state_dict() | {"before": before}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.before = None if state["before"] is None else state["before"].numpy()


class ReportedAnchor(Reported):
    summary = "HRGrad as reported, word by word: what opposes the anchor is rotated (nothing does)"
    reading = "anchor"


def _products(matrix: Tensor, metric: Tensor, applied: Tensor) -> dict[str, Tensor]:
    """What HRGrad's record holds: products of the current gradients in the step's metric."""
    root = metric.sqrt()
    rows, step = matrix.double() * root, applied / root
    norms = rows.norm(dim=1)
    cosines = (rows @ step) / (norms * step.norm()).clamp_min(1e-300)
    return {"norms": norms, "gramian": rows @ rows.T, "cosine_gradients": cosines}
