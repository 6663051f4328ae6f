"""Random points on the scales of kinetic equations: ranges of ``log ε``, times of layers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["layer_times", "regime_of", "sample_points", "stratified"]


def stratified(eps_range: tuple[float, float], draw: Tensor, bias: float = 1.0) -> Tensor:
    """ε of K tasks, each a range of ``log ε`` of its own, the smallest first.

    Args:
        eps_range: smallest and largest ε.
        draw: [K, N] uniform on [0, 1].
        bias: 1 for equal ranges; above it more of them are small ε.

    Returns:
        [K, N], uniform in ``log ε`` within each range if bias = 1.
    """
    low, high = (math.log(e) for e in eps_range)
    share = (torch.arange(len(draw))[:, None] + draw) / len(draw)
    return torch.exp(low + (high - low) * (share if bias == 1 else share**bias))


def regime_of(
    eps: Tensor, eps_range: tuple[float, float], regimes: int, bias: float = 1.0
) -> Tensor:
    """Number of the range, from 0, that :func:`stratified` draws these ε in; shape of ``eps``."""
    low, high = (math.log(e) for e in eps_range)
    share = ((eps.log() - low) / (high - low)).clamp(0, 1) ** (1 / bias)
    return (share * regimes).long().clamp(max=regimes - 1)


def layer_times(draw: Tensor, final: float, width: Tensor) -> Tensor:
    """Times in [0, final], uniform in ``1 − e^{−t/width}`` where draw is uniform on [0, 1]."""
    return -width * torch.log1p(draw * torch.expm1(-final / width))


def sample_points(
    eps_range: tuple[float, float],
    final_time: float,
    tasks: int,
    per_task: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    beyond: float = 1.0,
    one_each: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Collocation points (t, x, ε), sorted by task.

    Task k is the k-th of ``tasks`` equal ranges of ``log ε``. x is uniform on [0, 1]; half of
    the times are uniform on [0, T], half in the layer coordinate ``(1−e^{−t/ε²})/(1−e^{−T/ε²})``.
    With ``beyond > 1`` both go on to ``beyond · T``: points on one side only leave the end of the
    interval, where errors are quoted, the least determined. With ``one_each`` a task is one ε,
    log-uniform in the task's range, instead of all of that range.

    Returns:
        Three tensors of shape (tasks · per_task,), dimensionless, default dtype.
    """
    final_time = beyond * final_time
    draw = torch.rand(3, tasks, per_task, generator=generator)
    if one_each:
        eps = stratified(eps_range, draw[0][:, :1].T).T.expand(-1, per_task)
    else:
        eps = stratified(eps_range, draw[0])
    in_layer = layer_times(draw[1], final_time, eps.square())
    uniform = draw[1] * final_time
    first_half = torch.arange(per_task) < per_task // 2
    t = torch.where(first_half, uniform, in_layer).clamp(max=final_time)
    t, x, eps = (p.flatten().to(device) for p in (t, draw[2], eps))
    return t, x, eps
