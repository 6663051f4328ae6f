"""Limit equations, and random points on the scales of kinetic equations."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_SMOOTH
from hrgradlib.kinetics.euler import fluid_history, navier_stokes_fourier
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import layer_times, stratified
from hrgradlib.kinetics.velocity import gauss_legendre

X = np.linspace(0.0, 1.0, 41)


@pytest.mark.parametrize("problem", [BGK_SMOOTH, BGK_LAYER], ids=lambda p: p.name)
@pytest.mark.parametrize("eps", [0.0, 1e-2])
def test_fluids_in_implicit_steps_are_those_in_explicit_ones(problem, eps):
    x, states = fluid_history(problem, eps, (0.02, 0.05), nx=240)
    assert states.shape == (2, 3, 240)
    for t, found in zip((0.02, 0.05), states, strict=True):
        same, exact = navier_stokes_fourier(problem, eps, t, nx=240)
        np.testing.assert_array_equal(x, same)
        np.testing.assert_allclose(found, exact, atol=1e-4)


def test_fluids_refuse_a_negative_knudsen_number():
    with pytest.raises(ValueError, match="fluid_history: found eps = -0.1"):
        fluid_history(BGK_SMOOTH, -0.1, (0.1,), nx=40)


def test_periodic_free_transport_is_the_average_over_flights():
    problem, (v, weights) = PeriodicTransport(), gauss_legendre(64)
    t, eps = 0.1, 0.5
    start = problem.initial_density(torch.from_numpy(X[:, None] - v * t / eps))[0].numpy()
    np.testing.assert_allclose(problem.free_density(t, X, eps), start @ weights, atol=1e-13)


def test_periodic_diffusion_solves_its_equation():
    problem, t, h = PeriodicTransport(), 0.05, 1e-4
    by_t = (problem.diffusion_density(t + h, X) - problem.diffusion_density(t - h, X)) / (2 * h)
    by_x = (
        problem.diffusion_density(t, X + h)
        - 2 * problem.diffusion_density(t, X)
        + problem.diffusion_density(t, X - h)
    ) / h**2
    np.testing.assert_allclose(by_t, by_x / 3, atol=1e-4)
    np.testing.assert_allclose(
        problem.diffusion_density(0.0, X), problem.initial_density(torch.from_numpy(X))[0]
    )


def test_inflow_limits_are_linear_in_their_data():
    """Equal data everywhere stay; mirrored data give the mirror image."""
    same = InflowTransport(inflow_left=0.7, inflow_right=0.7, initial=0.7)
    left, right = InflowTransport(), InflowTransport(inflow_left=0.0, inflow_right=1.0)
    for density in ("free_density", "diffusion_density"):
        more = (0.5,) if density == "free_density" else ()
        np.testing.assert_allclose(getattr(same, density)(0.1, X, *more), 0.7, atol=1e-13)
        one, other = (getattr(p, density)(0.1, X, *more) for p in (left, right))
        np.testing.assert_allclose(one, other[::-1], atol=1e-13)


def test_inflow_free_transport_is_the_average_over_flights():
    problem = InflowTransport(inflow_left=0.8, inflow_right=0.3, initial=0.5)
    v = (np.arange(200000) + 0.5) / 100000 - 1
    t, eps, x = 0.1, 0.2, 0.3
    came = x - v * t / eps
    f = np.where(came < 0, 0.8, np.where(came > 1, 0.3, 0.5))
    assert problem.free_density(t, x, eps) == pytest.approx(f.mean(), abs=1e-5)


@pytest.mark.parametrize("bias", [1.0, 1.5])
def test_ranges_of_log_eps_meet_and_fill_the_whole(bias):
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64).expand(4, 2)
    low, high = stratified((1e-3, 1.0), ends, bias).T
    torch.testing.assert_close(low[1:], high[:-1])
    assert low[0] == pytest.approx(1e-3) and high[-1] == pytest.approx(1.0)
    widths = (high / low).log()
    assert (widths.diff().abs() < 1e-12).all() if bias == 1 else (widths.diff() > 0).all()


def test_times_are_uniform_in_the_layers_coordinate():
    draw, width = torch.linspace(0, 1, 11, dtype=torch.float64), torch.tensor(0.02).double()
    t = layer_times(draw, 0.1, width)
    grown = torch.expm1(-t / width) / torch.expm1(-0.1 / width)
    torch.testing.assert_close(grown, draw)
    assert t[0] == 0 and t[-1] == pytest.approx(0.1)
