"""Schemes for transport-inflow that do not survive ε → 0."""

import numpy as np
import pytest

from hrgradlib.chapters.ch02_naive import (
    explicit_step_limit,
    explicit_upwind,
    implicit_upwind,
    upwind_diffusivity,
)
from hrgradlib.chapters.ch02_verification import relative_error
from hrgradlib.kinetics.inflow import InflowTransport

PROBLEM = InflowTransport()


def test_naive_schemes_converge_where_eps_is_not_small():
    for scheme, steps in ((implicit_upwind, 160), (explicit_upwind, 2000)):
        results = [scheme(0.5, 0.1, cells, steps) for cells in (40, 80)]
        errors = [
            relative_error(lambda x, r=r: np.interp(x, r.x, r.rho), 0.1, 0.5) for r in results
        ]
        assert errors[1] < 0.8 * errors[0] and errors[1] < 0.15


@pytest.mark.parametrize("eps", [0.01, 0.005, 0.002])
def test_upwind_diffuses_with_the_wrong_coefficient(eps):
    found = implicit_upwind(eps, 0.05, 40, 200)
    wrong = PROBLEM.diffusion_density(0.05, found.x, upwind_diffusivity(eps, 40))
    right = PROBLEM.diffusion_density(0.05, found.x)
    assert np.abs(found.rho - wrong).max() < 0.4 * np.abs(found.rho - right).max()


def test_upwind_forgets_time_as_eps_vanishes():
    """At fixed Δx the limit is the steady state, at once."""
    found = implicit_upwind(1e-8, 1e-3, 40, 10)
    assert np.abs(found.rho - (1 - found.x)).max() < 0.03


def test_explicit_upwind_is_unstable_beyond_its_limit():
    eps, cells = 0.05, 20
    steps = int(np.ceil(0.1 / explicit_step_limit(eps, cells)))
    good = explicit_upwind(eps, 0.1, cells, steps)
    assert good.stable and good.rho.min() >= 0 and good.rho.max() <= 1
    bad = explicit_upwind(eps, 0.1, cells, steps // 3)
    assert not bad.stable and bad.t < 0.1
    assert explicit_step_limit(1e-3, cells) < 1.1e-6  # steps cost 1/ε²


def test_bad_cells():
    with pytest.raises(ValueError, match="even number of velocities"):
        implicit_upwind(0.1, 0.1, 10, 10, n_velocity=5)
