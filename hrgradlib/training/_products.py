"""What a record holds of an applied step: its products with the gradients of the tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from hrgradlib.optim import StepRefused, TaskGradients

__all__ = ["flat", "products", "refuse_not_finite"]


def flat(model: nn.Module) -> Tensor:
    """[n] copy of the parameters."""
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def products(rows: Tensor, applied: Tensor, root: Tensor | None = None) -> dict[str, Tensor]:
    """Norms [K], Gramian [K, K] of the gradients and cosines [K] with the step, all in a metric.

    The sign of a cosine is that of the plain product, whatever the metric.

    Args:
        rows: [K, n] gradients of the tasks at the parameters before the step.
        applied: [n] the parameters before the step less those after it.
        root: [n] diagonal of P^{1/2}; the identity if there is none.
    """
    scaled, step = rows.double(), applied.double()
    if root is not None:
        scaled, step = scaled * root, step / root
    norms = scaled.norm(dim=1)
    cosines = (scaled @ step) / (norms * step.norm()).clamp_min(1e-300)
    return {"norms": norms, "gramian": scaled @ scaled.T, "cosine_gradients": cosines}


def refuse_not_finite(losses: Tensor, found: TaskGradients | None = None) -> None:
    """Nothing, if all losses (and gradients) are finite.

    Raises:
        StepRefused: some are not; it names their tasks.
    """
    good = losses.detach().isfinite().cpu().numpy()
    if found is not None:
        good &= found.matrix.isfinite().all(1).cpu().numpy()
    if broken := _places(good):
        raise StepRefused(f"the loss or gradient of task(s) {broken} is not finite", broken)


def _places(good: np.ndarray) -> Sequence[int]:
    return np.flatnonzero(~good).tolist()
