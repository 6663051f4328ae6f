"""What the book proves of the harmonised direction (P1 to P6), on random and adversarial cases."""

import numpy as np
import torch
from gramians import Problem, axes, harmonies, normalised, problems, regular_problems
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from hrgradlib import harmonize

many = settings(max_examples=150)


@many
@given(problems(), harmonies, axes)
def test_p1_every_task_keeps_its_share(problem, harmony, axis):
    found = harmonize(problem.gramian, harmony, axis)
    if found.stationary:
        assert found.cosine == 0
        assert (found.weights == 0).all()
        return
    assert found.cosine > 0
    cosines = problem.cosines_to(problem.direction(found.weights))
    assert cosines.min() >= harmony * found.cosine - problem.slack


@many
@given(regular_problems(), harmonies, axes)
def test_p1_sharply_where_the_problem_is_well_conditioned(problem, harmony, axis):
    found = harmonize(problem.gramian, harmony, axis)
    assert not found.stationary
    cosines = problem.cosines_to(problem.direction(found.weights))
    assert cosines.min() >= harmony * found.cosine - 1e-12


@many
@given(regular_problems())
def test_p2_full_harmony_makes_all_cosines_equal(problem):
    found = harmonize(problem.gramian, 1.0)
    cosines = problem.cosines_to(problem.direction(found.weights))
    np.testing.assert_allclose(cosines, found.cosine, rtol=0, atol=1e-12)
    assert found.rotated_to == 0


@given(problems(max_tasks=12, decades=3), st.sampled_from([0.0, 0.3, 0.5, 0.9]), axes)
@many
def test_p3_without_conflict_nothing_changes(problem, harmony, axis):
    found = harmonize(problem.gramian, harmony, axis)
    total = problem.direction(torch.ones(len(problem.norms)))
    assume(problem.moving.any() and np.linalg.norm(total) > 1e-9)
    kept = problem.cosines_to(total).min() - harmony * float(found.cosine)
    moving = torch.from_numpy(problem.moving)
    if kept > 1e-7 and not found.stationary:
        assert (found.weights[moving] == 1.0).all()
        torch.testing.assert_close(found.rotated_to, found.angle)
    elif kept < -1e-7:
        assert not (found.weights[moving] == 1.0).all()
    assert (found.weights[~moving] == 0.0).all()


@many
@given(problems(max_tasks=12, decades=3), st.integers(0, 11), st.floats(-10, 10), axes)
def test_p4_full_harmony_ignores_the_scale_of_any_loss(problem, task, exponent, axis):
    norms = problem.norms.copy()
    norms[task % len(norms)] *= 10.0**exponent
    rescaled = Problem(problem.units, norms)
    before = harmonize(problem.gramian, 1.0, axis)
    after = harmonize(rescaled.gramian, 1.0, axis)
    assert before.stationary == after.stationary
    assume(not before.stationary and float(before.cosine) > 1e-4)
    one, two = problem.direction(before.weights), rescaled.direction(after.weights)
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    assert abs(1 - cosine) < 1e-9


@many
@given(regular_problems(max_tasks=12), harmonies, axes, st.randoms(use_true_random=False))
def test_p5_the_order_of_tasks_is_irrelevant(problem, harmony, axis, random):
    order = list(range(len(problem.norms)))
    random.shuffle(order)
    gramian = problem.gramian
    found = harmonize(gramian, harmony, axis)
    shuffled = harmonize(gramian[order][:, order], harmony, axis)
    # The weight of a weak task is a small difference where a strong one dominates: compare the
    # contributions to the direction.
    scale = float((found.weights.abs() * torch.from_numpy(problem.norms)).max())
    contributions = found.weights * torch.from_numpy(problem.norms) / scale
    again = shuffled.weights * torch.from_numpy(problem.norms)[order] / scale
    torch.testing.assert_close(again, contributions[order], rtol=0, atol=1e-10)
    for name in ("cosine", "angle", "rotated_to", "alignment", "worst_pair", "stationary"):
        torch.testing.assert_close(
            getattr(shuffled, name), getattr(found, name), rtol=1e-9, atol=1e-10
        )


@many
@given(problems(), axes)
def test_p6_cosine_is_bounded_below_by_the_smallest_eigenvalue(problem, axis):
    assume(problem.moving.any())
    found = harmonize(problem.gramian, 0.5, axis)
    smallest = np.linalg.eigvalsh(problem.cosines)[0]
    count = problem.moving.sum()
    assert float(found.cosine) ** 2 >= smallest / count - problem.slack**2


@many
@given(problems(), harmonies, axes)
def test_no_field_is_ever_nan(problem, harmony, axis):
    found = harmonize(problem.gramian, harmony, axis)
    assert all(bool(field.isfinite().all()) for field in found)
    assert 0 <= found.rotated_to <= found.angle + 1e-15 or found.stationary
    assert -1 <= found.worst_pair <= 1
    assert -1 - 1e-12 <= found.alignment <= 1 + 1e-12


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


@many
@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 2**32), axes)
def test_stationary_exactly_where_zero_is_in_the_convex_hull(tasks, n, seed, axis):
    """Oracle: a linear program for convex weights that cancel the gradients; integers are exact."""
    vectors = np.random.default_rng(seed).integers(-3, 4, size=(tasks, n)).astype(float)
    vectors = vectors[(vectors != 0).any(1)]
    assume(len(vectors) > 0)
    solved = linprog(
        np.zeros(len(vectors)), A_eq=np.vstack([vectors.T, np.ones(len(vectors))]),
        b_eq=[0.0] * n + [1.0], bounds=(0, None),
    )
    assert solved.status in (0, 2)
    found = harmonize(torch.from_numpy(vectors @ vectors.T), 0.5, axis)
    assert bool(found.stationary) == (solved.status == 0)


@given(regular_problems(min_tasks=2))
def test_the_maxmin_axis_has_the_best_worst_cosine(problem):
    best = harmonize(problem.gramian, 1.0, "maxmin")
    equiangular = harmonize(problem.gramian, 1.0, "equiangular")
    worst = problem.cosines_to(problem.direction(best.weights)).min()
    np.testing.assert_allclose(worst, best.cosine, atol=1e-12)
    assert worst >= equiangular.cosine - 1e-12
    tries = normalised(np.random.default_rng(0).normal(size=(200, problem.units.shape[1])))
    tries = normalised(tries * 0.1 + problem.direction(best.weights))
    assert (problem.units @ tries.T).min(0).max() <= worst + 1e-12
