"""The line from the sum to Gauss–Newton: its ends, its invariances, the bounds on cosines."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hrgradlib import ResidualJacobian, harmonize
from hrgradlib.chapters import many_tasks

F64 = torch.float64


def random_batch(rows=12, n=30, seed=0, decay=0.0):
    """Residuals and a Jacobian; singular values fall over ``decay`` decades."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(rows, n, generator=generator, dtype=F64)
    scale = torch.logspace(0, -decay, rows, dtype=F64)
    matrix = torch.linalg.qr(torch.randn(rows, rows, generator=generator, dtype=F64)).Q @ (
        scale[:, None] * matrix
    )
    return ResidualJacobian(torch.randn(rows, generator=generator, dtype=F64), matrix, (rows,))


def test_rows_are_gradients_of_the_norms():
    batch = random_batch()
    found = many_tasks.tasks_of(batch, 3)
    theta = torch.zeros(30, dtype=F64, requires_grad=True)
    norms = (batch.residuals + batch.matrix @ theta).view(3, 4).norm(dim=1)
    torch.testing.assert_close(found.norms, norms.detach())
    for k in range(3):
        (exact,) = torch.autograd.grad(norms[k], theta, retain_graph=True)
        torch.testing.assert_close(found.rows[k], exact)


def test_one_task_is_the_gradient_with_polyaks_step():
    batch = random_batch()
    gradient = batch.matrix.T @ batch.residuals  # of half the loss
    loss = batch.residuals @ batch.residuals
    found = many_tasks.equal_rates(many_tasks.tasks_of(batch, 1), 0.0)
    torch.testing.assert_close(found, loss / (gradient @ gradient) * gradient)


@pytest.mark.parametrize("damping", [0.0, 1e-2])
def test_one_task_per_residual_is_gauss_newton(damping):
    batch = random_batch()
    model = many_tasks.Linearised(batch, damping)
    found = many_tasks.equal_rates(many_tasks.tasks_of(batch, 12), model.shift)
    torch.testing.assert_close(found, model.gauss_newton)
    assert model.share(found) == pytest.approx(1)
    wanted = torch.ones(12, dtype=F64)
    if damping == 0:
        torch.testing.assert_close(model.rates(found), wanted)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_full_harmony_is_equal_cosines_and_not_equal_rates(count):
    tasks = many_tasks.tasks_of(random_batch(), count)
    speed = many_tasks.equal_cosines(tasks, 0.0)
    torch.testing.assert_close(tasks.rows @ speed, tasks.rows.norm(dim=1))
    harmonised = many_tasks.combined(tasks, 1.0)
    assert torch.cosine_similarity(speed, harmonised, dim=0) == pytest.approx(1)
    rates = many_tasks.equal_rates(tasks, 0.0)
    torch.testing.assert_close(tasks.rows @ rates, tasks.norms)
    assert torch.cosine_similarity(speed, rates, dim=0) < 0.999


def test_at_equal_distances_both_rules_are_one():
    batch = random_batch()
    tasks = many_tasks.tasks_of(batch, 4)
    distances = tasks.norms / tasks.rows.norm(dim=1)
    scale = (1 / distances).repeat_interleave(3)  # r_k and J_k are not scaled alike
    moved = ResidualJacobian(batch.residuals * scale, batch.matrix, batch.sizes)
    tasks = many_tasks.tasks_of(moved, 4)
    speed, rates = many_tasks.equal_cosines(tasks, 0.0), many_tasks.equal_rates(tasks, 0.0)
    assert torch.cosine_similarity(speed, rates, dim=0) == pytest.approx(1)


def test_neither_rule_sees_the_scale_of_a_task():
    batch = random_batch()
    factor = torch.tensor([1.0, 30.0, 0.01], dtype=F64).repeat_interleave(4)
    scaled = ResidualJacobian(batch.residuals * factor, batch.matrix * factor[:, None], batch.sizes)
    for rule in (many_tasks.equal_cosines, many_tasks.equal_rates):
        before, after = (rule(many_tasks.tasks_of(b, 3), 0.0) for b in (batch, scaled))
        torch.testing.assert_close(before, after)


@pytest.mark.parametrize("damping", [1e-4, 1.0])
def test_refining_raises_the_ceiling_to_gauss_newton(damping):
    batch = random_batch(24, 60, decay=3)
    model = many_tasks.Linearised(batch, damping)
    ceilings = []
    for count in (1, 2, 6, 12, 24):
        tasks = many_tasks.tasks_of(batch, count)
        ceilings.append(model.ceiling(tasks.rows))
        reached = [
            model.share(rule(tasks, model.shift))
            for rule in (many_tasks.equal_rates, many_tasks.equal_cosines)
        ]
        reached += [model.share(many_tasks.combined(tasks, h)) for h in (0.0, 0.5)]
        assert max(reached) <= ceilings[-1] * (1 + 1e-9)
    assert ceilings == sorted(ceilings)
    assert ceilings[0] == pytest.approx(model.share(batch.matrix.T @ batch.residuals))
    assert ceilings[-1] == pytest.approx(1)


@given(st.integers(0, 10**6), st.floats(-6, 2), st.floats(0, 4), st.sampled_from([2, 3, 6]))
def test_cosines_in_the_metric_keep_to_both_bounds(seed, power, decay, count):
    found = many_tasks.orthogonality(random_batch(seed=seed, decay=decay), count, 10**power)
    off = np.abs(found.cosines[~np.eye(count, dtype=bool)])
    assert off.max() <= found.guaranteed + 1e-7
    assert (off <= found.measured[~np.eye(count, dtype=bool)] + 1e-7).all()
    assert (found.hidden >= 0).all() and (found.hidden < 1).all()


def test_the_bound_is_attained():
    """Two residuals that see the softest and the stiffest direction alike."""
    least, most, shift = 1e-2, 1e7, 1e-1
    turn = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=F64) / 2**0.5
    residuals = torch.ones(2, dtype=F64)
    matrix = turn @ torch.diag(torch.tensor([least, most], dtype=F64).sqrt())
    found = many_tasks.orthogonality(ResidualJacobian(residuals, matrix, (2,)), 2, shift / 2)
    assert found.guaranteed == pytest.approx(shift / (shift + 2 * least), rel=1e-5)
    assert abs(found.cosines[0, 1]) == pytest.approx(found.guaranteed, rel=1e-5)


@pytest.mark.parametrize("harmony", [0.3, 0.5, 1.0])
def test_without_conflict_rotation_begins_at_a_share_of_the_mean_loss(harmony):
    losses = torch.tensor([1.0, 3.0, 0.2, 2.0], dtype=F64)
    for factor, rotated in ((1.01, False), (0.99, True)):
        own = losses.clone()
        # The third loss at `factor` times κ² of the mean of all, itself included.
        share = factor * harmony**2
        own[2] = share / 4 * own[[0, 1, 3]].sum() / (1 - share / 4)
        found = harmonize(torch.diag(own), harmony).weights
        moved = not torch.allclose(found, torch.ones(4, dtype=F64))
        assert moved == (rotated or harmony == 1.0)
    assert torch.equal(harmonize(torch.diag(losses), 0.0).weights, torch.ones(4, dtype=F64))


def test_refining_the_segmentation_trains_better():
    few, many = (many_tasks.train_by_rates("smoke", count) for count in (1, None))
    assert many["error"][-1] < few["error"][-1]
    assert many["losses"][-1] < few["losses"][-1]
    assert few["at"][-1] == len(few["losses"])


def test_without_rotation_the_tasks_add_up_to_spring():
    apart, summed = (many_tasks.follow("smoke", m) for m in ("hrgrad-gn", "sum-gn"))
    assert apart["cosine_moments"].min() > 0
    np.testing.assert_allclose(apart["parameters"], summed["parameters"], rtol=1e-6, atol=1e-8)


def test_a_partly_trained_network_and_its_batch():
    model, metric, batch = many_tasks.partly_trained("smoke")
    assert next(model.parameters()).dtype == F64
    assert len(metric) == batch.matrix.shape[1] and (metric > 0).all()
    assert len(batch.residuals) % many_tasks.COUNTS[-1] == 0
