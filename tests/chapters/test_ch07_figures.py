"""Figures of chapter 7."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch07_figures as figures
from hrgradlib.chapters.ch07_cone import PRESETS, sweep
from hrgradlib.chapters.ch07_steps import Moved

PRESET = PRESETS["mild"]
MOVED = Moved(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [0.5, 1.0]]))

DRAWN = {
    "cone": lambda: figures.cone(PRESET, 0.5),
    "against_kappa": lambda: figures.against_kappa(sweep(PRESET.gradients(), [0.0, 0.5, 1.0])),
    "two_gradients": lambda: figures.two_gradients(3.0, (60, 150)),
    "heads": lambda: figures.heads(dict.fromkeys(("sum", "hrgrad"), MOVED), np.ones(2)),
    "scales": lambda: figures.scales(dict.fromkeys(("sum", "hrgrad"), np.array([0.1, 1.0]))),
    "outside_cone": lambda: figures.outside_cone({"first": PRESET, "second": PRESET}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
