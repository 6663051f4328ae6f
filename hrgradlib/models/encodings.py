"""How a network is told ε: an encoder, and the alternatives that an ablation compares.

Every encoding is a pair: what makes features [N, F] of the position r of log10 ε in its range
(:func:`hrgradlib.models.regime.regime`, [N, 1]), and the trunk that takes them as its last inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hrgradlib.models.streams import StreamMLP, tanh_streams

__all__ = ["ENCODINGS", "CodePerRegime", "Encoding", "FilmMLP"]


class CodePerRegime(nn.Module):
    """A trained vector for each of K equal ranges of log ε, as a meta-auto-decoder has.

    Between two ranges it jumps. Source: Huang et al. 2022 (meta-auto-decoder).
    """

    def __init__(self, regimes: int, features: int) -> None:
        super().__init__()
        self.regimes = regimes
        self.codes = nn.Linear(regimes, features, bias=False)

    def forward(self, position: Tensor) -> Tensor:
        """[N, 1] to [N, features]."""
        number = (0.5 * (position + 1) * self.regimes).long().clamp(0, self.regimes - 1)
        chosen = nn.functional.one_hot(number[:, 0], self.regimes)
        return self.codes(chosen.to(position))


class _Nothing(nn.Module):
    def forward(self, position: Tensor) -> Tensor:
        """[N, 1] to [N, 0]."""
        return position[:, :0]


class FilmMLP(StreamMLP):
    """A trunk whose hidden units ε scales and shifts: ``h ← tanh(γ(ε) ⊙ (W h + b) + β(ε))``.

    The last input is the position of ε. Source: Perez et al. 2018 (FiLM).

    Args:
        sizes: as of :class:`StreamMLP`, the position counted among the inputs; hidden sizes equal.
        hidden: of the small network from the position to γ and β.
    """

    def __init__(self, sizes: list[int], hidden: int = 32) -> None:
        super().__init__([sizes[0] - 1, *sizes[1:]])
        self.depth, self.width = len(sizes) - 2, sizes[1]
        self.film = StreamMLP([1, hidden, 2 * self.width * self.depth])

    def forward(self, value: Tensor, tangents: Tensor | None = None):
        """As in the parent; tangents [N, S, in] of the position are zero."""
        scale_shift = self.film(value[:, -1:]).view(-1, self.depth, 2, self.width)
        value = value[:, :-1]
        tangents = None if tangents is None else tangents[:, :, :-1]
        *hidden, last = self.layers
        for index, layer in enumerate(hidden):
            scale, shift = 1 + scale_shift[:, index, 0], scale_shift[:, index, 1]
            value = torch.addcmul(shift, scale, layer(value))
            if tangents is None:
                value = torch.tanh(value)
            else:
                moved = scale[:, None] * nn.functional.linear(tangents, layer.weight)  # type: ignore[arg-type]
                value, tangents = tanh_streams(value, moved)
        value = last(value)
        if tangents is None:
            return value
        return value, nn.functional.linear(tangents, last.weight)  # type: ignore[arg-type]


class Encoding(NamedTuple):
    """A line of :data:`ENCODINGS`.

    Attributes:
        build: (number of ranges of ε, features wanted) → the encoder.
        features: (features wanted) → those it has.
        trunk: sizes → the trunk.
        summary: in words.
    """

    build: Callable[[int, int], nn.Module]
    features: Callable[[int], int]
    trunk: type[StreamMLP]
    summary: str


ENCODINGS: dict[str, Encoding] = {
    "encoder": Encoding(
        lambda _, code: StreamMLP([1, 4 * code, code]),
        lambda code: code,
        StreamMLP,
        "a small network of log ε",
    ),
    "raw": Encoding(lambda *_: nn.Identity(), lambda _: 1, StreamMLP, "log ε itself"),
    "film": Encoding(lambda *_: nn.Identity(), lambda _: 1, FilmMLP, "scales and shifts of units"),
    "code": Encoding(CodePerRegime, lambda code: code, StreamMLP, "one trained vector per regime"),
    "none": Encoding(
        lambda *_: _Nothing(), lambda _: 0, StreamMLP, "nothing beside the layer coordinate"
    ),
}
