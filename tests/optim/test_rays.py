"""The axis of the harmonised cone: its extreme rays against an enumeration of all faces."""

import itertools

import numpy as np
import pytest
import torch
from gramians import EPS, normalised
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hrgradlib import StepRefused, harmonize
from hrgradlib.optim._rays import MOST_RAYS, extreme_rays


def by_enumeration(matrix):
    """Every line in which K − 1 independent planes meet, kept where it satisfies all the others."""
    count, found = len(matrix), []
    planes = np.vstack([np.eye(count), matrix])
    for chosen in itertools.combinations(range(2 * count), count - 1):
        _, values, axes = np.linalg.svd(planes[list(chosen)].reshape(-1, count))
        if values.min(initial=1.0) < 1e-9:
            continue
        line = axes[-1] * np.sign(axes[-1].sum())
        if (planes @ line >= -1e-9).all() and line.sum() > 0:
            line /= line.sum()
            if all(np.abs(line - other).max() > 1e-7 for other in found):
                found.append(line)
    return np.array(found).reshape(-1, count)


def spread(rng, tasks, n):
    return rng.normal(size=(tasks, n))


def lattice(rng, tasks, n):
    return rng.integers(-1, 2, size=(tasks, n)).astype(float)


def doubled(rng, tasks, n):
    vectors = rng.normal(size=(tasks, n))
    vectors[-1] = 3 * vectors[0]
    return vectors


def opposed(rng, tasks, n):
    vectors = rng.normal(size=(tasks, n))
    vectors[-1] = -vectors[0]
    return vectors


def flat(rng, tasks, n):
    """More tasks than dimensions."""
    del n
    return rng.normal(size=(tasks, max(1, tasks - 2)))


@pytest.mark.parametrize("kind", [spread, lattice, doubled, opposed, flat])
@settings(max_examples=60)
@given(st.integers(1, 5), st.integers(1, 8), st.integers(0, 2**32))
def test_equal_to_the_enumeration(kind, tasks, n, seed):
    vectors = kind(np.random.default_rng(seed), tasks, n)
    units = normalised(vectors[(vectors != 0).any(1)])
    assume(len(units) > 0)
    found, expected = extreme_rays(units @ units.T, 10 * 5 * EPS), by_enumeration(units @ units.T)
    assert len(found) == len(expected)
    for ray in expected:
        assert np.abs(found - ray).max(1).min() < 1e-7


@settings(max_examples=60)
@given(st.integers(2, 8), st.integers(0, 2**32))
def test_the_axis_is_the_sum_of_the_unit_rays(tasks, seed):
    units = normalised(np.random.default_rng(seed).normal(size=(tasks, 12)))
    total = normalised(extreme_rays(units @ units.T, 1e-14) @ units).sum(0)
    found = harmonize(torch.from_numpy(units @ units.T), 1.0, "rays")
    np.testing.assert_allclose(
        normalised(found.weights.numpy() @ units), normalised(total), atol=1e-9
    )
    assert float(found.cosine) == pytest.approx((units @ normalised(total)).min(), rel=1e-6)


def test_two_gradients_have_their_bisector():
    for cosine in (-0.9, 0.0, 0.7):
        gramian = torch.tensor([[1.0, cosine], [cosine, 1.0]], dtype=torch.float64)
        by_rays, bisector = (harmonize(gramian, 1.0, axis) for axis in ("rays", "maxmin"))
        torch.testing.assert_close(by_rays.weights, bisector.weights)


def test_too_many_rays_are_refused_in_one_line():
    vectors = np.random.default_rng(0).normal(size=(20, 40))
    gramian = torch.from_numpy(vectors @ vectors.T)
    with pytest.raises(StepRefused, match=rf"more than {MOST_RAYS} extreme rays for 20 tasks; .*"):
        harmonize(gramian, 0.5, "rays")


def test_many_tasks_that_agree_have_few_rays():
    """Where no gradient opposes another, the cone is the orthant."""
    vectors = np.abs(np.random.default_rng(0).normal(size=(30, 40)))
    assert len(extreme_rays(normalised(vectors) @ normalised(vectors).T, 1e-12)) == 30
