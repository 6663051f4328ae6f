"""Figures of chapter 7."""

import pytest
from drawing import check, untried

from hrgradlib.chapters import ch07_figures as figures
from hrgradlib.chapters.ch07_cone import PRESETS, sweep

PRESET = PRESETS["mild"]

DRAWN = {
    "cone": lambda: figures.cone(PRESET, 0.5),
    "against_kappa": lambda: figures.against_kappa(sweep(PRESET.gradients(), [0.0, 0.5, 1.0])),
    "two_gradients": lambda: figures.two_gradients(3.0, (60, 150)),
    "outside_cone": lambda: figures.outside_cone({"first": PRESET, "second": PRESET}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
