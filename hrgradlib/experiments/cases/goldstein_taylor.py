"""``goldstein-taylor``: collocation, residuals and errors of density and flux."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Generator, Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import Case, untrained
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics.goldstein_taylor import GoldsteinTaylor, residual
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models.goldstein_taylor import GoldsteinTaylorModel, GoldsteinTaylorObservables
from hrgradlib.reference.goldstein_taylor import GoldsteinTaylorReference

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "GoldsteinTaylorCase", "residuals"]

# Waves that are hardly damped, at ε near 0.1, want more points of Gauss–Newton than elsewhere.
_JACOBIAN: dict[str, dict[str, Any]] = {
    "smoke": {},
    "quick": dict(steps=400, per_task=28, width=24),
    "full": {},
}
_GRADIENTS: dict[str, dict[str, Any]] = {"smoke": {}, "quick": dict(width=48, depth=3), "full": {}}
_CELLS = 64  # points at which errors are measured


class GoldsteinTaylorCase(Case[GoldsteinTaylorModel]):
    """The book trains none of these: its page shows a stored study. Settings are seed 100's."""

    name = "goldstein-taylor"
    summary = "two speeds, periodic in x, a flux out of equilibrium, ε in [1e-4, 1], T = 0.1"
    problem = GoldsteinTaylor()
    reported_seeds = (0, 1, 2, 3, 4)
    shown_seeds = 0
    book = ()

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        sizes = (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]
        return {"modes": 1} | sizes  # two speeds have no more

    def build(self, spec: SpecFields) -> GoldsteinTaylorModel:
        return GoldsteinTaylorModel(self.problem, spec.width, spec.depth)

    def draw(self, spec: SpecFields, count: int, generator: Generator) -> Sequence[Tensor]:
        problem = self.problem
        return sample_points(
            problem.eps_range, problem.final_time, spec.tasks, count, generator, beyond=spec.beyond
        )

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: GoldsteinTaylorModel) -> GoldsteinTaylorObservables:
        return GoldsteinTaylorObservables()

    def errors(self, model: GoldsteinTaylorModel, eps: Sequence[float] | None = None) -> NDArray:
        exact, *grid = _reference(self.problem, tuple(eps or self.problem.eval_eps))
        density, _ = evaluate(model, *grid)
        return relative_l2(density, exact)[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        exact, t, x, grid = _reference(self.problem, tuple(eps or self.problem.eval_eps))
        return {
            "untrained ansatz": self.errors(
                untrained(GoldsteinTaylorModel(self.problem, 1, 1)), eps
            ),
            "free transport": relative_l2(self.problem.free_density(t, x, grid), exact)[None],
            "diffusion": relative_l2(self.problem.diffusion_density(t, x), exact)[None],
        }


#: Of this family.
CASES = (GoldsteinTaylorCase(),)


def residuals(model: GoldsteinTaylorModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Those of both equations, [N, 2]."""
    return residual(model.fields(t, x, eps))


@lru_cache(maxsize=8)
def _reference(problem: GoldsteinTaylor, judged: tuple[float, ...]) -> tuple[NDArray, ...]:
    """The reference density [E, T, X] and the points."""
    grid = np.broadcast_arrays(
        np.array(problem.eval_times)[:, None],
        np.arange(_CELLS) / _CELLS,
        np.array(judged)[:, None, None],
    )
    reference = GoldsteinTaylorReference(dict(problem.modes), dict(problem.flux_modes))
    return reference.density(*grid), *grid
