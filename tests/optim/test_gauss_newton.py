"""HRGrad in the Gauss–Newton metric: the Jacobian, the damped solves, SPRING, the guard."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, ResidualJacobian, jacobian_bytes, residual_jacobian, task_gradients
from hrgradlib.optim import METRICS, Given, MetricState, Weights

F64 = torch.float64


def network(seed=0, dtype=F64):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 3)).to(dtype)


def data(points, seed=0, dtype=F64):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(points, 2, generator=generator, dtype=dtype),
        torch.randn(points, 3, generator=generator, dtype=dtype),
    )


def misfit(model):
    return lambda x, y: model(x) - y


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def multiple(shift, problem):
    """The damping that makes ``λ = shift``."""
    return shift / float(problem.residuals.square().sum())


def gauss_newton(moments, problem, momentum, damping):
    """What the metric offers from these moments, which then are the new ones."""
    state = MetricState([moments[0].shape], {"first_moments": moments})
    given = Given(
        len(moments), problem.matrix, None, residuals=problem.residuals, sizes=problem.sizes
    )
    found = METRICS["gauss-newton"].offer(
        state,
        given,
        1,
        np.ones(given.tasks),
        {"betas": (momentum, 0.99), "damping": damping, "lr": 0.1, "harmony": 0.0},
    )
    before = moments.clone()
    ones = Weights(torch.ones(len(moments)).numpy())
    found.combine(ones)
    assert torch.equal(moments, before)  # an offer moves nothing
    found.commit(ones)
    return found


def random_problem(rows, n, sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    assert sum(sizes) == rows
    return ResidualJacobian(
        torch.randn(rows, generator=generator, dtype=F64),
        torch.randn(rows, n, generator=generator, dtype=F64),
        tuple(sizes),
    )


@pytest.mark.parametrize("sizes", [[7], [3, 4], [1, 1, 5]])
@pytest.mark.parametrize("chunk", [1, 6, 4096])
def test_rows_are_the_gradients_of_the_residuals(sizes, chunk):
    model, points = network(), data(7)
    found = residual_jacobian(misfit(model), model, points, sizes, chunk=chunk)
    exact = torch.func.jacrev(
        lambda values: torch.func.functional_call(model, values, points[0]) - points[1]
    )(dict(model.named_parameters()))
    rows = torch.cat([exact[name].flatten(2) for name, _ in model.named_parameters()], 2)
    scale = torch.cat([torch.full((s,), s**-0.5, dtype=F64) for s in sizes])
    torch.testing.assert_close(found.matrix, (rows * scale[:, None, None]).flatten(0, 1).detach())
    assert found.sizes == tuple(3 * s for s in sizes)


def test_losses_and_gradients_are_those_of_the_task_gradients():
    model, (x, y) = network(), data(10)
    sizes = [4, 6]
    jacobian = residual_jacobian(misfit(model), model, (x, y), sizes)
    tasks = task_gradients(lambda: (model(x) - y).square().sum(1), model, sizes)
    torch.testing.assert_close(jacobian.losses, tasks.losses)
    rows = [
        2 * m.T @ r
        for m, r in zip(
            jacobian.matrix.split(jacobian.sizes),
            jacobian.residuals.split(jacobian.sizes),
            strict=True,
        )
    ]
    torch.testing.assert_close(torch.stack(rows), tasks.matrix)


@pytest.mark.parametrize(("rows", "n"), [(8, 20), (20, 8), (8, 8)])
def test_steps_solve_the_regularised_least_squares_problem(rows, n):
    """Both kernels, sample space and parameter space, against stacked least squares."""
    problem = random_problem(rows, n, [3, rows - 3])
    damping, momentum = 1e-2, 0.7
    before = torch.randn(2, n, dtype=F64)
    moments = before.clone()
    gauss_newton(moments, problem, momentum, multiple(damping, problem))
    for task, part in enumerate([slice(0, 3), slice(3, rows)]):
        wanted = torch.zeros(rows, dtype=F64)
        wanted[part] = problem.residuals[part]
        stacked = torch.cat([problem.matrix, damping**0.5 * torch.eye(n, dtype=F64)])
        right = torch.cat([wanted, damping**0.5 * momentum * before[task]])
        exact = torch.linalg.lstsq(stacked, right).solution
        torch.testing.assert_close(moments[task], exact, rtol=1e-9, atol=1e-11)


def test_products_are_the_gramian_in_the_metric():
    problem = random_problem(9, 30, [4, 5])
    moments = torch.randn(2, 30, dtype=F64)
    found = gauss_newton(moments, problem, 0.5, multiple(0.3, problem))
    steps = torch.stack([found.combine(Weights(row[:2], row[2:])).direction for row in np.eye(4)])
    inverse = problem.matrix.T @ problem.matrix + 0.3 * torch.eye(30, dtype=F64)
    torch.testing.assert_close(torch.from_numpy(found.joint().products), steps @ inverse @ steps.T)
    gradients = torch.stack(
        [
            m.T @ r
            for m, r in zip(
                problem.matrix.split((4, 5)), problem.residuals.split((4, 5)), strict=True
            )
        ]
    )
    torch.testing.assert_close(torch.from_numpy(found.joint().descent), gradients @ steps.T)
    torch.testing.assert_close(torch.from_numpy(found.joint().products[2:]), gradients @ steps.T)


def test_without_conflict_it_is_spring():
    """κ = 0 and independent residuals: the damped tasks are nearly orthogonal, no rotation."""
    model, points = network(), data(4)
    optimizer = HRGrad(model.parameters(), metric="gauss-newton", lr=0.3, damping=1e-4, harmony=0)
    mirror, velocity = network(), torch.zeros_like(flat(model))
    for _ in range(5):
        one = residual_jacobian(misfit(mirror), mirror, points, [4])
        # Two tasks of two points: every row weighs 2^-1/2, where one task of four gives 4^-1/2.
        matrix, residuals = 2**0.5 * one.matrix, 2**0.5 * one.residuals
        shift = 1e-4 * residuals @ residuals
        kernel = matrix @ matrix.T + shift * torch.eye(12, dtype=F64)
        right = residuals - 0.8 * matrix @ velocity
        velocity = 0.8 * velocity + matrix.T @ torch.linalg.solve(kernel, right)
        nn.utils.vector_to_parameters(flat(mirror) - 0.3 * velocity, mirror.parameters())
        record = optimizer.step(residual_jacobian(misfit(model), model, points, [2, 2]))
        assert record.cosine_gradients.min() > 0
    torch.testing.assert_close(flat(model), flat(mirror), rtol=1e-7, atol=1e-7)


def test_undamped_tasks_are_orthogonal():
    """With J Jᵀ regular and λ → 0 every pair of tasks is orthogonal: no conflict is left."""
    problem = random_problem(12, 40, [4, 4, 4])
    found = gauss_newton(torch.zeros(3, 40, dtype=F64), problem, 0.0, 0.0)
    norms = found.moments.diagonal() ** 0.5
    cosines = found.moments / norms[:, None] / norms
    assert abs(cosines - torch.eye(3).numpy()).max() < 1e-9


def test_one_full_step_solves_a_linear_problem():
    torch.manual_seed(0)
    model = nn.Linear(2, 3).to(F64)
    x, _ = data(9)
    y = x @ torch.randn(2, 3, dtype=F64) + 1
    optimizer = HRGrad(model.parameters(), metric="gauss-newton", lr=1.0, damping=0)
    optimizer.step(residual_jacobian(misfit(model), model, (x, y), [9]))
    assert (model(x) - y).abs().max() < 1e-8


@pytest.mark.parametrize("harmony", [0.0, 0.5])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_guard_descends_on_every_task(momentum, harmony):
    """More residuals than parameters, heavy damping, fresh points: conflict every few steps.

    With κ = 0, the default, a task may be left where it is: zero up to rounding.
    """
    model = network()
    optimizer = HRGrad(
        model.parameters(),
        metric="gauss-newton",
        lr=0.1,
        damping=1.0,
        betas=(momentum, 0.99),
        harmony=harmony,
        guard=True,
    )
    guarded = 0
    for step in range(60):
        jacobian = residual_jacobian(misfit(model), model, data(20, step), [5] * 4)
        before = flat(model)
        record = optimizer.step(jacobian)
        products = [
            m.T @ r
            for m, r in zip(
                jacobian.matrix.split(jacobian.sizes),
                jacobian.residuals.split(jacobian.sizes),
                strict=True,
            )
        ]
        rows, moved = torch.stack(products), flat(model) - before
        along = rows @ moved
        still = 0.0 if harmony else 1e-14 * float(rows.norm(dim=1).max() * moved.norm())
        assert record.stationary or (along < still).all()
        guarded += record.guarded
    assert guarded > 0 or momentum == 0


def test_state_survives_a_round_trip():
    def start():
        model = network()
        return model, HRGrad(model.parameters(), metric="gauss-newton", damping=1e-3)

    def step(model, optimizer, seed):
        optimizer.step(residual_jacobian(misfit(model), model, data(8, seed), [4, 4]))

    (model, optimizer), (other, resumed) = start(), start()
    for seed in range(3):
        step(model, optimizer, seed)
    other.load_state_dict(model.state_dict())
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for seed in range(3, 6):
        step(model, optimizer, seed)
        step(other, resumed, seed)
    assert torch.equal(flat(model), flat(other))


def test_memory_is_stated_and_refused_beforehand():
    model, points = network(), data(50)
    n = flat(model).numel()
    assert jacobian_bytes(150, n, F64) == 8 * (150 * n + 2 * n**2)
    calls = []

    def counted(x, y):
        calls.append(len(x))
        return model(x) - y

    with pytest.raises(MemoryError, match=r"150 residuals by 39 parameters.*fewer points"):
        residual_jacobian(counted, model, points, [25, 25], memory_limit=8 * 150 * n)
    assert calls == [1]
    residual_jacobian(counted, model, points, [25, 25], memory_limit=8 * (150 * n + 2 * n**2))


def test_bad_input():
    model, (x, y) = network(), data(6)
    with pytest.raises(ValueError, match="sizes that sum to 5"):
        residual_jacobian(misfit(model), model, (x, y), [5])
    with pytest.raises(ValueError, match=r"shape \(1,\); expected \(1, C\)"):
        residual_jacobian(lambda x, y: model(x)[:, 0], model, (x, y), [6])
    optimizer = HRGrad(model.parameters(), metric="gauss-newton")
    with pytest.raises(ValueError, match=r"steps on the result of residual_jacobian"):
        optimizer.step(torch.zeros(2, flat(model).numel(), dtype=F64))
    with pytest.raises(ValueError, match=r"steps on the result of task_gradients"):
        HRGrad(model.parameters()).step(residual_jacobian(misfit(model), model, (x, y), [3, 3]))
    with pytest.raises(ValueError, match="found metric = 'newton'"):
        HRGrad(model.parameters(), metric="newton")
    with pytest.raises(ValueError, match="found damping = -1"):
        HRGrad(model.parameters(), metric="gauss-newton", damping=-1)


@pytest.mark.parametrize("where", ["residuals", "matrix"])
def test_not_finite_names_the_task_and_changes_nothing(where):
    model = network()
    optimizer = HRGrad(model.parameters(), metric="gauss-newton")
    jacobian = residual_jacobian(misfit(model), model, data(6), [3, 3])
    optimizer.step(jacobian)
    before, state = flat(model), optimizer.state_dict()["state"][0]["first_moments"].clone()
    getattr(jacobian, where)[10] = float("nan")
    with pytest.raises(ValueError, match=r"task\(s\) \[1\]; nothing was updated"):
        optimizer.step(jacobian)
    assert torch.equal(before, flat(model))
    assert torch.equal(state, optimizer.state_dict()["state"][0]["first_moments"])


@pytest.mark.parametrize(("rows", "n"), [(12, 30), (30, 12)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-2), (F64, 1e-6)])
def test_dependent_residuals_need_no_damping(dtype, tolerance, rows, n):
    """Every row occurs twice: J Jᵀ is singular; only rounding is damped, and that suffices."""
    half = random_problem(rows // 2, n, [rows // 2])
    problem = ResidualJacobian(
        half.residuals.repeat(2).to(dtype), half.matrix.repeat(2, 1).to(dtype), (rows,)
    )
    moments = torch.zeros(1, n, dtype=dtype)
    gauss_newton(moments, problem, 0.0, 0.0)
    exact = torch.linalg.pinv(half.matrix) @ half.residuals
    assert (moments[0].double() - exact).norm() < tolerance * exact.norm()
