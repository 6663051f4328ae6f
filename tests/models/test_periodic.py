"""The network: tangents are derivatives, and what it promises by construction holds exactly."""

import pytest
import torch
from reverse_mode import derivatives

from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.models import PeriodicModel, StreamMLP

F64 = torch.float64
EPS = [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4]


@pytest.fixture
def model():
    return PeriodicModel(PeriodicTransport(), width=16, depth=3, modes=5, code=4).to(F64)


def points(eps, count=40):
    """Half of the times inside the initial layer."""
    t = torch.rand(count, dtype=F64) * 0.1
    t[::2] = (torch.rand(count // 2, dtype=F64) * 3 * eps**2).clamp(max=0.1)
    return t, torch.rand(count, dtype=F64), torch.full((count,), eps, dtype=F64)


@pytest.mark.parametrize("eps", EPS)
def test_fields_are_the_derivatives_of_the_solution(eps, model):
    t, x, e = points(eps)
    t.requires_grad_()
    x.requires_grad_()
    density, b = model(t, x, e)
    fields = model.fields(t, x, e)
    b_t = derivatives(b, t)
    for found, expected in (
        (fields.density_t, derivatives(density, t)[:, 0]),
        (fields.density_x, derivatives(density, x)[:, 0]),
        (fields.micro_x, derivatives(b, x)),
        (fields.relaxation, e[:, None] ** 2 * b_t + b),
    ):
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_initial_data_hold_exactly(eps, dtype, model):
    model = model.to(dtype)
    x = torch.rand(50, dtype=dtype)
    zero, e = torch.zeros_like(x), torch.full_like(x, eps)
    density, b = model(zero, x, e)
    assert torch.equal(density, model.problem.initial_density(x)[0])
    assert (b == 0).all()
    later, moved = model(zero + 0.05, x, e)
    assert not torch.equal(later, density) and (moved != 0).any()


@pytest.mark.parametrize("eps", EPS)
def test_periodic_in_x(eps, model):
    t, x, e = points(eps)
    for one, other in zip(model(t, x, e), model(t, x + 1, e), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_finite_and_moderate_in_every_corner(dtype, model):
    """The stiffest point is t = 0 at ε = 1e-4, where ∂t of the layer coordinate is 1e8."""
    model = model.to(dtype)
    corners = torch.cartesian_prod(
        torch.tensor([0.0, 1e-8, 1e-4, 0.1]), torch.tensor([0.0, 0.5, 1.0]), torch.tensor(EPS)
    ).to(dtype)
    for field in model.fields(*corners.unbind(1)):
        assert field.isfinite().all()
    # Fields that enter the micro residual stay O(1) wherever they are taken.
    assert model.fields(*corners.unbind(1)).relaxation.abs().max() < 100


def test_epsilon_matters(model):
    t, x, e = points(0.1)
    assert (model(t, x, e)[0] - model(t, x, 0.5 * e)[0]).abs().max() > 1e-4


@pytest.mark.parametrize("sizes", [[3, 2], [3, 8, 2], [3, 8, 8, 8, 1]])
def test_tangents_are_directional_derivatives(sizes):
    model = StreamMLP(sizes).to(F64)
    value, tangents = torch.randn(6, 3, dtype=F64), torch.randn(6, 2, 3, dtype=F64)
    out, moved = model(value, tangents)
    assert torch.equal(out, model(value))
    for stream in range(2):
        _, expected = torch.autograd.functional.jvp(model, value, tangents[:, stream])
        torch.testing.assert_close(moved[:, stream], expected, rtol=1e-12, atol=1e-13)


def by_autograd(model, value, tangents):
    """The same perceptron without a hand-written backward pass."""
    for layer in model.layers[:-1]:
        value, tangents = layer(value), tangents @ layer.weight.T
        value = torch.tanh(value)
        tangents = (1 - value.square())[:, None] * tangents
    return model.layers[-1](value), tangents @ model.layers[-1].weight.T


def test_gradients_through_the_tangents():
    model = StreamMLP([2, 5, 5, 1]).to(F64)
    value = torch.randn(3, 2, dtype=F64, requires_grad=True)
    tangents = torch.randn(3, 2, 2, dtype=F64, requires_grad=True)
    leaves = [value, tangents, *model.parameters()]
    found, expected = (
        torch.autograd.grad(out.sin().sum() + (moved * moved.cos()).sum(), leaves)
        for out, moved in (model(value, tangents), by_autograd(model, value, tangents))
    )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)
