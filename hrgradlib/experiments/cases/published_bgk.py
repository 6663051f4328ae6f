"""``bgk-smooth`` and ``bgk-riemann`` as the literature poses them to a network; cases of their own.

Apart from :mod:`hrgradlib.experiments.cases.bgk` for the reason that the periodic one is apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases import bgk
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.cases.published import PublishedCase
from hrgradlib.kinetics.bgk_plain import initial_misfit
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGK_SMOOTH, BGKProblem
from hrgradlib.kinetics.published_bgk import ends_misfit, published_residuals
from hrgradlib.models.published_bgk import PublishedBGKModel, PublishedBGKObservables
from hrgradlib.training.methods import Method

__all__ = ["CASES", "PublishedBGKCase"]

# ``modes`` are velocities, at which everything that depends on v is computed.
_GRADIENTS = {
    "smoke": dict(modes=12),
    "quick": dict(tasks=5, per_task=32, width=32, depth=4, modes=16),
    "full": dict(modes=24),
}
_JACOBIAN = {
    "smoke": dict(modes=12),
    "quick": dict(tasks=5, per_task=8, width=24, depth=3, modes=16),
    "full": dict(modes=24),
}


class PublishedBGKCase(PublishedCase):
    """f and its moments apart, one network for all ε.

    Every point is one of the equations; with its t replaced by 0, one of the initial condition; and
    with its x replaced by that of the nearer end, one of the boundary condition of f. Both
    penalties have the weight ``initial_weight``. Points are uniform over ``|x| ≤ reach``.
    """

    quantities = ("density", "momentum", "energy")
    conducts_heat = True
    formulations: Any = ("published",)

    def __init__(self, problem: BGKProblem) -> None:
        self.problem: Any = problem
        self.name = f"{problem.name}-published"
        self.summary = f"{problem.name} as published networks pose it: f and moments, penalties"
        self.layered: Any = next(case for case in bgk.CASES if case.problem is problem)

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        sizes = (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]
        return {"encoding": "raw"} | sizes

    def build(self, spec: SpecFields) -> PublishedBGKModel:
        return PublishedBGKModel(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        t, place, eps = super().draw(spec, count, generator)
        return [t, (2 * place - 1) * _REACH, eps]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return partial(_residuals, spec.initial_weight**0.5)

    def terms(self, spec: SpecFields) -> tuple[int, ...]:
        """Conservation, moments of f, the equation, the initial condition; f at the ends."""
        return (3, 3, spec.modes, spec.modes + 3)

    def observables(self, model: Any) -> Any:
        return PublishedBGKObservables(model)

    def errors(self, model: Any, eps: Sequence[float] | None = None) -> NDArray:
        """As of the problem itself."""
        return self.layered.errors(model, eps)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        lines = self.layered.trivial_errors(eps)
        ours = self.errors(untrained(PublishedBGKModel(self.problem, 1, 1, 2)), eps)
        return lines | {"untrained ansatz": ours}


_REACH = 1.0

#: Of this family.
CASES = (PublishedBGKCase(BGK_SMOOTH), PublishedBGKCase(BGK_RIEMANN))


def _residuals(
    root_weight: float, model: PublishedBGKModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """Those of the equations at (t, x), and the weighted misfits at (0, x) and at the end."""
    v, (wanted, _) = model.velocities, model.problem.initial_moments(x)
    moments, start = model(torch.zeros_like(t), x, eps)
    end = torch.where(x > 0, model.reach, -model.reach).to(x)
    states, values = model(t, end, eps)  # whose moments are exact
    misfit = [initial_misfit(moments, start, wanted, v), ends_misfit(values, states, v)]
    found = published_residuals(model.fields(t, x, eps), eps, v)
    return torch.cat([found, root_weight * torch.cat(misfit, 1)], 1)
