"""Measuring gradient conflict: pairs, applied steps, and how much of it is sampling noise."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.experiments.cases.periodic import point_losses
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import Spec
from hrgradlib.models import PeriodicModel
from hrgradlib.optim import task_gradients

__all__ = ["HalvedGradients", "cosine_matrix", "halved_gradients", "task_edges"]


def task_edges(spec: Spec) -> NDArray:
    """ε at the ends of the tasks' ranges, shape [K + 1]."""
    low, high = spec.case.problem.eps_range
    return np.geomspace(low, high, spec.tasks + 1)


def cosine_matrix(gramian: NDArray) -> NDArray:
    """``M_ij = A_ij / (n_i n_j)``; [..., K, K] to [..., K, K]."""
    norms = np.sqrt(np.diagonal(gramian, axis1=-2, axis2=-1))
    return gramian / norms[..., :, None] / norms[..., None, :]


class HalvedGradients(NamedTuple):
    """Task gradients averaged over two independent halves of many batches.

    Attributes:
        reliability: [K] cosine between the two halves' averages of one task's gradient.
        batch_signal: [K] share of a single batch's squared norm that is not sampling noise.
        cosines: [K, K] cosines of the expected gradients, cleared of sampling noise (products of
            different halves only); NaN where the signal does not rise above the noise.
        single: [K, K] mean cosine that single batches show.
    """

    reliability: NDArray
    batch_signal: NDArray
    cosines: NDArray
    single: NDArray


def halved_gradients(
    model: PeriodicModel, spec: Spec, batches: int, seed: int = 0
) -> HalvedGradients:
    """Split ``batches`` fresh batches in two halves and compare their mean task gradients.

    Args:
        model: evaluated at its present parameters, left unchanged.
        spec: number and size of tasks.
        batches: at least 2; the more, the weaker a signal can be seen.
        seed: of the collocation points.

    Raises:
        ValueError: ``batches < 2``.
    """
    if batches < 2:
        raise ValueError(f"halved_gradients: found batches = {batches}; expected at least 2.")
    generator = torch.Generator().manual_seed(seed)
    halves: list = [0.0, 0.0]
    squares, single = np.zeros(spec.tasks), np.zeros((spec.tasks, spec.tasks))
    for index in range(batches):
        points = sample(spec, generator)
        found = task_gradients(
            partial(point_losses, model, *points), model, [spec.per_task] * spec.tasks
        ).matrix.double()
        halves[index % 2] = halves[index % 2] + found
        gramian = (found @ found.T).numpy()
        squares = squares + np.diagonal(gramian) / batches
        single = single + cosine_matrix(gramian) / batches
    first, second = (
        h.numpy() / (batches // 2 + (batches % 2 and not i)) for i, h in enumerate(halves)
    )
    crossed = first @ second.T
    signal = np.diagonal(crossed)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    size = np.sqrt(np.where(signal > 0, signal, np.nan))
    cosines = 0.5 * (crossed + crossed.T) / size[:, None] / size
    return HalvedGradients(signal / lengths, signal / squares, cosines, single)
