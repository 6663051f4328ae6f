"""Figures of chapter 4."""

from itertools import product

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch04_figures as figures
from hrgradlib.chapters.ch04_pinn import Outcome
from hrgradlib.chapters.trivial_lines import LIMITS, UNTRAINED

LOSSES, OPTIMIZERS, EPS = ("apnn", "pinn", "pinn-plain"), ("adam", "gauss-newton"), (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)
BY_LOSS = dict.fromkeys(LOSSES, X)
OUTCOME = Outcome(0.1, X, {"own": 1e-3}, X, X, X)
TRAINED = dict.fromkeys(product(LOSSES, OPTIMIZERS, EPS), OUTCOME)
COSTLESS = {UNTRAINED: 0.3, LIMITS: 0.1}
LINES = {name: np.full(2, error) for name, error in COSTLESS.items()}

DRAWN = {
    "landscapes": lambda: figures.landscapes(
        X, X, dict.fromkeys(EPS, dict.fromkeys(LOSSES, np.outer(X, X)))
    ),
    "eigenvalues": lambda: figures.eigenvalues(X, BY_LOSS, BY_LOSS, BY_LOSS),
    "descents": lambda: figures.descents(
        X, dict.fromkeys(EPS, BY_LOSS), dict.fromkeys(EPS, COSTLESS)
    ),
    "errors_over_eps": lambda: figures.errors_over_eps(
        dict.fromkeys(product(LOSSES, OPTIMIZERS), np.ones((2, 3))), EPS, LINES
    ),
    "loss_and_error": lambda: figures.loss_and_error(TRAINED, 2.0, COSTLESS),
    "profiles": lambda: figures.profiles(X, X, dict.fromkeys(EPS, X), TRAINED),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


@pytest.mark.parametrize("name", ["descents", "errors_over_eps", "loss_and_error"])
def test_what_costs_no_training_is_drawn_and_named(name):
    figure = DRAWN[name]()
    for axis in figure.axes:
        drawn = {line.get_label(): line for line in axis.get_lines()}
        for label, error in COSTLESS.items():
            np.testing.assert_allclose(drawn[label].get_ydata(), error)
    told = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert {UNTRAINED, LIMITS} <= told


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
