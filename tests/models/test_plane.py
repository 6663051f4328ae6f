"""The network in the plane: tangents are derivatives, and its promises hold exactly."""

import numpy as np
import pytest
import torch
from reverse_mode import derivatives

from hrgradlib.experiments.cases.plane import residuals
from hrgradlib.experiments.places import evaluate_in_plane
from hrgradlib.kinetics.plane import PlaneTransport
from hrgradlib.models.plane import PlaneModel, PlaneObservables

F64 = torch.float64
EPS = [1.0, 0.3, 0.03, 0.01, 1e-4, 1e-6]


@pytest.fixture
def model():
    return PlaneModel(PlaneTransport(), width=16, depth=3, modes=3, code=4).to(F64)


def points(eps, count=40):
    """Half of the times inside the initial layer."""
    t = torch.rand(count, dtype=F64) * 0.1
    t[::2] = (torch.rand(count // 2, dtype=F64) * 3 * eps**2).clamp(max=0.1)
    return t, torch.rand(count, 2, dtype=F64), torch.full((count,), eps, dtype=F64)


@pytest.mark.parametrize("eps", EPS)
def test_fields_are_the_derivatives_of_the_solution(eps, model):
    t, x, e = points(eps)
    t.requires_grad_()
    x.requires_grad_()
    density, pairs = model(t, x, e)
    fields = model.fields(t, x, e)
    pairs_t = derivatives(pairs, t).unflatten(1, (3, 2))
    pairs_x = derivatives(pairs, x).movedim(2, 1).unflatten(2, (3, 2))
    for found, expected in (
        (fields.density_t, derivatives(density, t)[:, 0]),
        (fields.density_x, derivatives(density, x)[:, 0]),
        (fields.micro_x, pairs_x),
        (fields.relaxation, e[:, None, None] ** 2 * pairs_t + pairs),
    ):
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_initial_data_hold_exactly(eps, dtype, model):
    model = model.to(dtype)
    x = torch.rand(50, 2, dtype=dtype)
    zero, e = torch.zeros(50, dtype=dtype), torch.full((50,), eps, dtype=dtype)
    density, pairs = model(zero, x, e)
    assert torch.equal(density, model.problem.initial_density(x)[0])
    assert (pairs == 0).all()
    later, moved = model(zero + 0.05, x, e)
    assert not torch.equal(later, density) and (moved != 0).any()


@pytest.mark.parametrize("eps", EPS)
def test_periodic_in_both_coordinates(eps, model):
    t, x, e = points(eps)
    for shift in ([1, 0], [0, 1], [-2, 3]):
        moved = model(t, x + torch.tensor(shift), e)
        for one, other in zip(model(t, x, e), moved, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("eps", EPS)
def test_residuals_lose_no_digits_in_single_precision(eps, model):
    """At ε = 1e-6 a term ``ε^{-2}`` would be 1e12: in float32 nothing would be left of it."""
    t, x, e = (p.float() for p in points(eps))
    exact = residuals(model, t.double(), x.double(), e.double())
    found = residuals(model.float(), t, x, e)
    assert found.dtype == torch.float32 and found.isfinite().all()
    assert (found - exact).abs().max() < 3e-5 * exact.abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_finite_and_moderate_in_every_corner(dtype, model):
    model = model.to(dtype)
    times = torch.tensor([0.0, 1e-13, 1e-8, 1e-4, 0.115])
    t, x, y, eps = torch.cartesian_prod(
        times, torch.tensor([0.0, 0.4]), torch.tensor([0.0, 0.7]), torch.tensor(EPS)
    ).to(dtype).unbind(1)  # fmt: skip
    found = residuals(model, t, torch.stack([x, y], 1), eps)
    assert found.isfinite().all() and found.abs().max() < 300


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-6])
def test_moments_are_those_of_the_distribution(eps, model):
    observed = PlaneObservables(model)
    angle = 2 * np.pi * np.arange(32) / 32
    x = np.broadcast_to([0.3, 0.8], (32, 2))
    t, e = np.full(32, 0.05), np.full(32, eps)
    density, pairs = evaluate_in_plane(model, t, x, e)
    f = observed.distribution(density, pairs, t, x, angle, e)
    wanted = [f.mean(), (np.cos(angle) * f).mean(), (np.sin(angle) * f).mean(), 0.5 * f.mean()]
    found = observed.moments(density, pairs, t, x, e)
    assert found.shape == (32, 4) and np.abs(wanted[1:3]).min() > 1e-9
    np.testing.assert_allclose(found[0], wanted, rtol=1e-9, atol=1e-14)


def test_places_of_one_coordinate_are_refused(model):
    t, x, e = points(0.1)
    for function in (model, model.fields):
        for wrong in (x[:, 0], x[:, :1], x.T):
            with pytest.raises(ValueError, match=r"found x of shape .*; expected \(N, 2\)"):
                function(t, wrong, e)
