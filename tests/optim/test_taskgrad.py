"""Task gradients from one backward pass equal K separate backward passes."""

import pytest
import torch
from torch import nn

from hrgradlib import task_gradients
from hrgradlib.experiments.cases.periodic import point_losses
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models import PeriodicModel, StreamMLP
from hrgradlib.optim import naive_task_gradients, segment_means

SIZES = [[4, 4, 4], [1, 7, 2, 5], [6]]
DTYPES = [(torch.float32, 1e-6), (torch.float64, 1e-12)]


def check(losses, model, sizes, tolerance):
    """Compare, relative to the largest entry of every task's gradient."""
    expected_losses, expected, *_ = naive_task_gradients(losses, model, sizes)
    found = task_gradients(losses, model, sizes)
    scale = expected.abs().amax(1, keepdim=True).clamp_min(1e-30)
    assert expected.abs().max() > 0
    assert ((found.matrix - expected) / scale).abs().max() <= tolerance
    torch.testing.assert_close(found.losses, expected_losses, rtol=4 * tolerance, atol=0)
    assert found.matrix.dtype == expected.dtype
    return found


def mlp(dtype, inputs=3, outputs=2, bias=True):
    return nn.Sequential(
        nn.Linear(inputs, 16, bias=bias),
        nn.Tanh(),
        nn.Linear(16, 16, bias=bias),
        nn.GELU(),
        nn.Linear(16, outputs, bias=bias),
    ).to(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("bias", [True, False])
def test_perceptron(sizes, bias, dtype, tolerance, device):
    model = mlp(dtype, bias=bias).to(device)
    x = torch.randn(sum(sizes), 3, dtype=dtype, device=device)
    check(lambda: model(x).square().sum(1), model, sizes, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
def test_extra_dimensions(sizes, dtype, tolerance):
    """Streams [N, S, features], and more."""
    model = mlp(dtype)
    x = torch.randn(sum(sizes), 4, 5, 3, dtype=dtype)
    check(lambda: model(x).square().sum((1, 2, 3)), model, sizes, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
def test_tangent_streams(sizes, dtype, tolerance):
    model = StreamMLP([3, 8, 8, 2]).to(dtype)
    x = torch.randn(sum(sizes), 3, dtype=dtype)
    tangents = torch.randn(sum(sizes), 2, 3, dtype=dtype)

    def losses():
        value, moved = model(x, tangents)
        return value.square().sum(1) + (moved[:, 0] - 2 * moved[:, 1]).square().sum(1)

    check(losses, model, sizes, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_layer_used_several_times(dtype, tolerance):
    layer = nn.Linear(4, 4).to(dtype)
    x = torch.randn(8, 4, dtype=dtype)
    check(
        lambda: layer(torch.tanh(layer(torch.tanh(layer(x))))).square().sum(1),
        layer,
        [3, 5],
        tolerance,
    )


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_tied_weights(dtype, tolerance):
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)).to(dtype)
    model[2].weight = model[0].weight
    x = torch.randn(8, 4, dtype=dtype)
    found = check(lambda: model(x).square().sum(1), model, [3, 5], tolerance)
    assert found.matrix.shape == (2, 16 + 4 + 4)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("bias", [True, False])
def test_reverse_mode_derivatives_by_inputs(sizes, bias):
    """As a PINN takes them: u_t and u_xx by nested reverse mode, here in float64."""
    model = mlp(torch.float64, inputs=2, outputs=1, bias=bias)
    t = torch.rand(sum(sizes), 1, dtype=torch.float64, requires_grad=True)
    x = torch.rand(sum(sizes), 1, dtype=torch.float64, requires_grad=True)

    def losses():
        u = model(torch.cat([t, x], 1))
        u_t, u_x = torch.autograd.grad(u.sum(), (t, x), create_graph=True)
        (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
        return (u_t + u * u_x - 0.1 * u_xx).square()[:, 0]

    check(losses, model, sizes, 1e-12)


def test_third_derivatives_and_streams_together():
    model = mlp(torch.float64, inputs=1, outputs=1)
    x = torch.rand(6, 1, dtype=torch.float64, requires_grad=True)

    def losses():
        u = model(x)
        for _ in range(3):
            (u,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        return (u - model(2 * x)).square()[:, 0]

    check(losses, model, [2, 4], 1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("tasks", [1, 3])
def test_the_transport_model(tasks, dtype, tolerance):
    """The float32 residuals differ by the rounding of sin 2πx and e^{-t/ε²} already."""
    problem = PeriodicTransport()
    model = PeriodicModel(problem, 12, 2, 4).to(dtype)
    points = sample_points(problem.eps_range, 0.1, tasks, 10, torch.Generator().manual_seed(1))
    points = [p.to(dtype) for p in points]
    check(lambda: point_losses(model, *points), model, [10] * tasks, tolerance)


@pytest.mark.parametrize("frozen", ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight"])
def test_frozen_parameters_have_no_column(frozen):
    model = mlp(torch.float64)
    model.get_parameter(frozen).requires_grad_(False)
    x = torch.randn(7, 3, dtype=torch.float64)
    found = check(lambda: model(x).square().sum(1), model, [2, 5], 1e-12)
    assert found.matrix.shape[1] == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert model.get_parameter(frozen).grad is None


def test_unused_parameter_has_a_zero_gradient():
    model = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])
    x = torch.randn(4, 2)
    found = task_gradients(lambda: model[0](x)[:, 0].square(), model, [2, 2])
    assert (found.by_parameter(model)[2] == 0).all()


def test_by_parameter_has_the_shapes_of_the_model():
    model = mlp(torch.float64)
    x = torch.randn(7, 3, dtype=torch.float64)
    found = task_gradients(lambda: model(x).square().sum(1), model, [2, 5])
    blocks = found.by_parameter(model)
    for block, parameter in zip(blocks, model.parameters(), strict=True):
        assert block.shape == (2, *parameter.shape)
    assert torch.equal(torch.cat([b.flatten(1) for b in blocks], 1), found.matrix)


def test_sum_of_task_gradients_is_the_plain_gradient():
    model = mlp(torch.float64)
    x = torch.randn(9, 3, dtype=torch.float64)
    found = task_gradients(lambda: model(x).square().sum(1), model, [4, 5])
    segment_means(model(x).square().sum(1), [4, 5]).sum().backward()
    plain = torch.cat([p.grad.flatten() for p in model.parameters()])
    torch.testing.assert_close(found.matrix.sum(0), plain, rtol=1e-12, atol=1e-14)


def test_model_and_existing_gradients_are_left_alone():
    model = mlp(torch.float32)
    x = torch.randn(6, 3)
    parameters = list(model.parameters())
    marks = [torch.full_like(p, 3.0) for p in parameters[:-1]]
    for p, mark in zip(parameters, marks, strict=False):
        p.grad = mark
    before = [p.detach().clone() for p in parameters]
    task_gradients(lambda: model(x).square().sum(1), model, [3, 3])
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(parameters, before, strict=True))
    assert all(p.grad is m and (m == 3).all() for p, m in zip(parameters, marks, strict=False))
    assert parameters[-1].grad is None


@pytest.mark.parametrize("sizes", [[3, 5], [5, 3], [2, 1, 5]])
def test_a_broken_point_spoils_its_own_task_only(sizes):
    """Padding of unequal tasks repeats the first point; its NaN must not travel."""
    model = mlp(torch.float64)
    x = torch.randn(8, 3, dtype=torch.float64)
    x[0, 0] = torch.nan
    found = task_gradients(lambda: model(x).square().sum(1), model, sizes)
    assert found.losses.isfinite().tolist() == [False] + [True] * (len(sizes) - 1)
    assert found.matrix.isfinite().all(1).tolist() == [False] + [True] * (len(sizes) - 1)


@pytest.mark.parametrize("sizes", SIZES)
def test_segment_means(sizes):
    values = torch.randn(sum(sizes), dtype=torch.float64, requires_grad=True)
    expected = torch.stack([part.mean() for part in values.split(sizes)])
    found = segment_means(values, sizes)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=1e-15)
    weights = torch.randn(len(sizes), dtype=torch.float64)
    grads = [torch.autograd.grad(means @ weights, values)[0] for means in (found, expected)]
    torch.testing.assert_close(*grads)
