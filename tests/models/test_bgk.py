"""The BGK network: its tangents, exact initial data, positivity, far-field states."""

import pytest
import torch

from hrgradlib.kinetics.bgk import maxwellian_coefficients
from hrgradlib.kinetics.bgk_problems import BGK_PROBLEMS, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.free_flight import free_flight
from hrgradlib.models import BGKModel

F64 = torch.float64
ALL = pytest.mark.parametrize("problem", BGK_PROBLEMS.values(), ids=lambda p: p.name)


def build(problem):
    torch.manual_seed(0)
    return BGKModel(problem, width=8, depth=2, modes=4).double()


def points(problem, count=10):
    generator = torch.Generator().manual_seed(0)
    t, x, e = torch.rand(3, count, generator=generator, dtype=F64)
    t = problem.final_time * (0.02 + t)
    reach = 1.1 if problem.length else 5 * t
    low = problem.eps_range[0]
    return t, (2 * x - 1) * reach, low**e


@ALL
def test_fields_are_derivatives_of_the_solution(problem):
    model, (t, x, eps) = build(problem), points(problem)
    fields = model.fields(t, x, eps)
    p = (t**2 + problem.length**2).sqrt()

    def solution(t, x):
        return torch.cat(model(t, x, eps), 1)

    by_t, by_x = (
        p[:, None] * torch.func.jacrev(lambda t, x: solution(t, x).sum(0), argnums=i)(t, x).T
        for i in (0, 1)
    )
    values = solution(t, x)
    torch.testing.assert_close(fields.moments, values[:, :3])
    torch.testing.assert_close(fields.moments_t, by_t[:, :3])
    torch.testing.assert_close(fields.moments_x, by_x[:, :3])
    torch.testing.assert_close(fields.micro_x, eps[:, None] * by_x[:, 3:])
    relaxation = eps[:, None] * by_t[:, 3:] + p[:, None] * values[:, 3:]
    torch.testing.assert_close(fields.relaxation, relaxation, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(fields.flown, torch.exp(-t / eps))


@ALL
def test_initial_data_are_exact(problem):
    model, (_, x, eps) = build(problem), points(problem)
    moments, micro = model(torch.zeros_like(x), x, eps)
    torch.testing.assert_close(moments, problem.initial_moments(x)[0])
    assert (micro == 0).all()


@ALL
def test_far_field_states_are_exact_and_stay(problem):
    model = build(problem)
    x = torch.tensor([-1.5, -1.2, 1.2, 1.5], dtype=F64)
    moments, micro = model(torch.full_like(x, problem.final_time), x, torch.full_like(x, 0.5))
    exact = torch.tensor([BGK_SMOOTH.left] * 2 + [BGK_SMOOTH.right] * 2, dtype=F64)
    torch.testing.assert_close(moments, exact, rtol=1e-8, atol=1e-8)
    assert (micro.abs() < 1e-12).all()


@ALL
def test_density_and_temperature_are_positive_whatever_the_weights(problem):
    model, (t, x, eps) = build(problem), points(problem, 200)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(5)
    moments, _ = model(t, x, eps)
    assert (moments[:, [0, 2]] > 0).all()


@ALL
def test_without_collisions_the_flight_is_free(problem):
    """For t ≪ ε the network's share vanishes: moments of f are those of free flight."""
    model, (t, x, _) = build(problem), points(problem)
    p = (t**2 + problem.length**2).sqrt()
    moments, micro = model(t, x, torch.full_like(t, 1e8))
    torch.testing.assert_close(
        moments, free_flight(problem, t, x, p, 1.2).moments, rtol=1e-6, atol=1e-6
    )
    assert micro.abs().max() < 1e-6


@pytest.mark.parametrize("settings", [dict(modes=0), dict(theta=0.7)])
def test_a_basis_that_cannot_hold_the_data_is_refused(settings):
    with pytest.raises(ValueError, match="below 2 theta"):
        BGKModel(BGK_SMOOTH, **settings)


def test_a_jumps_network_knows_only_the_two_ratios():
    model, (t, x, eps) = build(BGK_RIEMANN), points(BGK_RIEMANN)
    one, micro = model(t, x, eps)
    two, smaller = model(2 * t, 2 * x, 2 * eps)
    torch.testing.assert_close(one, two)
    torch.testing.assert_close(micro, 2 * smaller)


@ALL
def test_conserved_moments_are_carried_by_three_modes(problem):
    """``h_k`` of (ρ, u, Θ) are the coefficients that ``f`` has for k ≤ 2, whatever the network."""
    model, (t, x, eps) = build(problem), points(problem)
    moments, _ = model(t, x, eps)
    h, _ = maxwellian_coefficients(moments, torch.zeros(len(t), 1, 3, dtype=F64), 2, 1.2)
    rho, u, temperature = moments.T
    second = rho * (u**2 + temperature)
    exact = torch.stack([rho, rho * u / 1.2**0.5, (second / 1.2 - rho) / 2**0.5], 1)
    torch.testing.assert_close(h, exact)
