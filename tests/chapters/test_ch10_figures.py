"""Figures of chapter 10: each draws what it is given, with labelled axes, inside its limits."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch10_figures as figures
from hrgradlib.chapters.ch10_study import Group

EPS = (1.0, 0.1)
X = np.linspace(0.01, 0.99, 13)
LINES = np.ones((2, 2, 1)) * X
EVERY = np.ones(len(X), bool)

DRAWN = {
    "splitting": lambda: figures.splitting(X, [(1.0, 0.1, 0.5, X, X**2)] * 2),
    "scaled_coefficients": lambda: figures.scaled_coefficients(
        X, X, {"wall": {"a": X, "b": X}, "inside": {"a": X, "b": X}}
    ),
    "approximation": lambda: figures.approximation(
        np.arange(1, 4),
        dict.fromkeys("pq", {"half-range": np.ones((2, 3)), "legendre": np.ones((2, 3))}),
        EPS,
    ),
    "collocation": lambda: figures.collocation(X, X, X, {"small": EVERY, "large": ~EVERY}),
    "error_by_eps": lambda: figures.error_by_eps(
        np.array(EPS),
        np.array([0.1, 0.2]),
        np.ones((3, 2, 2)),
        (np.array(EPS), np.ones((3, 2))),
        {"untrained ansatz": X[:2], "best limit equation": X[:2]},
    ),
    "final_errors": lambda: figures.final_errors(
        dict.fromkeys(("even-odd", "adam"), Group(X, X, X, X, 0)),
        1e-8,
        {"untrained ansatz": 0.3, "best limit equation": 0.1},
    ),
    "truncation": lambda: figures.truncation(
        np.arange(2, 5),
        {"half-range": np.ones(3), "legendre": np.ones(3)},
        {"even-odd": (3, np.ones(2))},
        0.3,
    ),
    "density_profiles": lambda: figures.density_profiles(X, EPS, (0.1, 0.2), LINES, LINES),
    "wall_zoom": lambda: figures.wall_zoom(X, EPS, (0.1, 0.2), LINES, LINES),
    "velocity_profiles": lambda: figures.velocity_profiles(
        X, [("row", [("left", X, {"network": X}), ("right", X, {"network": X})])] * 2
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
