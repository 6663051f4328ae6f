"""``transport-periodic`` as the literature poses it to a network; a case of its own.

Apart from :mod:`hrgradlib.experiments.cases.periodic`, whose file is part of the fingerprint of
every stored run of that problem: a formulation there would have made all of them stale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import Case, untrained
from hrgradlib.experiments.cases.periodic import PeriodicCase
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.published import kinetic_residuals, parity_residuals, start_misfit
from hrgradlib.kinetics.scales import stratified
from hrgradlib.models.published import (
    NodalObservables,
    OneForEach,
    ParityModel,
    PublishedModel,
    VanillaModel,
    nearest,
    own_eps,
)
from hrgradlib.training.methods import Method

__all__ = ["CASES", "PublishedCase"]

# ``modes`` are speeds, at which everything that depends on v is computed.
_GRADIENTS = {
    "smoke": dict(modes=3),
    "quick": dict(tasks=5, per_task=32, width=32, depth=4, modes=4),
    "full": dict(modes=8),
}
_JACOBIAN = {
    "smoke": dict(modes=3),
    "quick": dict(tasks=5, per_task=8, width=24, depth=3, modes=4),
    "full": dict(modes=6),
}


_OWN = ("published-each", "published-codes")  # the ε of a task stays the same

_LAYERED: Any = PeriodicCase()  # the same data and reference


class PublishedCase(Case[Any]):
    """Parity form, one network for all ε or one for each; and the kinetic form, a plain PINN.

    ``published-codes`` is between the first two: K Knudsen numbers, one network, which knows them
    by a trained code each. At others one would train a code; here, it is judged at these.

    Every point is one of the equation and, with its t replaced by 0, one of the initial condition:
    the loss of a task is all of the loss at its Knudsen numbers. Times are uniform, for a layer is
    what these formulations know nothing of.
    """

    name = "transport-periodic-published"
    summary = "transport-periodic as published networks pose it: parity form, penalties, v an input"
    problem = PeriodicTransport()
    formulations = ("published", "published-each", "published-codes", "pinn")
    encodings = ("raw",)
    segmentations = (*Case.segmentations, "drawn")
    reported_seeds = tuple(range(10))
    shown_seeds = 0
    book = ()

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        sizes = (_JACOBIAN if method.needs == "jacobian" else _GRADIENTS)[profile]
        return {"encoding": "raw"} | sizes

    def divisions(self, formulation: str) -> tuple[str, ...]:
        """Every network, or code, has an ε of its own, which nothing draws: the default alone."""
        if formulation in _OWN:
            return self.segmentations[:1]
        return super().divisions(formulation)

    def build(self, spec: SpecFields) -> nn.Module:
        sizes = (self.problem, spec.width, spec.depth, spec.modes)
        if spec.formulation == "published-each":
            return OneForEach([ParityModel(*sizes, knows_eps=False) for _ in range(spec.tasks)])
        if spec.formulation == "published-codes":
            return ParityModel(*sizes, codes=spec.tasks)
        return (VanillaModel if spec.formulation == "pinn" else ParityModel)(*sizes)

    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> list[Tensor]:
        """Uniform x and t; ε as ``spec.segmentation`` says, or each task's own."""
        draw = torch.rand(3, spec.tasks, count, generator=generator)
        eps = self._eps(spec, draw[0])
        t = spec.beyond * self.problem.final_time * (1 - draw[1])  # none at 0
        return [p.flatten() for p in (t, draw[2], eps)]

    def _eps(self, spec: SpecFields, draw: Tensor) -> Tensor:
        if spec.formulation in _OWN:
            own = torch.from_numpy(own_eps(self.problem.eps_range, spec.tasks)).to(draw)
            return own[:, None].expand_as(draw)
        if spec.segmentation == "drawn":
            return stratified(self.problem.eps_range, draw[:, :1].T).T.expand_as(draw)
        return stratified(self.problem.eps_range, draw)

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        equation = kinetic_residuals if spec.formulation == "pinn" else parity_residuals
        return partial(_residuals, equation, spec.initial_weight**0.5)

    def terms(self, spec: SpecFields) -> tuple[int, ...]:
        """Continuity, ρ = <r>, the equations at the speeds, the initial condition.

        The kinetic form has the last two of these.
        """
        speeds = 2 * spec.modes
        return (speeds,) if spec.formulation == "pinn" else (1, 1, speeds)

    def only_eps(self, model: PublishedModel | OneForEach) -> NDArray | None:
        return model.own

    def observables(self, model: PublishedModel | OneForEach) -> NodalObservables:
        return NodalObservables(model.nodes)

    def errors(
        self, model: PublishedModel | OneForEach, eps: Sequence[float] | None = None
    ) -> NDArray:
        """As of ``transport-periodic``; where ε are few, see :meth:`_judged_at`."""
        asked = tuple(eps or self.problem.eval_eps)
        return _LAYERED.errors(model, self._judged_at(model, asked))

    def _judged_at(
        self, model: PublishedModel | OneForEach, asked: tuple[float, ...]
    ) -> tuple[float, ...]:
        """The ε that were asked for; where few have a network or a code, the nearest of these.

        Elsewhere such a model claims nothing: there one would train another network or code.
        """
        if model.own is None:
            return asked
        return tuple(
            model.own[nearest(model.own, torch.tensor(asked, dtype=torch.float64)).numpy()].tolist()
        )

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        lines = _LAYERED.trivial_errors(eps)
        ours = self.errors(untrained(ParityModel(self.problem, 1, 1, 2)), eps)
        return lines | {"untrained ansatz": ours}


#: Of this family.
CASES = (PublishedCase(),)


def _residuals(
    equation: Callable[..., Tensor],
    root_weight: float,
    model: ParityModel | VanillaModel | OneForEach,
    t: Tensor,
    x: Tensor,
    eps: Tensor,
) -> Tensor:
    """Those of the equation at (t, x), and the weighted misfit of ρ and f at (0, x)."""
    wanted, _ = model.problem.initial_density(x)
    density, values = model(torch.zeros_like(t), x, eps)
    misfit = start_misfit(values, wanted)
    if equation is parity_residuals:
        misfit = torch.cat([(density - wanted)[:, None], misfit], 1)
    return torch.cat([equation(model.fields(t, x, eps), eps), root_weight * misfit], 1)
