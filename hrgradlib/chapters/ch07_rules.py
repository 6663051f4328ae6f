"""Rules side by side: what each promises, as a table, and what the reported one does, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hrgradlib.chapters.looks import label_of
from hrgradlib.optim import AXES, METRICS, Property
from hrgradlib.optim._published import PUBLISHED
from hrgradlib.optim._reported import reported_weights

__all__ = ["Tally", "metric_table", "rule_table", "tally"]

#: Lines of the tables, in the order of the text.
_HEADS = {
    Property.DESCENT: "every loss falls, for a small $\\eta$",
    Property.SHARE: "share $\\kappa$ for every task",
    Property.EQUAL_COSINES: "equal cosines",
    Property.BEST_WORST_COSINE: "best worst cosine",
    Property.EIGENVALUE_FLOOR: "worst cosine $\\ge\\sqrt{\\lambda_{\\min}/K}$",
    Property.IN_CONE: "no negative weight",
    Property.UNTOUCHED: "the sum, without conflict",
    Property.ANY_LOSS_SCALE: "blind to loss scales",
    Property.TASK_ORDER: "order irrelevant",
    Property.ANY_NUMBER: "any $K$",
}
_METRIC_HEADS = {
    Property.SINGLE_TASK_BASE: "$K=1$ is its base optimizer",
    Property.STEP_SCALE_FREE: "a common factor of all losses changes no step",
    Property.TASK_ORDER: "order irrelevant",
}


class Tally(NamedTuple):
    """What the reported rule did with random gradients.

    Attributes:
        tasks: K.
        worded: share of the cases in which a gradient opposes the anchor (as worded).
        paired: share in which a gradient opposes another one (the second reading).
        opposed: share in which the update opposes a gradient as it was.
        products: share of the single products of update and gradient that are negative.
    """

    tasks: int
    worded: float
    paired: float
    opposed: float
    products: float


def tally(tasks: int, cases: int, dimension: int = 8, seed: int = 0) -> Tally:
    """Independent normal gradients in R^dimension; angles as far as the inner descent goes."""
    source = np.random.default_rng(seed)
    counts = np.zeros(4)
    for _ in range(cases):
        gradients = source.normal(size=(tasks, dimension))
        gramian = gradients @ gradients.T
        worded = reported_weights(gramian, "anchor")
        paired = reported_weights(gramian, spread=float("inf"))
        opposed = paired.opposed
        counts += [worded.angles.any(), paired.angles.any(), opposed.any(), opposed.mean()]
    return Tally(tasks, *(counts / cases).tolist())


def rule_table() -> str:
    """Markdown: properties of the direction, by published rule and by axis of ours."""
    reported = label_of("hrgrad-reported").removeprefix("HRGrad ")
    columns = {
        reported if name == "HRGrad as reported" else name: rule.properties
        for name, rule in PUBLISHED.items()
    }
    columns |= {f"`{name}`": axis.properties for name, axis in AXES.items()}
    return _table("property", columns, _HEADS)


def metric_table() -> str:
    """Markdown: properties of the step, by metric."""
    columns = {f"`{name}`": metric.properties for name, metric in METRICS.items()}
    return _table("property", columns, _METRIC_HEADS)


def _table(
    first: str, columns: Mapping[str, frozenset[Property]], heads: Mapping[Property, str]
) -> str:
    lines = [[first, *columns], ["---", *[":-:"] * len(columns)]]
    for prop, words in heads.items():
        lines.append([words, *("yes" if prop in has else "–" for has in columns.values())])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
