"""Time stepping for transport-inflow: the scheme that survives ε → 0, and those that do not."""

import numpy as np
import pytest

from hrgradlib.chapters.ch02_naive import (
    explicit_step_limit,
    explicit_upwind,
    implicit_upwind,
    upwind_diffusivity,
)
from hrgradlib.chapters.ch02_verification import (
    against_eps,
    agreement,
    orders,
    refine_space,
    refine_time,
    relative_error,
)
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.reference.parity import ParityScheme, graded_edges, uncollided_density

PROBLEM = InflowTransport()
EQUAL = np.linspace(0, 1, 11)


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


def test_limit_is_the_scheme_for_diffusion():
    """Fixed mesh, fixed step, ε → 0: what remains is linear in ε."""
    x = np.linspace(0, 1, 21)
    values = [ParityScheme(e, EQUAL, 2, 8).solve(0.1, 5).density(x) for e in (1e-5, 1e-6, 1e-8)]
    changes = [np.abs(v - values[-1]).max() for v in values[:2]]
    assert changes[0] < 1e-4 and changes[1] < 0.12 * changes[0]
    assert np.abs(values[-1] - PROBLEM.diffusion_density(0.1, x)).max() < 2e-3


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-2, 1e-4])
@pytest.mark.parametrize("split", [False, True])
def test_mass_is_conserved(eps, split):
    """What is in came in: to rounding, which the inflow condition divides by ε."""
    solution = ParityScheme(eps, graded_edges(eps), 3, 8, split=split).solve(0.1, 6)
    assert abs(solution.mass() - solution.entered) < 1e-14 * (1 + 1 / eps) / min(eps, 1)


@pytest.mark.parametrize("eps", [0.03, 1e-2, 1e-3, 1e-8])
def test_density_is_positive_where_particles_collide(eps):
    solution = ParityScheme(eps, graded_edges(eps), 3, 12).solve(0.1, 10)
    assert solution.rho.min() > 0 and solution.rho.max() < 1


def test_undershoots_at_fronts_are_small():
    for eps in (1.0, 0.3, 0.1):
        solution = ParityScheme(eps, graded_edges(eps), split=True).solve(0.1, 40)
        assert solution.density(np.linspace(0, 1, 101)).min() > -2e-4


def test_data_are_superposed():
    one = ParityScheme(0.2, EQUAL).solve(0.1, 4)
    other = ParityScheme(0.2, EQUAL, left=0.0, right=1.0).solve(0.1, 4)
    both = ParityScheme(0.2, EQUAL, left=1.2, right=-0.3, initial=0.5).solve(0.1, 4)
    x = np.linspace(0, 1, 7)
    np.testing.assert_allclose(other.density(x), one.density(1 - x), atol=1e-12)
    mixed = 0.5 + 0.7 * one.density(x) - 0.8 * other.density(x)
    np.testing.assert_allclose(both.density(x), mixed, atol=1e-12)


def test_uncollided_density():
    """``½ ∫ e^{−x/(εv)} dv`` over the velocities that have come as far."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for t, x, eps in ((0.1, 0.03, 1.0), (0.1, 0.2, 0.3), (0.05, 0.9, 0.01)):
        slowest = min(1.0, x * eps / t)
        v = slowest + (1 - slowest) * (nodes + 1) / 2
        exact = (1 - slowest) / 4 * weights @ np.exp(-x / (eps * v))
        np.testing.assert_allclose(uncollided_density(t, np.array(x), eps), exact, atol=1e-12)
    assert (uncollided_density(0.0, np.linspace(0, 1, 3), 0.1) == 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(eps=0.0), "expected eps > 0"),
        (dict(edges=[0.0, 0.5]), "increase from 0 to 1"),
        (dict(edges=[0.0, 0.6, 0.5, 1.0]), "increase from 0 to 1"),
        (dict(degree=0), "degree = 0"),
        (dict(left=np.inf), "NaN or inf in left"),
    ],
)
def test_bad_options(change, message):
    with pytest.raises(ValueError, match=message):
        ParityScheme(**dict(eps=0.1, edges=EQUAL) | change)


def test_bad_steps():
    with pytest.raises(ValueError, match="steps = 0"):
        ParityScheme(0.1, EQUAL).solve(0.1, 0)
    with pytest.raises(ValueError, match="t = 0"):
        ParityScheme(0.1, EQUAL).solve(0.0, 5)


# --- naive schemes -------------------------------------------------------------------------------


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


def test_errors_against_eps():
    """One mesh for all: upwind ends at an error of order one, the scheme stays where it is."""
    result = against_eps(0.1, (1e-2, 1e-4, 1e-8), 20, 10)
    assert result["upwind"][-1] > 0.3
    assert result["preserving"].max() < 1e-2


def test_bad_cells():
    with pytest.raises(ValueError, match="even number of velocities"):
        implicit_upwind(0.1, 0.1, 10, 10, n_velocity=5)
