"""Losses whose scales nobody knows: every regime's loss times a power of ten of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from hrgradlib.experiments import segmentation
from hrgradlib.experiments.specs import Spec
from hrgradlib.kinetics.scales import regime_of

__all__ = ["loss_scales", "residuals"]


def loss_scales(spec: Spec) -> np.ndarray:
    """Factor of every regime's loss, [tasks]: ``10^u``, u uniform in ±``spec.decades``.

    They depend on ``spec.draw`` alone; the errors of a run are those of the problem, unscaled.
    """
    generator = np.random.default_rng([spec.draw, spec.tasks])
    return 10.0 ** (spec.decades * generator.uniform(-1, 1, spec.tasks))


def residuals(spec: Spec) -> Callable[..., Tensor]:
    """Those of the case, (model, t, x, ε) → [N, C], times the root of their regime's factor."""
    plain = segmentation.residuals(spec)
    if spec.decades == 0:
        return plain
    roots = torch.from_numpy(loss_scales(spec) ** 0.5)

    def scaled(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        regime = regime_of(eps, spec.case.problem.eps_range, spec.tasks, spec.case.bias)
        return plain(model, t, x, eps) * roots.to(eps)[regime][:, None]

    return scaled
