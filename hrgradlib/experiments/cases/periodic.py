"""``transport-periodic``, in the layer-aware and in the plain formulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import BookRun, Case, untrained
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.kinetics.periodic import PeriodicTransport, macro_residual, micro_residual
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models.encodings import ENCODINGS
from hrgradlib.models.periodic import PeriodicModel, PeriodicObservables, PlainPeriodicModel
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["CASES", "DECADES", "UNSEEN", "PeriodicCase", "point_losses", "residuals"]

#: Decades of ε, by their lower end as names have it.
DECADES = {"1e-4": (1e-4, 1e-3), "1e-3": (1e-3, 1e-2), "1e-2": (1e-2, 0.1), "1e-1": (0.1, 1.0)}

#: Ranges of ε that training may leave out: half a decade in the middle, a decade at each end, or
#: all decades but one, for networks that know one regime.
UNSEEN: dict[str, tuple[tuple[float, float], ...]] = {
    "": (),
    "gap": ((0.03, 0.1),),
    "ends": ((1e-4, 1e-3), (0.1, 1.0)),
    **{
        f"but-{name}": tuple(decade for other, decade in DECADES.items() if other != name)
        for name in DECADES
    },
}


class PeriodicCase(Case[PeriodicModel]):
    """HRGrad and the sum are compared here: on the tuning grid, and in the book also at equal time.

    A fifth more steps of the sum take about the wall time of HRGrad at this batch size.
    """

    name = "transport-periodic"
    summary = "linear transport, periodic in x, ρ0 = 1 + ½ cos 2πx, ε in [1e-4, 1], T = 0.1"
    problem = PeriodicTransport()
    formulations = ("layer", "plain")
    penalised = ("plain",)
    encodings = tuple(ENCODINGS)
    segmentations = (*Case.segmentations, "drawn")
    unseen = UNSEEN
    reported_seeds = (0, 1, 2)  # the grid's are others
    book = (BookRun("hrgrad"), BookRun("sum"), BookRun("hrgrad-gn"), BookRun("sum", "longer", 1.2))

    def build(self, spec: SpecFields) -> PeriodicModel:
        kind = PlainPeriodicModel if spec.formulation == "plain" else PeriodicModel
        return kind(
            self.problem,
            spec.width,
            spec.depth,
            spec.modes,
            encoding=spec.encoding,
            regimes=spec.tasks,
        )

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        parts = [
            sample_points(
                eps_range,
                self.problem.final_time,
                tasks,
                count,
                generator,
                beyond=spec.beyond,
                one_each=spec.segmentation == "drawn",
            )
            for eps_range, tasks in _seen(self.problem.eps_range, UNSEEN[spec.unseen], spec.tasks)
        ]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        if spec.formulation == "plain":
            return partial(_plain_residuals, spec.initial_weight**0.5)
        return residuals

    def observables(self, model: PeriodicModel) -> PeriodicObservables:
        return PeriodicObservables(model)

    def errors(self, model: PeriodicModel, eps: Sequence[float] | None = None) -> NDArray:
        exact, *grid = _reference(self.problem, tuple(eps or self.problem.eval_eps), 64)
        return relative_l2(evaluate(model, *grid)[0], exact)[None]

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        exact, t, x, grid = _reference(self.problem, tuple(eps or self.problem.eval_eps), 64)
        return {
            "untrained ansatz": self.errors(untrained(PeriodicModel(self.problem, 1, 1, 1)), eps),
            "free transport": relative_l2(self.problem.free_density(t, x, grid), exact)[None],
            "diffusion": relative_l2(self.problem.diffusion_density(t, x), exact)[None],
        }


def _seen(
    eps_range: tuple[float, float], unseen: tuple[tuple[float, float], ...], tasks: int
) -> list[tuple[tuple[float, float], int]]:
    """Ranges of ε that are left, and how many tasks each has: as its share of ``log ε``.

    No task reaches over what is left out.
    """
    ends = [eps_range[0], *(end for hidden in unseen for end in hidden), eps_range[1]]
    left = [(low, high) for low, high in zip(ends[::2], ends[1::2], strict=True) if low < high]
    lengths = np.cumsum([np.log(high / low) for low, high in left])
    cuts = np.rint(tasks * lengths / lengths[-1]).astype(int)
    return list(zip(left, np.diff(cuts, prepend=0).tolist(), strict=True))


#: Of this family.
CASES = (PeriodicCase(),)


def residuals(model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Macro residual and M micro residuals, [N, 1 + M]."""
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def point_losses(model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Squared :func:`residuals` of every collocation point, shape [N]."""
    return residuals(model, t, x, eps).square().sum(1)


def _plain_residuals(
    root_weight: float, model: PeriodicModel, t: Tensor, x: Tensor, eps: Tensor
) -> Tensor:
    """The same for t > 0; at t = 0 the weighted misfit of ``f = ρ + ε g``, by component."""
    density, coefficients = model(t, x, eps)
    wanted, _ = model.problem.initial_density(x)
    misfit = torch.cat([(density - wanted)[:, None], eps[:, None] * coefficients], 1)
    return torch.where((t == 0)[:, None], root_weight * misfit, residuals(model, t, x, eps))


@lru_cache(maxsize=8)
def _reference(
    problem: PeriodicTransport, judged: tuple[float, ...], cells: int
) -> tuple[NDArray, ...]:
    eps = np.array(judged)[:, None, None]
    t = np.array(problem.eval_times)[:, None]
    x = np.arange(cells) / cells
    density = PeriodicReference(dict(problem.modes)).density(t, x, eps)
    return density, *np.broadcast_arrays(t, x, eps)
