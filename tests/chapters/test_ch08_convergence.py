"""Chapter 8's theorems on one step, against thousands of problems and closed forms."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hrgradlib.chapters.ch08_convergence import (
    bounds,
    direction,
    even_units,
    gradients_of,
    largest_rate,
    largest_rate_exact,
    quadratics,
    run_trials,
    scattered_units,
    spread_norms,
    trial_problems,
)
from hrgradlib.chapters.ch08_noise import certain_level, chebyshev, descending_share
from hrgradlib.chapters.ch08_runs import stationarity
from hrgradlib.optim._hull import min_norm_weights

AXES = ("equiangular", "maxmin")


@st.composite
def gradient_sets(draw, count=20):
    """``count`` sets of gradients with prescribed conflict and norm ratio, [count, K, K]."""
    tasks = draw(st.sampled_from([2, 3, 4, 8, 16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cosine = draw(st.sampled_from([0.01, 0.1, 0.5, 0.9]))
    ratio = draw(st.sampled_from([1.0, 30.0, 1e3, 1e6]))
    even = draw(st.booleans())
    units = even_units(count, tasks, cosine) if even else scattered_units(count, tasks, cosine, rng)
    return units * spread_norms(count, tasks, ratio, rng)[..., None]


# --- the families are what they claim to be ------------------------------------------------------


@pytest.mark.parametrize("tasks", [2, 3, 8])
@pytest.mark.parametrize("cosine", [0.05, 0.7])
def test_units_have_the_prescribed_harmonic_cosine(tasks, cosine):
    rng = np.random.default_rng(0)
    for units in (even_units(3, tasks, cosine), scattered_units(3, tasks, cosine, rng)):
        np.testing.assert_allclose(np.linalg.norm(units, axis=-1), 1, rtol=1e-12)
        np.testing.assert_allclose(direction(units, 1.0, "equiangular").cosine, cosine, rtol=1e-4)


def test_norms_attain_the_ratio():
    norms = spread_norms(50, 5, 1e6, np.random.default_rng(0))
    np.testing.assert_allclose(norms.min(1), 1)
    np.testing.assert_allclose(norms.max(1), 1e6)


def test_quadratics_have_the_given_gradients_and_curvature_one():
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((4, 3, 3)) * 10
    problem = quadratics(gradients, 100.0, rng)
    y, values = np.zeros((4, 3)), np.linalg.eigvalsh(problem.hessians)
    np.testing.assert_allclose(problem.gradients(y), gradients, rtol=1e-10)
    np.testing.assert_allclose(values[..., -1], 1)
    assert values.min() >= 0.01 - 1e-12
    step = 1e-6 * rng.standard_normal((4, 3))
    slope = np.einsum("bki,bi->bk", gradients, step)
    change = problem.losses(y + step) - problem.losses(y - step)
    np.testing.assert_allclose(change, 2 * slope, rtol=1e-4, atol=1e-12)


def test_gradients_are_recovered_from_their_gramian():
    vectors = np.random.default_rng(0).standard_normal((5, 4, 9))
    gramian = vectors @ vectors.swapaxes(1, 2)
    found = gradients_of(gramian)
    np.testing.assert_allclose(found @ found.swapaxes(1, 2), gramian, atol=1e-12)


# --- shares --------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(gradient_sets(), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(AXES))
def test_shares_sum_to_one_and_so_do_weighted_shares(gradients, harmony, axis):
    found = direction(gradients, harmony, axis)
    assert not found.stationary.any()
    np.testing.assert_allclose(found.shares.sum(1), 1, rtol=1e-6)
    scale = np.abs(found.weights * found.shares).sum(1)
    assert (np.abs((found.weights * found.shares).sum(1) - 1) <= 1e-7 * scale).all()
    positive = (found.weights >= 0).all(1)
    omega = found.weights.sum(1)
    assert (omega[positive] >= 1 - 1e-9).all()
    assert ((omega * found.shares.min(1))[positive] <= 1 + 1e-6).all()
    total = found.norms.sum(1)
    assert (found.length <= total * (1 + 1e-9)).all()
    assert (found.length >= found.cosine * total * (1 - 1e-6)).all()
    if axis == "maxmin":
        assert positive.all()


# --- the bounds ----------------------------------------------------------------------------------


@settings(max_examples=100)
@given(gradient_sets(), st.sampled_from([0.1, 0.5, 0.9, 1.0]), st.sampled_from(AXES))
def test_bounds_are_ordered_as_proved(gradients, harmony, axis):
    found = bounds(gradients, harmony, axis)
    slack = 1 + 1e-6
    assert (found.first <= found.share * slack).all()
    assert (found.uniform <= found.step * slack).all()
    assert (found.share <= found.step * slack).all()


@settings(max_examples=60)
@given(
    gradient_sets(),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from(AXES),
    st.sampled_from([1.0, 100.0]),
    st.integers(0, 2**32),
)
def test_every_loss_falls_below_the_bound_of_the_step(gradients, harmony, axis, condition, seed):
    problem = quadratics(gradients, condition, np.random.default_rng(seed))
    y = np.zeros(gradients.shape[::2])
    found = direction(problem.gradients(y), harmony, axis)
    limit = bounds(problem.gradients(y), harmony, axis).step
    exact = largest_rate_exact(problem, y, found.vector)
    assert (limit <= exact * (1 + 1e-8)).all()
    assume((limit > 1e-9).all())
    for factor in (0.999, 0.3):
        after = problem.losses(y - factor * limit[:, None] * found.vector)
        assert (after < problem.losses(y)).all()


@pytest.mark.parametrize("condition", [1.0, 100.0])
@pytest.mark.parametrize("ratio", [1.0, 1e6])
def test_bisection_finds_the_closed_form(condition, ratio):
    rng = np.random.default_rng(3)
    problem, y = trial_problems(40, 4, ratio, condition, rng), np.zeros((40, 4))
    vector = direction(problem.gradients(y), 0.5).vector
    exact = largest_rate_exact(problem, y, vector)
    np.testing.assert_allclose(largest_rate(problem, y, vector), exact, rtol=1e-6)
    if condition == 1.0:  # the bound of the step is then the truth
        np.testing.assert_allclose(bounds(problem.gradients(y), 0.5).step, exact, rtol=1e-6)


def test_no_rate_at_all_is_reported_as_zero():
    problem = quadratics(np.array([[[1.0, 0.0], [-1.0, 0.0]]]), 1.0, np.random.default_rng(0))
    rate = largest_rate(problem, np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    assert rate == 0


def test_without_harmony_the_limiting_task_bears_no_rate():
    rng = np.random.default_rng(0)
    problem, y = trial_problems(60, 3, 1e3, 1.0, rng), np.zeros((60, 3))
    gradients = problem.gradients(y)
    found = direction(gradients, 0.0)
    turned = (np.abs(found.weights - 1) > 1e-9).any(1)
    assert turned.any()
    assert (largest_rate_exact(problem, y, found.vector)[turned] < 1e-9).all()
    assert (bounds(gradients, 0.0).uniform == 0).all()


def test_trials_hold_measurements_and_bounds_of_every_ratio():
    found = run_trials(2, np.array([1.0, 1e3]), (0.5,), 7, 10.0, np.random.default_rng(0))[0.5]
    assert found.measured.shape == found.bounds.step.shape == (2, 7)
    assert (found.bounds.step <= found.measured * (1 + 1e-6)).all()
    assert np.median(found.measured[1]) < 0.1 * np.median(found.measured[0])


@pytest.mark.parametrize("tasks", [2, 5, 16])
@pytest.mark.parametrize("ratio", [10.0, 1e4])
def test_the_uniform_bound_is_attained(tasks, ratio):
    """Proposition on sharpness: equality at κ = 1, and in the limit c → 0 below."""
    norms = np.full(tasks, ratio)
    norms[0] = 1.0
    for harmony in (0.3, 0.5, 1.0):
        gaps = []
        for cosine in (0.3, 0.03, 0.003):
            gradients = even_units(1, tasks, cosine) * norms[:, None]
            proved = bounds(gradients, harmony).cone
            weakest = direction(gradients, harmony).shares.argmin()
            gaps.append(float((bounds(gradients, harmony).step / proved - 1)[0]))
            assert weakest == 0
        assert gaps[-1] == pytest.approx(0, abs=1e-9 if harmony == 1 else 1e-2)
        assert min(gaps) >= -1e-9


def test_two_tasks_need_no_smaller_rate_when_they_conflict_more():
    for harmony in (0.2, 0.5, 0.8):
        expected = 2 * harmony / (harmony + (2 - harmony) * 50.0)
        for cosine in (0.5, 1e-2, 1e-4):
            gradients = even_units(1, 2, cosine) * np.array([1.0, 50.0])[:, None]
            assert bounds(gradients, harmony).cone[0] == pytest.approx(expected, rel=1e-6)
            assert bounds(gradients, harmony).step[0] >= expected * (1 - 1e-6)


@settings(max_examples=50)
@given(st.floats(1.0, 1e4), st.floats(0.01, 3.1), st.integers(0, 2**32))
def test_no_step_that_lowers_the_weak_loss_lowers_the_strong_one_by_much(ratio, angle, seed):
    rng = np.random.default_rng(seed)
    gradients = np.array([[[ratio, 0.0], [np.cos(angle), np.sin(angle)]]])
    problem = quadratics(np.repeat(gradients, 2000, 0), 1.0, rng)
    steps = rng.standard_normal((2000, 2)) * 10 ** rng.uniform(-3, 1, (2000, 1))
    change = problem.losses(steps) - problem.losses(np.zeros((2000, 2)))
    lowered = change[:, 1] < 0
    assert (-change[lowered, 0] < 4 / ratio * 0.5 * ratio**2).all()


# --- the chain of measures -----------------------------------------------------------------------


@settings(max_examples=40)
@given(gradient_sets(count=5), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(AXES))
def test_the_chain_of_measures(gradients, harmony, axis):
    found, delta = direction(gradients, harmony, axis), stationarity(gradients)
    smallest, largest = found.norms.min(1), found.norms.max(1)
    units = gradients / found.norms[..., None]
    cosines = units @ units.swapaxes(1, 2)
    hull = min_norm_weights(cosines, np.ones(cosines.shape[:2], dtype=bool))
    best = np.sqrt(np.einsum("bi,bij,bj->b", hull, cosines, hull))
    slack = 1 + 1e-6
    assert (harmony * found.cosine * smallest <= found.slope * slack + 1e-9).all()
    assert (found.slope <= delta * slack).all()
    assert (delta <= smallest * slack).all()
    assert (best * smallest <= delta * slack).all()
    assert (delta <= best * largest * slack).all()
    positive = (found.weights >= 0).all(1)
    assert (delta <= found.length / found.weights.sum(1) * slack)[positive].all()


def test_stationarity_of_two_gradients_in_closed_form():
    rng = np.random.default_rng(0)
    pairs = rng.standard_normal((50, 2, 3)) * 10 ** rng.uniform(-3, 3, (50, 2, 1))
    first, second = pairs[:, 0], pairs[:, 1]
    gap = first - second
    share = np.clip(-(second * gap).sum(1) / (gap**2).sum(1), 0, 1)[:, None]
    nearest = np.linalg.norm(share * first + (1 - share) * second, axis=1)
    np.testing.assert_allclose(stationarity(pairs), nearest, rtol=1e-6)


def test_a_task_at_rest_is_pareto_stationary():
    assert stationarity(np.array([[[0.0, 0.0], [1.0, 2.0]]]))[0] == 0


# --- noise, one step -----------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.sampled_from([2, 3, 6]),
    st.floats(0.05, 0.95),
    st.sampled_from([0.3, 0.7, 1.0]),
    st.floats(0.05, 3.0),
    st.integers(0, 2**32),
)
def test_cosines_under_noise_stay_above_the_proved_line(tasks, cosine, harmony, level, seed):
    """Proposition on signal and noise, for noise of exactly relative size ν."""
    rng = np.random.default_rng(seed)
    units = scattered_units(40, tasks, cosine, rng)
    noise = rng.standard_normal(units.shape)
    nu = level * cosine
    noisy = units + nu * noise / np.linalg.norm(noise, axis=-1, keepdims=True)
    clean, found = direction(units, harmony), direction(noisy, harmony)
    cosines = np.einsum("bki,bi->bk", units, found.vector) / found.length[:, None]
    proved = harmony * clean.cosine - np.sqrt(2) * (1 + harmony) * nu
    moved = ~found.stationary
    assert (cosines.min(1) >= proved - 1e-7)[moved].all()
    assert (proved[~moved] <= 1e-7).all()


def test_the_share_of_descending_steps_exceeds_the_proved_one():
    levels = np.geomspace(0.01, 3, 6)
    gradients = even_units(1, 4, 0.5)[0]
    for harmony in (0.5, 1.0):
        share = descending_share(gradients, levels, harmony, 200, np.random.default_rng(0))
        assert (share >= chebyshev(levels, 0.5, harmony, 4)).all()
        assert share[levels < certain_level(0.5, harmony) / 3].min() == 1
