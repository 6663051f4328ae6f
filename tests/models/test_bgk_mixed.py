"""The network of BGK with ε(x): tangents, exact data, period, positivity, its distribution."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.evaluation import evaluate
from hrgradlib.kinetics.bgk_mixed import MixedBGK, flights
from hrgradlib.models.bgk_mixed import MixedBGKModel, MixedBGKObservables

PROBLEM = MixedBGK()
F64 = torch.float64
P = 1 / (2 * np.pi)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MixedBGKModel(PROBLEM, width=8, depth=2, modes=4).double()


def points(count=12):
    generator = torch.Generator().manual_seed(0)
    t, x, e = torch.rand(3, count, generator=generator, dtype=F64)
    low, high = PROBLEM.eps_range
    return PROBLEM.final_time * (0.001 + t), x - 0.5, low * (high / low) ** e


def test_fields_are_derivatives_of_the_solution(model):
    t, x, eps = points()
    fields = model.fields(t, x, eps)
    field, _ = PROBLEM.knudsen(x, eps)

    def by(function, i):
        return P * torch.func.jacrev(lambda t, x: function(t, x).sum(0), argnums=i)(t, x).T

    def moments(t, x):
        return model(t, x, eps)[0]

    def carried(t, x):
        return PROBLEM.knudsen(x, eps)[0][:, None] * model(t, x, eps)[1]

    torch.testing.assert_close(fields.moments, moments(t, x))
    torch.testing.assert_close(fields.moments_t, by(moments, 0))
    torch.testing.assert_close(fields.moments_x, by(moments, 1))
    torch.testing.assert_close(fields.micro_x, by(carried, 1))
    relaxation = by(carried, 0) + P * model(t, x, eps)[1]
    torch.testing.assert_close(fields.relaxation, relaxation, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(fields.grown, -torch.expm1(-t / field))
    grown_x = by(lambda t, x: -torch.expm1(-t / PROBLEM.knudsen(x, eps)[0])[:, None], 1)
    torch.testing.assert_close(fields.grown_x, grown_x[:, 0])


def test_initial_data_are_exact_and_the_solution_is_periodic(model):
    t, x, eps = points()
    moments, micro = model(torch.zeros_like(t), x, eps)
    torch.testing.assert_close(moments, PROBLEM.initial_moments(x)[0], rtol=1e-12, atol=1e-12)
    assert (micro == 0).all()
    for one, two in zip(model(t, x, eps), model(t, x + 2, eps), strict=True):
        torch.testing.assert_close(one, two)


def test_density_and_temperature_are_positive_whatever_the_weights(model):
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(5)
    moments, _ = model(*points(200))
    assert (moments[:, [0, 2]] > 0).all()


def test_without_collisions_the_flight_is_free(model):
    t, x, _ = points()
    far = torch.full_like(t, 1e8)
    state, micro = model(t, x, far)
    torch.testing.assert_close(state, flights(PROBLEM, t, x, far, 1.0, 1.1).moments)
    assert micro.abs().max() < 1e-6


@pytest.mark.parametrize(
    ("t", "x", "eps"), [(0.05, 0.1, 0.03), (0.2, 0.37, 1e-3), (0.0, -0.2, 0.1)]
)
def test_moments_and_heat_flux_are_those_of_the_distribution(model, t, x, eps):
    observed = MixedBGKObservables(model)
    nodes, weights = np.polynomial.legendre.leggauss(300)
    v, w = 11 * nodes, 11 * weights
    where = [np.full_like(v, p) for p in (t, x, eps)]
    state, modes = evaluate(model, *where)
    f = observed.distribution(state, modes, where[0], where[1], v, where[2])
    exact = [w @ f, w @ (v * f), w @ (0.5 * v**2 * f)]
    np.testing.assert_allclose(
        observed.moments(state, modes, *where)[0], exact, rtol=1e-6, atol=1e-8
    )
    flux = 0.5 * w @ ((v - state[0, 1]) ** 3 * f)
    np.testing.assert_allclose(observed.heat_flux(state, modes, *where)[0], flux, atol=1e-7)


def test_particles_at_rest_are_no_exception(model):
    observed = MixedBGKObservables(model)
    v = np.array([-1e-4, 0.0, 1e-4])
    where = [np.full_like(v, p) for p in (0.1, 0.2, 0.05)]
    f = observed.distribution(*evaluate(model, *where), where[0], where[1], v, where[2])
    assert f[1] == pytest.approx(0.5 * (f[0] + f[2]), rel=1e-5)


def test_a_network_without_micro_modes_is_refused():
    with pytest.raises(ValueError, match="expected at least one"):
        MixedBGKModel(PROBLEM, modes=0)


def test_a_gas_too_hot_for_its_basis_is_refused():
    MixedBGKModel(PROBLEM, theta=0.71)
    with pytest.raises(
        ValueError, match=r"a temperature 1.4 at theta = 0.7; expected .* below 2"
    ) as e:
        MixedBGKModel(PROBLEM, theta=0.7)
    assert "\n" not in str(e.value)
