"""The exact solution of transport-2d against things it was not made from.

More angular modes, 30 digits, its own closed form, the integral equation, and both limits.
"""

import mpmath
import numpy as np
import pytest
from scipy.special import j0

from hrgradlib.kinetics.plane import PlaneTransport
from hrgradlib.reference.plane import PlaneReference

PROBLEM = PlaneTransport()
TIMES = np.array(PROBLEM.eval_times)
ALL_EPS = (1.0, 0.3, 0.1, 0.05, 0.03, 0.01, 1e-3, 1e-6)
KAPPAS = (2 * np.pi, 2 * np.pi * 5**0.5)


@pytest.fixture(scope="module")
def reference():
    return PlaneReference()


@pytest.mark.parametrize("kappa", KAPPAS)
def test_refinement_in_the_angle(kappa):
    """More modes change nothing above 1e-13 from 24 on; with few of them the cut shows."""
    eps = np.geomspace(1, 1e-6, 41)[:, None]
    fine = PlaneReference(n_angle=80).amplitude(TIMES, eps, kappa)
    errors = [
        np.abs(PlaneReference(n_angle=n).amplitude(TIMES, eps, kappa) - fine).max()
        for n in (1, 2, 4, 8, 16, 24, 40)
    ]
    assert max(errors[-2:]) < 1e-13
    assert errors[0] > 0.05
    assert all(b < a / 2 for a, b in zip(errors, errors[1:], strict=False) if a > 1e-9)


def by_digits(t, eps, kappa, modes):
    """The same moment system, in e^{inθ} instead of cosines, exponentiated with 60 digits."""
    with mpmath.workdps(60):
        e, k = mpmath.mpf(eps), mpmath.mpf(kappa)
        size = 2 * modes + 1
        system = mpmath.matrix(size, size)
        for i in range(size):
            system[i, i] = -1 / e**2 if i != modes else 0
            for j in (i - 1, i + 1):
                if 0 <= j < size:
                    system[i, j] = -0.5j * k / e
        start = mpmath.matrix([1 if i == modes else 0 for i in range(size)])
        return float(mpmath.re((mpmath.expm(mpmath.mpf(t) * system) * start)[modes]))


@pytest.mark.parametrize("eps", [1.0, 0.2, 0.05])
@pytest.mark.parametrize("kappa", KAPPAS)
def test_matrix_exponential_to_30_digits(eps, kappa):
    found = PlaneReference(n_angle=8).amplitude(0.02, eps, kappa)
    assert abs(found - by_digits(0.02, eps, kappa, 8)) < 1e-13


@pytest.mark.parametrize("eps", [0.02, 0.01, 1e-3, 1e-6])
@pytest.mark.parametrize("kappa", KAPPAS)
def test_closed_form_to_30_digits(eps, kappa, reference):
    """``e^{(√(1 − z²) − 1) t/ε²}/√(1 − z²)`` as it stands, which in float64 loses all digits."""
    for t in TIMES:
        if t / eps**2 >= 40:
            with mpmath.workdps(40):
                root = mpmath.sqrt(1 - (mpmath.mpf(kappa) * mpmath.mpf(eps)) ** 2)
                wanted = mpmath.exp((root - 1) * mpmath.mpf(t) / mpmath.mpf(eps) ** 2) / root
            assert abs(reference.amplitude(t, eps, kappa) - float(wanted)) < 1e-13


@pytest.mark.parametrize("eps", [0.03, 0.02, 0.01])
def test_closed_form_and_exponential_meet(eps, reference):
    """Where both hold: all coefficients, just after the initial layer."""
    from scipy.linalg import expm

    for kappa in KAPPAS:
        t = 40.5 * eps**2
        start = np.eye(1, reference.n_angle + 1)[0]
        other = expm(t / eps**2 * reference._generator(kappa * eps)) @ start
        np.testing.assert_allclose(reference.coefficients(t, eps, kappa), other, atol=1e-13)


@pytest.mark.parametrize("eps", [10.0, 1.0, 0.3, 0.1])
@pytest.mark.parametrize("angle", [None, 0.0, 1.1, 3.0])
def test_integral_equation(eps, angle):
    """Duhamel: ``f̂(t, θ) = e^{−t/ε² − iκ cos θ t/ε} + ε^{−2} ∫ e^{−(t−s)/ε² − …} ρ̂(s) ds``.

    Its mean over θ (None) is an equation for ρ̂ alone, with ``<e^{−is cos θ}> = J_0(s)``.
    """
    kappa, t = KAPPAS[1], 0.1
    s, weights = np.polynomial.legendre.leggauss(60)
    s, weights = 0.5 * t * (s + 1), 0.5 * t * weights
    one = PlaneReference({(1, 2): 1.0})

    def flight(lag):
        way = kappa * lag / eps
        phase = j0(way) if angle is None else np.exp(-1j * np.cos(angle) * way)
        return np.exp(-lag / eps**2) * phase

    wanted = flight(t) + (weights * flight(t - s) * one.amplitude(s, eps, kappa)).sum() / eps**2
    if angle is None:
        found = one.amplitude(t, eps, kappa)
    else:  # k·x = 0 and ¼ give real and (minus) imaginary part
        v = angle + np.arctan2(2, 1)
        real, imaginary = (one.distribution(t, [x, 0.0], v, eps) for x in (0.0, 0.25))
        found = real - 1j * imaginary
    assert abs(found - wanted) < 1e-12


def test_free_flight_as_eps_grows(reference):
    """Collisions enter at O(1/ε²) times O((κt/ε)²)."""
    x = np.random.default_rng(0).uniform(0, 1, (7, 2))
    for eps in (5.0, 50.0, 500.0):
        free = PROBLEM.free_density(0.1, x, eps)
        assert np.abs(reference.density(0.1, x, eps) - free).max() < 0.2 / eps**4


def test_diffusion_limit_is_second_order_with_coefficient_one_half(reference):
    x = np.random.default_rng(0).uniform(0, 1, (7, 2))
    eps = np.array([0.01, 1e-3, 1e-4, 1e-5])
    errors = [np.abs(reference.density(0.1, x, e) - PROBLEM.diffusion_density(0.1, x)).max()
              for e in eps]  # fmt: skip
    np.testing.assert_allclose(np.log10(errors[:-1]) - np.log10(errors[1:]), 2.0, atol=0.02)


@pytest.mark.parametrize("eps", ALL_EPS)
def test_mass_is_conserved_and_means_agree(eps, reference):
    axis = np.arange(8) / 8
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    t = np.array([0.0, *TIMES])[:, None]
    density = reference.density(t, x, eps)
    np.testing.assert_allclose(density.mean(1), 1.0, rtol=0, atol=1e-14)
    angle = 2 * np.pi * np.arange(64) / 64
    f = reference.distribution(t[..., None], x[:, None], angle, eps)
    np.testing.assert_allclose(f.mean(-1), density, rtol=0, atol=1e-13)
    assert (f > 0).all()
    start = PROBLEM.diffusion_density(0.0, x)
    np.testing.assert_allclose(f[0], np.broadcast_to(start[:, None], f[0].shape), rtol=1e-14)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.02])
def test_the_distribution_solves_the_equation(eps, reference):
    """``ε ∂t f + Ω·∇f = (<f> − f)/ε``, derivatives by differences of fourth order."""
    t, angle = 0.03, np.array([0.2, 1.5, 4.0])
    x = np.array([0.13, 0.71])

    def slope(function, h):
        return (function(-2 * h) - 8 * function(-h) + 8 * function(h) - function(2 * h)) / (12 * h)

    f = reference.distribution
    moves = [slope(lambda h, e=e: f(t, x + h * e, angle, eps), 1e-3) for e in np.eye(2)]
    left = eps * slope(lambda h: f(t + h, x, angle, eps), 1e-3 * eps)
    left = left + np.cos(angle) * moves[0] + np.sin(angle) * moves[1]
    right = (reference.density(t, x, eps) - f(t, x, angle, eps)) / eps
    np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-7)


def test_shapes_broadcast(reference):
    x = np.zeros((3, 2))
    assert reference.density(0.1, [0.2, 0.3], 0.3).shape == ()
    assert reference.density([[0.1], [0.05]], x, 0.5).shape == (2, 3)
    assert reference.distribution(0.1, x[:, None], [0.0, 0.5], 0.5).shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(t=-0.1), "found t = -0.1; expected t ≥ 0"),
        (dict(eps=0.0), "found eps = 0.0; expected eps > 0"),
        (dict(x=0.3), r"found x of shape \(\); expected \(..., 2\)"),
        (dict(x=np.zeros((2, 3))), r"found x of shape \(2, 3\)"),
        (dict(x=[np.nan, 0.0]), "NaN or inf in x"),
        (dict(v=np.inf), "NaN or inf in angle"),
    ],
)
def test_bad_arguments(arguments, message, reference):
    good = dict(t=0.1, x=[0.2, 0.3], v=0.3, eps=0.5)
    with pytest.raises(ValueError, match=message):
        reference.distribution(**good | arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [(dict(waves={}), "found no wave"), (dict(n_angle=0), "found n_angle = 0")],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        PlaneReference(**options)
