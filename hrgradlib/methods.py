"""Training methods behind one interface: a step from point losses to new parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optimizer import HRGrad
from hrgradlib.taskgrad import segment_means, task_gradients

__all__ = ["METHODS", "HarmonizedSum", "PlainSum"]


class HarmonizedSum:
    """HRGrad in Adam's metric on the task losses."""

    summary = "HRGrad: harmonised rotation of the task gradients, in Adam's metric"

    def __init__(
        self, model: nn.Module, lr: float, beta2: float, harmony: float, axis: str, guard: bool
    ) -> None:
        self.model = model
        self.optimizer = HRGrad(
            model.parameters(), lr=lr, betas=(0.9, beta2), harmony=harmony, axis=axis, guard=guard
        )

    def step(
        self, point_losses: Callable[[], Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        """One update; returns what to record, every field at every step."""
        record = self.optimizer.step(task_gradients(point_losses, self.model, sizes))
        return {name: np.asarray(value) for name, value in record._asdict().items()}


class PlainSum:
    """Adam on the sum of the task losses (unitary scalarization), the baseline."""

    summary = "the sum of the task losses under Adam"

    def __init__(
        self, model: nn.Module, lr: float, beta2: float, harmony: float, axis: str, guard: bool
    ) -> None:
        del harmony, axis, guard  # no meaning here; one signature for all methods
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, beta2))

    def step(
        self, point_losses: Callable[[], Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        """One update; gradients per task are computed, and recorded, only when ``observe``."""
        if observe:
            return self._observed_step(point_losses, sizes)
        self.optimizer.zero_grad()
        losses = segment_means(point_losses(), sizes)
        losses.sum().backward()
        self.optimizer.step()
        return {"losses": losses.detach().double().cpu().numpy()}

    @torch.no_grad()
    def _observed_step(self, point_losses, sizes) -> dict[str, NDArray]:
        """The same update, from task gradients, with what HRGrad's record holds."""
        with torch.enable_grad():
            found = task_gradients(point_losses, self.model, sizes)
        parameters = list(self.model.parameters())
        before = [p.clone() for p in parameters]
        for p, block in zip(parameters, found.by_parameter(self.model), strict=True):
            p.grad = block.sum(0)
        self.optimizer.step()
        applied = torch.cat([(q - p).flatten() for p, q in zip(parameters, before, strict=True)])
        state = [self.optimizer.state[p] for p in parameters]
        second = torch.cat([s["exp_avg_sq"].flatten() for s in state])
        group = self.optimizer.param_groups[0]
        correction = 1 - group["betas"][1] ** float(state[0]["step"])
        root = ((second / correction).sqrt() + group["eps"]).rsqrt().double()
        rows, step = found.matrix.double() * root, applied.double() / root
        norms = rows.norm(dim=1)
        cosines = (rows @ step) / (norms * step.norm()).clamp_min(1e-300)
        numbers = {
            "losses": found.losses,
            "norms": norms,
            "gramian": rows @ rows.T,
            "gramian_raw": found.matrix.double() @ found.matrix.double().T,
            "cosine_gradients": cosines,
        }
        return {name: value.double().cpu().numpy() for name, value in numbers.items()}


METHODS = {"hrgrad": HarmonizedSum, "sum": PlainSum}
