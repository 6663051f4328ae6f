"""Figures of chapter 2, transport with inflow."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch02_figures as figures

EPS = (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)
LINES = np.ones((2, 2, 9)) * X

DRAWN = {
    "inflow_profiles": lambda: figures.inflow_profiles(X, EPS, (0.1, 0.2), LINES),
    "inflow_phase_space": lambda: figures.inflow_phase_space(X, X[:2], EPS, LINES),
    "upwind_failure": lambda: figures.upwind_failure([(0.1, X, X, X, X)], X, 10 / X, 20),
    "errors_by_eps": lambda: figures.errors_by_eps(X, X, X**2, "at 0.1"),
    "collision_terms": lambda: figures.collision_terms(X, {0: X, 1: X**2}, {0: 0.5, 1: 0.6}),
    "contour_and_spectrum": lambda: figures.contour_and_spectrum(
        np.array([1.0 + 0.2j, -5.0 + 3.0j]), 0.1, 0.5, np.array([-3.0])
    ),
    "agreement_by_eps": lambda: figures.agreement_by_eps(X, (0.1, 0.2), LINES[0], LINES[1]),
    "wall_layer": lambda: figures.wall_layer(X, dict.fromkeys(EPS, X), 0.71, 0.58),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
