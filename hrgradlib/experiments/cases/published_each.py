"""The published forms with walls and of BGK, a network for each of K Knudsen numbers.

Cases of their own for the reason that the published ones are. Each is its parent but for the
networks, of which one knows one ε, and is judged there: for another ε another one is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from torch import nn

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases.published_bgk import PublishedBGKCase
from hrgradlib.experiments.cases.published_inflow import PublishedInflowCase
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGK_SMOOTH, BGKProblem
from hrgradlib.models.published_each import AnyForEach

__all__ = ["CASES", "BGKForEachCase", "InflowForEachCase"]

_EACH = ("published-each",)  # by which the ε of every task stays the same: see the parents


class InflowForEachCase(PublishedInflowCase):
    """Parity form between walls, a network for each ε."""

    name = "transport-inflow-each"
    summary = "transport-inflow as published networks pose it, a network for each ε"
    formulations: Any = _EACH

    def build(self, spec: SpecFields) -> nn.Module:
        one = super().build
        return AnyForEach([one(spec) for _ in range(spec.tasks)])  # type: ignore[misc]

    def errors(self, model: Any, eps: Sequence[float] | None = None) -> NDArray:
        """As of ``transport-inflow``, at the nearest ε that has a network."""
        return super().errors(model, self._judged_at(model, tuple(eps or self.problem.eval_eps)))


class BGKForEachCase(PublishedBGKCase):
    """f and its moments apart, a pair of networks for each ε."""

    formulations: Any = _EACH

    def __init__(self, problem: BGKProblem) -> None:
        super().__init__(problem)
        self.name = f"{problem.name}-each"
        self.summary = f"{problem.name} as published networks pose it, a network for each ε"

    def build(self, spec: SpecFields) -> Any:
        one = super().build
        return AnyForEach([one(spec) for _ in range(spec.tasks)])  # type: ignore[misc]

    def errors(self, model: Any, eps: Sequence[float] | None = None) -> NDArray:
        """As of the problem itself, at the nearest ε that has a network."""
        return super().errors(model, self._judged_at(model, tuple(eps or self.problem.eval_eps)))


#: Of this family.
CASES = (InflowForEachCase(), BGKForEachCase(BGK_SMOOTH), BGKForEachCase(BGK_RIEMANN))
