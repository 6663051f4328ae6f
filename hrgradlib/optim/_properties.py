"""What an axis or a metric promises, as data: a table *method × property* is read off it.

Every axis, metric and method carries a set of these; the tests hold each of them to its set.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Property"]


class Property(Enum):
    """A statement that is proved in chapters 7 and 8, or tested over whole registries."""

    SHARE = "every task keeps the share κ of the axis' worst cosine"
    EQUAL_COSINES = "κ = 1: all cosines are equal, where the gradients are independent"
    BEST_WORST_COSINE = "κ = 1: no direction has a better worst cosine"
    EIGENVALUE_FLOOR = "κ = 1: no cosine is below √(λ_min / K), of the matrix of cosines"
    IN_CONE = "no weight is negative: the direction lies in the cone of the gradients"
    ANY_NUMBER = "any number of tasks: time grows with a power of it"
    UNTOUCHED = "κ = 0: without conflict every weight is one"
    ANY_LOSS_SCALE = "κ = 1: scaling any one loss does not turn the direction"
    TASK_ORDER = "the order of the tasks is irrelevant"
    DESCENT = "every loss falls, if the learning rate is small enough"
    STEP_SCALE_FREE = "scaling all losses together changes no step"
    SINGLE_TASK_BASE = "with one task it is its base optimizer"
