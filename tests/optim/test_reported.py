"""HRGrad as reported: what its stages promise and what they do not; ConFIG as others compute it."""

import numpy as np
import pytest
import torch
from gramians import EPS, batches, normalised, regular_batches
from hypothesis import given, settings
from hypothesis import strategies as st
from torchjd.aggregation import ConFIG

from hrgradlib import HRGradReportedAggregator, Inner, StepRefused, harmonize
from hrgradlib.optim._config import config_weights, units_of
from hrgradlib.optim._reported import READINGS, reported_weights
from hrgradlib.optim._turning import _curvature, _slope, turn

few = settings(max_examples=25)
seeds = st.integers(0, 2**32)


def update(gradients, reading="gradients", **options):
    found = reported_weights(gradients @ gradients.T, reading, **options)
    return found.weights @ gradients, found


def scale(gradients):
    return np.linalg.norm(gradients, axis=1).sum()


# --- ConFIG ---------------------------------------------------------------------------------------


@few
@given(regular_batches(reach=1, count=20))
def test_config_is_torchjds(batch):
    for gradients in batch.gradients:
        ours = config_weights(gradients @ gradients.T, EPS) @ gradients
        theirs = ConFIG()(torch.from_numpy(gradients)).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-9 * scale(gradients))


@few
@given(st.integers(2, 6), st.integers(1, 4), seeds)
def test_config_is_the_pseudo_inverse_for_more_tasks_than_dimensions(tasks, n, seed):
    gradients = np.random.default_rng(seed).normal(size=(tasks, n))
    units = normalised(gradients)
    along = np.linalg.pinv(units, rcond=1e-6) @ np.ones(tasks)
    length = np.linalg.norm(along)
    expected = along * (gradients @ along).sum() / length**2
    if length > 1e-3:
        ours = config_weights(gradients @ gradients.T, EPS) @ gradients
        np.testing.assert_allclose(ours, expected, atol=1e-6 * scale(gradients))


# --- stages 1 to 3 --------------------------------------------------------------------------------


@few
@given(batches(max_tasks=6, copies=3))
def test_as_worded_nothing_is_ever_rotated(batch):
    """The anchor opposes no gradient; so the method is ConFIG."""
    for gradients in batch.gradients:
        gramian = gradients @ gradients.T
        found = reported_weights(gramian, "anchor")
        cosines = units_of(gramian, EPS).cosines
        assert (cosines @ found.anchor >= -1e-7).all()
        assert not found.angles.any()
        np.testing.assert_array_equal(found.rotated, np.eye(len(gramian)))
        plain = config_weights(gramian, EPS)
        np.testing.assert_allclose(found.weights, plain, rtol=1e-12)


@few
@given(regular_batches(min_tasks=2, max_tasks=6, count=30))
def test_rotation_keeps_lengths_and_moves_towards_the_anchor(batch):
    for gradients, units in zip(batch.gradients, batch.units, strict=True):
        _, found = update(gradients)
        rotated = found.rotated @ units
        np.testing.assert_allclose(np.linalg.norm(rotated, axis=1), 1.0, rtol=1e-9)
        against_another = (units @ units.T).min(1) < -1e-12
        assert not found.angles[~against_another].any()
        assert ((found.angles >= 0) & (found.angles <= np.pi / 2)).all()
        turned = np.arccos(np.clip((rotated * units).sum(1), -1, 1))
        np.testing.assert_allclose(turned, found.angles, atol=1e-6)


@few
@given(regular_batches(min_tasks=2, max_tasks=6, count=30), st.sampled_from(READINGS))
def test_the_update_opposes_no_rotated_gradient_and_has_equal_cosines_with_them(batch, reading):
    for gradients, units in zip(batch.gradients, batch.units, strict=True):
        direction, found = update(gradients, reading)
        cosines = found.rotated @ units @ normalised(direction)
        assert (cosines > -1e-9).all()
        if np.linalg.eigvalsh(found.rotated @ units @ units.T @ found.rotated.T)[0] > 1e-8:
            assert np.ptp(cosines) < 1e-6


def test_the_promise_is_not_for_the_gradients_as_they_were():
    """And ``opposed`` says where, as recomputed from the vectors."""
    rng, broken = np.random.default_rng(0), 0
    for _ in range(300):
        gradients = rng.normal(size=(4, 5))
        direction, found = update(gradients, inner=Inner(proximity=0.01))
        np.testing.assert_array_equal(found.opposed, gradients @ direction < 0)
        broken += found.opposed.any()
    assert 0 < broken < 300


def test_a_stationary_point_may_be_left_uphill():
    """No direction lowers both of the first two; rotation makes them agree, which they do not."""
    gradients = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    direction, found = update(gradients, spread=np.inf)
    assert bool(harmonize(torch.from_numpy(gradients @ gradients.T)).stationary)
    assert (found.angles[:2] > 0.1).all() and np.linalg.norm(direction) > 0.1


# --- the inner descent ----------------------------------------------------------------------------


def objective(cosines, towards, angles, inner):
    rows = np.diag(np.cos(angles)) + np.sin(angles)[:, None] * towards
    gaps = np.maximum(inner.margin - rows @ cosines @ rows.T, 0)[np.triu_indices(len(angles), 1)]
    return 0.5 * (gaps**2).sum() + 0.5 * inner.proximity * (angles**2).sum()


@few
@given(st.integers(2, 6), seeds)
def test_slope_is_the_derivative_and_the_step_is_short_enough(tasks, seed):
    rng, inner = np.random.default_rng(seed), Inner()
    units = normalised(rng.normal(size=(tasks, 8)))
    cosines = units @ units.T
    anchor = reported_weights(cosines, "anchor").anchor
    to_anchor = cosines @ anchor
    towards = (anchor - to_anchor[:, None] * np.eye(tasks)) / np.sqrt(1 - to_anchor**2)[:, None]
    angles = rng.uniform(0, np.pi / 2, tasks)
    slope = _slope(cosines, towards, angles, inner)
    numeric = [
        (objective(cosines, towards, angles + h, inner)
         - objective(cosines, towards, angles - h, inner)) / 2e-6
        for h in 1e-6 * np.eye(tasks)
    ]  # fmt: skip
    np.testing.assert_allclose(slope, numeric, atol=1e-7)
    after = angles - slope / _curvature(tasks, inner)
    start, end = (objective(cosines, towards, a, inner) for a in (angles, after))
    assert end <= start - 0.5 * slope @ slope / _curvature(tasks, inner) + 1e-12


def test_more_steps_turn_farther_and_relieve_the_conflict():
    units = normalised(np.array([[1.0, 0.1, 0.0], [-1.0, 0.4, 0.1], [0.1, 0.2, 1.0]]))
    cosines, everyone = units @ units.T, np.ones(3, bool)
    anchor = reported_weights(cosines, "anchor").anchor
    worst = []
    for steps in (0, 5, 50, 500):
        angles, rows = turn(cosines, anchor, everyone, Inner(proximity=1e-3), steps)
        worst.append((rows @ cosines @ rows.T).min())
        assert angles.any() == (steps > 0)
    assert worst == sorted(worst) and worst[0] < -0.8 and worst[-1] > 0


def test_number_of_inner_steps():
    inner = Inner(a_min=2, a_max=12, k_std=0.5)
    assert [inner.steps(s) for s in (0.0, 0.5, 1e9)] == [2, 7, 11]
    assert inner.steps(float("inf")) == 12


# --- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", READINGS)
def test_one_task_rest_and_opposition(reading):
    assert reported_weights(np.array([[7.0]]), reading).weights == pytest.approx([1.0])
    assert reported_weights(np.zeros((3, 3)), reading).weights.tolist() == [0.0] * 3
    opposed = np.array([[1.0, 0.0], [-2.0, 0.0]])
    assert reported_weights(opposed @ opposed.T, reading).weights.tolist() == [0.0, 0.0]
    resting = np.array([[1.0, 0.2], [0.0, 0.0], [-1.0, 0.6]])
    found = reported_weights(resting @ resting.T, reading)
    moving = reported_weights(resting[[0, 2]] @ resting[[0, 2]].T, reading)
    np.testing.assert_allclose(found.weights[[0, 2]], moving.weights)
    assert found.weights[1] == 0


def test_refusals():
    with pytest.raises(
        StepRefused, match=r"NaN or inf in the Gramian of task\(s\) \[1\]"
    ) as caught:
        reported_weights(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    assert caught.value.tasks == (1,)
    with pytest.raises(ValueError, match="reading = 'axis'; expected one of"):
        reported_weights(np.eye(2), "axis")
    with pytest.raises(ValueError, match="reading = 'axis'; expected one of"):
        HRGradReportedAggregator("axis")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a_min", 0, "a whole number ≥ 1"),
        ("a_max", 50.0, "a whole number ≥ 1"),
        ("k_std", 0.0, "a finite number > 0"),
        ("k_std", float("nan"), "a finite number > 0"),
        ("proximity", -0.1, "a finite number ≥ 0"),
        ("proximity", float("inf"), "a finite number ≥ 0"),
        ("margin", 1.0, r"a number in \(-1, 1\)"),
        ("margin", -1.0, r"a number in \(-1, 1\)"),
    ],
)
def test_hyperparameters_out_of_range_are_refused_in_a_line(name, value, expected):
    with pytest.raises(ValueError, match=rf"^Inner: found {name} = {value}; expected {expected}.$"):
        Inner(**{name: value})


def test_fewest_steps_are_not_more_than_most():
    assert Inner(a_min=7, a_max=7).steps(0.3) == 7
    with pytest.raises(ValueError, match="found a_min = 8, a_max = 7; expected a_min ≤ a_max"):
        Inner(a_min=8, a_max=7)


def test_aggregator_takes_the_hyperparameters():
    jacobian = torch.tensor([[1.0, 0.1, 0.0], [-1.0, 0.4, 0.1], [0.1, -0.2, 1.0]]).double()
    inner = Inner(a_max=7, proximity=0.3, margin=0.4)
    expected, _ = update(jacobian.numpy(), inner=inner, spread=np.inf)
    found = HRGradReportedAggregator(inner=inner)(jacobian)
    torch.testing.assert_close(found, torch.from_numpy(expected))
    assert not torch.allclose(found, HRGradReportedAggregator()(jacobian), rtol=1e-3)


@pytest.mark.parametrize("reading", READINGS)
def test_aggregator_equals_the_weights(reading, device, dtype):
    jacobian = torch.tensor([[1.0, 0.1, 0.0], [-1.0, 0.4, 0.1], [0.1, -0.2, 1.0]])
    jacobian = jacobian.to(device, dtype)
    numbers = jacobian.double().cpu().numpy()
    roundoff = torch.finfo(dtype).eps
    expected, _ = update(numbers, reading, spread=np.inf, roundoff=roundoff)
    found = HRGradReportedAggregator(reading)(jacobian)
    assert found.dtype == dtype
    torch.testing.assert_close(
        found.double().cpu(), torch.from_numpy(expected), rtol=1e-4, atol=1e-5
    )
    assert (
        repr(HRGradReportedAggregator(reading)) == f"HRGradReportedAggregator(reading={reading!r})"
    )
