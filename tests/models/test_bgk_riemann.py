"""The network of a jump with sharpening layers: tangents, residuals by differences, symmetry."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases.bgk import BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.experiments.cases.bgk_sod import BGK_SOD
from hrgradlib.kinetics.bgk import residual
from hrgradlib.kinetics.free_flight import free_distribution
from hrgradlib.models.bgk import BGKObservables
from hrgradlib.models.bgk_riemann import RiemannModel, layers

F64 = torch.float64


@pytest.fixture(params=[BGK_SOD, BGK_RIEMANN], ids=lambda p: p.name)
def model(request):
    torch.manual_seed(0)
    return RiemannModel(request.param, 8, 2, 4).double()


def points(problem, count=14):
    """A third of them in the shock."""
    generator = torch.Generator().manual_seed(0)
    t, x, e = torch.rand(3, count, generator=generator, dtype=F64)
    t, eps = problem.final_time * (0.02 + t), problem.eps_range[0] ** e
    speed, thick = layers(problem)[-1].speed, 4 * eps / t
    place = torch.where(torch.arange(count) % 3 == 0, speed + thick * (x - 0.5), 6 * x - 3)
    return t, place * t, eps


def test_sods_waves():
    """A fan to the left with two edges, a contact, and the shock of a gas with γ = 3."""
    speeds = [layer.speed for layer in layers(BGK_SOD)[2:]]
    assert speeds[0] == pytest.approx(0.6086, abs=1e-4)
    assert speeds[1] == pytest.approx(-(3**0.5)) and speeds[2] == pytest.approx(-0.5149, abs=1e-4)
    assert speeds[3] == pytest.approx(2.2730, abs=1e-4)
    assert [layer.power for layer in layers(BGK_SOD)] == [0, 0, 0.5, 0.5, 0.5, 1]


def test_fields_are_derivatives_of_the_solution(model):
    t, x, eps = points(model.problem)
    fields = model.fields(t, x, eps)

    def solution(t, x):
        return torch.cat(model(t, x, eps), 1)

    by_t, by_x = (
        t[:, None] * torch.func.jacrev(lambda t, x: solution(t, x).sum(0), argnums=i)(t, x).T
        for i in (0, 1)
    )
    values = solution(t, x)
    torch.testing.assert_close(fields.moments, values[:, :3])
    torch.testing.assert_close(fields.moments_t, by_t[:, :3])
    torch.testing.assert_close(fields.moments_x, by_x[:, :3])
    torch.testing.assert_close(fields.micro_x, eps[:, None] * by_x[:, 3:])
    relaxation = eps[:, None] * by_t[:, 3:] + t[:, None] * values[:, 3:]
    torch.testing.assert_close(fields.relaxation, relaxation, rtol=1e-6, atol=1e-9)


def test_residuals_by_differences(model):
    """``∂t f' + v ∂x f' − (M − f')/ε`` of what has collided, which has no jump, mode by mode."""
    observed, problem, theta = BGKObservables(model), model.problem, model.theta
    nodes, weights = np.polynomial.legendre.leggauss(300)
    v, weights = 11 * nodes, 11 * weights

    def collided(t, x, eps):
        t, x, eps = (np.full_like(v, a) for a in (t, x, eps))
        with torch.no_grad():
            state, modes = (out.numpy() for out in model(*map(torch.tensor, (t, x, eps))))
        f = observed.distribution(state, modes, t, x, v, eps)
        flown = free_distribution(problem, *map(torch.tensor, (t, x, v))).numpy()
        return f - np.exp(-t / eps) * flown, state[0]

    speed = layers(problem)[-1].speed
    scaled = v / theta**0.5
    basis = [np.ones_like(v), scaled]
    for k in range(1, 6):
        basis.append((scaled * basis[k] - k**0.5 * basis[k - 1]) / (k + 1) ** 0.5)
    for t, xi, eps in ((0.04, 0.3, 0.05), (0.03, -1.1, 0.5), (0.05, speed + 0.02, 0.01)):
        x, h = xi * t, 2e-4 * t

        def slope(function, h=h):
            one, two = (function(k * h) - function(-k * h) for k in (1, 2))
            return (8 * one - two) / (12 * h)

        f_t = slope(lambda d: collided(t + d, x, eps)[0])  # noqa: B023
        f_x = slope(lambda d: collided(t, x + d, eps)[0])  # noqa: B023
        values, (rho, u, temperature) = collided(t, x, eps)
        maxwell = rho * np.exp(-0.5 * (v - u) ** 2 / temperature) / np.sqrt(2 * np.pi * temperature)
        whole = f_t + v * f_x - (maxwell - values) / eps
        wanted = t * np.stack(basis) @ (weights * whole)
        where = [torch.tensor([a], dtype=F64) for a in (t, x, eps)]
        found = residual(model.fields(*where), theta)[0].detach().numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        ratio = (found / model.residuals(*where)[0].detach().numpy())[found != 0]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
        assert ratio[0] > 0


def test_a_jumps_network_knows_only_the_two_ratios(model):
    t, x, eps = points(model.problem)
    one, micro = model(t, x, eps)
    two, smaller = model(2 * t, 2 * x, 2 * eps)
    torch.testing.assert_close(one, two)
    torch.testing.assert_close(micro, 2 * smaller)


def test_start_and_far_field_are_exact(model):
    problem = model.problem
    x = torch.tensor([-0.9, -1e-3, 1e-3, 0.9], dtype=F64)
    exact = torch.tensor([problem.left] * 2 + [problem.right] * 2, dtype=F64)
    moments, micro = model(torch.zeros_like(x), x, torch.full_like(x, 0.1))
    torch.testing.assert_close(moments, exact)
    assert (micro == 0).all()
    far = torch.tensor([-9.0, -7.0, 7.0, 9.0], dtype=F64) * problem.final_time * 1.5
    moments, _ = model(torch.full_like(x, problem.final_time), far, torch.full_like(x, 1e-2))
    torch.testing.assert_close(moments, exact, rtol=1e-8, atol=1e-8)


def test_only_a_jump_has_such_layers():
    with pytest.raises(ValueError, match="expected 'sign', a jump"):
        RiemannModel(BGK_SMOOTH)
