"""Time stepping for transport-inflow: the scheme that survives ε → 0."""

import numpy as np
import pytest

from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.reference.parity import ParityScheme, graded_edges, uncollided_density

PROBLEM = InflowTransport()
EQUAL = np.linspace(0, 1, 11)


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
