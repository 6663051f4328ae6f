"""Sizes of the two steps that ``benchmarks/literature_step.py`` times: weights, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hrgradlib.experiments.specs import make_spec

__all__ = ["SIZE", "Weights", "at_equal_width", "literature_weights", "perceptron_weights"]

#: The literature's number of points in a step of Adam's metric, and a network of ours for it.
SIZE: dict[str, Any] = dict(
    method="hrgrad",
    problem="transport-inflow",
    tasks=8,
    per_task=128,
    candidates=1,
    width=64,
    depth=4,
    modes=6,
)


class Weights(NamedTuple):
    """Parameters of the literature's two networks together, and of ours."""

    usual: int
    ours: int


def perceptron_weights(inputs: int, width: int, depth: int) -> int:
    """Weights and biases of ``depth`` hidden layers and one output."""
    sizes = (inputs, *[width] * depth, 1)
    return sum((i + 1) * o for i, o in zip(sizes[:-1], sizes[1:], strict=True))


def literature_weights() -> Weights:
    """ρ(t, x) with 5×128 and g(t, x, v) with 5×256 neurons, against `SIZE`."""
    model = make_spec(seed=0, profile="quick", **SIZE).build_model()
    ours = sum(parameter.numel() for parameter in model.parameters())
    return Weights(perceptron_weights(2, 128, 5) + perceptron_weights(3, 256, 5), ours)


def at_equal_width(rows: Sequence[Mapping[str, float]]) -> str:
    """What was measured of ours with trunks as large as the larger of the usual networks.

    Args:
        rows: of the benchmark; those with a ``width`` are of that kind.
    """
    wide = [row for row in rows if "width" in row]
    if not wide:
        return "The ratio at equal width was not measured."
    row = wide[0]
    return (
        f"With both our trunks as wide and as deep as the larger of the usual networks, "
        f"{row['width']:.0f} neurons in {row['depth']:.0f} layers, our step is "
        f"{row['ratio']:.0f} times faster [{row['ratio_low']:.0f}, {row['ratio_high']:.0f}]."
    )
