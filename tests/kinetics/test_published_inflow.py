"""Published forms between walls: the reference meets equations and data, others do not."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.kinetics.published import (
    KineticFields,
    ParityFields,
    half_range,
    kinetic_residuals,
    parity_residuals,
    start_misfit,
)
from hrgradlib.kinetics.published_inflow import entering_misfit
from hrgradlib.reference.inflow import InflowReference

F64 = torch.float64
NODES, STEP = 16, 1e-3  # shorter ones show the reference's own error, 1e-9
PROBLEM, EXACT = InflowTransport(), InflowReference()
PLACES = np.array([0.15, 0.3, 0.6])


def velocities():
    v = half_range(NODES, torch.zeros(1, dtype=F64))[0].numpy()
    return np.concatenate([-v[::-1], v])


def exact(t, x, eps):
    """ρ [N], f at −v and at v [N, 2Q]."""
    x = np.asarray(x)
    return EXACT.density(t, x, eps), EXACT.distribution(t, x[:, None], velocities(), eps)


def parts(f, eps):
    back, ahead = f[:, :NODES][:, ::-1], f[:, NODES:]
    return 0.5 * (ahead + back), (ahead - back) / (2 * eps)


# No front is left there: what has not collided is e^{−t/ε²}, less than 1e-8.
@pytest.mark.parametrize(("eps", "t"), [(0.05, 0.05), (0.02, 0.05), (0.01, 0.1)])
def test_the_reference_leaves_nothing_in_either_form(eps, t):
    density, f = exact(t, PLACES, eps)
    later, earlier = exact(t + STEP * t, PLACES, eps), exact(t - STEP * t, PLACES, eps)
    right, left = exact(t, PLACES + STEP, eps), exact(t, PLACES - STEP, eps)
    density_t, f_t = ((a - b) / (2 * STEP * t) for a, b in zip(later, earlier, strict=True))
    f_x = (right[1] - left[1]) / (2 * STEP)
    (even, odd), (even_t, odd_t), (even_x, odd_x) = (parts(a, eps) for a in (f, f_t, f_x))
    fields = density, density_t, even, even_t, even_x, odd, odd_t, odd_x
    at = torch.full((3,), eps, dtype=F64)
    parity = ParityFields(*(torch.from_numpy(np.ascontiguousarray(a)) for a in fields))
    assert parity_residuals(parity, at).abs().max() < 3e-4
    kinetic = KineticFields(*map(torch.from_numpy, (f, f_t, f_x)))
    assert kinetic_residuals(kinetic, at).abs().max() < 1e-6
    assert parity_residuals(parity._replace(odd=1.1 * parity.odd), at).abs().max() > 1e-3


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-3])
def test_the_reference_flows_in_as_it_should(eps):
    x = torch.tensor([0.0, 1.0, 0.0], dtype=F64)
    _, f = exact(0.03, x.numpy(), eps)
    assert entering_misfit(torch.from_numpy(f), x, PROBLEM).abs().max() < 1e-6
    other = torch.from_numpy(f + 0.1)
    assert entering_misfit(other, x, PROBLEM).square().sum(1).sqrt().min() > 0.0999


def test_the_reference_starts_as_it_should():
    density, f = exact(0.0, PLACES, 0.1)
    wanted, _ = PROBLEM.initial_density(torch.from_numpy(PLACES))
    assert (torch.from_numpy(density) == wanted).all()
    assert start_misfit(torch.from_numpy(f), wanted).abs().max() == 0


def test_only_what_enters_is_asked_for():
    """At x = 0 f of v > 0, at x = 1 f of v < 0; squares of a row are a mean over these."""
    both = torch.from_numpy(velocities())[None]
    x = torch.tensor([0.0, 1.0], dtype=F64)
    wrong = torch.where(both > 0, 1 + both, 5.0), torch.where(both < 0, both, -7.0)
    found = entering_misfit(torch.cat(wrong), x, PROBLEM)
    assert found.shape == (2, NODES)
    np.testing.assert_allclose(found.square().sum(1), 1 / 3)


def test_each_wall_has_the_data_of_its_own():
    problem = InflowTransport(inflow_left=2.0, inflow_right=0.5)
    x = torch.tensor([0.0, 1.0], dtype=F64)
    values = torch.tensor([2.0, 0.5], dtype=F64)[:, None].expand(2, 2 * NODES)
    assert entering_misfit(values, x, problem).abs().max() == 0
    assert entering_misfit(values.flip(0), x, problem).abs().min() > 0
