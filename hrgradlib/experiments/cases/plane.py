"""``transport-2d``: collocation, residuals and errors on the periodic unit square."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import Case, untrained
from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.experiments.places import evaluate_in_plane
from hrgradlib.kinetics.plane import PlaneTransport, macro_residual, micro_residual
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.models.plane import PlaneModel, PlaneObservables
from hrgradlib.reference.plane import PlaneReference

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "PlaneCase", "residuals", "square"]

# Four pairs of angular modes: the cut alone costs 2e-3 in density at the worst ε, three 8e-3.
_JACOBIAN = {
    "smoke": dict(steps=30, tasks=4, per_task=16, width=16, depth=2, modes=2),
    "quick": dict(steps=250, tasks=10, per_task=24, width=32, depth=3, modes=4),
    "full": dict(steps=1000, tasks=10, per_task=60, width=64, depth=4, modes=6),
}
_GRADIENTS = {"smoke": dict(modes=2), "quick": dict(modes=4, per_task=128), "full": dict(modes=6)}
_SIDE = 16  # points a side at which errors are measured


class PlaneCase(Case[PlaneModel]):
    """The book trains none of these: its page shows a stored study."""

    name = "transport-2d"
    summary = "linear transport on the periodic square, two waves, ε in [1e-6, 1], T = 0.1"
    problem = PlaneTransport()
    shown_seeds = 0
    book = ()
    dimensions = 2

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        return (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]

    def build(self, spec: SpecFields) -> PlaneModel:
        return PlaneModel(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε; half of the times uniform, half uniform in ``1 − e^{−t/ε²}``; x uniform."""
        draw = torch.rand(4, spec.tasks, count, generator=generator)
        eps = stratified(self.problem.eps_range, draw[0])
        final = spec.beyond * self.problem.final_time
        in_layer = layer_times(draw[1], final, eps.square())
        uniform = torch.arange(count) < count // 2
        t = torch.where(uniform, draw[1] * final, in_layer).clamp(max=final)
        return [t.flatten(), draw[2:].flatten(1).T.contiguous(), eps.flatten()]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: PlaneModel) -> PlaneObservables:
        return PlaneObservables(model)

    def errors(self, model: PlaneModel, eps: Sequence[float] | None = None) -> NDArray:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        # One ε at a time: what is found at one must not depend on which others are asked for.
        found = [evaluate_in_plane(model, t, x, np.array(e))[0] for e in judged]
        return relative_l2(np.stack(found), exact)[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        free = self.problem.free_density(t, x, np.array(judged)[:, None, None])
        diffusion = self.problem.diffusion_density(t, x)
        return {
            "untrained ansatz": self.errors(untrained(PlaneModel(self.problem, 1, 1, 1)), eps),
            "free transport": relative_l2(free, exact)[None],
            "diffusion": relative_l2(diffusion, exact)[None],
        }


#: Of this family.
CASES = (PlaneCase(),)


def residuals(model: PlaneModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Macro residual and 2M micro residuals at t [N], x [N, 2], ε [N]; [N, 1 + 2M]."""
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def square(side: int) -> NDArray:
    """Equidistant places of the periodic unit square, [side², 2], the second coordinate fastest."""
    axis = np.arange(side) / side
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)


@lru_cache(maxsize=8)
def _reference(
    problem: PlaneTransport, judged: tuple[float, ...]
) -> tuple[NDArray, NDArray, NDArray]:
    """The reference density [E, T, X], times [T, 1], places [X, 2]."""
    t, x = np.array(problem.eval_times)[:, None], square(_SIDE)
    density = PlaneReference(dict(problem.waves)).density(t, x, np.array(judged)[:, None, None])
    return density, t, x
