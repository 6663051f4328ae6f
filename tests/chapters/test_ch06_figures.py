"""Figures of chapter 6."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch06_figures as figures

EDGES = np.geomspace(1e-4, 1, 4)
STEPS = np.arange(60)
RUNS = np.ones((2, 60)) / 2

DRAWN = {
    "cosine_maps": lambda: figures.cosine_maps([np.eye(3)] * 2, ["early", "late"], EDGES),
    "alignment_history": lambda: figures.alignment_history(STEPS, RUNS, RUNS, RUNS),
    "norm_history": lambda: figures.norm_history(STEPS, np.ones((60, 3)), EDGES[1:]),
    "uphill_shares": lambda: figures.uphill_shares(("sum", "hrgrad"), RUNS[:, :3]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
