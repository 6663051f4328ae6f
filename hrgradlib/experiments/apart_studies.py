"""The study behind chapter 13: one network for four decades of ε, or a network for each of them.

The sum under SOAP, which needs no tasks: within a decade there is nothing to harmonise, and on this
problem it is as good for all of them. Points of a step are as many, wherever their ε lie.
"""

from __future__ import annotations

from typing import Any

from hrgradlib.experiments.cases.periodic import DECADES
from hrgradlib.experiments.scale_studies import Study

__all__ = ["APART", "ONE_STEPS", "OWN_SIZES", "one_label", "own_label"]

#: Steps of the one network: a network for each decade, all four together, takes as many at most.
ONE_STEPS = (1000, 4000, 16000)
#: Width and steps of a network that knows one decade: the same network, and a quarter of it.
OWN_SIZES = ((64, 1000), (64, 4000), (32, 1000), (32, 4000))

_BASE: dict[str, Any] = dict(problem="transport-periodic", method="sum-soap")


def one_label(steps: int) -> str:
    """Of a cell: one network for all."""
    return f"one-{steps}"


def own_label(decade: str, width: int, steps: int) -> str:
    """Of a cell: a network for a decade, by its name in :data:`DECADES`."""
    return f"own-{decade}-w{width}-{steps}"


APART: dict[str, Study] = {
    "apart": (
        (0, 1, 2, 3),
        {one_label(steps): _BASE | dict(steps=steps) for steps in ONE_STEPS}
        | {
            own_label(name, width, steps): _BASE
            | dict(unseen=f"but-{name}", width=width, steps=steps)
            for name in DECADES
            for width, steps in OWN_SIZES
        },
    )
}
