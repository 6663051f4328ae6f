"""Bounds set beforehand: kept or missed, by the medians of the runs."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from hrgradlib.chapters import wanted
from hrgradlib.chapters.costless import judged_lines
from hrgradlib.experiments.cases import CASES


class Own(NamedTuple):
    """Runs of a method."""

    eps: NDArray
    errors: NDArray


def runs(problem, share, count=3):
    """Errors that are so many times the better trivial line."""
    best = np.min(list(judged_lines(problem).values()), 0)
    return Own(np.array(CASES[problem].judged_eps("quick")), np.tile(share * best, (count, 1)))


@pytest.mark.parametrize("problem", wanted.WANTED)
def test_each_bound_is_judged_by_itself(problem):
    assert wanted.asked(problem, {}) == "not measured yet"
    assert wanted.asked(problem, {"hrgrad-gn": runs(problem, 0.04)}).count("kept") == 3
    middling = wanted.asked(problem, {"hrgrad-gn": runs(problem, 0.2)})
    assert "skill up to 0.2, kept, in the worst decade up to 0.2, missed" in middling
    poor = wanted.asked(problem, {"sum-soap": runs(problem, 9.0, 1)})
    assert poor.count("missed") == 3 and "(a single run)" in poor


def test_the_worst_decade_is_where_what_costs_nothing_is_worst():
    own = runs("transport-2d", 0.04)
    far = own.eps < 1e-3  # diffusion is all but exact there
    bad = own._replace(errors=np.where(far, 1e-3, own.errors))
    said = wanted.asked("transport-2d", {"hrgrad-gn": bad})
    assert "missed, in the worst decade up to 0.04, kept" in said
