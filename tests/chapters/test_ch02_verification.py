"""What chapter 2 measures on transport-inflow: schemes, orders, and the reference in itself."""

import numpy as np
import pytest

from hrgradlib.chapters.ch02_verification import (
    against_eps,
    agreement,
    orders,
    overlap,
    refine_space,
    refine_time,
    refine_velocity,
    relative_error,
    wall_density,
)
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.reference._inflow_modes import half_range
from hrgradlib.reference.inflow import InflowReference
from hrgradlib.reference.parity import ParityScheme, graded_edges

PROBLEM = InflowTransport()


@pytest.fixture(scope="module")
def reference():
    return InflowReference(PROBLEM.inflow_left, PROBLEM.inflow_right, PROBLEM.initial)


@pytest.mark.parametrize(
    ("eps", "split", "bound"),
    [
        (1.0, True, 3e-4),
        (0.3, True, 2e-3),
        (0.1, True, 1e-3),
        (0.03, False, 1e-6),
        (1e-2, False, 3e-7),
        (1e-4, False, 1e-7),
        (1e-8, False, 1e-7),
    ],
)
def test_agrees_with_the_reference(eps, split, bound):
    """Nothing is shared but the velocity nodes: elements and time steps against none."""
    solution = ParityScheme(eps, graded_edges(eps), 4, 12, split=split).solve(0.1, 20)
    assert relative_error(solution.density, 0.1, eps) < bound


@pytest.mark.slow
@pytest.mark.parametrize("t", [0.005, 0.02, 0.05, 0.1])
def test_agrees_closely_with_the_reference(t):
    """The figures of chapter 2: some 1e-4 where fronts are seen, 1e-6 elsewhere."""
    eps = np.array([1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-8])
    result = agreement(t, eps)
    assert (result["difference"] < np.where(t < 15 * eps**2, 2e-4, 1e-6)).all()
    assert (result["estimate"] < 1e-6).all()


def test_order_in_time_is_uniform():
    steps = (4, 8)
    errors = refine_time(0.1, (0.01, 1e-3, 1e-5), steps, 4, 6)
    assert (orders(errors, steps) > 3.8).all()
    np.testing.assert_allclose(errors[1], errors[2], rtol=0.05)


@pytest.mark.parametrize(("degree", "expected"), [(1, 2), (2, 3)])
def test_order_in_space_is_uniform(degree, expected):
    """Equal elements that know nothing of ε, from much wider to much narrower than it."""
    cells = (20, 40)
    errors = refine_space(0.1, (1e-3, 1e-5, 1e-8), cells, degree)
    if degree == 1:
        assert (orders(errors, cells) > expected - 0.3).all()
    else:  # the unresolved layer leaves an error of order ε² until it is resolved
        assert (orders(errors[1:], cells) > expected - 0.3).all()
    assert errors.max() < 5e-3


def test_errors_against_eps():
    """One mesh for all: upwind ends at an error of order one, the scheme stays where it is."""
    result = against_eps(0.1, (1e-2, 1e-4, 1e-8), 20, 10)
    assert result["upwind"][-1] > 0.3
    assert result["preserving"].max() < 1e-2


def test_wall_density(reference):
    """Bessel functions, for as long as the other wall is out of reach; both representations."""
    for eps in (100.0, 1.0, 0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-5):
        t = eps * np.array([1e-3, 0.05, 0.3, 1.0])
        np.testing.assert_allclose(
            reference.density(t, 0.0, eps), wall_density(t, eps), rtol=0, atol=1e-7
        )


def test_both_representations_agree():
    pairs = [(0.03, 0.03), (0.022, 0.03), (0.05, 0.05), (0.04, 0.04), (0.02, 0.026)]
    assert overlap(pairs).max() < 3e-8
    # Young solutions: what the contour leaves out falls like e^{−t/ε²}.
    errors = overlap([(0.08, 0.1), (0.1, 0.1)])
    assert errors[0] < 1e-5 and errors[1] < 1e-6


def test_refinement_in_velocity():
    """Order 2·power = 6 in the number of velocities, or better, until rounding is in sight."""
    counts = (4, 8, 16)
    errors = refine_velocity(0.1, (0.03, 1e-2, 1e-3), counts)
    assert (orders(errors, counts) > 3.5).all()
    assert errors[:, -1].max() < 1e-6
    nodes, weights = half_range(12)
    np.testing.assert_allclose(weights @ nodes[:, None] ** np.arange(4), 1 / np.arange(1, 5))
