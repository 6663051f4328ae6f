"""``bgk-mixed``: BGK with ε(x), periodic; collocation, residuals, errors of ρ, ρu and E."""

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
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics.bgk_mixed import MixedBGK, flights, mixed_residual
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.models.bgk_mixed import MixedBGKModel, MixedBGKObservables
from hrgradlib.reference.bgk_mixed import MixedReference, euler_history, fourier_values

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "MixedBGKCase", "residuals"]

_PLACES = 96  # of the period, where errors are measured

# What particles from two sides bring into the middle is rough in v: with fewer modes the cut alone
# costs more than a training leaves.
_JACOBIAN = {
    "smoke": dict(steps=30, tasks=4, per_task=8, width=10, depth=2, modes=4, candidates=2),
    "quick": dict(steps=250, tasks=8, per_task=10, width=24, depth=3, modes=9, candidates=4),
    "full": dict(steps=800, tasks=8, per_task=20, width=36, depth=3, modes=16, candidates=4),
}
_GRADIENTS = {
    "smoke": dict(tasks=4, per_task=8, width=10, depth=2, modes=4),
    "quick": dict(tasks=8, per_task=32, width=32, depth=3, modes=9),
    "full": dict(tasks=8, per_task=128, width=48, depth=4, modes=16),
}


class MixedBGKCase(Case[MixedBGKModel]):
    """The book trains none of these: its page shows a stored study."""

    name = "bgk-mixed"
    summary = "BGK with ε(x), every regime in one period, ε0 in [1e-3, 1e-1], T = 0.2"
    problem = MixedBGK()
    quantities = ("density", "momentum", "energy")
    conducts_heat = True
    shown_seeds = 0
    book = ()

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        return (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]

    def build(self, spec: SpecFields) -> MixedBGKModel:
        return MixedBGKModel(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε0; half of the times uniform, half in ``1 − e^{−t/ε(x)}``; x uniform."""
        draw = torch.rand(3, spec.tasks, count, generator=generator, dtype=torch.float64)
        eps = stratified(self.problem.eps_range, draw[0])
        final, x = spec.beyond * self.problem.final_time, draw[2] - 0.5
        in_layer = layer_times(draw[1], final, self.problem.knudsen(x, eps)[0])
        uniform = torch.arange(count) % 2 == 0
        t = torch.where(uniform, draw[1] * final, in_layer).clamp(max=final)
        return [p.flatten() for p in (t, x, eps)]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: MixedBGKModel) -> MixedBGKObservables:
        return MixedBGKObservables(model)

    def errors(self, model: MixedBGKModel, eps: Sequence[float] | None = None) -> NDArray:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        # One ε0 at a time: what is found at one must not depend on which others are asked for.
        found = [evaluate(model, *np.broadcast_arrays(t, x, e))[0] for e in judged]
        return relative_l2(conserved(np.moveaxis(np.stack(found), -1, 0)), exact)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        when, where = (torch.tensor(a.ravel()) for a in np.broadcast_arrays(t, x))
        free = flights(self.problem, when, where, torch.full_like(when, 0.1), 1.0, 1.0).moments
        flown = conserved(free.T.numpy().reshape(3, 1, *exact.shape[2:]))
        fluid = fourier_values(euler_history(self.problem, self.problem.eval_times), x - x[0])
        return {
            "untrained ansatz": self.errors(untrained(MixedBGKModel(self.problem, 1, 1, 1)), eps),
            "free flight": relative_l2(flown, exact),
            "Euler": relative_l2(np.moveaxis(fluid, 1, 0)[:, None], exact),
        }


#: Of this family.
CASES = (MixedBGKCase(),)


def residuals(model: MixedBGKModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Residuals of modes 0 … M + 2, [N, M + 3]."""
    return mixed_residual(model.fields(t, x, eps), model.theta)


@lru_cache(maxsize=8)
def _reference(problem: MixedBGK, judged: tuple[float, ...]) -> tuple[NDArray, NDArray, NDArray]:
    """(ρ, ρu, E) [3, E, T, X], times [T, 1], places [X] from the left end on."""
    low, high = problem.domain
    t, x = np.array(problem.eval_times)[:, None], low + (high - low) * np.arange(_PLACES) / _PLACES
    solver = MixedReference(problem)
    return conserved(solver.moments(t, x, np.array(judged)[:, None, None])), t, x
