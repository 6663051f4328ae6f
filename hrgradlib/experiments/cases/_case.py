"""What a problem is to the rest of the package: one object of one class per family.

Nothing outside the cases decides anything by a problem's name: whoever needs to know asks the case.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments._spec import SpecFields

if TYPE_CHECKING:
    from hrgradlib.models.observables import Observables
    from hrgradlib.training.methods import Method

__all__ = ["BookRun", "Case", "untrained"]

_DENSE = 41  # Knudsen numbers that an error is the maximum over

Model = TypeVar("Model", bound=nn.Module)  # the networks of a family


class BookRun(NamedTuple):
    """A run that the book shows: a method at its tuned settings, for ``longer`` times the steps."""

    method: str
    label: str = ""
    longer: float = 1.0


class Case(ABC, Generic[Model]):
    """A problem: its data, its networks, where they are trained and how they are judged.

    Attributes:
        name: key on the command line and in result files.
        summary: one line for ``hrgrad list``.
        problem: data and ranges, with ``eps_range``, ``final_time``, ``eval_eps``, ``eval_times``;
            E and T below are the lengths of the last two.
        quantities: whose errors are quoted; Q below is their number.
        formulations: names, the default first.
        penalised: formulations whose initial condition is a penalty, with tasks of its own at
            t = 0; their points are of two kinds, among which is no choice by residuals.
        encodings: ways to tell its networks ε, the default first.
        segmentations: what its tasks may be, the default first.
        unseen: ranges of ε that may be left out of training, by name, "" (none) first.
        dimensions: coordinates of a place; points are (t, x, ε), x [N] if one, else [N, D].
        conducts_heat: whether the observables have a heat flux.
        reported_seeds: seeds that errors are reported for, none of which settings were chosen on.
        bias: how the ranges of ε are divided, as in :func:`hrgradlib.kinetics.scales.stratified`.
        shown_seeds: how many of these the book trains.
        book: the runs the book shows, each for every such seed.
    """

    name: str
    summary: str
    problem: Any
    quantities: tuple[str, ...] = ("density",)
    formulations: tuple[str, ...] = ("layer",)
    penalised: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ("encoder",)
    segmentations: tuple[str, ...] = ("regimes", "unequal", "terms", "both")
    unseen: Mapping[str, tuple[tuple[float, float], ...]] = {"": ()}
    dimensions: int = 1
    conducts_heat: bool = False
    reported_seeds: tuple[int, ...] = (10, 11, 12)
    bias: float = 1.0
    shown_seeds: int = 3
    book: tuple[BookRun, ...] = (BookRun("hrgrad-gn"),)

    def sizes(self, profile: str, method: type[Method]) -> dict[str, Any]:
        """Settings that replace those of the profile (smoke, quick or full) for this method."""
        del profile, method
        return {}

    @staticmethod
    def with_steps_of(method: type[Method], sizes: dict[str, Any]) -> dict[str, Any]:
        """The sizes; their steps are those on a Jacobian, others take the profile's."""
        return {k: v for k, v in sizes.items() if k != "steps" or method.needs == "jacobian"}

    def divisions(self, formulation: str) -> tuple[str, ...]:
        """Those of :attr:`segmentations` that a formulation has, the default first.

        A penalty has points and tasks of its own: the default alone.
        """
        return self.segmentations[: 1 if formulation in self.penalised else None]

    # --- training --------------------------------------------------------------------------------

    @abstractmethod
    def build(self, spec: SpecFields) -> Model:
        """The network of ``spec.formulation``, ``width``, ``depth`` and ``modes``, any dtype."""

    @abstractmethod
    def draw(self, spec: SpecFields, count: int, generator: torch.Generator) -> Sequence[Tensor]:
        """Points (t, x, ε), ``count`` for each of ``spec.tasks``; three of [tasks · count].

        Sorted by task, t in [0, ``spec.beyond · T``], ε in the problem's range, dimensionless.
        """

    @abstractmethod
    def residuals(self, spec: SpecFields) -> Callable[..., Tensor]:
        """The function (model, t, x, ε) → [N, C] whose mean square is trained; points are [N]."""

    def terms(self, spec: SpecFields) -> tuple[int, ...]:
        """How the components of :meth:`residuals` part into terms: how many each has, but the last.

        By default two: the first component, a macroscopic equation, and all others.
        """
        del spec
        return (1,)

    def task_sizes(self, spec: SpecFields) -> list[int]:
        """Points of every task: the ranges of ε, and if penalised these once more at t = 0."""
        initial = [spec.per_task // 2] * spec.tasks if spec.formulation in self.penalised else []
        return [spec.per_task] * spec.tasks + initial

    def sample(self, spec: SpecFields, generator: torch.Generator) -> list[Tensor]:
        """Fresh points (t, x, ε) of all tasks, three of [sum of task_sizes]."""
        points = self.draw(spec, spec.per_task, generator)
        if spec.formulation in self.penalised:
            _, *place = self.draw(spec, spec.per_task // 2, generator)
            initial = torch.zeros_like(place[0]), *place
            points = [torch.cat(pair) for pair in zip(points, initial, strict=True)]
        return list(points)

    # --- judging ---------------------------------------------------------------------------------

    @abstractmethod
    def observables(self, model: Model) -> Observables:
        """What the outputs of a network of :meth:`build` mean."""

    @abstractmethod
    def errors(self, model: Model, eps: Sequence[float] | None = None) -> NDArray:
        """Relative L2 errors over x against the reference, same points for both; [Q, E, T].

        Args:
            model: a network of :meth:`build`.
            eps: Knudsen numbers (E of them); None for the problem's ``eval_eps``.
        """

    def only_eps(self, model: Model) -> NDArray | None:
        """The Knudsen numbers that a network answers for; None for all of the trained range."""
        del model
        return None

    def judged_eps(self, profile: str) -> tuple[float, ...]:
        """Knudsen numbers over which an error is the largest: densely over the range, in order.

        The few in ``eval_eps`` understate the maximum by up to 2.5. A smoke run takes them all the
        same: references at others cost more than it does.
        """
        if profile == "smoke":
            return self.problem.eval_eps
        low, high = self.problem.eps_range
        return tuple(np.geomspace(high, low, _DENSE).tolist())

    @abstractmethod
    def trivial_errors(self, eps: Sequence[float] | None = None) -> dict[str, NDArray]:
        """As :meth:`errors`, of what costs no training, by name: what a network has to beat.

        ``"untrained ansatz"`` is the default formulation with its learned part zero; the others are
        solutions of limit equations.
        """

    def limit_errors(self, model: Model) -> dict[str, float] | None:
        """Final errors by quantity far below the trained range; None where there is no check."""
        del model
        return None


@torch.no_grad()
def untrained(model: Model) -> Model:
    """The network's formula with its learned part zero, float64: what its ansatz knows."""
    for parameter in model.parameters():
        parameter.zero_()
    return model.double()
