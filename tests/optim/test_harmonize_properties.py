"""What the book proves of the harmonised direction (P1 to P6), on random and adversarial cases.

P7 is in test_harmonize_descent.py, P8 in test_harmonize_oracles.py.
"""

import numpy as np
import torch
from gramians import (
    KINDS,
    Batch,
    axes,
    batches,
    harmonies,
    many,
    normalised,
    on_ten_thousand,
    regular_batches,
    tally,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hrgradlib import harmonize


def parallel(one, other):
    """[B] cosine between two directions."""
    one, other = normalised(one), normalised(other)
    return (one * other).sum(-1)


@on_ten_thousand
@many
@given(batches(), harmonies, axes)
def test_p1_every_task_keeps_its_share(batch, harmony, axis):
    found = harmonize(batch.gramian, harmony, axis)
    still = found.stationary.numpy()
    assert (found.cosine[still] == 0).all()
    assert (found.weights[still] == 0).all()
    assert (found.cosine[~still] > 0).all()
    moved = batch[~still]
    worst = moved.cosines_to(moved.direction(found.weights[~still])).min(-1)
    assert (worst >= harmony * found.cosine.numpy()[~still] - batch.slack).all()
    tally.add(len(batch))


@on_ten_thousand
@many
@given(regular_batches(), harmonies, axes)
def test_p1_sharply_where_the_problem_is_well_conditioned(batch, harmony, axis):
    found = harmonize(batch.gramian, harmony, axis)
    assert not found.stationary.any()
    worst = batch.cosines_to(batch.direction(found.weights)).min(-1)
    assert (worst >= harmony * found.cosine.numpy() - 1e-12).all()
    tally.add(len(batch))


@on_ten_thousand
@many
@given(regular_batches(max_tasks=16))
def test_p2_full_harmony_makes_all_cosines_equal(batch):
    found = harmonize(batch.gramian, 1.0, "equiangular")
    cosines = batch.cosines_to(batch.direction(found.weights))
    assert np.ptp(cosines, axis=-1).max() < 1e-11
    np.testing.assert_allclose(cosines[:, 0], found.cosine, rtol=1e-8)
    assert (found.rotated_to == 0).all()
    tally.add(len(batch))


@on_ten_thousand
@settings(many, max_examples=130)
@given(batches(reach=3), st.sampled_from([0.0, 0.3, 0.5, 0.9]), axes)
def test_p3_without_conflict_nothing_changes(batch, harmony, axis):
    found = harmonize(batch.gramian, harmony, axis)
    total = batch.direction(torch.ones(batch.norms.shape))
    kept = batch.cosines_to(total).min(-1) - harmony * found.cosine.numpy()
    usable = batch.moving.any(-1) & ~found.stationary.numpy()
    usable &= np.linalg.norm(total, axis=-1) > 1e-9
    untouched = ((found.weights == 1.0) | ~torch.from_numpy(batch.moving)).all(-1).numpy()
    harmless, harmful = usable & (kept > 1e-7), usable & (kept < -1e-7)
    assert untouched[harmless].all()
    torch.testing.assert_close(found.rotated_to[harmless], found.angle[harmless])
    assert not untouched[harmful].any()
    assert (found.weights.numpy()[~batch.moving] == 0.0).all()
    tally.add(harmless | harmful)


@on_ten_thousand
@settings(many, max_examples=150)
@given(batches(), st.integers(0, 2**32), axes)
def test_p4_full_harmony_ignores_the_scale_of_any_loss(batch, seed, axis):
    factors = 10.0 ** np.random.default_rng(seed).uniform(-10, 10, batch.norms.shape)
    rescaled = Batch(batch.units, batch.norms * factors)
    before, after = (harmonize(b.gramian, 1.0, axis) for b in (batch, rescaled))
    known = batch.clear & ((before.cosine > 1e-4) | (after.cosine > 1e-4)).numpy()
    assert not (before.stationary | after.stationary)[known].any()
    cosine = parallel(batch.direction(before.weights), rescaled.direction(after.weights))
    assert np.abs(1 - cosine[known]).max(initial=0) < 1e-9
    tally.add(known)


@on_ten_thousand
@settings(many, max_examples=150)
@given(batches(), harmonies, axes, st.randoms(use_true_random=False))
def test_p5_the_order_of_tasks_is_irrelevant(batch, harmony, axis, random):
    order = list(range(batch.tasks))
    random.shuffle(order)
    shuffled = Batch(batch.units[:, order], batch.norms[:, order])
    found, again = (harmonize(b.gramian, harmony, axis) for b in (batch, shuffled))
    known = batch.clear & ((found.cosine > 1e-4) | (again.cosine > 1e-4)).numpy()
    assert not (found.stationary | again.stationary)[known].any()
    cosine = parallel(batch.direction(found.weights), shuffled.direction(again.weights))
    assert np.abs(1 - cosine[known]).max(initial=0) < 1e-9
    for name in ("cosine", "alignment", "worst_pair"):
        one, other = getattr(found, name)[known], getattr(again, name)[known]
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-9)
    tally.add(known)


@many
@given(regular_batches(max_tasks=12), harmonies, axes, st.randoms(use_true_random=False))
def test_p5_sharply_where_the_problem_is_well_conditioned(batch, harmony, axis, random):
    order = list(range(batch.tasks))
    random.shuffle(order)
    gramian, norms = batch.gramian, torch.from_numpy(batch.norms)
    found = harmonize(gramian, harmony, axis)
    shuffled = harmonize(gramian[:, order][:, :, order], harmony, axis)
    # The weight of a weak task is a small difference where a strong one dominates: compare the
    # contributions to the direction.
    parts, again = found.weights * norms, shuffled.weights * norms[:, order]
    scale = parts.abs().amax(-1, keepdim=True)
    torch.testing.assert_close(again / scale, parts[:, order] / scale, rtol=0, atol=1e-10)
    for one, other in zip(found[1:], shuffled[1:], strict=True):
        torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-10)


@on_ten_thousand
@many
@given(batches(), axes)
def test_p6_cosine_is_bounded_below_by_the_smallest_eigenvalue(batch, axis):
    found = harmonize(batch.gramian, 0.5, axis)
    smallest = np.linalg.eigvalsh(batch.cosines)[:, 0]
    count = batch.moving.sum(-1)
    bound = smallest / np.maximum(count, 1) - 2 * batch.slack**2
    assert (found.cosine.numpy() ** 2 >= bound)[count > 0].all()
    tally.add(count > 0)


@on_ten_thousand
@many
@given(batches(), harmonies, axes)
def test_no_field_is_ever_nan(batch, harmony, axis):
    found = harmonize(batch.gramian, harmony, axis)
    assert all(bool(field.isfinite().all()) for field in found)
    assert ((found.rotated_to >= 0) & (found.rotated_to <= found.angle + 1e-15)).all()
    assert ((found.worst_pair >= -1) & (found.worst_pair <= 1)).all()
    assert (found.alignment.abs() <= 1 + 1e-12).all()
    tally.add(len(batch))


def test_the_batches_hold_what_they_promise():
    """Every K from 1 to 32, every rank that K allows, norms thirty decades up and down."""
    tasks, ranks, least, most = set(), set(), [], []

    @many
    @given(batches())
    def look(batch):
        tasks.add(batch.tasks)
        ranks.update((np.linalg.eigvalsh(batch.cosines[10:20]) > 1e-9).sum(-1).tolist())
        moving = batch.norms[batch.moving]
        least.append(moving.min(initial=1.0))
        most.append(moving.max(initial=1.0))
        assert len(batch) == 10 * len(KINDS)

    look()
    assert {1, 2, 3, 32} <= tasks and len(tasks) > 20
    assert ranks >= set(range(1, 25))
    assert min(least) < 1e-29 and max(most) > 1e29


@settings(max_examples=40)
@given(st.integers(1, 8), st.integers(0, 2**32), harmonies, axes)
def test_a_batch_is_its_single_problems(tasks, seed, harmony, axis):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(3, 4, tasks, 3))
    vectors[0, 0, -1] = -vectors[0, 0, 0]  # stationary for K = 2
    vectors[1, 1, 0] = 0
    vectors[2] *= 1e12
    gramian = torch.from_numpy(vectors @ vectors.swapaxes(-1, -2))
    together = harmonize(gramian, harmony, axis)
    assert together.weights.shape == (3, 4, tasks)
    for i in range(3):
        for j in range(4):
            alone = harmonize(gramian[i, j], harmony, axis)
            for whole, single in zip(together, alone, strict=True):
                torch.testing.assert_close(whole[i, j], single, rtol=1e-7, atol=1e-9)


@settings(max_examples=50)
@given(regular_batches(min_tasks=2, count=20))
def test_the_maxmin_axis_has_the_best_worst_cosine(batch):
    best = harmonize(batch.gramian, 1.0, "maxmin")
    equiangular = harmonize(batch.gramian, 1.0, "equiangular")
    direction = normalised(batch.direction(best.weights))
    worst = batch.cosines_to(direction).min(-1)
    np.testing.assert_allclose(worst, best.cosine, rtol=1e-8)
    assert (worst >= equiangular.cosine.numpy() - 1e-12).all()
    rng = np.random.default_rng(0)
    for _ in range(100):
        nearby = direction + 0.1 * normalised(rng.normal(size=direction.shape))
        assert (batch.cosines_to(nearby).min(-1) <= worst + 1e-12).all()
