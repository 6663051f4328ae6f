"""Figures of chapter 11: every one draws what it is given, with labelled axes."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch11_figures as figures

EPS = (1.0, 0.1)
X = np.linspace(-0.5, 0.5, 13)
LINES = np.ones((3, 2, 1)) * X


def row(label, error):
    return {"label": label} | {f"final_{q}": error for q in figures.QUANTITIES}


DRAWN = {
    "truncation": lambda: figures.truncation(
        [dict(eps=0.1, modes=m, split=s, momentum=0.1 / m) for m in (4, 6) for s in (True, False)]
    ),
    "growth": figures.growth,
    "chosen_points": lambda: figures.chosen_points({"a": (X, X, X + 1), "b": (X, X, X + 1)}),
    "profiles": lambda: figures.profiles(X, EPS, LINES, LINES, "problem"),
    "distributions": lambda: figures.distributions(
        X, (0.0, 0.1, 0.2), EPS, LINES.swapaxes(0, 1), LINES.swapaxes(0, 1)
    ),
    "conservation": lambda: figures.conservation(X, EPS, LINES, "problem"),
    "heat_fluxes": lambda: figures.heat_fluxes(X, EPS, LINES[0], LINES[0], LINES[0]),
    "errors_by_eps": lambda: figures.errors_by_eps(
        {"p": EPS, "q": EPS},
        dict.fromkeys("pq", np.ones((2, 3, 2))),
        dict.fromkeys("pq", np.ones((3, 2))),
        dict.fromkeys("pq", {"untrained ansatz": np.ones(2), "best limit equation": np.ones(2)}),
    ),
    "study_errors": lambda: figures.study_errors(
        [row("a", 0.1), row("a", 0.2), row("b", 0.3)],
        {"a": "first", "b": "second"},
        dict.fromkeys("ab", np.full(3, 0.2)),
    ),
    "histories": lambda: figures.histories(
        {("hrgrad", ""): [(X + 1, X + 1)], ("plain", "quick"): [(X + 1, X + 1)]},
        {"untrained ansatz": 0.3, "best limit equation": 0.1},
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
