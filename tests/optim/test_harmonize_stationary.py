"""Pareto-stationarity is found where it is and only there, by independent computations.

The distance from zero to the convex hull of the unit gradients decides. Below ``√tolerance``,
``tolerance = 10 K eps``, rounding of the Gramian hides it and the point counts as stationary.
"""

import numpy as np
import torch
from gramians import Batch, axes, batches, many, normalised, on_ten_thousand, tally
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, nnls

from hrgradlib import harmonize


def tolerance(tasks, dtype=torch.float64):
    return 10 * tasks * torch.finfo(dtype).eps


def must(tasks, axis, dtype=torch.float64):
    """Squared distance below which a point must be called stationary, and above which not.

    The equiangular axis is found first and may still exist where the tolerance begins.
    """
    limit = tolerance(tasks, dtype)
    return limit / (4 * tasks if axis == "equiangular" else 4), 4 * limit


def hull_distance(units):
    """Lower and upper bound of the distance from zero to the hull of the rows [K, n].

    SciPy's non-negative least squares on the vectors themselves gives a point ``x`` of the hull;
    no direction can separate the hull from zero better than ``min_k û_k·x/‖x‖``.
    """
    matrix = np.vstack([units.T, np.ones(len(units))])
    target = np.zeros(len(matrix))
    target[-1] = 1.0
    weights, _ = nnls(matrix, target)
    x = weights @ units / weights.sum()
    length = np.linalg.norm(x)
    return max(0.0, (units @ x).min() / max(length, 1e-300)), length


@on_ten_thousand
@settings(many, max_examples=150)
@given(batches(copies=8), axes)
def test_agrees_with_the_minimum_norm_point(batch, axis):
    found = harmonize(batch.gramian, 0.5, axis)
    moving = np.flatnonzero(batch.moving.any(-1))
    low, high = np.array([hull_distance(batch.units[i][batch.moving[i]]) for i in moving]).T
    still, c = found.stationary.numpy()[moving], found.cosine.numpy()[moving]
    below, above = must(batch.tasks, axis)
    assert still[high**2 < below].all()
    assert not still[low**2 > above].any()
    assert (c <= high + batch.slack).all()
    if axis == "maxmin":
        assert (c >= low - batch.slack)[low**2 > above].all()
    tally.add((high**2 < below) | (low**2 > above))


def at_distance(rng, tasks, n, distances):
    """[B, K, n + 1] unit vectors whose hull has exactly these distances from zero [B].

    Zero lies in the hull of their parts in the first n coordinates; the last is the distance.
    """
    inside = normalised(rng.normal(size=(len(distances), tasks, n)))
    mixture = rng.dirichlet(np.ones(tasks - 1), len(distances))[:, None]
    inside[:, -1:] = -normalised(mixture @ inside[:, :-1])
    h = np.broadcast_to(distances[:, None, None], (*inside.shape[:2], 1))
    return np.concatenate([np.sqrt(1 - h**2) * inside, h], -1)


@on_ten_thousand
@many
@given(
    st.integers(2, 32),
    st.integers(1, 40),
    st.integers(0, 2**32),
    axes,
    st.sampled_from([torch.float32, torch.float64]),
)
def test_both_sides_of_the_tolerance(tasks, n, seed, axis, dtype):
    rng = np.random.default_rng(seed)
    limit = tolerance(tasks, dtype)
    squares = limit * 10.0 ** rng.uniform(-4, 5, 130)
    squares[:10] = 0.0
    squares = np.minimum(squares, 0.9)
    units = at_distance(rng, tasks, n, np.sqrt(squares))
    batch = Batch(units, 10.0 ** rng.uniform(-5, 5, units.shape[:2]))
    gradients = torch.from_numpy(batch.gradients).to(dtype)
    found = harmonize(gradients @ gradients.mT, 0.5, axis)
    still = found.stationary.numpy()
    below, above = must(tasks, axis, dtype)
    assert still[squares < below].all()
    assert not still[squares > above].any()
    if axis == "maxmin":
        c = found.cosine.double().numpy()[squares > above]
        np.testing.assert_allclose(c**2, squares[squares > above], rtol=0.5)
    tally.add((squares < below) | (squares > above))


@settings(max_examples=150)
@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 2**32), axes)
def test_exactly_where_zero_is_in_the_convex_hull(tasks, n, seed, axis):
    """Oracle: a linear program for convex weights that cancel the gradients; integers are exact."""
    vectors = np.random.default_rng(seed).integers(-3, 4, size=(tasks, n)).astype(float)
    vectors = vectors[(vectors != 0).any(1)]
    assume(len(vectors) > 0)
    solved = linprog(
        np.zeros(len(vectors)),
        A_eq=np.vstack([vectors.T, np.ones(len(vectors))]),
        b_eq=[0.0] * n + [1.0],
        bounds=(0, None),
    )
    assert solved.status in (0, 2)
    found = harmonize(torch.from_numpy(vectors @ vectors.T), 0.5, axis)
    assert bool(found.stationary) == (solved.status == 0)
