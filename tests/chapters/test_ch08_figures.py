"""Figures of chapter 8."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch08_figures as figures
from hrgradlib.chapters import ch08_runs as runs
from hrgradlib.chapters.ch08_convergence import quadratics, run_trials
from hrgradlib.chapters.ch08_norms import Terms

RATES = np.array([0.01, 0.1])
START = np.array([[0.1, 0.6, 0.3]])
CORNERS = np.array([[-2.0, 0, 0], [2, 0, 0], [0, -1, 0]])


def spheres():
    return quadratics(-CORNERS[None], 1.0, np.random.default_rng(0))


def rates():
    ratios, rng = np.array([1.0, 100.0]), np.random.default_rng(0)
    return figures.largest_rates({2: run_trials(2, ratios, (0.5, 1.0), 3, 10.0, rng)}, ratios)


def decay():
    traces = runs.compare(spheres(), START, 5, "maxmin")
    panels = {"quadratics": traces, "others": traces}
    times = next(iter(traces.values())).times + 1
    return figures.decay(panels, dict.fromkeys(panels, 10 / times))


def stall():
    clock = np.arange(6)
    kinds = (("equiangular", 1.0), ("equiangular", 0.5), ("maxmin", 1.0))
    return figures.stall(
        CORNERS,
        {
            f"{axis}, {kappa}": runs.descend(
                spheres(), START, runs.share_rate(), 5, kappa, axis, clock
            )
            for axis, kappa in kinds
        },
    )


def valleys():
    two, starts = runs.Bananas(), np.array([[-2, 2.5], [2, -1]])
    demands = {"sum": (None, False), "the sum falls": (0.5, False), "all fall": (0.5, True)}
    return figures.valleys(
        two, {n: runs.backtrack(two, starts, 5, k, every=e) for n, (k, e) in demands.items()}
    )


def noise():
    balls = dict.fromkeys(("sum", "sampled", "moments"), RATES)
    shares = dict.fromkeys(("sum", "c = 0.1", "c = 0.3"), RATES)
    return figures.noise(RATES, shares, RATES, RATES, {"Gaussian": balls, "three": balls})


def norm_ratios():
    terms = Terms(RATES, np.ones((2, 3)), np.ones((2, 3)), np.ones(2))
    return figures.norm_ratios({"first": {"layer": terms, "plain": terms}})


DRAWN = {
    "largest_rates": rates, "decay": decay, "stall": stall, "valleys": valleys, "noise": noise,
    "norm_ratios": norm_ratios,
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
