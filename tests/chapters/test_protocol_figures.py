"""Figure of the appendix on how results are judged."""

import pytest
from drawing import check, untried

from hrgradlib.chapters import protocol_figures as figures
from hrgradlib.chapters.protocol_rates import read_rates
from hrgradlib.experiments.verdicts import LEVEL

DRAWN = {"rule_rates": lambda: figures.rule_rates(read_rates(), LEVEL)}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
