"""BGK's published form: exact solutions leave nothing of the equations, others do."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.bgk_problems import BGK_SMOOTH
from hrgradlib.kinetics.free_flight import free_distribution, free_flight
from hrgradlib.kinetics.published_bgk import BGKPublishedFields, ends_misfit, published_residuals
from hrgradlib.reference.bgk import BGKReference

F64 = torch.float64
V = torch.linspace(-9, 9, 61, dtype=F64)
PLACES = torch.tensor([-0.3, 0.05, 0.4], dtype=F64)
TIME, STEP = 0.05, 1e-3  # shorter ones show the quadrature, 1e-7


def flight(t, x):
    """Moments [N, 3] and f [N, V] of free flight, an exact solution for ε = ∞."""
    at = torch.full_like(x, t)
    moments = free_flight(BGK_SMOOTH, at, x, torch.ones_like(x), 1.0).moments
    grid = torch.broadcast_tensors(at[:, None], x[:, None], V)
    return moments, free_distribution(BGK_SMOOTH, *grid)


def reference(solver, t, x, eps):
    places = x.numpy()
    moments = solver.moments(t, places, eps)  # first the moments
    f = solver.distribution(t, places[:, None], V.numpy(), eps)
    return torch.from_numpy(np.moveaxis(moments, 0, -1).copy()), torch.from_numpy(f)


def fields(solution, t, x, step):
    moments, value = solution(t, x)
    later, earlier = solution(t + step, x), solution(t - step, x)
    right, left = solution(t, x + step), solution(t, x - step)
    moments_t, along_t = ((a - b) / (2 * step) for a, b in zip(later, earlier, strict=True))
    return BGKPublishedFields(moments, moments_t, value, along_t, (right[1] - left[1]) / (2 * step))


def test_free_flight_conserves_and_lacks_only_the_collisions():
    found = fields(flight, TIME, PLACES, STEP)
    eps = torch.tensor([1.0, 0.1, 1e-3], dtype=F64)
    rows = published_residuals(found, eps, V)
    assert rows.shape == (3, 6 + len(V))
    assert rows[:, :6].abs().max() < 3e-4  # conservation laws and moments hold
    lacking = (V[1] - V[0]).sqrt() * (found.value - maxwellian(found.moments, V))
    torch.testing.assert_close(rows[:, 6:], lacking, rtol=0, atol=1e-4)
    assert lacking.abs().max() > 5e-3


@pytest.mark.parametrize("eps", [1.0, 0.1])
def test_the_reference_leaves_nothing(eps):
    """Of the equation, of its moments and of the conservation laws, to the solver's own error."""
    at, step = 0.06, 2e-3
    solver = BGKReference(BGK_SMOOTH, times=(at - step, at, at + step))
    found = fields(lambda t, x: reference(solver, t, x, eps), at, PLACES, step)
    own = torch.full((3,), eps, dtype=F64)
    rows = published_residuals(found, own, V)
    assert rows.abs().max() < 5e-3
    wrong = found._replace(moments=found.moments * torch.tensor([1.0, 1.0, 1.05]))
    assert published_residuals(wrong, own, V).abs().max() > 2e-2


def test_rows_are_mass_momentum_energy():
    """A Maxwellian whose moments differ from those that are told, at rest."""
    told = torch.tensor([[1.2, 0.3, 0.9]], dtype=F64)
    held = torch.tensor([[0.8, -0.2, 1.1]], dtype=F64)
    none = torch.zeros(1, len(V), dtype=F64)
    told_t = torch.tensor([[0.5, -0.4, 0.2]], dtype=F64)
    rows = published_residuals(
        BGKPublishedFields(told, told_t, maxwellian(held, V), none, none),
        torch.ones(1, dtype=F64),
        V,
    )

    def conserved(m):
        rho, u, temperature = m.unbind(-1)
        return torch.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)], -1)

    _, slope = torch.autograd.functional.jvp(conserved, told, told_t)
    torch.testing.assert_close(rows[:, :3], slope)
    torch.testing.assert_close(rows[:, 3:6], conserved(told) - conserved(held))
    square = rows[:, 6:].square().sum()
    gap = maxwellian(held, V) - maxwellian(told, V)
    torch.testing.assert_close(square, torch.trapezoid(gap.square(), V)[0])


def test_at_the_ends_a_maxwellian_is_asked_for():
    ends = torch.tensor([BGK_SMOOTH.left, BGK_SMOOTH.right], dtype=F64)
    values = maxwellian(ends, V)
    assert (ends_misfit(values, ends, V) == 0).all()
    assert ends_misfit(values.flip(0), ends, V).square().sum(1).min() > 0.05
