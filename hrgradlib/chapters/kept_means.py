"""What the correction of means is worth: chapters 9 and 11 set a solution beside its projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.looks import in_column
from hrgradlib.experiments.conservation import conserving, defects
from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.experiments.solution import Solution

__all__ = ["Compared", "compare", "correct_map", "left_by_seed", "table"]

_OTHER_NODES = 160  # of the rule that judges the means: not the one that they were corrected by
_MOMENTS = ("mass", "momentum", "energy")
_WIDEST = 26  # letters of a table's first column
_ROUNDING = 1e-12


class Compared(NamedTuple):
    """A solution and its projection, at E Knudsen numbers and T times; C moments are kept.

    Attributes:
        lacking: [2, C, E, T] what means have too much, before and after.
        errors: [2, C, E, T] relative L2 errors over x, before and after.
        norms: [C, E, T] root mean squares of the exact moments.
    """

    lacking: NDArray
    errors: NDArray
    norms: NDArray

    @property
    def left(self) -> NDArray:
        """Share of the error that is left, [C, E, T]."""
        return self.errors[1] / self.errors[0]


def compare(solution: Solution, exact: NDArray, t: NDArray, x: NDArray, eps: NDArray) -> Compared:
    """See :class:`Compared`.

    Args:
        solution: of a problem that is periodic in one coordinate.
        exact: [C, E, T, X] of the reference: ρ, or ρ, ρu and E.
        t: [T]; x: [X], equidistant over the period; eps: [E].
    """
    pair = solution, conserving(solution)
    at = t[:, None], x, eps[:, None, None]
    found = [np.moveaxis(s.moments(*at)[..., : len(exact)], -1, 0) for s in pair]
    lacking = [np.moveaxis(defects(s, t, eps[:, None], _OTHER_NODES), -1, 0) for s in pair]
    errors = np.stack([relative_l2(f, exact) for f in found])
    return Compared(np.stack(lacking), errors, np.sqrt((exact**2).mean(-1)))


def left_by_seed(found: Sequence[Compared]) -> tuple[str, str]:
    """What is left of errors by a correction, for one network of every seed: least to most.

    Returns:
        Of a single error, the median over moments, ε and t; and of the largest error of all.
    """
    single = [float(np.median(one.left)) for one in found]
    largest = [float(one.errors[1].max() / one.errors[0].max()) for one in found]
    return _range(single), _range(largest)


def _range(values: Sequence[float]) -> str:
    low, high = (f"{end(values):.2f}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def correct_map(found: NDArray, mean: float) -> NDArray:
    """The projection of values on an equidistant grid of a period, whatever its dimension."""
    return found - (found.mean() - mean)


def table(found: Mapping[str, Compared]) -> str:
    """A line for every network and moment: defects and errors before and after, what is left."""
    wide, first = _WIDEST + 9, "largest over eps and t"
    text = [
        f"{first:{wide}} {'means lack':^15} {'error':^17} {'error left':^13}",
        f"{'':{wide}}  before   after   before    after median  least",
    ]
    for label, one in found.items():
        for k, moment in enumerate(_MOMENTS[: len(one.norms)]):
            before, after = np.abs(one.lacking[:, k]).max((1, 2))
            rest = f"{after:7.1e}" if after > _ROUNDING else "< 1e-12"
            errors = " ".join(f"{e:8.2e}" for e in one.errors[:, k].max((1, 2)))
            left = f"{np.median(one.left[k]):6.2f} {one.left[k].min():6.2f}"
            name = in_column("" if k else label, _WIDEST)
            text.append(f"{name} {moment:8} {before:7.1e} {rest} {errors} {left}")
    return "\n".join(text)
