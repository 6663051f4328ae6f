"""Random points on the scales of kinetic equations: ranges of ``log ε``, times of layers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["layer_times", "regime_of", "stratified"]


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
