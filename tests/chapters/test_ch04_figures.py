"""Figures of chapter 4."""

from itertools import product

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch04_figures as figures
from hrgradlib.chapters.ch04_pinn import Outcome

LOSSES, OPTIMIZERS, EPS = ("apnn", "pinn", "pinn-plain"), ("adam", "gauss-newton"), (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)
BY_LOSS = dict.fromkeys(LOSSES, X)
OUTCOME = Outcome(0.1, X, {"own": 1e-3}, X, X, X)
TRAINED = dict.fromkeys(product(LOSSES, OPTIMIZERS, EPS), OUTCOME)

DRAWN = {
    "landscapes": lambda: figures.landscapes(
        X, X, dict.fromkeys(EPS, dict.fromkeys(LOSSES, np.outer(X, X)))
    ),
    "eigenvalues": lambda: figures.eigenvalues(X, BY_LOSS, BY_LOSS, BY_LOSS),
    "descents": lambda: figures.descents(X, dict.fromkeys(EPS, BY_LOSS)),
    "errors_over_eps": lambda: figures.errors_over_eps(
        dict.fromkeys(product(LOSSES, OPTIMIZERS), np.ones((2, 3))), EPS
    ),
    "loss_and_error": lambda: figures.loss_and_error(TRAINED, 2.0),
    "profiles": lambda: figures.profiles(X, X, dict.fromkeys(EPS, X), TRAINED),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
