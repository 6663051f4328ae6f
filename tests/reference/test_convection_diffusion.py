"""The exact solution of convection-diffusion against what it was not made from."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_bvp

from hrgradlib.kinetics.convection_diffusion import ConvectionDiffusion
from hrgradlib.reference.convection_diffusion import ConvectionDiffusionReference

PROBLEM = ConvectionDiffusion()
EPS = [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4]


@pytest.fixture(scope="module")
def reference():
    return ConvectionDiffusionReference(dict(PROBLEM.source))


def source(x):
    return sum(a * np.cos(np.pi * k * x) for k, a in PROBLEM.source)


@pytest.mark.parametrize("eps", EPS)
def test_green_function_to_40_digits(eps, reference):
    """``u = r − r(1) E + …`` by quadrature of ``e^{(x−y)/ε}`` times f: no particular solution.

    With ``u − ε u' = r + c``: ``u = (1/ε) ∫_x^1 e^{−(y−x)/ε} (r(y) + c) dy``, c from u(0) = 0.
    """
    with mpmath.workdps(40):
        e = mpmath.mpf(eps)

        def reduced(y):
            return sum(
                a * (y if k == 0 else mpmath.sin(mpmath.pi * k * y) / (mpmath.pi * k))
                for k, a in PROBLEM.source
            )

        def average(x, function):
            ends = [x + (1 - x) * s for s in (0, min(1, 5 * e), min(1, 40 * e), 1)]
            return mpmath.quad(lambda y: mpmath.exp((x - y) / e) * function(y), ends) / e

        constant = -average(mpmath.mpf(0), reduced) / (1 - mpmath.exp(-1 / e))
        for x in (0.0, 0.3, 0.9, 1 - eps / 3, 1.0):
            exact = average(mpmath.mpf(x), lambda y: reduced(y) + constant)
            assert reference.density(x, eps) == pytest.approx(float(exact), abs=1e-13)
            flux = float(reduced(mpmath.mpf(x)) + constant)
            assert reference.flux(x, eps) == pytest.approx(flux, abs=1e-13)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.02])
def test_collocation_finds_the_same(eps, reference):
    def rates(x, both):
        return np.stack([both[1], (both[1] - source(x)) / eps])

    x = np.linspace(0, 1, 400)
    found = solve_bvp(rates, lambda a, b: [a[0], b[0]], x, np.zeros((2, 400)), tol=1e-9,
                      max_nodes=20_000)  # fmt: skip
    assert found.success
    np.testing.assert_allclose(found.sol(x)[0], reference.density(x, eps), atol=1e-7)


def test_the_limits_are_reached_on_their_sides(reference):
    x = np.linspace(0, 1, 101)
    inner = x[x < 0.9]
    gaps = [
        np.abs(reference.density(inner, e) - PROBLEM.reduced(inner)).max() for e in (1e-2, 1e-3)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.1)
    whole = [
        np.abs(reference.density(x, e) - PROBLEM.reduced_with_layer(x, np.array(e))).max()
        for e in (1e-2, 1e-3, 1e-4)
    ]
    assert whole[0] / whole[1] == pytest.approx(10, rel=0.2) and whole[2] < 1e-3
    diffused = [
        np.abs(reference.density(x, e) * e - PROBLEM.diffusion(x, np.array(e)) * e).max()
        for e in (10.0, 100.0)
    ]
    assert diffused[0] / diffused[1] == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("eps", EPS)
def test_boundary_values_and_sign(eps, reference):
    assert np.abs(reference.density([0.0, 1.0], eps)).max() < 1e-15
    assert (reference.density(np.linspace(0.01, 0.99, 50), eps) > 0).all()


@pytest.mark.parametrize("waves", [{}, {-1: 1.0}])
def test_unusable_waves_are_refused(waves):
    with pytest.raises(ValueError, match="expected some ≥ 0"):
        ConvectionDiffusionReference(waves)
