"""BGK problem data, Maxwellians and their moments, fluid equations with known solutions."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from hrgradlib.kinetics import maxwellian as mx
from hrgradlib.kinetics.bgk_problems import (
    BGK_LAYER,
    BGK_PROBLEMS,
    BGK_RIEMANN,
    BGK_SMOOTH,
    BGKProblem,
)
from hrgradlib.kinetics.euler import EulerRiemann, navier_stokes_fourier


@pytest.mark.parametrize("problem", BGK_PROBLEMS.values(), ids=lambda p: p.name)
def test_data_are_those_of_the_literature(problem):
    assert problem.left == (1.5, 0.0, 1.5) and problem.right == (0.625, 0.0, 0.75)
    assert len(problem.eval_eps) == 7
    assert (min(problem.eval_eps), max(problem.eval_eps)) == problem.eps_range
    assert max(problem.eval_times) == problem.final_time
    ends, slopes = problem.initial_moments(np.array([-1.2, 1.2]))
    np.testing.assert_allclose(ends, [problem.left, problem.right], rtol=1e-15)
    np.testing.assert_allclose(slopes, 0, atol=1e-15)


def test_profiles():
    x = np.array([-0.6, -0.5, -0.25, 0.0, 0.1, 0.5, 0.9])
    w = np.array([-1, -1, -np.sqrt(0.5), 0, np.sin(0.1 * np.pi), 1, 1])
    np.testing.assert_allclose(BGK_SMOOTH.mixing(x)[0], w, atol=1e-15)
    np.testing.assert_allclose(BGK_LAYER.mixing(x)[0], np.tanh(20 * x), atol=1e-15)
    np.testing.assert_array_equal(BGK_RIEMANN.mixing(x)[0], np.sign(x))
    middle = BGK_RIEMANN.initial_moments(np.zeros(1))[0][0]
    np.testing.assert_allclose(middle, [1.0625, 0, 1.125])


@pytest.mark.parametrize("problem", [BGK_SMOOTH, BGK_LAYER], ids=lambda p: p.name)
def test_slopes_and_tensors(problem):
    x = np.linspace(-0.7, 0.7, 42)
    values, slopes = problem.initial_moments(x)
    assert values.shape == slopes.shape == (42, 3)
    h = 1e-6
    change = problem.initial_moments(x + h)[0] - problem.initial_moments(x - h)[0]
    np.testing.assert_allclose(slopes, change / (2 * h), atol=1e-7)
    points = torch.tensor(x, requires_grad=True)
    tensors, tensor_slopes = problem.initial_moments(points)
    np.testing.assert_allclose(tensors.detach(), values, rtol=1e-14)
    (gradient,) = torch.autograd.grad(tensors[:, 2].sum(), points)
    np.testing.assert_allclose(gradient, tensor_slopes[:, 2].detach(), atol=1e-13)
    assert problem.initial_moments(points.float())[0].dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(profile="cosine"), "found profile = 'cosine'"),
        (dict(left=(0.0, 0.0, 1.0)), "found left"),
        (dict(right=(1.0, 0.0, -1.0)), "found right"),
        (dict(right=(np.nan, 0.0, 1.0)), "found right"),
    ],
)
def test_bad_problems(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(BGK_SMOOTH, **changes)
    assert isinstance(BGK_SMOOTH, BGKProblem)


def test_conversions_are_inverse():
    states = np.array([[1.5, 0.3, 0.01], [-0.2, 4.0, 0.0], [0.75, 0.1, 9.0]])
    np.testing.assert_allclose(mx.primitive(mx.conserved(states)), states, rtol=1e-12)


@pytest.mark.parametrize(
    ("moments", "message"),
    [([0.0, 0.0, 1.0], "found ρ = 0"), ([1.0, 2.0, 2.0], "found Θ = 0"),
     ([np.nan, 0.0, 1.0], "found ρ = nan"), ([1.0, 0.0, np.nan], "found Θ = nan")],
)  # fmt: skip
def test_no_maxwellian(moments, message):
    with pytest.raises(ValueError, match=message):
        mx.primitive(np.array(moments)[:, None])


@pytest.mark.parametrize("lowest", [-9.0, -0.4, 0.3, 5.0])
def test_moments_against_quadrature(lowest):
    state = np.array([0.8, 0.3, 1.3])
    for k, power in enumerate((lambda v: 1, lambda v: v, lambda v: v**2 / 2, lambda v: v**3 / 2)):
        expected = quad(lambda v, p=power: p(v) * mx.maxwellian(state, v), lowest, 14,
                        epsabs=1e-13, points=[max(0.3, lowest)])[0]  # fmt: skip
        assert abs(mx.half_moments(state, np.array(lowest))[k] - expected) < 1e-12
        if lowest == -9.0:
            assert abs(mx.full_moments(state)[k] - expected) < 1e-11


@pytest.mark.parametrize("spacing", [0.3, 0.9, 1.4])
def test_discrete_maxwellian_has_its_moments_on_any_quadrature(spacing):
    """To rounding, where the sampled one misses by up to a percent; and it stays positive."""
    rng = np.random.default_rng(1)
    states = np.stack([rng.uniform(0.2, 3, 50), rng.uniform(-1, 1, 50), rng.uniform(0.6, 2, 50)])
    v = spacing * (np.arange(-round(12 / spacing), round(12 / spacing) + 1) + 0.21)
    weights = np.full(v.size, spacing)
    moments = mx.conserved(states)
    found = mx.discrete_maxwellian(moments, v, weights)
    sums = (mx.invariants(v)[:3] * weights) @ found
    np.testing.assert_allclose(sums, moments, rtol=0, atol=1e-13)
    assert (found > 0).all()
    if spacing == 0.3:
        np.testing.assert_allclose(found, mx.maxwellian(states, v[:, None]), atol=1e-13)


def test_discrete_maxwellian_out_of_reach():
    v = np.linspace(-1, 1, 11)
    with pytest.raises(ValueError, match="expected a finer or wider quadrature"):
        mx.discrete_maxwellian(np.array([[1.0], [0.0], [4.0]]), v, np.full(11, 0.2))


def test_riemann_solver_on_a_published_case():
    """Sod's tube (γ = 1.4): pressure and velocity between the waves as printed by Toro (2009)."""
    sod = EulerRiemann((1.0, 0.0, 1.0), (0.125, 0.0, 0.8), gamma=1.4)
    assert abs(sod.pressure - 0.30313) < 1e-5 and abs(sod.velocity - 0.92745) < 1e-5
    blast = EulerRiemann((1.0, 0.0, 1000.0), (1.0, 0.0, 0.01), gamma=1.4)
    assert abs(blast.pressure - 460.894) < 1e-3 and abs(blast.velocity - 19.5975) < 1e-4


def flux(state):
    rho, u, temperature = state
    energy = 0.5 * rho * (u**2 + temperature)
    return np.array([rho * u, rho * (u**2 + temperature), u * (energy + rho * temperature)])


def test_riemann_waves_of_the_problem():
    """Rankine–Hugoniot at the shock, invariants in the fan, the balance of what flows in."""
    exact = EulerRiemann(BGK_RIEMANN.left, BGK_RIEMANN.right)
    inner, right = exact(1.0, np.array([2.0]))[:, 0], np.array(BGK_RIEMANN.right)
    jump = mx.conserved(inner) - mx.conserved(right)
    speed = (flux(inner) - flux(right))[0] / jump[0]
    np.testing.assert_allclose(flux(inner) - flux(right), speed * jump, atol=1e-13)
    # Head 0 − √4.5, tail u − c with u + c = √4.5: the middle is u − √4.5.
    np.testing.assert_allclose(exact.speeds, [exact.velocity - np.sqrt(4.5), exact.velocity, speed])
    just = exact(1.0, np.array([speed - 1e-9, speed + 1e-9]))
    np.testing.assert_allclose(just.T, [inner, right], atol=1e-12)
    fan = exact(1.0, np.linspace(-2.1, -1.4, 9))
    sound = np.sqrt(3 * fan[2])
    np.testing.assert_allclose(fan[1] + sound, np.sqrt(4.5), rtol=1e-13)  # 2c/(γ−1) = c
    np.testing.assert_allclose(fan[2] / fan[0] ** 2, 1.5 / 1.5**2, rtol=1e-13)
    x = np.linspace(-4, 4, 400001)
    gained = np.trapezoid(mx.conserved(exact(1.0, x)) - mx.conserved(exact(1e-9, x)), x)
    np.testing.assert_allclose(gained, flux(BGK_RIEMANN.left) - flux(right), atol=1e-4)


def test_riemann_mirrored():
    one = EulerRiemann((1.0, 0.4, 1.0), (0.3, -0.2, 2.0))
    two = EulerRiemann((0.3, 0.2, 2.0), (1.0, -0.4, 1.0))
    x = np.linspace(-3, 3, 41)
    here, there = one(1.0, x), two(1.0, -x)
    np.testing.assert_allclose(here, there * [[1], [-1], [1]], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(((1, 0, 0), (1, 0, 1)), "expected ρ > 0 and Θ > 0"), (((1, -9, 1), (1, 9, 1)), "vacuum"),
     (((1, 0, 1), (1, 0, 1), 1.0), "gamma = 1")],
)  # fmt: skip
def test_bad_riemann_problems(arguments, message):
    with pytest.raises(ValueError, match=message):
        EulerRiemann(*arguments)
    with pytest.raises(ValueError, match="expected t > 0"):
        EulerRiemann((1, 0, 1), (1, 0, 1))(0.0, 0.0)


def test_fluid_solver_converges_conserves_and_diffuses():
    problem = dataclasses.replace(BGK_SMOOTH, profile="tanh", steepness=8.0)
    for eps in (0.0, 4e-3):
        runs = {n: mx.conserved(navier_stokes_fourier(problem, eps, 0.1, n)[1])
                for n in (50, 150, 450)}  # fmt: skip
        errors = [np.abs(runs[n] - runs[3 * n][:, 1::3]).max() for n in (50, 150)]
        assert np.log(errors[0] / errors[1]) / np.log(3) > 4 and errors[1] < 2e-4
        mass, momentum, energy = runs[150].mean(1) * 2.4
        assert abs(mass - 1.2 * 2.125) < 1e-8  # tails of tanh reach the ends
        pressure = 1.5**2 - 0.625 * 0.75  # the ends push
        assert abs(momentum - 0.1 * pressure) < 1e-7
        x = (np.arange(150) + 0.5) * 2.4 / 150 - 1.2
        start = mx.conserved(problem.initial_moments(x)[0].T)[2].mean() * 2.4
        assert abs(energy - start) < 1e-7
    hot = navier_stokes_fourier(problem, 0.02, 0.1, 200)[1][2]
    assert np.abs(np.diff(hot)).max() < np.abs(np.diff(problem.initial_moments(
        np.linspace(-1.2, 1.2, 200))[0][:, 2])).max()  # fmt: skip


def test_fluid_solver_refuses():
    with pytest.raises(ValueError, match="expected eps ≥ 0"):
        navier_stokes_fourier(BGK_SMOOTH, -1.0, 0.1)
