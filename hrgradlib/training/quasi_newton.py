"""L-BFGS, the usual second optimizer of the literature on PINNs, on points that stay fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import StepRefused, segment_means, task_gradients
from hrgradlib.training._products import flat, products, refuse_not_finite
from hrgradlib.training.methods import Residuals, Settings, Stepping, record_arrays

__all__ = ["FixedPointsLBFGS"]


class FixedPointsLBFGS(Stepping):
    """PyTorch's, with its line search; a curvature pair of two batches would mean nothing.

    The points of the first step are kept for good. A step is ten iterations; ``evaluations`` are
    the gradients that it computed. The learning rate has no meaning.
    """

    summary = "L-BFGS (strong Wolfe) of the sum on the first step's points, 10 iterations a step"
    tuned: ClassVar[dict[str, float]] = dict(lr=1.0, beta2=0.99)
    dtype = torch.float64
    optimizer: torch.optim.LBFGS

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.points: list[Tensor] | None = None
        self.optimizer = torch.optim.LBFGS(
            model.parameters(),
            max_iter=10,
            max_eval=25,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=50,
            line_search_fn="strong_wolfe",
        )

    def set_learning_rate(self, lr: float) -> None:
        """Nothing: the line search chooses."""

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        if self.points is None:
            self.points = [p.clone() for p in points]
        fixed, before = self.points, flat(self.model)
        found: list[Tensor] = []
        record: dict[str, Tensor | int] = {}
        if observe:
            tasks = task_gradients(lambda: residuals(*fixed).square().sum(1), self.model, sizes)
            refuse_not_finite(tasks.losses, tasks)

        def closure() -> Tensor:
            self.optimizer.zero_grad()
            losses = segment_means(residuals(*fixed).square().sum(1), sizes)
            if not found:
                refuse_not_finite(losses)
            found.append(losses.detach())
            total = losses.sum()
            total.backward()
            return total

        self.optimizer.step(closure)
        after = flat(self.model)
        if not bool(after.isfinite().all()):
            raise StepRefused(f"{self.summary}: the step leaves the range of {self.dtype}.")
        record |= {"losses": found[0], "evaluations": len(found)}
        if observe:
            record |= products(tasks.matrix, before - after)
        return record_arrays(record)

    def state_dict(self) -> dict:
        return super().state_dict() | {"points": self.points}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        device = next(self.model.parameters()).device
        kept = state["points"]
        self.points = None if kept is None else [p.to(device, copy=True) for p in kept]
