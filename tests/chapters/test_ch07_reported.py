"""The stages as reported, drawn; rules counted and tabled."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch07_reported as figures
from hrgradlib.chapters.ch07_along import READINGS, along
from hrgradlib.chapters.ch07_cone import cosines_with
from hrgradlib.chapters.ch07_rules import metric_table, rule_table, tally
from hrgradlib.optim import AXES, METRICS, Property
from hrgradlib.optim._published import PUBLISHED
from hrgradlib.optim._reported import reported_weights

DRAWN = {"stages": figures.stages}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)


def test_the_drawn_update_opposes_a_gradient_as_it_was():
    """What caption and description say in numbers."""
    gradients = figures.TORN.gradients()
    found = reported_weights(gradients @ gradients.T, spread=np.inf)
    assert np.rad2deg(found.angles).round().tolist() == [52, 28, 26]
    assert cosines_with(found.weights @ gradients, gradients)[0].round(2) == -0.15


def test_tally_counts_what_the_weights_say():
    found = tally(8, 30, seed=1)
    assert found.worded == 0 and found.paired == 1
    assert 0 < found.products < found.opposed < 1
    assert found == tally(8, 30, seed=1) != tally(8, 30, seed=2)
    assert tally(2, 30).opposed == 0


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_tables_hold_every_entry_and_every_property_of_the_registries():
    for table, registry, first in (
        (rule_table(), [*PUBLISHED.values(), *AXES.values()], "sum"),
        (metric_table(), [*METRICS.values()], "`identity`"),
    ):
        head, _, *rows = cells(table)
        assert head[0] == "property" and len(head) == 1 + len(registry) and head[1] == first
        for place, entry in enumerate(registry, 1):
            assert [row[place] for row in rows].count("yes") == len(entry.properties)
    named = {p for entry in [*PUBLISHED.values(), *AXES.values()] for p in entry.properties}
    assert len(cells(rule_table())) == 2 + len(named)
    assert Property.DESCENT in named


def test_along_a_training_only_the_second_reading_rotates():
    worded, other = (along(READINGS[n], 5, 40, "smoke") for n in ("as worded", "other reading"))
    assert worded.rotating == worded.rotated == worded.opposing == 0
    assert 0 < other.rotated < other.rotating <= 1
    assert 0 < worded.uphill < 1
