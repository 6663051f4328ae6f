"""``transport-inflow``: collocation inside and on the walls, residuals, errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import Case, untrained
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics.inflow import InflowTransport, inflow_misfit, residual
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.models.inflow import InflowModel, InflowObservables
from hrgradlib.reference import _inflow_modes, _inflow_series, _panels
from hrgradlib.reference import inflow as inflow_reference
from hrgradlib.reference._cache import cached

if TYPE_CHECKING:
    from hrgradlib.training.methods import Method

__all__ = ["CASES", "InflowCase", "graded_points"]

# Two trunks, and on each half-range its own velocity functions (modes); points are chosen where
# residuals are large.
_SIZES = {
    "smoke": dict(steps=30, tasks=4, per_task=14, width=8, depth=2, modes=2, candidates=2),
    "quick": dict(steps=250, tasks=8, per_task=28, width=20, depth=3, modes=4, candidates=4),
    "full": dict(steps=400, tasks=8, per_task=28, width=24, depth=3, modes=6, candidates=4),
}

_WALL = 3.0  # weight of an inflow condition against a residual, as a factor of its root
_LEFT = 0.35  # share of the wall points at x = 0
_EDGES = (0.0, 1e-3, 3e-3, 1e-2, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # panels of the norm


class InflowCase(Case[InflowModel]):
    """Seeds 0, 1, 2 are those that sizes, points and steps were settled on."""

    name = "transport-inflow"
    summary = (
        "linear transport on [0, 1] from f = 0, inflow 1 left and 0 right, ε in [1e-4, 1], T = 0.1"
    )
    problem = InflowTransport()
    formulations = ("layer", "micro-macro")

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        return self.with_steps_of(method, _SIZES[profile])

    def build(self, spec: SpecFields) -> InflowModel:
        kind = "legendre" if spec.formulation == "micro-macro" else "half-range"
        return InflowModel(self.problem, spec.width, spec.depth, spec.modes, kind=kind)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Ranges of ε; times and places on all the scales that the solution lives on.

        Of the times a third each is uniform, uniform in ``1 − e^{−t/ε²}``, and uniform in
        ``log(1 + t/ε²)``; of the places uniform, uniform up to ``2.5 √(t + ε²)``, and uniform in
        ``log(1 + x/ε)``. Two points of seven lie on a wall.
        """
        tasks = spec.tasks
        draw = torch.rand(4, tasks, count, generator=generator, dtype=torch.float64)
        eps = stratified(self.problem.eps_range, draw[0])
        index, layer = torch.arange(count), eps.square()
        final = spec.beyond * self.problem.final_time
        t = (
            torch.stack(
                [
                    draw[1] * final,
                    layer_times(draw[1], final, layer),
                    layer * torch.expm1(draw[1] * torch.log1p(final / layer)),
                ]
            )
            .gather(0, (index % 3).expand(1, tasks, -1))[0]
            .clamp(max=final)
        )
        x = torch.stack(
            [
                draw[2],
                (2.5 * (t + layer).sqrt() * draw[2]).clamp(max=1),
                eps * torch.expm1(draw[2] * torch.log1p(1 / eps)),
            ]
        ).gather(0, (index // 3 % 3).expand(1, tasks, -1))[0]
        x = x.clamp(1e-12, 1 - 1e-9)  # the walls are marked by their exact coordinate
        on_wall = index >= count - round(2 * count / 7)
        x = torch.where(on_wall, (draw[3] >= _LEFT).to(x.dtype), x)
        return [p.flatten() for p in (t, x, eps)]

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        return residuals

    def observables(self, model: InflowModel) -> InflowObservables:
        return InflowObservables(model)

    def errors(self, model: InflowModel, eps: Sequence[float] | None = None) -> NDArray:
        exact, weights, grid = _reference(self.problem, tuple(eps or self.problem.eval_eps))
        return relative_l2(evaluate(model, *grid)[0], exact, weights)[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        judged = tuple(eps or self.problem.eval_eps)
        exact, weights, (t, x, grid) = _reference(self.problem, judged)
        free = self.problem.free_density(t, x, grid)
        diffusion = np.stack(  # whatever ε
            [self.problem.diffusion_density(time, x[0, 0]) for time in self.problem.eval_times]
        )
        return {
            "untrained ansatz": self.errors(untrained(InflowModel(self.problem, 1, 1, 1)), eps),
            "free transport": relative_l2(free, exact, weights)[None],
            "diffusion": relative_l2(diffusion, exact, weights)[None],
        }

    def limit_errors(self, model: InflowModel) -> dict[str, float]:
        exact, weights, grid = _reference(self.problem, (self.problem.check_eps,))
        found = relative_l2(evaluate(model, *grid)[0], exact, weights)
        return {"density": float(found[0, -1])}


#: Of this family.
CASES = (InflowCase(),)


def residuals(model: InflowModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Residuals inside, inflow conditions at x = 0 and x = 1; [N, 2K]."""
    fields = model.fields(t, x, eps)
    inside = residual(fields, t, x, eps, model.basis)
    misfit = _WALL * inflow_misfit(fields, t, x, eps, model.basis)
    misfit = nn.functional.pad(misfit, (0, inside.shape[1] - misfit.shape[1]))
    return torch.where(((x == 0) | (x == 1))[:, None], misfit, inside)


def graded_points(edges: tuple[float, ...] = _EDGES, order: int = 8) -> tuple[NDArray, NDArray]:
    """Gauss points and weights on panels of [0, 1] that are graded towards the inflow."""
    nodes, weights = gauss_legendre(order)
    left, width = np.array(edges[:-1])[:, None], np.diff(edges)[:, None]
    return (left + width * (nodes + 1) / 2).ravel(), (width * weights).ravel()


def _reference(
    problem: InflowTransport, eps: tuple[float, ...]
) -> tuple[NDArray, NDArray, tuple[NDArray, ...]]:
    """The reference density [E, T, X], quadrature weights [X], and the points."""
    nodes, weights = graded_points()
    grid = np.broadcast_arrays(
        np.array(problem.eval_times)[:, None], nodes, np.array(eps)[:, None, None]
    )

    def compute() -> dict[str, NDArray]:
        solver = inflow_reference.InflowReference(
            problem.inflow_left, problem.inflow_right, problem.initial
        )
        return {"density": solver.density(*grid)}

    modules = [inflow_reference, _inflow_modes, _inflow_series, _panels]
    parameters = {
        "eps": eps,
        "times": problem.eval_times,
        "edges": _EDGES,
        "data": [problem.inflow_left, problem.inflow_right, problem.initial],
    }
    return cached("inflow-density", parameters, compute, modules)["density"], weights, tuple(grid)
