"""Rates of chapter 8: the theorem on the run as it is, and MGDA beside HRGrad."""

import numpy as np
import pytest

from hrgradlib.chapters import ch08_rates as rates
from hrgradlib.chapters.ch08_convergence import Quadratics, even_units
from hrgradlib.chapters.ch08_runs import Tails

BENT = np.array([np.diag([1, 0.2]), [[0.6, 0.3], [0.3, 0.5]]])
PLANE = Quadratics(np.tile([[1.0, 0], [-1, 0.5]], (4, 1, 1)), np.tile(BENT, (4, 1, 1, 1)))
START = np.full((4, 2), 3.0)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_both_inequalities_hold_and_steps_were_shortened(noise):
    found = rates.together(PLANE, START, noise, 0.05, 60, np.random.default_rng(0))
    assert found.length <= found.length_bound and found.measure <= found.measure_bound
    assert found.shortened > 0


def test_a_rate_beyond_the_theorem_is_refused():
    with pytest.raises(ValueError, match="expected less"):
        rates.together(PLANE, START, 1.0, 0.5, 1, np.random.default_rng(0))


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (1.0, 0.1, 1e-3)])
@pytest.mark.parametrize("harmony", [0.0, 0.5, 1.0])
def test_no_run_exceeds_its_bound(scales, harmony):
    units = even_units(2, 3, 0.3)
    start = np.linalg.solve(units, np.ones((2, 3, 1)))[..., 0]
    problem = rates.Scaled(Tails(units, 0.2), np.array(scales))
    found = rates.beside_mgda(problem, start, 30, harmony)
    assert found.mgda <= found.mgda_bound
    assert found.hrgrad <= found.hrgrad_bound <= found.plain_bound


def test_scaled_losses_are_scaled():
    units = even_units(1, 2, 0.5)
    problem, y = Tails(units, 0.2), np.ones((1, 2))
    scaled = rates.Scaled(problem, np.array([2.0, 3.0]))
    np.testing.assert_allclose(scaled.losses(y), problem.losses(y) * [2, 3])
    np.testing.assert_allclose(scaled.gradients(y)[0, 1], 3 * problem.gradients(y)[0, 1])
