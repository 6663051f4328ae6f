"""What the fast things are compared with: slow, short, and evidently right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from hrgradlib.optim._metric import Candidates, Joint, Step, Weights
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["dense_candidates", "naive_task_gradients"]


def naive_task_gradients(
    point_losses: Callable[[], Tensor], model: nn.Module, sizes: Sequence[int]
) -> TaskGradients:
    """:func:`hrgradlib.task_gradients` by K backward passes, for any model whatever.

    Args:
        point_losses, model, sizes: as there.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    losses = torch.stack([part.mean() for part in point_losses().split(list(sizes))])
    rows = []
    for loss in losses:
        grads = torch.autograd.grad(
            loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat([g.flatten() for g in grads]))
    return TaskGradients(losses.detach(), torch.stack(rows))


def dense_candidates(metric: Tensor, moments: Tensor, gradients: Tensor) -> Candidates:
    """The offer of a metric that is written out, [n, n]; its ``commit`` does nothing.

    Args:
        metric: ``P``, symmetric positive definite, [n, n].
        moments: [K, n] covectors, such as means of gradients.
        gradients: [K, n] the current gradients.
    """
    rows = torch.cat([moments, gradients])
    products = (rows @ metric @ rows.T).double().cpu().numpy()

    both = Joint(products, products[len(moments) :])

    def combine(weights: Weights) -> Step:
        direction = torch.as_tensor(weights.joint).to(rows) @ rows @ metric
        norms = np.sqrt(np.diagonal(products)[len(moments) :])
        length = np.sqrt(max(weights.joint @ products @ weights.joint, 0.0))
        cosines = both.descent @ weights.joint / np.maximum(norms * length, np.finfo(float).tiny)
        return Step(direction, 1.0, norms, cosines)

    return Candidates(
        products[: len(moments), : len(moments)],
        lambda: both,
        lambda: products[len(moments) :, len(moments) :],
        torch.finfo(rows.dtype).eps,
        combine,
        lambda weights: None,
    )
