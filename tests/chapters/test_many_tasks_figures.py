"""Figures of the appendix on many tasks."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import many_tasks_figures as figures
from hrgradlib.chapters.many_tasks_comparisons import Cell
from hrgradlib.chapters.trivial_lines import LIMITS, UNTRAINED

X = np.linspace(0.1, 0.9, 9)


def cell(method, **settings):
    """Two seeds, one of them lost."""
    curve = (np.array([1.0, 2.0]), np.array([0.2, 0.1]))
    return Cell(
        "study", method, {"method": method} | settings, np.arange(2),
        np.array([0.1, np.nan]), np.ones(2), np.zeros(2), {0: curve, 1: curve},
    )  # fmt: skip


def kept(method, **settings):
    return cell(method, **settings)._replace(errors=np.array([0.1, 0.2]))


NAMED = {"sum": kept("sum"), "HRGrad": kept("hrgrad"), "lost": cell("hrgrad-gn")}
COSTLESS = {UNTRAINED: 0.3, LIMITS: 0.15}

DRAWN = {
    "planes": figures.planes,
    "share_by_count": lambda: figures.share_by_count((1, 10), {"a": (0.1, 0.2), "b": (0.3, 0.4)}),
    "rate_distribution": lambda: figures.rate_distribution({"rule": {"1": X, "10": X}}, X),
    "trainings": lambda: figures.trainings(
        {"1": (X, np.ones((2, 9))), "10": (X, np.ones((2, 9)))}, COSTLESS
    ),
    "orthogonal": lambda: figures.orthogonal(
        X, {"bound": X, "found": X / 2}, np.full((4, 3, 3), 0.1), np.full((4, 3), 0.2)
    ),
    "against_time": lambda: figures.against_time(
        {m: kept(m) for m in ("hrgrad-gn", "sum-gn", "hrgrad", "sum")}, COSTLESS
    ),
    "finals": lambda: figures.finals(NAMED, COSTLESS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


@pytest.mark.parametrize("name", ["against_time", "finals"])
def test_what_has_no_runs_yet_is_said(name):
    fig = getattr(figures, name)({}, COSTLESS)
    assert [text.get_text() for text in fig.axes[0].texts] == ["not measured yet"]


@pytest.mark.parametrize("name", ["trainings", "against_time", "finals"])
def test_what_costs_no_training_is_drawn_and_named(name):
    figure = DRAWN[name]()
    drawn = {line.get_label(): line for line in figure.axes[0].get_lines()}
    told = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    for label, error in COSTLESS.items():
        across = drawn[label].get_xdata() if name == "finals" else drawn[label].get_ydata()
        np.testing.assert_allclose(across, error)
        assert label in told


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
