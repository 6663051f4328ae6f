"""BGK as a plain PINN has it: the equation of f and no asymptotics; cases of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.cases.published_bgk import PublishedBGKCase
from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGK_SMOOTH, BGKProblem
from hrgradlib.kinetics.published_bgk import ends_misfit
from hrgradlib.kinetics.published_bgk_plain import plain_bgk_residuals
from hrgradlib.models.published_bgk_plain import VanillaBGKModel

__all__ = ["CASES", "PlainBGKCase"]


class PlainBGKCase(PublishedBGKCase):
    """One network of f for all ε; ρ, u and Θ are its sums over the velocities.

    Points and penalties are the parent's, but that f at an end is asked to be the Maxwellian of
    the state there: no moment is exact by construction.
    """

    formulations: Any = ("pinn",)

    def __init__(self, problem: BGKProblem) -> None:
        super().__init__(problem)
        self.name = f"{problem.name}-pinn"
        self.summary = f"{problem.name} as a plain PINN poses it: f alone, penalties"

    def build(self, spec: SpecFields) -> VanillaBGKModel:
        return VanillaBGKModel(self.problem, spec.width, spec.depth, spec.modes)

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return partial(_residuals, spec.initial_weight**0.5)

    def terms(self, spec: SpecFields) -> tuple[int, ...]:
        """The equation, the initial condition; f at the ends."""
        return (spec.modes, spec.modes)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        lines = self.layered.trivial_errors(eps)
        ours = self.errors(untrained(VanillaBGKModel(self.problem, 1, 1, 16)), eps)
        return lines | {"untrained ansatz": ours}


#: Of this family.
CASES = (PlainBGKCase(BGK_SMOOTH), PlainBGKCase(BGK_RIEMANN))


def _residuals(
    root_weight: float, model: VanillaBGKModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """That of the equation at (t, x), and the weighted misfits at (0, x) and at the end."""
    v, problem = model.velocities, model.problem
    wanted, _ = problem.initial_moments(x)
    _, start = model(torch.zeros_like(t), x, eps)
    right = x > 0
    _, values = model(t, torch.where(right, model.reach, -model.reach).to(x), eps)
    left, ahead = (torch.tensor(state).to(x) for state in (problem.left, problem.right))
    states = torch.where(right[:, None], ahead, left)
    misfit = [
        (v[1] - v[0]).sqrt() * (start - maxwellian(wanted, v)),
        ends_misfit(values, states, v),
    ]
    found = plain_bgk_residuals(model.kinetic_fields(t, x, eps), eps, v)
    return torch.cat([found, root_weight * torch.cat(misfit, 1)], 1)
