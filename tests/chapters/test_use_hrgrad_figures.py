"""Figure of the appendix on using HRGrad elsewhere."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import use_hrgrad_figures as figures
from hrgradlib.optim import StepRecord

RECORD = StepRecord(
    losses=np.ones(2),
    weights=np.ones(2),
    norms=np.ones(2),
    gramian=None,
    guaranteed=np.float64(0.3),
    cosine_moments=np.ones(2),
    cosine_gradients=np.ones(2),
    shortened=np.float64(1.0),
    guarded=False,
    stationary=False,
)

DRAWN = {"step_records": lambda: figures.step_records([RECORD] * 40, ("left", "right"))}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
