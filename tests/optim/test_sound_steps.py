"""Steps are what they are said to be: bounded, finite, no worse than the sum where tasks agree."""

import copy
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import (
    HRGrad,
    StepRefused,
    TaskGradients,
    harmonize,
    residual_jacobian,
    task_gradients,
)
from hrgradlib.optim._rows import adam_bound

F64 = torch.float64
BETAS = (0.9, 0.99)
ROOT = Path(__file__).resolve().parents[2]


def flat(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


class Moves:
    """The largest step of a single number, in learning rates, and its bound."""

    def __init__(self, model, lr):
        self.model, self.lr, self.last, self.steps = model, lr, flat(model), 0

    def check(self):
        now, self.steps = flat(self.model), self.steps + 1
        farthest = float((now - self.last).abs().max()) / self.lr
        assert farthest <= 1.01 * adam_bound(BETAS, self.steps)
        self.last = now


def test_adam_s_bound_is_reached_and_never_exceeded():
    """By the gradients for which Cauchy–Schwarz is an equality, in torch's own Adam."""
    (beta1, beta2), steps = BETAS, 30
    parameter = nn.Parameter(torch.zeros(1, dtype=F64))
    adam = torch.optim.Adam([parameter], lr=1.0, betas=BETAS, eps=1e-30)
    for s in reversed(range(steps)):
        before = float(parameter.detach())
        parameter.grad = torch.tensor([(beta1 / beta2) ** s], dtype=F64)
        adam.step()
    assert abs(float(parameter.detach()) - before) == pytest.approx(adam_bound(BETAS, steps))
    assert adam_bound(BETAS, 1) == 1.0


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.heads = nn.Linear(4, 16), nn.Linear(16, 2)

    def forward(self, x):
        first, second = self.heads(self.trunk(x).tanh()).split(len(x) // 2)
        return torch.cat([first[:, 0], second[:, 1]])


def two_heads(optimizer_of, scale, steps=300):
    """Losses of both heads at the end, the second one without its scale."""
    torch.manual_seed(0)
    model = TwoHeads()
    x = torch.randn(128, 4)
    y = torch.randn(128)  # noise: what is left is the same for every optimizer
    weight = torch.cat([torch.ones(64), torch.full((64,), scale)])
    take, ends = optimizer_of(model), []
    for _ in range(steps):
        values = (model(x) - y).square().detach()
        ends.append([float(part.mean()) for part in values.split(64)])
        take(lambda: (model(x) - y).square() * weight)
    return np.array(ends[-20:]).mean(0)


def adam_sum(model):
    adam = torch.optim.Adam(model.parameters(), lr=1e-2, betas=BETAS)

    def take(losses):
        adam.zero_grad()
        sum(part.mean() for part in losses().split(64)).backward()
        adam.step()

    return take


def bounded(metric):
    def of(model):
        optimizer, moves = HRGrad(model.parameters(), metric=metric), Moves(model, 1e-2)

        def take(losses):
            optimizer.step(task_gradients(losses, model, [64, 64]))
            if metric == "adam":  # the bound of SOAP holds in its own coordinates
                moves.check()

        return take

    return of


@pytest.mark.parametrize("metric", ["adam", "soap"])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-8])
def test_two_heads_on_one_trunk_need_no_common_scale(scale, metric):
    """No number moves farther than under Adam, and the head with the weak loss learns as well.

    It is slower by a factor, as the length of the step is that of the strong task's gradient: at
    most three times Adam's loss without the scale here, where Adam with the scale stays at seven.
    """
    rival = two_heads(adam_sum, 1.0)
    factor = 3 if scale < 1 else 1.7
    assert (two_heads(bounded(metric), scale) <= factor * rival).all()


def test_two_heads_under_adam_need_one():
    """What the test above is about: Adam's sum leaves the weak head where it was."""
    assert two_heads(adam_sum, 1e-8)[1] > 6 * two_heads(adam_sum, 1.0)[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_step_of_the_example_is_bounded(seed):
    script = runpy.run_path(str(ROOT / "examples" / "own_module.py"))
    torch.manual_seed(seed)
    hidden = [p for n in (2, 24, 24) for p in (nn.Linear(n, 24), nn.Tanh())]
    model = nn.Sequential(*hidden, nn.Linear(24, 1))
    optimizer, moves = HRGrad(model.parameters(), lr=2e-2), Moves(model, 2e-2)
    for _ in range(5):
        x = script["sample"]()
        losses = lambda x=x: script["point_losses"](model, x)  # noqa: E731
        optimizer.step(task_gradients(losses, model, script["SIZES"]))
        moves.check()


def copies(tasks, dtype, harmonise, metric="adam", steps=200, rows=8):
    """K copies of one regression, each with sample points of its own: mean loss at the end."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 1)).to(dtype)
    optimizer = HRGrad(model.parameters(), metric=metric, betas=BETAS)
    generator = torch.Generator().manual_seed(1)
    test = torch.rand(500, 2, generator=generator, dtype=F64).to(dtype)

    def losses(x):
        return (model(x)[:, 0] - (3 * x[:, 0]).sin() * x[:, 1]).square()

    ends, sizes = [], [rows] * tasks if harmonise else [rows * tasks]
    for step in range(steps):
        x = torch.rand(rows * tasks, 2, generator=generator, dtype=F64).to(dtype)
        optimizer.step(task_gradients(lambda x=x: losses(x), model, sizes))
        if step >= steps - 40:
            ends.append(float(losses(test).mean().detach()))
    return np.mean(ends)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("tasks", [2, 3, 10, 20, 40])
def test_tasks_that_agree_cost_nothing(tasks, dtype):
    assert copies(tasks, dtype, True) <= 2 * copies(tasks, dtype, False)


def test_a_fan_of_gradients_has_no_wild_weights():
    """Three unit gradients nearly alike, the middle one just outside the fan, and a weak fourth."""
    fan = [[np.cos(a), np.sin(a), 0.0] for a in (-0.05, 0.0, 0.05)]
    fan[1] = [np.sqrt(1 - 1e-8), 0.0, 1e-4]
    rows = torch.tensor([*fan, [1e-2, 0.0, -1e-2]], dtype=F64)
    found = harmonize(rows @ rows.T, 1.0)
    assert float(found.cosine) > 0.69 and (found.weights >= 0).all()


@pytest.mark.parametrize("small", [1e-4, 1e-8, 1e-30])
def test_without_conflict_every_weight_is_one_for_zero_harmony(small):
    gramian = torch.tensor([1.0, small], dtype=F64).diag()
    assert harmonize(gramian, 0.0).weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("small", "weights"), [(1e-2, (0.91, 3.4)), (1e-8, (0.875, 3307))])
def test_with_harmony_a_short_gradient_gains_weight_without_conflict(small, weights):
    found = harmonize(torch.tensor([1.0, small], dtype=F64).diag(), 0.5)
    np.testing.assert_allclose(found.weights.numpy(), weights, rtol=3e-2)
    d = found.weights * torch.tensor([1.0, small], dtype=F64).sqrt()
    assert float(d.min() / d.norm()) >= 0.5 * float(found.cosine) - 1e-12


@pytest.mark.parametrize("steps", range(2, 7))
def test_the_guard_s_last_resort_is_no_longer_than_the_sum(steps):
    """Momentum of many steps one way, current gradients the other."""
    parameter = nn.Parameter(torch.zeros(2, dtype=F64))
    optimizer = HRGrad([parameter], lr=1.0, metric="identity", guard=True)
    rows = torch.tensor([[1.0, 0.2], [1.0, -0.2]], dtype=F64)
    for _ in range(steps - 1):
        optimizer.step(rows)
    before = parameter.detach().clone()
    record = optimizer.step(-rows / 2)
    assert record.guarded and not record.stationary
    moved = parameter.detach() - before
    assert (rows @ moved > 0).all()
    assert float(moved.norm()) <= float(rows.sum(0).norm()) / 2 * (1 + 1e-9)


@pytest.mark.parametrize("metric", ["identity", "adam", "soap"])
def test_without_harmony_the_guard_makes_no_stationary_steps(metric):
    generator = torch.Generator().manual_seed(3)
    parameter = nn.Parameter(torch.zeros(4, 5, dtype=F64))
    optimizer = HRGrad([parameter], metric=metric, harmony=0.0, guard=True)
    guarded = 0
    for step in range(300):
        rows = torch.randn(3, 20, generator=generator, dtype=F64)
        before = parameter.detach().clone()
        record = optimizer.step(rows)
        along = rows @ (parameter.detach() - before).flatten()
        assert not record.stationary
        assert (along <= 1e-12 * rows.norm(dim=1)).all()
        assert (parameter != before).any() or (metric == "soap" and step == 0)
        guarded += record.guarded
    assert guarded > 30


@pytest.mark.parametrize(
    ("metric", "norms"),
    [(m, n) for m in ("identity", "adam", "soap") for n in ((1, 1e-39), (1e10, 1e-30), (1, 1e-42))],
)
def test_extreme_norms_in_float32_leave_finite_parameters(metric, norms):
    rows = torch.tensor([[1.0, 0.0, 0.0, 0.0], [-0.5, 0.75**0.5, 0.0, 0.0]])
    rows = rows * torch.tensor(norms, dtype=F64)[:, None]
    parameter = nn.Parameter(torch.zeros(2, 2))
    optimizer = HRGrad([parameter], metric=metric, betas=BETAS)
    for _ in range(4):
        optimizer.step(rows.float())
        assert parameter.isfinite().all()
    for p in optimizer.state.values():
        assert all(bool(t.isfinite().all()) for t in p.values())


@pytest.mark.parametrize("metric", ["identity", "adam", "soap"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("tasks", [2, 3, 5, 10])
def test_half_precision_steps_like_any_other(tasks, dtype, metric):
    """Moments and products are of higher precision; the same gradients in float32 are the judge."""
    generator = torch.Generator().manual_seed(0)
    ends = []
    for kind in (dtype, torch.float32):
        generator.manual_seed(0)
        parameter = nn.Parameter(torch.zeros(4, 3, dtype=kind))
        optimizer = HRGrad([parameter], metric=metric)
        for _ in range(6):
            rows = (torch.randn(tasks, 12, generator=generator) + 0.5).to(dtype)
            before = parameter.detach().clone()
            record = optimizer.step(rows.to(kind))
            assert not record.stationary and np.isfinite(record.gramian).all()
        assert (parameter != before).any()
        ends.append(parameter.detach().float())
    assert optimizer.state[parameter]["first_moments"].dtype == torch.float32
    torch.testing.assert_close(ends[0], ends[1], rtol=0.05, atol=2e-3)


def test_rank_is_judged_alike_in_both_precisions():
    """Ten gradients in three dimensions, nearly parallel: κ c and the weights agree."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(10, 3, generator=generator, dtype=F64) * 1e-3 + 1.0
    found = []
    for dtype in (F64, torch.float32):
        parameter = nn.Parameter(torch.zeros(3, dtype=dtype))
        found.append(HRGrad([parameter], metric="identity").step(rows.float().to(dtype)))
    np.testing.assert_allclose(found[0].guaranteed, found[1].guaranteed, rtol=1e-9)
    np.testing.assert_allclose(found[0].weights, found[1].weights, rtol=1e-7)


@pytest.mark.parametrize("metric", ["identity", "adam", "soap"])
def test_a_learning_rate_may_be_a_tensor(metric):
    ends = []
    for lr in (1e-2, torch.tensor(1e-2), torch.tensor([1e-2])):
        parameter = nn.Parameter(torch.zeros(3, 2))
        optimizer = HRGrad([parameter], lr=lr, metric=metric)
        for _ in range(3):
            optimizer.step(torch.arange(12.0).view(2, 6))
        ends.append(parameter.detach())
    torch.testing.assert_close(ends[0], ends[1])
    torch.testing.assert_close(ends[0], ends[2])


def test_a_closure_is_called_once_with_gradients_on():
    model, calls = nn.Linear(3, 1), []
    x = torch.randn(6, 3)

    def closure():
        calls.append(torch.is_grad_enabled())
        return task_gradients(lambda: model(x)[:, 0].square(), model, [2, 4])

    twin = copy.deepcopy(model)
    HRGrad(model.parameters()).step(closure)
    HRGrad(twin.parameters()).step(task_gradients(lambda: twin(x)[:, 0].square(), twin, [2, 4]))
    assert calls == [True]
    assert torch.equal(flat(model), flat(twin))


def test_groups_are_those_of_adamw():
    """One task: own learning rates and decoupled weight decay, as torch has them."""

    def groups():
        generator = torch.Generator().manual_seed(0)
        first, second = (nn.Parameter(torch.randn(n, generator=generator)) for n in (4, 3))
        named = [{"params": [first], "lr": 1e-3}, {"params": [second], "weight_decay": 0.3}]
        return named, (first, second)

    (ours, mine), (theirs, others) = groups(), groups()
    hrgrad = HRGrad(ours, lr=2e-2, betas=BETAS)
    adamw = torch.optim.AdamW(theirs, lr=2e-2, betas=BETAS, weight_decay=0.0)
    for _ in range(20):
        row = torch.randn(7)
        hrgrad.step(row[None])
        for p, g in zip(others, row.split([4, 3]), strict=True):
            p.grad = g.clone()
        adamw.step()
    for p, q in zip(mine, others, strict=True):
        torch.testing.assert_close(p, q)


@pytest.mark.parametrize("metric", ["identity", "adam", "soap", "gauss-newton"])
def test_learning_rates_of_groups_are_part_of_the_metric(metric):
    """The guarantee is on the step that is taken, whatever the ratio of the rates."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    named = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 1e-5}]
    optimizer = HRGrad(named, lr=1e-2, metric=metric, harmony=1.0, betas=(0.0, 0.99))
    for step in range(4):
        x = torch.randn(12, 2, dtype=F64)
        y = torch.cat([x[:6, :1].sin(), -x[6:, :1].sin()])
        tasks = task_gradients(lambda x=x, y=y: (model(x) - y)[:, 0].square(), model, [6, 6])
        given = tasks
        if metric == "gauss-newton":
            given = residual_jacobian(lambda x, y: model(x) - y, model, (x, y), [6, 6])
        before = flat(model)
        optimizer.step(given)
        along = tasks.matrix @ (flat(model) - before)
        assert (along < 0).all() or (metric == "soap" and step == 0)


@pytest.mark.parametrize("lr", [1e-2, 0.0])
def test_a_group_that_stays_does_not_lift_the_bound_of_the_others(lr):
    first, other = (nn.Parameter(torch.zeros(n, dtype=F64)) for n in (4, 2))
    optimizer = HRGrad([{"params": [first]}, {"params": [other], "lr": lr}], betas=BETAS)
    shortened = 0
    for step in range(1, 9):
        rows = torch.tensor([[1, 1, 0, 1, 0, 0], [0, 0, 1e-8, 1e-8, 0, 0]], dtype=F64)
        rows[:, 4:] = 1e-12
        rows[1, 3] *= -1 if step % 2 else 1
        rows[1] *= 1e6 if step % 3 == 0 else 1
        before = first.detach().clone()
        shortened += optimizer.step(rows).shortened < 1
        assert (first.detach() - before).abs().max() <= 1.01e-2 * adam_bound(BETAS, step)
    assert shortened > 3 and bool(other.detach().any()) == (lr > 0)


def test_max_norm_shortens_the_direction():
    parameter = nn.Parameter(torch.zeros(3, dtype=F64))
    optimizer = HRGrad([parameter], lr=1.0, metric="identity", max_norm=0.5)
    optimizer.step(torch.tensor([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]], dtype=F64))
    assert float(parameter.detach().norm()) == pytest.approx(0.5)


def test_what_a_task_is_to_keep_may_be_its_own():
    rows = torch.tensor([[1.0, 0.0], [-0.5, 0.75**0.5]], dtype=F64) * torch.tensor([[1.0], [9.0]])
    cosines = []
    for harmony in ((1.0, 0.0), (0.0, 1.0)):
        parameter = nn.Parameter(torch.zeros(2, dtype=F64))
        record = HRGrad([parameter], metric="identity", harmony=harmony).step(rows)
        assert (record.cosine_gradients >= record.guaranteed - 1e-12).all()
        cosines.append(record.cosine_gradients)
    assert cosines[0][0] > cosines[1][0] + 0.1


def regimes(scales, **options):
    """Largest relative error over five regimes that share one network, by Gauss–Newton."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 1)).double()
    optimizer = HRGrad(model.parameters(), metric="gauss-newton", **options)
    roots = torch.tensor(scales, dtype=F64).sqrt().repeat_interleave(8)[:, None]
    regime = torch.linspace(0, 1, 5, dtype=F64)
    generator = torch.Generator().manual_seed(0)

    def misfit(x, root):
        return root * (model(x) - (3 * x[:, :1] + x[:, 1:]).sin())

    for step in range(120):
        optimizer.param_groups[0]["lr"] = 0.5 * min(1.0, (step + 1) / 10)
        x = torch.rand(40, 1, generator=generator, dtype=F64)
        points = (torch.cat([x, regime.repeat_interleave(8)[:, None]], 1), roots)
        optimizer.step(residual_jacobian(misfit, model, points, [8] * 5))
    x = torch.cartesian_prod(regime, torch.linspace(0, 1, 50, dtype=F64)).flip(1)
    return float(misfit(x, 1.0).detach().view(5, 50).norm(dim=1).max() / 50**0.5)


SCALES = [1.0] * 5, [1e2, 1.0, 1e-2, 10.0, 1e-1]


def test_gauss_newton_is_not_ruined_by_scales_nobody_knows():
    plain, scaled = (regimes(s) for s in SCALES)
    assert plain < 5e-4 and scaled < 5 * plain


@pytest.mark.parametrize("harmony", [0.5, 1.0, [0.0, 0.0, 0.5, 0.0, 0.0]])
def test_gauss_newton_refuses_to_harmonise_losses_of_other_scales(harmony):
    with pytest.raises(StepRefused, match=r"from 0\.011 to 1\.1e\+02; .* Take harmony=0"):
        regimes(SCALES[1], harmony=harmony)
    assert regimes(SCALES[0], harmony=0.5) < 5e-4


def test_parameters_may_come_in_another_order():
    """Their gradients are put into it; those of other parameters are refused."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    twin, x = copy.deepcopy(model), torch.randn(10, 3)
    one, other = HRGrad(model.parameters()), HRGrad([*twin.parameters()][::-1])
    for net, optimizer in ((model, one), (twin, other)):
        for _ in range(5):
            losses = lambda net=net: (net(x)[:, 0] - x[:, 0]).square()  # noqa: E731
            optimizer.step(task_gradients(losses, net, [4, 6]))
    torch.testing.assert_close(flat(model), flat(twin))
    before = flat(model)
    with pytest.raises(ValueError, match="gradients of other parameters than"):
        one.step(task_gradients(lambda: twin(x)[:, 0].square(), twin, [4, 6]))
    assert torch.equal(before, flat(model))


@pytest.mark.parametrize("metric", ["identity", "adam", "soap", "gauss-newton"])
def test_an_absent_task_is_left_out_and_its_moment_waits(metric):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    optimizer = HRGrad(model.parameters(), metric=metric)

    def step(sizes):
        x = torch.randn(sum(sizes), 2, dtype=F64)
        if metric == "gauss-newton":
            return optimizer.step(
                residual_jacobian(lambda x: model(x) - x[:, :1], model, (x,), sizes)
            )
        return optimizer.step(
            task_gradients(lambda: (model(x) - x[:, :1])[:, 0].square(), model, sizes)
        )

    for _ in range(3):
        step([4, 4, 4])
    waiting = [optimizer.state[p]["first_moments"][1].clone() for p in model.parameters()]
    record = step([6, 0, 6])
    assert record.weights[1] == 0 and (record.weights[[0, 2]] > 0).all()
    assert np.isnan(record.losses[1]) and not record.stationary
    for p, kept in zip(model.parameters(), waiting, strict=True):
        assert torch.equal(optimizer.state[p]["first_moments"][1], kept)
    assert step([4, 4, 4]).weights[1] > 0


@pytest.mark.parametrize("resumed", [False, True])
def test_a_task_that_comes_late_enters_with_all_of_its_gradient(resumed):
    """Its moment is a mean over its own steps, not over the optimizer's."""
    rows = torch.tensor([[1.0, 0.0, 0.5], [0.2, 2.0, 0.0]], dtype=F64)
    there = {False: rows * torch.tensor([[1.0], [0.0]]), True: rows}
    parameter = nn.Parameter(torch.zeros(3, dtype=F64))
    optimizer = HRGrad([parameter], lr=0.1, metric="identity")
    for late in [False] * 20 + [True]:
        if late and resumed:
            stored = copy.deepcopy(optimizer.state_dict())
            optimizer = HRGrad([parameter], lr=0.1, metric="identity")
            optimizer.load_state_dict(stored)
        before = parameter.detach().clone()
        found = TaskGradients(torch.ones(2, dtype=F64), there[late], present=(True, late))
        record = optimizer.step(found)
    moved = before - parameter.detach()
    torch.testing.assert_close(moved, 0.1 * torch.from_numpy(record.weights) @ rows)
    assert optimizer.param_groups[0]["seen"] == [21, 1]


@pytest.mark.parametrize(("metric", "first"), [("identity", 1), ("adam", 1), ("soap", 0)])
def test_steps_that_only_measure_count_for_no_moment(metric, first):
    parameter = nn.Parameter(torch.zeros(2, 3, dtype=F64))
    optimizer = HRGrad([parameter], metric=metric)
    for count in range(3):
        optimizer.step(torch.randn(2, 6, dtype=F64))
        assert optimizer.param_groups[0]["seen"] == [count + first] * 2
