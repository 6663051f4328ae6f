"""Figures of chapter 9."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch09_figures as figures
from hrgradlib.chapters.ch09_scales import Arm
from hrgradlib.chapters.ch12_tuning import Tried

METHODS = ("hrgrad", "hrgrad-gn", "sum", "sum-longer")
EPS = np.array([1.0, 0.1])
X = np.linspace(0.1, 0.9, 9)
LINES = np.ones((2, 1)) * X
FIELDS = np.ones((2, 3, 1)) * X + np.arange(3)[:, None]
TRIED = {
    "sum": [
        Tried("", lr, beta2, error)
        for lr, error in ((0.01, 0.03), (0.02, 0.02), (0.04, np.inf))
        for beta2 in (0.9, 0.99)
    ],
    "hrgrad-gn": [Tried("lr0.4", 0.4, np.nan, 0.002), Tried("lr0.8", 0.8, np.nan, 0.001)],
}

COSTLESS = {"untrained ansatz": 0.3, "best limit equation": 0.1}

DRAWN = {
    "errors_by_draw": lambda: figures.errors_by_draw(
        {m: Arm(np.full(5, 0.1), np.full((5, 5), 0.2)) for m in ("hrgrad-soap", "sum-soap")},
        COSTLESS,
    ),
    "density_profiles": lambda: figures.density_profiles(X, EPS, LINES, LINES, "one network"),
    "phase_space": lambda: figures.phase_space(X, X[:3], EPS, FIELDS, 1.1 * FIELDS),
    "error_by_eps": lambda: figures.error_by_eps(
        EPS,
        dict.fromkeys(METHODS, np.ones((3, 2))),
        {"untrained ansatz": np.ones(2), "best limit equation": np.ones(2)},
    ),
    "error_histories": lambda: figures.error_histories(
        dict.fromkeys(METHODS, LINES), dict.fromkeys(METHODS, LINES), COSTLESS
    ),
    "errors_by_rate": lambda: figures.errors_by_rate(TRIED, COSTLESS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
