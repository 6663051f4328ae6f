"""``bgk-sod``: BGK after Sod's jump, from free flight far into the fluid."""

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
from hrgradlib.kinetics.bgk_problems import BGKProblem
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.free_flight import free_flight
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.models.bgk import BGKObservables
from hrgradlib.models.bgk_riemann import RiemannModel, layers
from hrgradlib.reference.bgk_riemann import RiemannReference

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["BGK_SOD", "CASES", "SodCase", "residuals"]

# Sod's densities and pressures (1, 1/8; 1, 1/10), as temperatures Θ = p/ρ. At the final time free
# flight is wrong by a tenth of what has changed, in every moment, for ε ≤ 0.05 (τ ≥ 7).
BGK_SOD = BGKProblem(
    "bgk-sod", "sign", (1e-3, 1.0), 0.35, (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3),
    (0.035, 0.1, 0.2, 0.35), left=(1.0, 0.0, 1.0), right=(0.125, 0.0, 0.8),
    window=(-1.0, 1.0), domain=(-3.0, 3.0),
)  # fmt: skip

_CELLS = 400  # points in the window that errors are measured at


_JACOBIAN = {
    "smoke": dict(steps=30, tasks=4, per_task=8, width=10, depth=2, modes=4, candidates=2),
    "quick": dict(steps=250, tasks=8, per_task=10, width=24, depth=3, modes=11, candidates=4),
    "full": dict(steps=800, tasks=8, per_task=24, width=36, depth=3, modes=12, candidates=6),
}
_GRADIENTS = {
    "smoke": dict(tasks=4, per_task=8, width=10, depth=2, modes=4),
    "quick": dict(tasks=8, per_task=32, width=32, depth=3, modes=11),
    "full": dict(tasks=8, per_task=128, width=48, depth=4, modes=12),
}


class SodCase(Case[RiemannModel]):
    """Its reference is one table for every ε; the book's page shows a stored study."""

    name = "bgk-sod"
    summary = "BGK on the line, Sod's jump at x = 0, ε in [1e-3, 1], T = 0.35"
    problem = BGK_SOD
    quantities = ("density", "momentum", "energy")
    conducts_heat = True
    bias = 1.5  # more ranges of ε are small ones, where layers are thin
    shown_seeds = 0
    book = ()

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        return (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]

    def build(self, spec: SpecFields) -> RiemannModel:
        return RiemannModel(self.problem, spec.width, spec.depth, spec.modes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε, narrower where it is small; times uniform, or uniform in ``1 − e^{−t/ε}``.

        Half of the places lie in ``|x| ≤ 3t``, where waves are, an eighth in twice of it, three
        eighths at waves of Euler's solution, as far from them as they are thick.
        """
        draw = torch.rand(5, spec.tasks, count, generator=generator, dtype=torch.float64)
        eps = stratified(self.problem.eps_range, draw[0], self.bias)
        final, index = spec.beyond * self.problem.final_time, torch.arange(count)
        in_layer = layer_times(draw[1], final, eps)
        t = torch.where(index % 2 == 0, draw[1] * final, in_layer).clamp(max=final)
        waves = [layer for layer in layers(self.problem) if layer.power > 0]
        chosen = (draw[3] * len(waves)).long().clamp(max=len(waves) - 1)
        speed, share, clock, power = (
            torch.tensor(v, dtype=t.dtype)[chosen] for v in zip(*waves, strict=True)
        )
        thick = share * (1 + t / eps / clock) ** -power
        away = torch.tan(torch.pi * (draw[4] - 0.5) * 0.9)
        kind = (index // 2) % 8
        place = torch.where(kind < 4, 3 * (2 * draw[2] - 1), 6 * (2 * draw[2] - 1))
        place = torch.where(kind > 4, speed + thick * away, place)
        return [p.flatten() for p in (t, place * t, eps)]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: RiemannModel) -> BGKObservables:
        return BGKObservables(model)

    def errors(self, model: RiemannModel, eps: Sequence[float] | None = None) -> NDArray:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        # One ε at a time: what is found at one must not depend on which others are asked for.
        found = [evaluate(model, *np.broadcast_arrays(t, x, e))[0] for e in judged]
        return relative_l2(conserved(np.moveaxis(np.stack(found), -1, 0)), exact)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        judged = tuple(eps or self.problem.eval_eps)
        exact, t, x = _reference(self.problem, judged)
        when, where = (torch.tensor(a.ravel()) for a in np.broadcast_arrays(t, x))
        flight = free_flight(self.problem, when, where, torch.ones_like(when), 1.0).moments
        flown = conserved(flight.T.numpy().reshape(3, 1, *exact.shape[2:]))
        fluid = EulerRiemann(self.problem.left, self.problem.right)
        states = np.stack([fluid(one, _places()) for one in self.problem.eval_times], 1)
        return {
            "untrained ansatz": self.errors(untrained(RiemannModel(self.problem, 1, 1, 1)), eps),
            "free flight": relative_l2(flown, exact),
            "Euler": relative_l2(conserved(states)[:, None], exact),
        }


#: Of this problem alone: its reference and its network are its own.
CASES = (SodCase(),)


def residuals(model: RiemannModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Residuals of modes 0 … M + 2, [N, M + 3]."""
    return model.residuals(t, x, eps)


def _places() -> NDArray:
    low, high = BGK_SOD.window
    return low + (np.arange(_CELLS) + 0.5) * (high - low) / _CELLS


@lru_cache(maxsize=8)
def _reference(problem: BGKProblem, judged: tuple[float, ...]) -> tuple[NDArray, NDArray, NDArray]:
    """(ρ, ρu, E) [3, E, T, X], times [T, 1], places [X] of the window."""
    t, x = np.array(problem.eval_times)[:, None], _places()
    solver = RiemannReference(problem)
    return conserved(solver.moments(t, x, np.array(judged)[:, None, None])), t, x
