"""Figures of chapter 3."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch03_figures as figures
from hrgradlib.reference.periodic import PeriodicReference

EPS = (1.0, 0.1)
X = np.linspace(0.1, 0.9, 9)
PAIR = {"right": X, "wrong": 2 * X}

DRAWN = {
    "micro_part": lambda: figures.micro_part(PeriodicReference(), EPS, 0.1),
    "micro_norm": lambda: figures.micro_norm(X, dict.fromkeys(EPS, X), 1.0),
    "spectrum": lambda: figures.spectrum(dict.fromkeys(EPS, -X + 1j * X), 2 * np.pi),
    "two_ends": lambda: figures.two_ends(X, X, X, X, 0.5),
    "moment_decay": lambda: figures.moment_decay(
        dict.fromkeys(EPS, X), dict.fromkeys(EPS, (np.arange(9), X))
    ),
    "candidates": lambda: figures.candidates(X, {"plain": PAIR, "micro–macro": PAIR}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
