"""``convection-diffusion``: collocation, residuals, and errors in a norm that sees the layer."""

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
from hrgradlib.kinetics.convection_diffusion import ConvectionDiffusion, residual
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.models.convection_diffusion import (
    ConvectionDiffusionModel,
    ConvectionObservables,
    PlainConvectionModel,
)
from hrgradlib.reference.convection_diffusion import ConvectionDiffusionReference

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "ConvectionDiffusionCase", "judged_places", "residuals"]

_NODES = 32  # of each half of the norm


class ConvectionDiffusionCase(Case[ConvectionDiffusionModel]):
    """The book trains none of these: its page shows a stored study. Settings are seed 100's.

    The formulation ``plain`` has exact boundary values too, and no layer coordinate.
    """

    name = "convection-diffusion"
    summary = "−ε u'' + u' = f on [0, 1], u = 0 at both ends, ε = 1/Pe in [1e-4, 1]"
    problem = ConvectionDiffusion()
    formulations = ("layer", "plain")
    reported_seeds = (0, 1, 2, 3, 4)
    shown_seeds = 0
    book = ()

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        two_trunks = dict(width=32, depth=3) if profile == "quick" else {}
        return {"modes": 1} | (two_trunks if method.needs == "gradients" else {})

    def build(self, spec: SpecFields) -> ConvectionDiffusionModel:
        kind = PlainConvectionModel if spec.formulation == "plain" else ConvectionDiffusionModel
        return kind(self.problem, spec.width, spec.depth)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε; half of the places uniform, half uniform in ``1 − e^{−(1−x)/ε}``.

        Times are uniform, and nothing depends on them.
        """
        draw = torch.rand(3, spec.tasks, count, generator=generator, dtype=torch.float64)
        eps = stratified(self.problem.eps_range, draw[0])
        t = spec.beyond * self.problem.final_time * (1 - draw[1])  # none at 0
        in_layer = 1 - layer_times(draw[2], 1.0, eps)
        x = torch.where(torch.arange(count) < count // 2, draw[2], in_layer)
        return [p.flatten() for p in (t, x.clamp(0, 1), eps)]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: ConvectionDiffusionModel) -> ConvectionObservables:
        return ConvectionObservables()

    def errors(
        self, model: ConvectionDiffusionModel, eps: Sequence[float] | None = None
    ) -> NDArray:
        judged = tuple(eps or self.problem.eval_eps)
        exact, grid = _reference(self.problem, judged)
        return relative_l2(evaluate(model, *grid)[0], exact, _weights())[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        judged, problem = tuple(eps or self.problem.eval_eps), self.problem
        exact, (_, x, grid) = _reference(problem, judged)
        ansatz = untrained(ConvectionDiffusionModel(problem, 1, 1))
        formulas = {
            "pure diffusion": problem.diffusion(x, grid),
            "reduced equation": problem.reduced(x),
            "reduced equation with layer": problem.reduced_with_layer(x, grid),
        }
        return {"untrained ansatz": self.errors(ansatz, judged)} | {
            name: relative_l2(found, exact, _weights())[None] for name, found in formulas.items()
        }


#: Of this family.
CASES = (ConvectionDiffusionCase(),)


def residuals(model: ConvectionDiffusionModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Those of both equations, [N, 2]."""
    return residual(model.fields(t, x, eps), model.problem.source_at(x))


def judged_places(eps: float) -> NDArray:
    """Gauss points in x, then in ``e^{−(1−x)/ε}``, [2 · 32], the same number in float32.

    The mean of both squares is the norm: the usual one alone does not see a layer of width ε.
    """
    share = 0.5 * (gauss_legendre(_NODES)[0] + 1)
    first = np.exp(-1 / eps)
    in_layer = 1 + eps * np.log(first + (1 - first) * share)
    return np.concatenate([share, in_layer]).astype(np.float32).astype(float)


def _weights() -> NDArray:
    return 0.5 * np.tile(gauss_legendre(_NODES)[1], 2)


@lru_cache(maxsize=8)
def _reference(
    problem: ConvectionDiffusion, judged: tuple[float, ...]
) -> tuple[NDArray, tuple[NDArray, ...]]:
    """The reference [E, T, X] and the points."""
    x = np.stack([judged_places(eps) for eps in judged])[:, None]
    grid = np.broadcast_arrays(
        np.array(problem.eval_times)[:, None], x, np.array(judged)[:, None, None]
    )
    return ConvectionDiffusionReference(dict(problem.source)).density(*grid[1:]), tuple(grid)
