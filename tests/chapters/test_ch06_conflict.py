"""Measures of conflict, on matrices whose answer is known and on a fresh network."""

import numpy as np
import pytest

from hrgradlib.chapters import ch06_conflict as conflict
from hrgradlib.experiments import results
from hrgradlib.experiments.specs import make_spec

SPEC = make_spec("transport-periodic", "sum", "smoke")


def test_cosines_and_share_of_negative_pairs():
    rows = np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, -1.0]])
    cosines = conflict.cosine_matrix(rows @ rows.T)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(cosines, [[1, 0, -half], [0, 1, -half], [-half, -half, 1]])
    assert results.negative_share(cosines) == pytest.approx(2 / 3)
    batch = np.stack([cosines, np.eye(3)])
    np.testing.assert_allclose(results.negative_share(batch), [2 / 3, 0])


def test_uphill_share_counts_steps_that_do_not_descend():
    records = {"cosine_gradients": np.array([[0.5, -0.1], [0.0, 0.2]])}
    assert results.uphill_share(records) == 0.5


def test_shares_of_conflict_go_by_thirds():
    """Both metrics are read, each from its own record; four records make thirds of 2, 1, 1."""
    good, bad = np.ones((2, 2)), np.array([[1.0, -0.5], [-0.5, 1.0]])
    records = {"gramian_raw": np.stack([bad, good, good, bad]), "gramian": np.stack([good] * 4)}
    shares = results.conflict_shares(records)
    np.testing.assert_allclose(shares["raw"], [0.5, 0, 1])
    np.testing.assert_allclose(shares["adam"], 0)


def test_edges_are_those_of_the_tasks():
    edges = conflict.task_edges(SPEC)
    assert len(edges) == SPEC.tasks + 1
    assert edges[0] == pytest.approx(1e-4) and edges[-1] == pytest.approx(1.0)
    np.testing.assert_allclose(np.diff(np.log(edges)), np.log(edges[1] / edges[0]))


def test_halves_see_through_noise():
    """Untrained, the gradients are mostly signal; more points per batch mean more of it."""
    model = SPEC.build_model()
    few = conflict.halved_gradients(model, SPEC.with_(per_task=4), batches=120)
    many = conflict.halved_gradients(model, SPEC.with_(per_task=64), batches=30)
    assert (many.reliability > 0.95).all()
    assert (few.batch_signal < many.batch_signal).all() and (many.batch_signal <= 1.05).all()
    # Two sample sizes estimate one and the same matrix; single batches are biased towards zero.
    np.testing.assert_allclose(few.cosines, many.cosines, atol=0.2)
    off = ~np.eye(SPEC.tasks, dtype=bool)
    assert np.abs(few.single[off]).mean() < np.abs(few.cosines[off]).mean()


def test_halves_need_two_batches():
    with pytest.raises(ValueError, match="at least 2"):
        conflict.halved_gradients(SPEC.build_model(), SPEC, batches=1)
