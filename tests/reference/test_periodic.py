"""The exact solution of transport-periodic against four things it was not made from.

Refinement and 40 digits (discretisation and rounding), the closed form once the initial layer is
over, the integral equation at any ε, and free flight as ε grows.
"""

import math

import mpmath
import numpy as np
import pytest

from hrgradlib.kinetics.velocity import gauss_legendre, legendre
from hrgradlib.reference.periodic import PeriodicReference

TIMES = (0.005, 0.02, 0.05, 0.1)
ALL_EPS = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)


@pytest.fixture(scope="module")
def reference():
    return PeriodicReference()


def after_the_layer(t, eps, mode=1):
    """``(z/sin z)² exp((z cot z − 1) t/ε²)`` with ``z = 2πkε``: the pole of the Laplace transform.

    What it leaves out has decayed like ``e^{−t/ε²}``; written here without cancellation.
    """
    with mpmath.workdps(40):
        z = 2 * mpmath.pi * mode * mpmath.mpf(eps)
        rate = (z * mpmath.cot(z) - 1) / mpmath.mpf(eps) ** 2
        return float((z / mpmath.sin(z)) ** 2 * mpmath.exp(rate * mpmath.mpf(t)))


@pytest.mark.parametrize("eps", ALL_EPS)
def test_refinement_in_velocity(eps):
    """Twice the nodes change nothing above 1e-9: the promise is 1e-8."""
    t = np.array(TIMES)
    fine = PeriodicReference(n_velocity=64).mode_amplitude(t, eps)
    errors = [
        np.abs(PeriodicReference(n_velocity=n).mode_amplitude(t, eps) - fine).max()
        for n in (2, 4, 8, 16, 24, 32)
    ]
    assert errors[-1] < 1e-9 and errors[-2] < 1e-9
    if eps >= 0.3:  # elsewhere two nodes are nearly exact: the diffusion limit needs no more
        assert errors[0] > 1e-4 and errors[1] < errors[0] / 10


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-3, 1e-4])
@pytest.mark.parametrize("n", [4, 7])
def test_matrix_exponential_to_40_digits(n, eps):
    """The same system, exponentiated in 60 digits: what is left is the rounding."""
    nodes, weights = gauss_legendre(n)
    with mpmath.workdps(60):
        root = [mpmath.sqrt(mpmath.mpf(w)) for w in weights]
        e = mpmath.mpf(eps)
        system = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                system[i, j] = root[i] * root[j] / e**2
            system[i, i] -= 1 / e**2 + 2j * mpmath.pi * mpmath.mpf(nodes[i]) / e
        exact = mpmath.expm(mpmath.mpf("0.02") * system) * mpmath.matrix(root)
        exact = float(mpmath.re(sum(r * y for r, y in zip(root, exact, strict=True))))
    found = PeriodicReference(n_velocity=n).mode_amplitude(0.02, eps)
    assert abs(found - exact) < (1e-9 if eps < 1e-3 else 1e-11)


@pytest.mark.parametrize("eps", [0.03, 0.01, 1e-3, 1e-4])
@pytest.mark.parametrize("mode", [1, 2])
def test_closed_form_after_the_initial_layer(eps, mode, reference):
    for t in TIMES:
        if t / eps**2 > 40:
            found = reference.mode_amplitude(t, eps, mode)
            assert abs(found - after_the_layer(t, eps, mode)) < 1e-9


def average_phase(s):
    """``<e^{−isv}> = sin s / s``."""
    return np.sinc(s / np.pi)


@pytest.mark.parametrize("eps", [10.0, 1.0, 0.3, 0.1])
@pytest.mark.parametrize("v", [None, -1.0, 0.123, 0.8])
def test_integral_equation(eps, v, reference):
    """Duhamel: ``f̂(t, v) = e^{−t/ε²−iκvt/ε} + ε^{−2} ∫ e^{−(t−s)/ε²−iκv(t−s)/ε} ρ̂(s) ds``.

    Averaged over v (``v=None``) it is an equation for ρ̂ alone.
    """
    kappa, t = 2 * np.pi, 0.1
    s, weights = np.polynomial.legendre.leggauss(60)
    s, weights = 0.5 * t * (s + 1), 0.5 * t * weights

    def flight(lag):
        angle = kappa * lag / eps
        phase = average_phase(angle) if v is None else np.exp(-1j * v * angle)
        return np.exp(-lag / eps**2) * phase

    density = reference.mode_amplitude(s, eps)
    expected = flight(t) + (weights * flight(t - s) * density).sum() / eps**2
    if v is None:
        found = reference.mode_amplitude(t, eps)
    else:
        one = PeriodicReference({1: 1.0})  # x = 0 and x = ¼ give real and (minus) imaginary part
        found = one.distribution(t, 0.0, v, eps) - 1j * one.distribution(t, 0.25, v, eps)
    assert abs(found - expected) < 1e-10


def test_free_flight_as_eps_grows(reference):
    """Without collisions ``ρ̂ = sin(κt/ε)/(κt/ε)``; they enter at O(1/ε²) times O((κt/ε)²)."""
    t = 0.1
    for eps in (5.0, 50.0, 500.0):
        free = average_phase(2 * np.pi * t / eps)
        assert abs(reference.mode_amplitude(t, eps) - free) < 0.1 / eps**4
        v = np.linspace(-1, 1, 5)
        moved = 1 + 0.5 * np.cos(2 * np.pi * (0.3 - v * t / eps))
        assert np.abs(reference.distribution(t, 0.3, v, eps) - moved).max() < 0.1 / eps**2


def test_diffusion_limit_is_second_order(reference):
    """``|ρ̂ − e^{−κ²t/3}| = O(ε²)``."""
    eps = np.array([0.02, 0.01, 0.005, 0.0025])
    limit = math.exp(-((2 * math.pi) ** 2) / 3 * 0.1)
    errors = np.abs(reference.mode_amplitude(0.1, eps) - limit)
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 2.0, atol=0.05)


@pytest.mark.parametrize("eps", ALL_EPS)
def test_mass_is_conserved_and_averages_agree(eps, reference):
    x = np.arange(16) / 16
    nodes, weights = gauss_legendre(40)
    t = np.array([0.0, *TIMES])[:, None]
    density = reference.density(t, x, eps)
    np.testing.assert_allclose(density.mean(1), 1.0, rtol=0, atol=1e-14)
    f = reference.distribution(t[..., None], x[:, None], nodes, eps)
    np.testing.assert_allclose(f @ weights, density, rtol=0, atol=2e-9)
    assert (f > 0).all()


def test_initial_data(reference):
    x, v = np.linspace(0, 1, 7)[:, None], np.linspace(-1, 1, 5)
    expected = np.broadcast_to(1 + 0.5 * np.cos(2 * np.pi * x), (7, 5))
    np.testing.assert_allclose(reference.distribution(0.0, x, v, 0.1), expected, rtol=1e-15)


def test_moments_conserve_mass(reference):
    """``∂t ρ̂ = −(iκ/ε) <v f̂>``, the derivative by differences."""
    h = 1e-5
    basis = legendre(reference.nodes, 1)
    for eps in (1.0, 0.1):
        change = reference.mode_amplitude(0.05 + h, eps) - reference.mode_amplitude(0.05 - h, eps)
        density, flux = reference.moments(0.05, eps, 1, basis)
        np.testing.assert_allclose(density, reference.mode_amplitude(0.05, eps), atol=1e-14)
        flux = flux / math.sqrt(3)  # φ_1 = √3 v
        np.testing.assert_allclose(change / (2 * h), (-2j * np.pi / eps * flux).real, rtol=1e-6)


def test_other_modes_superpose():
    x = np.linspace(0, 1, 9)
    both = PeriodicReference({0: 2.0, 1: 0.3, 3: -0.1}).density(0.02, x, 0.2)
    parts = [
        PeriodicReference({k: a}).density(0.02, x, 0.2)
        for k, a in {0: 2.0, 1: 0.3, 3: -0.1}.items()
    ]
    np.testing.assert_allclose(both, sum(parts), rtol=0, atol=1e-15)


def test_shapes_broadcast(reference):
    assert reference.density(0.1, 0.2, 0.3).shape == ()
    assert reference.density([[0.1], [0.05]], [0.1, 0.2, 0.3], 0.5).shape == (2, 3)
    assert reference.distribution(0.1, [[0.1], [0.2]], [0.0, 0.5, 1.0], 0.5).shape == (2, 3)
    eps = np.array([1.0, 0.5])[:, None]
    rows = reference.distribution([0.1, 0.05, 0.1], 0.3, [0.1, 0.2, 0.3], eps)
    for i in range(2):
        for j, (t, v) in enumerate([(0.1, 0.1), (0.05, 0.2), (0.1, 0.3)]):
            alone = reference.distribution(t, 0.3, v, eps[i, 0])
            np.testing.assert_allclose(rows[i, j], alone, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(t=-0.1), "found t = -0.1; expected t ≥ 0"),
        (dict(eps=0.0), "found eps = 0.0; expected eps > 0"),
        (dict(eps=[1.0, -2.0]), "found eps = -2.0"),
        (dict(x=np.nan), "NaN or inf in x"),
        (dict(eps=np.inf), "NaN or inf in eps"),
        (dict(v=1.5), r"found v = 1.5; expected v in \[-1, 1\]"),
    ],
)
def test_bad_arguments(arguments, message, reference):
    good = dict(t=0.1, x=0.2, v=0.3, eps=0.5)
    with pytest.raises(ValueError, match=message):
        reference.distribution(**good | arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [(dict(modes={-1: 1.0}), "modes"), (dict(n_velocity=1), "n_velocity = 1")],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        PeriodicReference(**options)
