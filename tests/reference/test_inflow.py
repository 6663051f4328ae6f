"""The reference of transport-inflow against what it was not made from.

Closed forms at the wall, the integral equation, the differential equation and its boundary data,
free flight, the diffusion limit with Milne's boundary layer, balance of mass, and the other
representation where both hold. What chapter 2 measures is in chapters/test_ch02_verification.py.
"""

import numpy as np
import pytest
import torch
from scipy.special import gammaln

from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.reference._inflow_modes import expand
from hrgradlib.reference._inflow_series import TERMS, series
from hrgradlib.reference._panels import Panels, geometric, unit_quadrature
from hrgradlib.reference.inflow import InflowReference

PROBLEM = InflowTransport()
ALL_EPS = (*PROBLEM.eval_eps, PROBLEM.check_eps)
MILNE = 0.7104460895987631  # Hopf: distance at which the extrapolated density vanishes


@pytest.fixture(scope="module")
def reference():
    return InflowReference(PROBLEM.inflow_left, PROBLEM.inflow_right, PROBLEM.initial)


def orders(errors, sizes):
    return -np.diff(np.log(errors)) / np.diff(np.log(sizes))


def averaging(split):
    """Nodes and weights for <·> on [−1, 1], crowded on both sides of 0 and of ``split``."""
    edges = np.unique([-1.0, 0.0, *(m for m in (split,) if 0 < m < 1), 1.0])
    panels = Panels(geometric(14, 14), 8)
    unit, weights = panels.nodes.ravel(), panels.weights().ravel()
    lengths = np.diff(edges)[:, None]
    return (edges[:-1, None] + lengths * unit).ravel(), (lengths * weights).ravel() / 2


# --- closed forms --------------------------------------------------------------------------------


def test_coefficients_at_the_wall():
    """``R_n(0) = 1 − C(2n+2, n+1)/4^{n+1}``: walks of n+1 steps that have left the half-space."""
    terms, (panel, weights) = series().density_terms, series().panels.rows(np.zeros(1))
    n = np.arange(TERMS)
    exact = 1 - np.exp(gammaln(2 * n + 3) - 2 * gammaln(n + 2) - (n + 1) * np.log(4))
    np.testing.assert_allclose(terms[:, panel[0]] @ weights[0], exact, rtol=0, atol=5e-8)
    assert terms.min() > -2e-8 and terms.max() < 1
    assert (np.diff(terms, axis=0)[:, 0] > 0).all()


def test_free_flight_as_eps_grows(reference):
    """Collisions enter at the order of their number, ``t/ε²``."""
    x, v = np.linspace(0, 1, 9), np.array([-0.9, -0.1, 0.2, 0.6, 1.0])
    for eps in (1e2, 1e4, 1e6):
        t = 0.7 * eps
        error = np.abs(reference.density(t, x, eps) - PROBLEM.free_density(t, x, eps))
        assert error.max() < t / eps**2
        flown = (x[:, None] < v * t / eps).astype(float)
        error = np.abs(reference.distribution(t, x[:, None], v, eps) - flown)
        assert error.max() < 2 * t / eps**2


def test_diffusion_limit(reference):
    x = np.linspace(0, 1, 101)
    for t in PROBLEM.eval_times:
        limit = PROBLEM.diffusion_density(t, x)
        assert np.abs(reference.density(t, x, 1e-8) - limit).max() < 2e-7
        errors = [np.abs(reference.density(t, x, e) - limit).max() for e in (1e-4, 1e-5, 1e-6)]
        np.testing.assert_allclose(orders(np.array(errors), (1, 10, 100)), 1.0, atol=0.01)


def test_milne_boundary_layer(reference):
    """Beyond the layers the density is that of a slab longer by 0.7104 ε on either side, to
    second order; the density at the wall lies ``ε |∂x ρ|/√3`` below 1, to third."""
    t, x = 0.1, np.linspace(0.2, 0.8, 31)
    sizes = (100, 200, 400)
    inside, at_wall = [], []
    for eps in (1 / n for n in sizes):
        length = 1 + 2 * MILNE * eps
        longer = PROBLEM.diffusion_density(t / length**2, (x + MILNE * eps) / length)
        inside.append(np.abs(reference.density(t, x, eps) - longer).max())
        slope = (1 - PROBLEM.diffusion_density(t, 1e-5)) / 1e-5
        at_wall.append(abs(1 - reference.density(t, 0.0, eps) - eps * slope / np.sqrt(3)))
    np.testing.assert_allclose(orders(np.array(inside), sizes), 2.0, atol=0.1)
    np.testing.assert_allclose(orders(np.array(at_wall), sizes), 3.0, atol=0.1)


# --- the equation itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("t", "eps"),
    [
        (0.1, 3.0),
        (0.1, 1.0),
        (0.05, 0.3),
        (0.1, 0.1),
        (0.02, 0.03),
        (0.1, 0.03),
        (0.1, 1e-2),
        (0.1, 1e-4),
    ],
)
def test_integral_equation(t, eps, reference):
    """The distribution is the density integrated along flights; its averages must give the
    density and the flux back."""
    for x in (1e-4, 0.05, 0.7):
        v, weights = averaging(x * eps / t)
        f = reference.distribution(t, x, v, eps)
        assert abs(weights @ f - reference.density(t, x, eps)) < 1e-6
        assert abs(weights @ (v * f) / eps - reference.flux(t, x, eps)) < 1e-6 / min(eps, 1)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.03, 1e-2, 1e-3])
def test_differential_equation(eps, reference):
    """``ε ∂t f + v ∂x f = (<f> − f)/ε`` by central differences, away from fronts and layers."""
    x, v = np.array([[0.03], [0.06]]), np.array([-0.8, -0.3, 0.1, 0.25, 0.9])
    t, h = 0.08, 1e-4

    def f(t, x):
        return reference.distribution(t, x, v, eps)

    change = eps * (f(t + h, x) - f(t - h, x)) / (2 * h)
    streaming = v * (f(t, x + h) - f(t, x - h)) / (2 * h)
    collisions = (reference.density(t, x, eps) - f(t, x)) / eps
    residual = np.abs(change + streaming - collisions).max()
    # f carries about 1e-9, which differences and collisions magnify; steep layers cost h².
    assert residual < 2e-3 * np.abs(streaming).max() + 1e-8 / eps


@pytest.mark.parametrize("eps", ALL_EPS)
def test_boundary_and_initial_data(eps, reference):
    v = np.array([0.01, 0.3, 1.0])
    t = np.array(PROBLEM.eval_times)[:, None]
    left = PROBLEM.left(torch.from_numpy(v)).numpy()
    right = PROBLEM.right(torch.from_numpy(-v)).numpy()
    np.testing.assert_allclose(reference.distribution(t, 0.0, v, eps) - left, 0, atol=1e-12)
    np.testing.assert_allclose(reference.distribution(t, 1.0, -v, eps) - right, 0, atol=1e-12)
    start = PROBLEM.initial_density(torch.linspace(0, 1, 5))[0].numpy()
    np.testing.assert_array_equal(reference.density(0.0, np.linspace(0, 1, 5), eps), start)
    np.testing.assert_array_equal(reference.distribution(0.0, 0.5, v, eps), start[:3])


# --- structure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", ALL_EPS)
def test_bounds_and_monotony(eps, reference):
    """``0 ≤ f ≤ 1`` and ρ falls with x and grows with t, up to the error of the solution."""
    x, v = np.linspace(0, 1, 201), np.array([-1, -0.4, -0.01, 0, 0.01, 0.4, 1.0])
    rho = reference.density(np.array(PROBLEM.eval_times)[:, None], x, eps)
    assert rho.min() > -1e-9 and rho.max() <= 1
    assert np.diff(rho, axis=1).max() < 1e-9 and np.diff(rho, axis=0).min() > -1e-6
    f = reference.distribution(0.1, x[::10, None], v, eps)
    assert f.min() > -1e-8 and f.max() < 1 + 1e-9


@pytest.mark.parametrize("eps", [0.05, 1e-3, 1e-8])
def test_conservation_of_mass_by_the_modes(eps):
    """``∫ρ dx = ∫_0^t (flux(0) − flux(1))`` to rounding: both are inverse transforms."""
    solution = expand(0.1, eps)
    through = [
        (
            (solution.left * (1 if x == 0 else np.exp(-solution.rate)))
            - solution.right * (np.exp(-solution.rate) if x == 0 else 1)
        )
        / solution.rate
        for x in (0, 1)
    ]
    entered = (solution.weights @ (through[0] - through[1]).sum(1)).real
    assert abs(solution.mass() - entered) < 1e-13


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.03, 1e-3])
def test_conservation_of_mass_by_the_solution(eps, reference):
    """Density and flux are evaluated separately: ``d/dt ∫ρ dx = flux(0) − flux(1)``."""
    unit, weights = unit_quadrature()
    t, h = 0.05, 1e-3
    ends = np.minimum(1, np.array([t - h, t + h]) / eps)  # ahead of the front there is nothing
    before, after = (
        end * weights @ reference.density(one, end * unit, eps)
        for one, end in zip((t - h, t + h), ends, strict=True)
    )
    nodes, lengths = np.polynomial.legendre.leggauss(6)
    flux = reference.flux((t + h * nodes)[:, None], [0.0, 1.0], eps)
    entered = h * lengths @ (flux[:, 0] - flux[:, 1])
    assert abs(after - before - entered) < 1e-6 * after


@pytest.mark.parametrize("eps", ALL_EPS)
def test_error_estimate(eps, reference):
    """Below 1e-6 wherever results are quoted, and no less than the change a finer run makes."""
    t = np.array(PROBLEM.eval_times)
    estimate = reference.error_estimate(t, eps)
    assert estimate.shape == t.shape and (estimate < 1e-6).all()
    x, weights = unit_quadrature()
    for one, bound in zip(t[1::2], estimate[1::2], strict=True):
        if one > eps or one > 30 * eps**2:
            found = reference.density(one, x, eps)
            change = found - expand(one, eps, 40, 28, 0.99).density(x)
            # Both are rounding there: 1.6e-12 against 1.8e-12 on one processor, less on others.
            assert np.sqrt(weights @ change**2 / (weights @ found**2)) < max(bound, 4e-12)


def test_linearity_and_mirror_image(reference):
    x, v = np.array([0.1, 0.4, 0.9]), np.array([-0.7, 0.2, 0.8])
    mirrored = InflowReference(0.0, 1.0)
    mixed = InflowReference(1.2, -0.3, 0.5)
    for eps in (0.5, 0.01):
        for name, sign in (("density", 1), ("flux", -1)):
            one = getattr(reference, name)(0.1, x, eps)
            other = getattr(mirrored, name)(0.1, x, eps)
            backwards = getattr(reference, name)(0.1, 1 - x, eps)
            np.testing.assert_allclose(other, sign * backwards, atol=1e-14)
            constant = 0.5 if name == "density" else 0.0
            np.testing.assert_allclose(
                getattr(mixed, name)(0.1, x, eps), constant + 0.7 * one - 0.8 * other, atol=1e-13
            )
        np.testing.assert_allclose(
            mirrored.distribution(0.1, x, v, eps),
            reference.distribution(0.1, 1 - x, -v, eps),
            atol=1e-14,
        )
    still = InflowReference(0.5, 0.5, 0.5)
    np.testing.assert_array_equal(still.distribution(0.1, x, v, 0.3), 0.5)
    assert still.error_estimate(0.1, 0.3) == 0


def test_shapes_broadcast(reference):
    assert reference.density(0.1, 0.2, 0.3).shape == ()
    assert reference.density([[0.1], [0.05]], [0.1, 0.2, 0.3], 0.5).shape == (2, 3)
    assert reference.error_estimate([[0.1], [0.0]], [0.5, 0.01]).shape == (2, 2)
    eps = np.array([1.0, 0.01])[:, None]
    rows = reference.distribution([0.1, 0.05, 0.0], 0.03, [0.1, 0.9, 0.3], eps)
    for i in range(2):
        for j, (t, v) in enumerate([(0.1, 0.1), (0.05, 0.9), (0.0, 0.3)]):
            alone = reference.distribution(t, 0.03, v, eps[i, 0])
            np.testing.assert_allclose(rows[i, j], alone, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(t=-0.1), "found t = -0.1; expected t ≥ 0"),
        (dict(eps=0.0), "found eps = 0.0; expected eps > 0"),
        (dict(eps=[1.0, -2.0]), "found eps = -2.0"),
        (dict(x=np.nan), "NaN or inf in x"),
        (dict(x=[0.5, 1.01]), r"found x = 1.01; expected x in \[0, 1\]"),
        (dict(x=-1e-9), r"expected x in \[0, 1\]"),
        (dict(v=1.5), r"found v = 1.5; expected v in \[-1, 1\]"),
        (dict(t=0.6), "expected t ≤ eps .* or t ≥ 10 eps²"),
    ],
)
def test_bad_arguments(arguments, message, reference):
    good = dict(t=0.1, x=0.2, v=0.3, eps=0.5)
    with pytest.raises(ValueError, match=message):
        reference.distribution(**good | arguments)


def test_bad_data():
    with pytest.raises(ValueError, match="NaN or inf in left"):
        InflowReference(np.nan)
