"""The step that is applied, measured from the parameters: descent, guard, and what is recorded."""

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, harmonize, task_gradients

F64 = torch.float64


class Twin:
    """An optimizer on one parameter vector beside moments recomputed in plain NumPy."""

    def __init__(self, n, **options):
        self.parameter = nn.Parameter(torch.zeros(n, dtype=F64))
        self.optimizer = HRGrad([self.parameter], lr=1e-2, betas=(0.9, 0.99), **options)
        self.first, self.second, self.steps, self.weights = 0.0, 0.0, 0, 1.0

    def step(self, gradients):
        before = self.parameter.detach().clone()
        record = self.optimizer.step(gradients)
        self.applied = (self.parameter.detach() - before).numpy()
        g = gradients.numpy()
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * g
        if self.steps == 1:  # found together with the weights: see the test of the first step
            self.second = self.optimizer.state[self.parameter]["second_moment"].numpy().copy()
        else:
            led = np.broadcast_to(self.weights, len(g)) @ g
            self.second = 0.99 * self.second + 0.01 * led**2
        self.weights = record.weights if record.weights.any() else self.weights
        corrected = self.second / (1 - 0.99**self.steps)
        self.metric = 1 / (np.sqrt(corrected) + 1e-8)
        return record

    def cosines(self, vectors):
        """Cosines of ``−Δ`` with gradients: in the metric P the step is ``P d``, d a covector."""
        direction = -self.applied / self.metric
        norm = np.sqrt((direction**2 * self.metric).sum())
        lengths = np.sqrt((vectors**2 * self.metric).sum(1))
        return vectors @ -self.applied / (lengths * norm)


def sequence(steps, tasks, n, conflict, seed):
    """Gradients that turn slowly, so that momentum matters, with spread norms and conflict."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(tasks, n))
    common = rng.normal(size=n)
    scales = 10.0 ** rng.uniform(-3, 3, size=(tasks, 1))
    for _ in range(steps):
        base = 0.7 * base + 0.7 * rng.normal(size=(tasks, n))
        yield torch.from_numpy(scales * (base + common / conflict))


@pytest.mark.parametrize("axis", ["equiangular", "maxmin"])
@pytest.mark.parametrize("harmony", [0.2, 0.5, 1.0])
@pytest.mark.parametrize(("tasks", "n"), [(2, 2), (3, 5), (5, 8), (8, 40)])
def test_guarded_step_descends_on_every_current_gradient(tasks, n, harmony, axis):
    twin = Twin(n, guard=True, harmony=harmony, axis=axis)
    guarded = stationary = 0
    for gradients in sequence(60, tasks, n, conflict=20.0, seed=tasks):
        record = twin.step(gradients)
        products = gradients.numpy() @ twin.applied
        if record.stationary:
            assert (twin.applied == 0).all()
            gramian = (gradients.numpy() * twin.metric) @ gradients.numpy().T
            assert harmonize(torch.from_numpy(gramian)).stationary
        else:
            assert (products < 0).all()
        guarded += record.guarded
        stationary += record.stationary
    assert guarded > 0  # otherwise this test says nothing
    assert stationary < 60


def test_without_guard_momentum_does_push_some_task_uphill():
    """What the guard is for: the same sequence without it."""
    twin = Twin(8, guard=False)
    uphill = sum(
        (gradients.numpy() @ twin.applied > 0).sum()
        for gradients in sequence(60, 5, 8, conflict=2.0, seed=5)
        if twin.step(gradients)
    )
    assert uphill > 0


@pytest.mark.parametrize("guard", [False, True])
@pytest.mark.parametrize("harmony", [0.0, 0.5, 1.0])
def test_record_is_what_happened(harmony, guard):
    twin = Twin(12, guard=guard, harmony=harmony)
    for gradients in sequence(40, 4, 12, conflict=1.0, seed=2):
        record = twin.step(gradients)
        g = gradients.numpy()
        gramian = (g * twin.metric) @ g.T
        np.testing.assert_allclose(
            record.gramian, gramian, rtol=1e-9, atol=1e-12 * np.abs(gramian).max()
        )
        np.testing.assert_allclose(record.norms, np.sqrt(np.diagonal(gramian)), rtol=1e-9)
        assert np.isnan(record.losses).all()
        if record.stationary:
            continue
        np.testing.assert_allclose(record.cosine_gradients, twin.cosines(g), atol=1e-8)
        np.testing.assert_allclose(record.cosine_moments, twin.cosines(twin.first), atol=1e-8)
        if not record.guarded:
            moments = torch.from_numpy((twin.first * twin.metric) @ twin.first.T)
            cosine = float(harmonize(moments, harmony).cosine)
            assert record.guaranteed == pytest.approx(harmony * cosine, abs=1e-9)
            assert record.cosine_moments.min() >= record.guaranteed - 1e-9


def test_step_is_the_harmonised_moments_in_the_metric():
    twin = Twin(10, harmony=0.6)
    for gradients in sequence(20, 3, 10, conflict=1.0, seed=4):
        record = twin.step(gradients)
        first = twin.first / (1 - 0.9**twin.steps)
        weights = harmonize(torch.from_numpy((first * twin.metric) @ first.T), 0.6).weights.numpy()
        np.testing.assert_allclose(
            twin.applied,
            -1e-2 * record.shortened * twin.metric * (weights @ first),
            rtol=1e-7,
            atol=1e-12,
        )
        assert not record.guarded


def test_losses_are_recorded():
    model = nn.Linear(3, 1).double()
    x = torch.randn(6, 3, dtype=F64)
    found = task_gradients(lambda: model(x)[:, 0].square(), model, [2, 4])
    record = HRGrad(model.parameters()).step(found)
    np.testing.assert_array_equal(record.losses, found.losses.numpy())
    assert record.losses.dtype == np.float64


@pytest.mark.parametrize("guard", [False, True])
def test_stationary_is_a_zero_step(guard):
    twin = Twin(4, guard=guard)
    row = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=F64)
    for scale in (1.0, 3.0):
        record = twin.step(torch.stack([row * scale, -2 * row * scale]))
        assert record.stationary and record.guaranteed == 0
        assert (twin.applied == 0).all()
        assert np.isfinite(record.cosine_gradients).all()


@pytest.mark.parametrize("guard", [False, True])
def test_all_gradients_zero(guard):
    twin = Twin(4, guard=guard)
    record = twin.step(torch.zeros(3, 4, dtype=F64))
    assert record.stationary
    assert (twin.applied == 0).all()


def test_a_task_at_rest_does_not_stop_the_others():
    twin = Twin(3, guard=True)
    record = twin.step(torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], dtype=F64))
    assert not record.stationary
    np.testing.assert_allclose(twin.applied, -1e-2, rtol=1e-6)
    np.testing.assert_allclose(record.cosine_gradients, [1.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("exponent", [-25, -15, -5, 0, 5, 15, 18])
def test_any_scale_in_float32(exponent):
    """The same three steps in float64 are the judge; squares in float32 end at 1e±38."""
    gradients = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 4, 30)) + 0.2)
    ends = []
    for dtype in (torch.float32, F64):
        parameter = nn.Parameter(torch.zeros(30, dtype=dtype))
        optimizer = HRGrad([parameter])
        for each in gradients:
            record = optimizer.step((each * 10.0**exponent).to(dtype))
            assert not record.stationary
        ends.append(parameter.detach().double())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-4 * float(ends[1].abs().max()))


@pytest.mark.parametrize("exponent", [-25, -12, 12, 18])
def test_one_task_at_another_scale_in_float32(exponent):
    rng = np.random.default_rng(1)
    gradients = torch.from_numpy(rng.normal(size=(3, 30)) + 0.3)
    gradients[1] *= 10.0**exponent
    parameter = nn.Parameter(torch.zeros(30))
    record = HRGrad([parameter]).step(gradients.float())
    assert not record.stationary
    applied = parameter.detach().double()
    assert (gradients @ applied < 0).all()
    assert record.cosine_gradients.min() >= record.guaranteed - 1e-5


def test_two_quadratics_reach_the_pareto_set():
    """Minimise |x − a|² and 100 |x − b|² together: the end lies on the segment from a to b."""
    a, b = torch.tensor([1.0, 0.0], dtype=F64), torch.tensor([-1.0, 0.5], dtype=F64)
    x = nn.Parameter(torch.tensor([0.7, 2.0], dtype=F64))
    optimizer = HRGrad([x], lr=5e-2, guard=True)
    for step in range(300):
        optimizer.param_groups[0]["lr"] = 5e-2 * (1 - step / 300)
        optimizer.step(torch.stack([2 * (x - a), 200 * (x - b)]).detach())
    share = ((x - a) @ (b - a) / ((b - a) @ (b - a))).item()
    distance = (x - a - share * (b - a)).norm().item()
    assert distance < 1e-3 and -1e-3 < share < 1 + 1e-3
