"""Chapter 8's theorems on many steps: rates, limits, the stall, convex losses and noise."""

import numpy as np
import pytest

from hrgradlib.chapters.ch08_convergence import Quadratics, direction, even_units, trial_problems
from hrgradlib.chapters.ch08_noise import OneLine, gaussian_noise, noisy_descent, three_outcomes
from hrgradlib.chapters.ch08_runs import (
    Bananas,
    Tails,
    backtrack,
    descend,
    distance_interpolant,
    fixed_rate,
    record_times,
    share_rate,
    sharpness,
    stationarity,
)

CORNERS = np.array([[-2.0, 0, 0], [2, 0, 0], [0, -1, 0]])
SPHERES = Quadratics(CORNERS[None], np.broadcast_to(np.eye(3), (1, 3, 3, 3)))


def tails(count, tasks, cosine, seed=0):
    """Long-tailed losses and a start where every task still has far to go."""
    units = even_units(count, tasks, cosine)
    along = np.exp(np.random.default_rng(seed).uniform(-1, 1, (count, tasks)))
    return Tails(units, 0.2), np.linalg.solve(units, along[..., None])[..., 0]


@pytest.mark.parametrize("problem", [tails(3, 3, 0.4)[0], Bananas(), OneLine()])
def test_gradients_are_those_of_the_losses(problem):
    n = {Tails: 3, Bananas: 2, OneLine: 1}[type(problem)]
    y = np.random.default_rng(1).standard_normal((3, n))
    step = 1e-5
    for i in range(n):
        shift = step * np.eye(n)[i]
        slope = (problem.losses(y + shift) - problem.losses(y - shift)) / (2 * step)
        np.testing.assert_allclose(problem.gradients(y)[..., i], slope, rtol=1e-6, atol=1e-8)


def test_tails_have_smoothness_constant_one():
    s = np.linspace(-20, 20, 20001)
    problem = Tails(np.ones((len(s), 1, 1)), 0.2)
    slope = problem.gradients(s[:, None])[:, 0, 0]
    assert np.abs(np.diff(slope) / np.diff(s)).max() <= 1 + 1e-6


def test_recorded_steps_include_first_and_last():
    times = record_times(1000)
    assert (times[0], times[-1]) == (0, 1000)
    assert (np.diff(times) > 0).all()


# --- rates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("harmony", [0.0, 0.5, 1.0])
def test_rate_without_the_norm_ratio(harmony):
    """min ‖d‖² and min δ² are at most 2 Λ D / T, at every recorded T."""
    for problem, start in (
        tails(3, 3, 0.3),
        (trial_problems(3, 3, 100.0, 10.0, np.random.default_rng(2)), np.zeros((3, 3))),
    ):
        trace = descend(problem, start, fixed_rate(1 / 3), 60, harmony)
        gain = problem.losses(start).sum(-1)  # the infimum of a sum is at least that of its terms
        limit = 2 * 3 * gain / (trace.times[:, None] + 1)
        assert (trace.best_length <= limit).all()
        assert (np.minimum.accumulate(trace.stationarity**2) <= limit).all()


@pytest.mark.parametrize("harmony", [0.5, 1.0])
@pytest.mark.parametrize("factor", [1.0, 1.98])
def test_every_loss_falls_and_the_slope_decays_as_proved(harmony, factor):
    for problem, start in (
        tails(3, 3, 0.3),
        (trial_problems(3, 3, 1e3, 10.0, np.random.default_rng(2)), np.zeros((3, 3))),
    ):
        trace = descend(problem, start, share_rate(factor), 60, harmony)
        assert (trace.rises == 0).all()
        if factor == 1.0:
            limit = 2 * problem.losses(start).min(-1) / (trace.times[:, None] + 1)
            assert (trace.best_slope <= limit).all()


def test_beyond_the_bound_losses_rise_where_the_curvature_is_isotropic():
    problem = trial_problems(4, 2, 100.0, 1.0, np.random.default_rng(0))
    assert descend(problem, np.zeros((4, 2)), share_rate(2.5), 30, 0.5).rises.min() > 0.1


def test_the_exponent_of_long_tails():
    """‖∇F‖² falls like T^(−1−q/(2+q)), q = 0.2, for HRGrad as for the sum."""
    problem, start = tails(2, 2, 0.3)
    for harmony in (None, 0.5):
        trace = descend(problem, start, fixed_rate(0.5), 1000, harmony, "equiangular")
        delta = np.median(trace.stationarity**2, 1)
        exponent = np.polyfit(np.log(trace.times[-8:]), np.log(delta[-8:]), 1)[0]
        assert exponent == pytest.approx(-1 - 0.2 / 2.2, abs=0.1)


def test_quadratics_reach_pareto_stationarity():
    problem = trial_problems(4, 3, 100.0, 10.0, np.random.default_rng(5))
    start = np.zeros((4, 3))
    largest = np.linalg.norm(problem.gradients(start), axis=-1).max(1)
    for rate in (fixed_rate(1 / 3), share_rate()):
        trace = descend(problem, start, rate, 150, 0.5)
        assert (trace.stationarity[-1] < 1e-6 * largest).all()


# --- the stall -----------------------------------------------------------------------------------


def test_the_equiangular_axis_stalls_beside_the_pareto_set():
    start = np.array([[0.1, 0.6, 0.3]])
    assert distance_interpolant(CORNERS[:, :2], start[0, :2]) > 0
    trace = descend(SPHERES, start, share_rate(), 10, 1.0, "equiangular", np.arange(11))
    assert (trace.rises == 0).all()
    assert (np.diff(trace.losses[:, 0], axis=0) < 0).all()
    assert trace.cosine[-1, 0] < 1e-4
    assert trace.stationarity[-1, 0] > 0.5
    assert trace.positions[-1, 0, 1] > 0.5  # in the plane, outside the triangle
    provable = descend(SPHERES, start, share_rate(), 10, 1.0, "maxmin", np.arange(11))
    assert provable.stationarity[-1, 0] < 1e-5


def test_one_step_of_the_stall_in_closed_form():
    y = np.array([[0.3, 0.8, 0.05]])
    gradients = SPHERES.gradients(y)
    norms = np.linalg.norm(gradients[0], axis=1)
    system = np.concatenate([np.ones((3, 1)), CORNERS[:, :2] - y[0, :2]], 1)
    value, *slope = np.linalg.solve(system, norms)  # I(z) and its gradient
    b = np.array([*(-np.array(slope)), value / 0.05])
    found = direction(gradients, 1.0, "equiangular")
    assert found.cosine[0] == pytest.approx(1 / np.linalg.norm(b), rel=1e-6)
    np.testing.assert_allclose(found.vector[0], norms.sum() * b / (b @ b), rtol=1e-6)


# --- convex losses -------------------------------------------------------------------------------


@pytest.mark.parametrize("harmony", [0.5, 1.0])
def test_convex_bound_and_linear_convergence(harmony):
    rng = np.random.default_rng(4)
    problem, tasks, count = trial_problems(4, 3, 30.0, 10.0, rng), 3, 4
    start = np.zeros((count, tasks))
    y, summed, path = start.copy(), np.zeros((count, tasks)), [start]
    rates = []
    for _ in range(120):
        found = direction(problem.gradients(y), harmony)
        rate = np.maximum(found.shares.min(1), 0)[:, None]
        y, summed = y - rate * found.vector, summed + rate * found.weights
        path.append(y)
        rates.append(rate[:, 0] * found.weights.sum(1))
        mixture = np.einsum("bk,bki->bi", rng.dirichlet(np.ones(tasks), count), problem.minimisers)
        for z in (mixture, mixture + rng.standard_normal(start.shape)):
            gap = ((problem.losses(y) - problem.losses(z)) * summed).sum(1)
            assert (gap <= 0.5 * ((start - z) ** 2).sum(1) * (1 + 1e-9)).all()
    assert np.max(rates) <= 1 + 1e-9
    # Strong convexity 1/10: the distance to the limit falls at least by 1 − μσ at every step.
    distance = ((np.stack(path[:40]) - path[-1]) ** 2).sum(-1)
    proved = np.cumprod(1 - 0.1 * np.stack(rates[:39]), 0) * distance[0]
    assert (distance[1:] <= proved + 1e-6 * distance[0]).all()


# --- backtracking --------------------------------------------------------------------------------


def test_backtracking_lowers_every_loss_to_a_stationary_point():
    problem = Bananas()
    starts = np.array([[-2, 2.5], [1.8, 2.8], [0.3, -2]])
    strict = backtrack(problem, starts, 400, 0.5, every=True)
    assert (strict.rises == 0).all()
    assert (strict.needed < 400).all()
    assert (stationarity(problem.gradients(strict.positions[-1])) < 1e-4).all()
    loose = backtrack(problem, starts, 400, 0.5, every=False)
    summed = loose.losses.sum(-1)
    assert (np.diff(summed, axis=0) <= 1e-14).all()
    plain = backtrack(problem, starts, 400, None, every=False)
    assert (plain.rises > loose.rises).all()


# --- noise ---------------------------------------------------------------------------------------


def test_bias_that_no_learning_rate_removes():
    size, start = 5.0, np.full((20, 1), 3.0)
    for rate in (0.05, 0.01):
        assert rate <= (size - 1 - 3) / (3 * size + 2)
        y, rng = start.copy(), np.random.default_rng(0)
        for _ in range(400):
            noisy = three_outcomes(size)(OneLine().gradients(y), rng)
            y = y - rate * direction(noisy, 0.5, "equiangular").vector
            assert (y >= 3.0).all()


def test_noise_is_unbiased_and_of_the_size_asked_for():
    rng, gradients = np.random.default_rng(0), np.zeros((40000, 2, 1))
    assert np.abs(three_outcomes(5.0)(gradients, rng).mean(0)).max() < 0.1
    wide = gaussian_noise(2.0)(np.zeros((20000, 2, 4)), rng)
    assert (wide**2).sum(-1).mean() == pytest.approx(4.0, rel=0.05)


def test_averaging_before_harmonising_removes_the_bias():
    rates, start = np.full(8, 0.02), np.full((8, 1), 3.0)
    noise = three_outcomes(5.0)
    sampled, averaged = (
        noisy_descent(OneLine(), start, rates, 600, 0.5, noise, np.random.default_rng(0), beta)
        for beta in (0.0, 1 - 4 * 0.02)
    )
    assert sampled.min() > 4
    assert averaged.mean() < 0.2


def test_a_ratio_that_is_not_positive_is_no_factor():
    assert "up to a factor of 4:" in sharpness(0.25)
    for worst in (0.0, -1 / 486):
        assert "do not tell" in sharpness(worst) and "factor" not in sharpness(worst)
