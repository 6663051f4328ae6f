"""Chapter 7: the method as reported along a training, counted: rotations, and whom it opposes."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from hrgradlib.experiments.cases.periodic import residuals
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import make_spec

__all__ = ["READINGS", "Along", "along"]

#: Methods by the reading of stage 2 that they follow.
READINGS = {"as worded": "hrgrad-reported-anchor", "other reading": "hrgrad-reported"}


class Along(NamedTuple):
    """Shares in [0, 1] of a training's first steps.

    Attributes:
        rotating: steps that rotate a moment.
        rotated: moments that are rotated.
        opposing: steps whose direction opposes a moment as it was.
        uphill: products of the step that Adam makes of it and a current gradient that are not
            downhill.
    """

    rotating: float
    rotated: float
    opposing: float
    uphill: float


def along(method: str, tasks: int, steps: int, profile: str = "quick") -> Along:
    """Counted from the start of a training on ``transport-periodic`` at a constant rate.

    Args:
        method: one of ``READINGS``.
        tasks: K ranges of ``log ε``.
        steps: how many.
        profile: whose network and numbers of points are taken; seed 0.
    """
    spec = make_spec("transport-periodic", method, profile, 0, tasks=tasks)
    model: Any = spec.build_model()
    stepping = spec.kind(model, spec.settings)
    source, sizes = torch.Generator().manual_seed(0), spec.case.task_sizes(spec)
    counts = []
    for _ in range(steps):
        points = sample(spec, source)
        seen = stepping.step(partial(residuals, model), points, sizes, True)
        turned, opposed = int(seen["rotated"]), int(seen["opposed"])
        uphill = (seen["cosine_gradients"] <= 0).mean()
        counts.append([turned > 0, turned / tasks, opposed > 0, uphill])
    return Along(*np.mean(counts, 0).tolist())
