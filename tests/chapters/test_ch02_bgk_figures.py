"""Figures of chapter 2, BGK."""

from types import SimpleNamespace

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch02_bgk_figures as figures
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN

EPS = (1.0, 0.1)
X = np.linspace(-0.4, 0.4, 9)
LINES = np.ones((3, 9)) * X
ROWS = [dict(eps=e, density=e, momentum=e, energy=e, problem="bgk-layer") for e in EPS]
# What figures ask of a reference; a real one takes seconds to compute.
REFERENCE = SimpleNamespace(
    problem=BGK_RIEMANN,
    moments=lambda t, x, eps: np.ones((3, *np.shape(x))) + x,
    distribution=lambda t, x, v, eps: np.exp(-(v**2)) + 0 * x,
)


def refined(key, *names):
    return dict.fromkeys(names, [{key: n, "density": 1 / n} for n in (10, 20)])


DRAWN = {
    "profiles": lambda: figures.profiles([REFERENCE], {BGK_RIEMANN.name: EPS}),
    "distributions": lambda: figures.distributions(REFERENCE, EPS, count=7),
    "naive_schemes": lambda: figures.naive_schemes(
        X, X, dict.fromkeys("ab", (X, X)), EPS, dict.fromkeys("abcd", (0.1, np.nan)), "layer"
    ),
    "sampled_maxwellians": lambda: figures.sampled_maxwellians(
        [dict(spacing=h, sampled=h / 99, predicted=h / 99, repaired=0.0) for h in EPS]
    ),
    "refinement": lambda: figures.refinement(
        dict.fromkeys("ab", refined("cells", 0.1)), refined("steps", 1, 2, 3), 0.1
    ),
    "uniformity": lambda: figures.uniformity([{"eps": e, "25": e, "50": e / 4} for e in EPS]),
    "fluid_limits": lambda: figures.fluid_limits(
        [dict(eps=e, euler=e, nsf=e * e, heat=e) for e in EPS]
    ),
    "heat_fluxes": lambda: figures.heat_fluxes(X, dict.fromkeys(EPS, X), dict.fromkeys(EPS, X)),
    "euler_limit": lambda: figures.euler_limit(X, {"a": LINES, "b": LINES}, LINES),
    "similarity_profiles": lambda: figures.similarity_profiles(REFERENCE, (0.1, 1.0)),
    "budgets": lambda: figures.budgets(ROWS, ROWS, {"bgk-layer": 1e-3, "bgk-smooth": 1e-3}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
