"""Convection–diffusion: residuals against finite differences, exact boundary values, the layer."""

import numpy as np
import pytest
import torch
from differences import difference, output

from hrgradlib.experiments.cases.convection_diffusion import (
    ConvectionDiffusionCase,
    judged_places,
    residuals,
)
from hrgradlib.kinetics.convection_diffusion import ConvectionDiffusion, ConvectionFields, residual
from hrgradlib.models.convection_diffusion import (
    ConvectionDiffusionModel,
    ConvectionObservables,
    PlainConvectionModel,
)
from hrgradlib.reference.convection_diffusion import ConvectionDiffusionReference

F64 = torch.float64
PROBLEM = ConvectionDiffusion()
EPS = [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4]


@pytest.fixture(params=[ConvectionDiffusionModel, PlainConvectionModel])
def model(request):
    return request.param(PROBLEM, width=16, depth=3).to(F64)


def points(eps, count=40):
    """Half of the places inside the layer, none nearer to the boundary than differences reach."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0.1, 0.9, count)
    x[::2] = 1 - np.minimum(generator.uniform(0.2, 3, count // 2) * eps, 0.9)
    return np.zeros(count), x, np.full(count, eps)


def by_differences(value, flux, t, x, eps):
    """Both residuals [N, 2] of functions (t, x, ε) → [N]."""
    at = (t, x, eps)
    source = sum(a * np.cos(np.pi * k * x) for k, a in PROBLEM.source)
    slope, spread = difference(value, at, 1, 0.02 * eps), difference(flux, at, 1, 1e-2)
    return np.stack([spread - source, value(*at) - eps * slope - flux(*at)], 1)


@pytest.mark.parametrize("eps", EPS)
def test_residuals_are_those_of_the_equations(eps, model):
    at = points(eps)
    found = residuals(model, *map(torch.from_numpy, at)).detach().numpy()
    np.testing.assert_allclose(
        found, by_differences(output(model, 0), output(model, 1), *at), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("eps", EPS)
def test_the_exact_solution_has_none_in_either_form(eps):
    reference = ConvectionDiffusionReference(dict(PROBLEM.source))
    t, x, e = points(eps)

    def value(_, x, eps):
        return reference.density(x, eps)

    mixed = by_differences(value, lambda _, x, eps: reference.flux(x, eps), t, x, e)
    assert np.abs(mixed).max() < 1e-6
    slope = difference(value, (t, x, e), 1, 0.02 * e)
    bend = difference(lambda *at: difference(value, at, 1, 0.02 * e), (t, x, e), 1, 0.02 * e)
    source = sum(a * np.cos(np.pi * k * x) for k, a in PROBLEM.source)
    assert np.abs(e * (-e * bend + slope - source)).max() < 1e-6  # times ε: O(1) in the layer


def test_every_term_has_its_sign():
    fields = ConvectionFields(*(torch.tensor([f], dtype=F64) for f in (2.0, 3.0, 5.0, 7.0)))
    assert residual(fields, torch.tensor([11.0], dtype=F64)).tolist() == [[-4.0, -6.0]]


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_boundary_values_hold_exactly(eps, dtype, model):
    model = model.to(dtype)
    ends, e = torch.tensor([0.0, 1.0], dtype=dtype), torch.full((2,), eps, dtype=dtype)
    assert (model(torch.zeros_like(ends), ends, e)[0] == 0).all()
    inside = model(torch.zeros_like(ends), ends * 0 + 0.4, e)[0]
    assert (inside != 0).all()


@pytest.mark.parametrize("eps", EPS)
def test_residuals_lose_no_digits_in_single_precision(eps, model):
    t, x, e = (torch.from_numpy(p).float() for p in points(eps))
    exact = residuals(model, t.double(), x.double(), e.double())
    found = residuals(model.float(), t, x, e)
    assert (found - exact).abs().max() < 1e-4 * exact.abs().max()


def test_only_the_layer_aware_network_sees_the_layer():
    """Within a width ε of the wall a plain network of ordinary size has but a straight line."""
    x = 1 - 1e-4 * torch.tensor([0.5, 1.0, 1.5], dtype=F64)
    t, e = torch.zeros(3, dtype=F64), torch.full((3,), 1e-4, dtype=F64)
    bends = [
        kind(PROBLEM, 16, 3).to(F64)(t, x, e)[0].diff().diff().abs().item()
        for kind in (ConvectionDiffusionModel, PlainConvectionModel)
    ]
    assert bends[1] < 1e-6 * bends[0]


def test_the_norm_sees_the_layer():
    """Half of the judged places lie in it at every ε, and both halves are quadratures."""
    for eps in EPS:
        x = judged_places(eps)
        assert x.shape == (64,) and (x > 0).all() and (x < 1).all()
        assert np.median(1 - x[32:]) < eps
        assert (x == x.astype(np.float32)).all()
    lines = ConvectionDiffusionCase().trivial_errors((1e-4,))
    assert lines["reduced equation"].item() > 0.3  # in L2(0, 1) it would be 0.01


def test_moments_and_what_stands_for_a_distribution():
    density, flux = np.array([1.0, 2.0]), np.array([[0.3], [-1.0]])
    observed = ConvectionObservables()
    assert observed.moments(density, flux, 0, 0, 0).tolist() == [[1.0, 0.3, 0.5], [2.0, -1.0, 1.0]]
    assert observed.distribution(density, flux, 0, 0, np.zeros(2), 0).tolist() == [1.0, 2.0]
