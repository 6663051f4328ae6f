"""Figures of chapter 5."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch05_figures as figures

EPS = (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)
CURVE = dict.fromkeys(("t", "s", "density", "flux", "micro", "plain"), X)
PAIRS = 0.1 + np.outer(X, X)

DRAWN = {
    "coordinates": lambda: figures.coordinates(dict.fromkeys(EPS, CURVE), 0.1),
    "remainders": lambda: figures.remainders(dict.fromkeys(EPS, CURVE), 0.1),
    "sampling": lambda: figures.sampling(X, X / 10, X > 0.5, 0.1),
    "stiff_terms": lambda: figures.stiff_terms(
        X, {"a": X, "b": -X, "sum": 0 * X}, {"direct": X, "factored": X / 9}, 0.1
    ),
    "code": lambda: figures.code(X, np.outer(X, X), PAIRS),
    "swapped_codes": lambda: figures.swapped_codes(X, PAIRS, PAIRS),
    "between_tasks": lambda: figures.between_tasks(
        X,
        {"exact": X, "network": X},
        [X, X],
        (X, X),
        [X, X],
        X[::3],
        {"untrained ansatz": X, "best limit equation": X},
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
