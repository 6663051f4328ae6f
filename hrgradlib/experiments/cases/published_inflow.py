"""``transport-inflow`` as the literature poses it to a network; a case of its own.

Apart from :mod:`hrgradlib.experiments.cases.inflow` for the reason that the periodic one is apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.cases.inflow import InflowCase
from hrgradlib.experiments.cases.published import PublishedCase
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.kinetics.published import kinetic_residuals, parity_residuals, start_misfit
from hrgradlib.kinetics.published_inflow import entering_misfit
from hrgradlib.models.published_inflow import SlabObservables, SlabParityModel, SlabVanillaModel

__all__ = ["CASES", "PublishedInflowCase"]

_LAYERED: Any = InflowCase()  # the same data and reference


class PublishedInflowCase(PublishedCase):
    """Parity form, one network for all ε; and the kinetic form, a plain PINN.

    Every point is one of the equation; with its t replaced by 0, one of the initial condition; and
    with its x replaced by that of the nearer wall, one of the inflow. Both penalties have the
    weight ``initial_weight``. Points are uniform: layers and the corner are what these formulations
    know nothing of.
    """

    name = "transport-inflow-published"
    summary = "transport-inflow as published networks pose it: parity form, penalties, v an input"
    # Nothing is claimed below the trained range: no limit is in an ansatz.
    problem: Any = InflowTransport(check_eps=InflowTransport.eps_range[0])
    formulations: Any = ("published", "pinn")

    def build(self, spec: SpecFields) -> nn.Module:
        kind = SlabVanillaModel if spec.formulation == "pinn" else SlabParityModel
        return kind(self.problem, spec.width, spec.depth, spec.modes)

    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        equation = kinetic_residuals if spec.formulation == "pinn" else parity_residuals
        return partial(_residuals, equation, spec.initial_weight**0.5, self.problem)

    def terms(self, spec: SpecFields) -> tuple[int, ...]:
        """Continuity, ρ = <r>, the equations at the speeds, the initial condition, the inflow.

        The kinetic form has the last three of these.
        """
        speeds = 2 * spec.modes
        return (speeds, speeds) if spec.formulation == "pinn" else (1, 1, speeds, 1 + speeds)

    def observables(self, model: Any) -> SlabObservables:
        return SlabObservables(model.nodes)

    def errors(self, model: Any, eps: Sequence[float] | None = None) -> NDArray:
        """As of ``transport-inflow``."""
        return _LAYERED.errors(model, eps)

    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        lines = _LAYERED.trivial_errors(eps)
        ours = self.errors(untrained(SlabParityModel(self.problem, 1, 1, 2)), eps)
        return lines | {"untrained ansatz": ours}


#: Of this family.
CASES = (PublishedInflowCase(),)


def _residuals(
    equation: Callable[..., Tensor],
    root_weight: float,
    problem: InflowTransport,
    model: SlabParityModel | SlabVanillaModel,
    t: Tensor,
    x: Tensor,
    eps: Tensor,
) -> Tensor:
    """Those of the equation at (t, x), and the weighted misfits at (0, x) and at the wall."""
    wanted, _ = problem.initial_density(x)
    density, start = model(torch.zeros_like(t), x, eps)
    wall = (x > 0.5).to(x.dtype)
    _, values = model(t, wall, eps)
    misfit = [start_misfit(start, wanted), entering_misfit(values, wall, problem)]
    if equation is parity_residuals:
        misfit.insert(0, (density - wanted)[:, None])
    found = equation(model.fields(t, x, eps), eps)
    return torch.cat([found, root_weight * torch.cat(misfit, 1)], 1)
