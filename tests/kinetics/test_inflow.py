"""Transport with inflow by parity in v: bases, residuals, and the network's tangents."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.inflow import InflowTransport, front_density, inflow_misfit, residual
from hrgradlib.kinetics.inflow_basis import BASES, even_odd, inflow_basis
from hrgradlib.models import InflowModel

F64 = torch.float64
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
V = np.concatenate([-(NODES + 1)[::-1] / 2, (NODES + 1) / 2])
W = np.concatenate([WEIGHTS[::-1], WEIGHTS]) / 4  # <h> = W @ h


@pytest.fixture(params=BASES)
def model(request):
    torch.manual_seed(0)
    return InflowModel(InflowTransport(), width=8, depth=2, modes=3, kind=request.param).double()


def points(count=12, seed=0):
    draw = np.random.default_rng(seed)
    eps = 10 ** draw.uniform(-3, 0, count)
    t = 10 ** draw.uniform(-4, -1, count)
    x = np.minimum(draw.uniform(0, 1, count), 0.9 * t / eps + 0.05)
    return [torch.from_numpy(a) for a in (t, x, eps)]


@pytest.mark.parametrize("kind", BASES)
def test_basis_is_orthonormal_and_v_turns_even_into_odd(kind):
    even, odd = even_odd(V, 4, kind)
    both = np.concatenate([even, odd], 1)
    np.testing.assert_allclose(both.T @ (W[:, None] * both), np.eye(8), atol=1e-13)
    coupling = inflow_basis(kind, 4).coupling
    np.testing.assert_allclose((V[:, None] * even)[:, :3], (odd @ coupling.T)[:, :3], atol=1e-13)
    np.testing.assert_allclose((V[:, None] * odd)[:, :3], (even @ coupling)[:, :3], atol=1e-13)
    np.testing.assert_allclose(even[:, 0], 1)


@pytest.mark.parametrize("kind", BASES)
def test_what_flows_in_is_what_the_half_range_sees(kind):
    even, odd = even_odd(V[V > 0], 3, kind)
    inward, _ = even_odd(V[V > 0], 3)
    basis, weights = inflow_basis(kind, 3), 2 * W[V > 0][:, None]
    np.testing.assert_allclose(basis.even_in, inward.T @ (weights * even), atol=1e-13)
    np.testing.assert_allclose(basis.odd_in, inward.T @ (weights * odd), atol=1e-13)


def test_unknown_bases_are_refused():
    with pytest.raises(ValueError, match="half-range"):
        inflow_basis("fourier", 3)


def test_front_density_is_the_average_of_the_front():
    t, x, eps = points()
    v = torch.linspace(0, 1, 200001, dtype=F64)
    inside = (x[:, None] < v * t[:, None] / eps[:, None]).double()
    exact = 0.5 * torch.exp(-t / eps**2) * torch.trapezoid(inside, v)
    torch.testing.assert_close(front_density(t, x, eps), exact, rtol=1e-4, atol=1e-5)
    assert front_density(torch.zeros(1), torch.zeros(1), torch.ones(1)) == 0


def test_fields_are_derivatives_of_the_solution(model):
    t, x, eps = points()
    fields = model.fields(t, x, eps)
    p, delta = t + eps**2, eps / (t + eps**2).sqrt()

    def solution(t, x):
        density, coefficients = model(t, x, eps)
        return torch.cat([(density - front_density(t, x, eps))[:, None], coefficients], 1)

    by_t, by_x = (
        torch.func.jacrev(lambda t, x: solution(t, x).sum(0), argnums=i)(t, x).T for i in (0, 1)
    )
    values = solution(t, x)
    torch.testing.assert_close(fields.density, values[:, 0])
    torch.testing.assert_close(fields.density_t, p * by_t[:, 0])
    torch.testing.assert_close(fields.density_x, p.sqrt() * by_x[:, 0])
    scaled = values[:, 1:] / delta[:, None]
    torch.testing.assert_close(torch.cat([fields.even, fields.odd], 1), scaled)
    torch.testing.assert_close(
        torch.cat([fields.even_x, fields.odd_x], 1), by_x[:, 1:] / delta[:, None] * eps[:, None]
    )
    slope = p[:, None] * by_t[:, 1:] + 0.5 * values[:, 1:]  # δ p ∂t h = p ∂t (δ h) + ½ δ h
    torch.testing.assert_close(torch.cat([fields.even_t, fields.odd_t], 1), slope / delta[:, None])
    odd_x = by_x[:, 3:] / delta[:, None] * p.sqrt()[:, None]
    flux = odd_x @ torch.as_tensor(model.basis.coupling[0])
    torch.testing.assert_close(fields.flux_x, flux)


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("count", [2, 3])
def test_residual_is_the_kinetic_equation_projected(count, kind):
    """``ε² ∂t f' + ε v ∂x f' + f' − ρ' − <S>`` by quadrature in v, for the network's own f'."""
    torch.manual_seed(1)
    model = InflowModel(InflowTransport(), width=8, depth=2, modes=count, kind=kind).double()
    t, x, eps = points(seed=2)
    delta = eps / (t + eps**2).sqrt()
    even, odd = (torch.from_numpy(b) for b in even_odd(V, count, kind))

    def distribution(t, x):
        density, coefficients = model(t, x, eps)
        prime = density - front_density(t, x, eps)
        return prime[:, None] + coefficients @ torch.cat([even[:, 1:], odd], 1).T

    by_t, by_x = (
        torch.func.jacrev(lambda t, x: distribution(t, x).sum(0), argnums=i)(t, x).T for i in (0, 1)
    )
    v, w = torch.from_numpy(V), torch.from_numpy(W)
    f = distribution(t, x)
    source = front_density(t, x, eps)
    equation = eps[:, None] ** 2 * by_t + eps[:, None] * v * by_x + f - (f @ w + source)[:, None]
    projected = equation @ (w[:, None] * torch.cat([even, odd], 1))
    found = residual(model.fields(t, x, eps), t, x, eps, model.basis)
    # Scalings: the macro row is p/ε² = (1 + τ) times, the others 1/δ times the equation.
    exact = torch.cat(
        [projected[:, :1] * (1 + t / eps**2)[:, None], projected[:, 1:] / delta[:, None]], 1
    )
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-9)


def test_inflow_misfit_is_that_of_the_distribution(model):
    t, _, eps = points()
    delta = eps / (t + eps**2).sqrt()
    v = torch.from_numpy((NODES + 1) / 2)
    for wall, sign in ((0.0, 1.0), (1.0, -1.0)):
        x = torch.full_like(t, wall)
        density, coefficients = model(t, x, eps)
        even, odd = (torch.from_numpy(b) for b in even_odd(sign * v.numpy(), 3, model.kind))
        inward = torch.from_numpy(even_odd(v.numpy(), 3)[0])
        prime = (density - front_density(t, x, eps))[:, None] + coefficients @ torch.cat(
            [even[:, 1:], odd], 1
        ).T
        datum = -torch.expm1(-t / eps**2) if wall == 0 else torch.zeros_like(t)
        w = torch.from_numpy(WEIGHTS / 2)
        projected = (prime - datum[:, None]) @ (w[:, None] * inward)
        exact = torch.cat([projected[:, :1], projected[:, 1:] / delta[:, None]], 1)
        found = inflow_misfit(model.fields(t, x, eps), t, x, eps, model.basis)
        torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-9)


def test_initial_data_are_exact(model):
    _, x, eps = points()
    density, coefficients = model(torch.zeros_like(x), x, eps)
    assert (density == 0).all() and (coefficients == 0).all()
