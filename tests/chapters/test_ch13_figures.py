"""Figures of chapter 13."""

import pytest
from drawing import check, untried

from hrgradlib.chapters import ch13_figures as figures

STEPS = ("hrgrad", "hrgrad-identity", "backwards", "conflictfree", "torchjd")
ROWS = [
    dict(step=s, tasks=k, points=n, ratio=1.1, ratio_low=1.0, ratio_high=1.2, ratio_fastest=1.05)
    for s in STEPS
    for k in (5, 16)
    for n in (128, 256)
]

DRAWN = {
    "overhead": lambda: figures.overhead(ROWS),
    "task_gradients": lambda: figures.task_gradients(ROWS),
    "memory": lambda: figures.memory(ROWS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
