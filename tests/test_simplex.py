"""Minimum-norm point of a convex hull: optimality conditions rather than values."""

import numpy as np
import pytest
from gramians import problems, regular_problems
from hypothesis import given, settings

from hrgradlib._simplex import min_norm_weights


def solve(cosines, active=None):
    active = np.ones(len(cosines), dtype=bool) if active is None else np.asarray(active)
    return min_norm_weights(cosines[None], active[None])[0]


def excess(cosines, weights):
    """How far the sufficient conditions ``(Mλ)_j ≥ λᵀMλ``, equal where λ_j > 0, are missed."""
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    surplus = cosines @ weights - weights @ cosines @ weights
    return max(-surplus.min(), np.abs(surplus[weights > 1e-9]).max())


@settings(max_examples=200)
@given(problems())
def test_optimality_conditions(problem):
    """To the root of the rank tolerance: nearly equal units may stand for one another."""
    if problem.moving.any():
        assert excess(problem.cosines, solve(problem.cosines)) <= 1e-6


@settings(max_examples=200)
@given(regular_problems(max_tasks=16))
def test_optimality_conditions_sharply_where_well_conditioned(problem):
    assert excess(problem.cosines, solve(problem.cosines)) <= 1e-12


def test_inactive_tasks_get_nothing():
    cosines = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    np.testing.assert_allclose(solve(cosines, [True, True, False]), [0.5, 0.5, 0.0], atol=1e-15)


def test_known_points():
    np.testing.assert_array_equal(solve(np.ones((1, 1))), [1.0])
    np.testing.assert_allclose(solve(np.eye(4)), np.full(4, 0.25), rtol=1e-14)
    # The second lies between the others: it does not belong to the nearest face.
    units = np.array([[1.0, 1.0], [0.0, np.sqrt(2)], [-1.0, 1.0]]) / np.sqrt(2)
    np.testing.assert_allclose(solve(units @ units.T), [0.5, 0.0, 0.5], atol=1e-14)


def test_a_batch_is_its_single_problems():
    rng = np.random.default_rng(5)
    units = rng.normal(size=(30, 6, 3))
    units /= np.linalg.norm(units, axis=-1, keepdims=True)
    cosines = units @ units.swapaxes(-1, -2)
    active = rng.random((30, 6)) < 0.8
    active[:, 0] = True
    together = min_norm_weights(cosines, active)
    for one, mask, found in zip(cosines, active, together, strict=True):
        alone = solve(one, mask)
        assert found @ one @ found == pytest.approx(alone @ one @ alone, abs=1e-13)
        assert (found[~mask] == 0).all()


def test_no_gramian_is_refused():
    """Not even symmetric positive: the active set cannot settle."""
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="no Gramian"):
        for _ in range(200):
            solve(5 * rng.normal(size=(12, 12)))
