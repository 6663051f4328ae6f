"""The published form of BGK with its equation in micro and macro parts; cases of their own.

Apart from :mod:`hrgradlib.experiments.cases.published_bgk` for the reason that that one is apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases.published_bgk import PublishedBGKCase
from hrgradlib.kinetics.bgk_plain import initial_misfit
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGK_SMOOTH, BGKProblem
from hrgradlib.kinetics.published_bgk import ends_misfit
from hrgradlib.kinetics.published_bgk_split import split_residuals
from hrgradlib.models.published_bgk import PublishedBGKModel

__all__ = ["CASES", "SplitBGKCase"]


class SplitBGKCase(PublishedBGKCase):
    """As its parent in all but the equation of f: its part along the Maxwellian is left out."""

    def __init__(self, problem: BGKProblem) -> None:
        super().__init__(problem)
        self.name = f"{problem.name}-split"
        self.summary = f"{problem.name} as published networks pose it, micro and macro parts"

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return partial(_residuals, spec.initial_weight**0.5)


#: Of this family.
CASES = (SplitBGKCase(BGK_SMOOTH), SplitBGKCase(BGK_RIEMANN))


def _residuals(
    root_weight: float, model: PublishedBGKModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """Those of the equations at (t, x), and the weighted misfits at (0, x) and at the end."""
    v, (wanted, _) = model.velocities, model.problem.initial_moments(x)
    moments, start = model(torch.zeros_like(t), x, eps)
    end = torch.where(x > 0, model.reach, -model.reach).to(x)
    states, values = model(t, end, eps)  # whose moments are exact
    misfit = [initial_misfit(moments, start, wanted, v), ends_misfit(values, states, v)]
    found = split_residuals(model.fields(t, x, eps), eps, v)
    return torch.cat([found, root_weight * torch.cat(misfit, 1)], 1)
