"""Minimum-norm point of a convex hull: optimality conditions rather than values."""

import numpy as np
import pytest
from gramians import EPS, batches, many, on_ten_thousand, tally
from hypothesis import given

from hrgradlib.optim._hull import min_norm_weights


def solve(cosines, active=None):
    active = np.ones(len(cosines), dtype=bool) if active is None else np.asarray(active)
    return min_norm_weights(cosines[None], active[None])[0]


@on_ten_thousand
@many
@given(batches())
def test_optimality_conditions(batch):
    """``(Mλ)_j ≥ λᵀMλ``, equal where λ_j > 0: sufficient, and met however singular ``M`` is."""
    usable = batch.moving.any(-1)
    cosines, active = batch.cosines[usable], batch.moving[usable]
    weights = min_norm_weights(cosines, active)
    assert (weights >= 0).all() and (weights[~active] == 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-14)
    slopes = np.einsum("bij,bj->bi", cosines, weights)
    surplus = slopes - (weights * slopes).sum(-1, keepdims=True)
    tolerance = 30 * batch.tasks * EPS
    assert surplus[active].min() >= -tolerance
    assert np.abs(surplus[weights > 0]).max() <= tolerance
    tally.add(usable)


def test_noise_below_zero_is_no_direction():
    """Rounded to float32, a Gramian has negative eigenvalues; the answer stays that of the hull."""
    rng = np.random.default_rng(2)
    units = rng.normal(size=(50, 20, 4))
    units /= np.linalg.norm(units, axis=-1, keepdims=True)
    units[:, :, 0] = np.abs(units[:, :, 0])  # so that the hull does not hold zero
    exact = units @ units.mT
    rounded = (units.astype(np.float32) @ units.astype(np.float32).mT).astype(float)
    assert np.linalg.eigvalsh(rounded)[:, 0].max() < 0
    active = np.ones((50, 20), dtype=bool)
    norms = [
        np.einsum("bi,bij,bj->b", w, exact, w)
        for w in (min_norm_weights(m, active) for m in (exact, rounded))
    ]
    np.testing.assert_allclose(norms[1], norms[0], rtol=0, atol=1e-5)


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


def test_it_ends_on_matrices_that_are_no_gramians():
    rng = np.random.default_rng(0)
    for _ in range(50):
        matrix = 5 * rng.normal(size=(12, 12))
        weights = solve(matrix + matrix.T)
        assert (weights >= 0).all() and weights.sum() == pytest.approx(1.0)
