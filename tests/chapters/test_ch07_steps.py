"""Small trainings of chapter 7, and what is proved of them."""

import numpy as np
import pytest

from hrgradlib.chapters import ch07_steps as steps
from hrgradlib.optim import harmonize_array
from hrgradlib.optim._rows import adam_bound


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.9, 0.999), (0.8, 0.7), (0.5, 0.25)])
def test_the_bound_is_reached_by_one_sequence(betas):
    for count in (1, 2, 30):
        moved = steps.farthest_sequence(betas, count)
        assert moved[-1] == pytest.approx(adam_bound(betas, count), rel=1e-12)
        limits = [adam_bound(betas, t) for t in range(1, count + 1)]
        assert (moved <= np.array(limits) * (1 + 1e-12)).all()


def test_no_sequence_exceeds_the_bound():
    rng, (beta1, beta2) = np.random.default_rng(0), (0.9, 0.99)
    gradients = rng.standard_normal((40, 2000)) * 10 ** rng.uniform(-3, 3, (40, 2000))
    first = second = np.zeros(2000)
    for t, g in enumerate(gradients, 1):
        first, second = beta1 * first + 0.1 * g, beta2 * second + 0.01 * g**2
        moved = np.abs(first) / (1 - beta1**t) / np.sqrt(second / (1 - beta2**t))
        assert moved.max() <= adam_bound((beta1, beta2), t) * (1 + 1e-12)


def test_hrgrad_keeps_the_bound_and_the_unbounded_step_does_not():
    kept, wild = (steps.two_heads(kind, 1e-8, 15) for kind in ("hrgrad", "unbounded"))
    limits = [1.001 * adam_bound((0.9, 0.99), t) for t in range(1, 16)]
    assert (kept.farthest <= limits).all() and wild.farthest.max() > 100
    assert kept.losses[-1, 1] < kept.losses[0, 1]


def test_two_heads_under_adam_is_adam():
    assert steps.two_heads("sum", 1.0, 3).farthest[0] == pytest.approx(1.0, rel=1e-3)


def test_the_fan_has_a_good_axis_that_equal_angles_miss():
    rows = steps.fan(0.05, 1e-4, -0.05, 0.1)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 0.1], rtol=1e-12)
    cosines = {
        axis: harmonize_array(rows @ rows.T, 1.0, axis, 1e-16).cosine
        for axis in ("equiangular", "maxmin")
    }
    assert cosines["equiangular"] < 0.1 < 0.65 < cosines["maxmin"]


@pytest.mark.parametrize("kind", ["sum", "maxmin"])
def test_copies_of_one_regression_are_learnt(kind):
    seen = steps.copies(kind, 3, 40)
    assert seen.shape == (40,) and seen[-1] < 0.7 * seen[0]


def test_full_harmony_takes_the_same_first_step_whatever_the_scales():
    found = steps.rescaled_steps(np.array([1e2, 1e-3]), 4)
    np.testing.assert_allclose(found[0], 1, atol=1e-9)
    # Later steps differ as far as the ratio of the lengths has changed, which the metric remembers.
    np.testing.assert_allclose(found[:, 0], 1, atol=1e-6)
    np.testing.assert_allclose(found[:, 2], 1, atol=1e-3)


def test_scaled_losses_hurt_the_sum_more():
    scales = 10.0 ** np.array([3, -3, 1])
    assert steps.scaled(1.0, scales, 200) < 0.5 * steps.scaled(None, scales, 200)
