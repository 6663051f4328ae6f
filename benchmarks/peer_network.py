"""The network of the four problems: a tanh perceptron that carries its derivatives forward.

An equation needs the value, all first derivatives and one sum of second derivatives. All pass
through the layers side by side, instead of nesting reverse mode; every method evaluates them so.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class Jet(NamedTuple):
    """What an equation needs of a function of d coordinates with C components.

    Attributes:
        value: [..., C]
        slopes: [..., d, C] derivative by every coordinate.
        laplacian: [..., C] sum of the second derivatives by the leading coordinates.
    """

    value: Tensor
    slopes: Tensor
    laplacian: Tensor


class _TanhJet(torch.autograd.Function):
    """``tanh`` of a value, its tangents and (last) its Laplacian; the backward pass by hand."""

    @staticmethod
    def forward(ctx, value, streams, second):
        out = torch.tanh(value)
        slope = torch.addcmul(torch.ones_like(out), out, out, value=-1)
        curve = -2 * out * slope
        squares = streams[..., :second, :].square().sum(-2)
        moved = slope.unsqueeze(-2) * streams
        moved[..., -1, :].addcmul_(curve, squares)
        ctx.save_for_backward(out, slope, curve, squares, streams)
        ctx.second = second
        return out, moved

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_out, grad_moved):
        out, slope, curve, squares, streams = ctx.saved_tensors
        last = grad_moved[..., -1, :]
        grad_streams = slope.unsqueeze(-2) * grad_moved
        lead = slice(None, ctx.second)
        grad_streams[..., lead, :].addcmul_((2 * curve * last).unsqueeze(-2), streams[..., lead, :])
        third = slope * (6 * out * out - 2)  # the derivative of curve by the value
        grad_value = (
            slope * grad_out + curve * (grad_moved * streams).sum(-2) + third * last * squares
        )
        return grad_value, grad_streams, None


class Network(nn.Module):
    """Five tanh layers of 50, as in the public code of ConFIG, initialised as there.

    Args:
        inputs: coordinates d.
        outputs: components C.
        width, depth: of the hidden layers.
    """

    def __init__(self, inputs: int, outputs: int, width: int = 50, depth: int = 5) -> None:
        super().__init__()
        sizes = [inputs, *[width] * depth, outputs]
        self.layers = nn.ModuleList(
            nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.constant_(layer.bias, 1e-3)

    def forward(self, points: Tensor) -> Tensor:
        """[..., d] to values [..., C]."""
        for layer in self.layers[:-1]:
            points = torch.tanh(layer(points))
        return self.layers[-1](points)

    def jet(self, points: Tensor, second: int) -> Jet:
        """[..., d] to the value, all slopes, and the Laplacian by the ``second`` leading ones."""
        d = points.shape[-1]
        units = torch.eye(d + 1, d, dtype=points.dtype, device=points.device)
        value, streams = points, units.expand(*points.shape[:-1], d + 1, d)
        for index, layer in enumerate(self.layers):
            value, streams = layer(value), linear(streams, layer.weight)
            if index < len(self.layers) - 1:
                value, streams = _TanhJet.apply(value, streams, second)
        return Jet(value, streams[..., :-1, :], streams[..., -1, :])
