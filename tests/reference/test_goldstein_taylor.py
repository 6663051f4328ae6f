"""The exact solution of goldstein-taylor against what it was not made from."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hrgradlib.kinetics.goldstein_taylor import GoldsteinTaylor
from hrgradlib.reference.goldstein_taylor import GoldsteinTaylorReference

PROBLEM = GoldsteinTaylor()
KAPPA = 2 * np.pi
#: Among them where both rates of a wave are one, ``ε = 1/(2κ)``.
EPS = [1.0, 0.3, 0.1, 1 / (2 * KAPPA), 1 / (4 * KAPPA), 0.03, 1e-3, 1e-4]


@pytest.fixture(scope="module")
def reference():
    return GoldsteinTaylorReference(dict(PROBLEM.modes), dict(PROBLEM.flux_modes))


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("t", [1e-9, 1e-4, 0.02, 0.1])
@pytest.mark.parametrize("mode", [1, 2])
def test_matrix_exponential_to_40_digits(mode, t, eps, reference):
    with mpmath.workdps(60):
        e, kappa = mpmath.mpf(eps), 2 * mpmath.pi * mode
        system = mpmath.matrix([[0, -kappa], [kappa / e**2, -1 / e**2]])
        start = [reference.modes[mode], reference.flux_modes.get(mode, 0.0)]
        # by eigenvectors: a series would need millions of digits at t/ε² = 1e7. They exist where
        # both rates are one, too, if one entry is moved by less than anybody sees.
        values, right = mpmath.eig(system + mpmath.mpf(10) ** -40 * mpmath.matrix([[0, 0], [1, 0]]))
        weights = mpmath.lu_solve(right, mpmath.matrix(start))
        found = right * mpmath.matrix(
            [w * mpmath.exp(v * mpmath.mpf(t)) for w, v in zip(weights, values, strict=True)]
        )
        exact = [float(mpmath.re(one)) for one in found]
    assert reference.amplitudes(np.array(t), np.array(eps), mode) == pytest.approx(exact, abs=1e-13)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.03])
def test_particles_of_two_speeds_find_the_same(eps, reference):
    """``ε ∂t f± ± ∂x f± = (f∓ − f±)/2ε``, spectral in x and Runge–Kutta in t."""
    x = np.arange(64) / 64
    wave = 2j * np.pi * np.fft.fftfreq(64, 1 / 64)

    def rates(_, both):
        right, left = both.reshape(2, -1)
        slope = [np.fft.ifft(wave * np.fft.fft(f)).real for f in (right, left)]
        turned = 0.5 * (left - right) / eps
        return np.concatenate([turned - slope[0], slope[1] - turned]) / eps

    density, flux = (f(0.0, x, eps) for f in (reference.density, reference.flux))
    start = np.concatenate([density + eps * flux, density - eps * flux])
    found = solve_ivp(rates, (0, 0.1), start, rtol=1e-10, atol=1e-12).y[:, -1].reshape(2, -1)
    np.testing.assert_allclose(found.mean(0), reference.density(0.1, x, eps), atol=1e-8)
    np.testing.assert_allclose(
        (found[0] - found[1]) / (2 * eps), reference.flux(0.1, x, eps), atol=1e-7
    )


def test_it_starts_from_its_data_and_ends_in_the_heat_equation(reference):
    x = np.linspace(0, 1, 11)
    np.testing.assert_allclose(
        reference.density(0.0, x, 0.1),
        1 + 0.5 * np.cos(KAPPA * x) + 0.25 * np.cos(2 * KAPPA * x),
        atol=1e-15,
    )
    np.testing.assert_allclose(reference.flux(0.0, x, 0.1), 0.5 * np.sin(KAPPA * x), atol=1e-15)
    gaps = [
        np.abs(reference.density(0.05, x, e) - PROBLEM.diffusion_density(0.05, x)).max()
        for e in (1e-2, 1e-3, 1e-4)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.05)  # O(ε²)
    assert gaps[1] / gaps[2] == pytest.approx(100, rel=0.05)


def test_free_particles_where_nobody_turns_round(reference):
    """At ε large the error of free transport is that of turning: O(t/ε²)."""
    x = np.linspace(0, 1, 11)
    for eps in (10.0, 100.0):
        free = PROBLEM.free_density(np.array(0.5 * eps), x, np.array(eps))
        gap = np.abs(reference.density(0.5 * eps, x, eps) - free).max()
        assert 1e-4 < gap * eps < 2


@pytest.mark.parametrize(
    ("arguments", "message"), [(({}, {}), "found modes"), (({-1: 1.0}, {}), "expected some ≥ 0")]
)
def test_unusable_modes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GoldsteinTaylorReference(*arguments)
