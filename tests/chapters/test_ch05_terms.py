"""Other tasks for the published form: words, table and figure follow the rows, there or not."""

import numpy as np
import pytest
from drawing import check

from hrgradlib.chapters import ch05_terms as terms
from hrgradlib.chapters.ch05_failure import Cell
from hrgradlib.experiments.failure_studies import DIVISIONS


def cell(error, count=10):
    errors = error * np.geomspace(0.9, 1.1, count)
    return Cell(errors, errors > 0.1, np.ones((count, 3)))


FOUND = {
    (division, method): cell(0.02 if division in ("terms", "both") else 0.14)
    for division, methods in DIVISIONS.items()
    for method in methods
}


def test_a_line_per_cell_in_the_order_of_the_study():
    lines = terms.table(FOUND).splitlines()[1:]
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == [f"{name}:" for name in terms.NAMES.values()]
    own = [line for line in lines if line.startswith(" ")]
    assert len(own) == sum(map(len, DIVISIONS.values()))
    assert "100 %" in own[0] and "0 %" in own[-1] and "2.0e-02" in own[-1]
    assert len({line.index("e-0") for line in own}) == 1  # columns
    assert max(map(len, lines)) <= 80  # what a page shows without a break


def test_nothing_stored_is_said():
    assert terms.table({}) == "no run is stored yet"
    assert terms.against({}, ("terms", "hrgrad"), ("sum", "sum")) == "no runs are stored yet"


def test_two_cells_in_words():
    words = terms.against(FOUND, ("terms", "hrgrad-soap"), ("sum", "sum-soap"))
    assert words == "0 of 10 runs failed, 10 of 10 there; error lower, 0.14 times"


def test_the_published_loss_has_four_terms():
    assert terms.count() == 4


@pytest.mark.parametrize(
    "found", [FOUND, dict(list(FOUND.items())[:3]), {}], ids=["whole", "part", "none"]
)
def test_the_figure_has_a_dot_per_run(found):
    if found:
        check(lambda: terms.divisions(found))
    axis = terms.divisions(found).axes[0]
    assert len(axis.get_yticklabels()) == len(found)
    dots = [line for line in axis.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [10] * len(found)
