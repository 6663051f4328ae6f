"""A multilayer perceptron that carries tangents forward with its values.

Only first derivatives by x and t occur in the residuals. They pass through the layers as tangents
(a value stream and one stream per derivative) instead of nesting reverse mode.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["StreamMLP", "tanh_streams"]


class _TanhStreams(torch.autograd.Function):
    """``tanh(a)`` and ``tanh'(a) ȧ`` for every tangent, with the backward pass by hand."""

    @staticmethod
    def forward(ctx, value, tangents):
        out = torch.tanh(value)
        slope = torch.addcmul(torch.ones_like(out), out, out, value=-1)
        ctx.save_for_backward(out, slope, tangents)
        return out, slope[:, None] * tangents

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_out, grad_tangents):
        out, slope, tangents = ctx.saved_tensors
        curvature = (grad_tangents * tangents).sum(1)  # d(slope) = -2 out slope d(value)
        grad_value = slope * torch.addcmul(grad_out, out, curvature, value=-2)
        return grad_value, slope[:, None] * grad_tangents


def tanh_streams(value: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
    """``tanh`` of values [N, F], and their tangents [N, S, F] behind it."""
    return _TanhStreams.apply(value, tangents)


class StreamMLP(nn.Module):
    """Multilayer perceptron (tanh) that carries tangents with its values.

    Args:
        sizes: features of input, hidden layers and output, at least two numbers.
    """

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        linear = [nn.Linear(i, o) for i, o in pairs]
        for layer in linear:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(linear)

    def forward(self, value: Tensor, tangents: Tensor | None = None):
        """Values [N, in] and tangents [N, S, in] to [N, out] and [N, S, out].

        Without tangents only the values are computed and returned.
        """
        for index, layer in enumerate(self.layers):
            value = layer(value)
            if tangents is not None:
                tangents = nn.functional.linear(tangents, layer.weight)  # type: ignore[arg-type]
            if index == len(self.layers) - 1:
                break
            if tangents is None:
                value = torch.tanh(value)
            else:
                value, tangents = _TanhStreams.apply(value, tangents)
        return value if tangents is None else (value, tangents)
