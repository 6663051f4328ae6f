"""Error against a weight: words, table and figure follow the rows, there or not."""

import numpy as np
import pytest
from drawing import check

from hrgradlib.chapters import ch05_weights as weights
from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.weight_studies import ARMS, FACTORS, WEIGHTED, label


def valley(seeds=3):
    """Errors that are least at weight ten, a factor of three more for every decade away."""
    away = np.abs(np.log10(FACTORS) - 1)
    return weights.Arm(np.outer(0.02 * 3**away, np.linspace(0.9, 1.1, seeds)))


FOUND = {arm: valley() for arm in ARMS}


def test_every_method_has_every_weight_and_differs_from_its_study_in_nothing_else():
    cells = WEIGHTED["weights"][1]
    assert set(cells) == {label(arm, factor) for arm in ARMS for factor in FACTORS}
    one = dict(cells[label("hrgrad-soap", 1.0)])
    assert one.pop("initial_weight") == 1.0
    assert one == FAILURES["failure-terms"][1]["terms-hrgrad-soap"]


def test_a_line_per_method():
    lines = weights.table(FOUND).splitlines()
    assert len(lines) == 1 + len(ARMS) and max(map(len, lines)) < 100
    assert all(line.split()[-2:] == ["27", "3/6"] for line in lines[1:])
    part = {"sum": weights.Arm(np.where(np.arange(6)[:, None] < 2, np.nan, FOUND["sum"].errors))}
    assert weights.table(part).split()[-1] == "3/4" and "–" in weights.table(part)
    assert weights.table({}) == "no run is stored yet"


@pytest.mark.parametrize("found", [FOUND, {"uw": valley(1)}, {}], ids=["whole", "one", "none"])
def test_figures(found):
    check(lambda: weights.curves(found))
    drawn = [line for axis in weights.curves(found).axes for line in axis.lines]
    assert sum(line.get_marker() not in ("", "None") for line in drawn) == len(found)
