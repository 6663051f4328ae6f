"""Figures of chapter 1."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch01_figures as figures
from hrgradlib.reference.periodic import PeriodicReference

REFERENCE = PeriodicReference()
EPS = (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)

DRAWN = {
    "particles": lambda: figures.particles(dict.fromkeys(EPS, X), REFERENCE, 0.1, 5),
    "density_profiles": lambda: figures.density_profiles(REFERENCE, (0.0, 0.1), EPS),
    "phase_space": lambda: figures.phase_space(REFERENCE, EPS, 0.1),
    "initial_layer": lambda: figures.initial_layer(X, np.ones((2, 9)), np.ones((2, 9)), EPS, 13.0),
    "knudsen_map": lambda: figures.knudsen_map(X, X, X, (0.2, 0.5)),
    "ap_diagram": figures.ap_diagram,
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
