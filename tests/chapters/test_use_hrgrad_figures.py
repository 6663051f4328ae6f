"""Figure of the appendix on using HRGrad elsewhere."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import use_hrgrad_figures as figures
from hrgradlib.optim import StepRecord

RECORD = StepRecord(
    np.ones(2), np.ones(2), np.eye(2), np.float64(0.3), np.ones(2), np.ones(2), False, False
)

DRAWN = {"step_records": lambda: figures.step_records([RECORD] * 40, ("left", "right"))}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
