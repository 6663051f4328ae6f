"""Two speeds: residuals against finite differences, and what the network promises holds exactly."""

import numpy as np
import pytest
import torch
from differences import difference, output

from hrgradlib.experiments.cases.goldstein_taylor import residuals
from hrgradlib.kinetics.goldstein_taylor import GoldsteinTaylor, residual
from hrgradlib.kinetics.periodic import PeriodicFields
from hrgradlib.models.goldstein_taylor import GoldsteinTaylorModel, GoldsteinTaylorObservables
from hrgradlib.reference.goldstein_taylor import GoldsteinTaylorReference

F64 = torch.float64
PROBLEM = GoldsteinTaylor()
EPS = [1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4]


@pytest.fixture
def model():
    return GoldsteinTaylorModel(PROBLEM, width=16, depth=3).to(F64)


def points(eps, count=40):
    """Half of the times inside the initial layer; none where differences would leave t > 0."""
    generator = np.random.default_rng(0)
    t, x = generator.uniform(0.01, 1, count) * 0.1, generator.uniform(0, 1, count)
    t[::2] = np.minimum(generator.uniform(0.1, 3, count // 2) * eps**2, 0.1)
    return t, x, np.full(count, eps)


def by_differences(density, flux, t, x, eps):
    """Both residuals [N, 2] of functions (t, x, ε) → [N]."""
    at = (t, x, eps)
    steps = 0.02 * np.minimum(t, eps**2)
    rate, pull = (difference(f, at, 0, steps) for f in (density, flux))
    spread, slope = (difference(f, at, 1, 4e-3) for f in (flux, density))
    return np.stack([rate + spread, eps**2 * pull + flux(*at) + slope], 1)


@pytest.mark.parametrize("eps", EPS)
def test_residuals_are_those_of_the_equations(eps, model):
    at = points(eps)
    found = residuals(model, *map(torch.from_numpy, at)).detach().numpy()
    # u moves little within the layer: its differences have as many digits less
    np.testing.assert_allclose(
        found,
        by_differences(output(model, 0), output(model, 1), *at),
        rtol=1e-5,
        atol=max(1e-6, 1e-14 / eps**2 * 20),
    )


@pytest.mark.parametrize("eps", [1.0, 0.3, 0.1, 0.03, 0.01])
def test_the_exact_solution_has_none(eps):
    reference = GoldsteinTaylorReference(dict(PROBLEM.modes), dict(PROBLEM.flux_modes))
    found = by_differences(reference.density, reference.flux, *points(eps))
    assert np.abs(found).max() < 1e-6


def test_every_term_has_its_sign():
    fields = PeriodicFields(*(torch.tensor(f, dtype=F64) for f in ([2.0], [3.0], [[5.0]], [[7.0]])))
    assert residual(fields).tolist() == [[7.0, 10.0]]


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_initial_data_hold_exactly(eps, dtype, model):
    model = model.to(dtype)
    x = torch.rand(50, dtype=dtype)
    zero, e = torch.zeros_like(x), torch.full_like(x, eps)
    density, flux = model(zero, x, e)
    assert torch.equal(density, PROBLEM.initial_density(x)[0])
    assert torch.equal(flux[:, 0], PROBLEM.initial_flux(x)[0])
    assert (flux[:, 0] + PROBLEM.initial_density(x)[1]).abs().max() > 1  # far from equilibrium
    later, moved = model(zero + 0.05, x, e)
    assert not torch.equal(later, density) and not torch.equal(moved, flux)


@pytest.mark.parametrize("eps", EPS)
def test_residuals_lose_no_digits_in_single_precision(eps, model):
    t, x, e = (torch.from_numpy(p).float() for p in points(eps))
    exact = residuals(model, t.double(), x.double(), e.double())
    found = residuals(model.float(), t, x, e)
    assert (found - exact).abs().max() < 3e-5 * exact.abs().max()


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_the_initial_flux(order):
    x = np.linspace(0, 1, 23)

    def value(y):
        return PROBLEM.initial_flux(torch.from_numpy(y))[order - 1].numpy()

    expected = difference(value, [x], 0, 1e-2)
    found = PROBLEM.initial_flux(torch.from_numpy(x))[order].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_moments_are_those_of_the_two_speeds():
    density, flux, eps = np.array([1.0, 2.0]), np.array([[0.3], [-1.0]]), np.array([0.5, 0.1])
    observed = GoldsteinTaylorObservables()
    right, left = (observed.distribution(density, flux, 0, 0, v, eps) for v in (1.0, -1.0))
    wanted = np.stack([(right + left) / 2, (right - left) / 2, (right + left) / 4], -1)
    np.testing.assert_allclose(observed.moments(density, flux, 0, 0, eps), wanted)
