"""Parity and kinetic form: the exact solution meets every equation, something else does not."""

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.published import (
    KineticFields,
    ParityFields,
    half_range,
    kinetic_residuals,
    parity_residuals,
    start_misfit,
)
from hrgradlib.reference.periodic import PeriodicReference

NODES, STEP = 24, 1e-5
EXACT = PeriodicReference(dict(PeriodicTransport().modes))
PLACES = np.array([0.05, 0.31, 0.7])


def speeds():
    return half_range(NODES, torch.zeros(1, dtype=torch.float64))


def exact(t, x, eps):
    """ρ [3], f at −v and at v [3, 2Q]."""
    v = speeds()[0].numpy()
    both = np.concatenate([-v[::-1], v])
    f = EXACT.distribution(t, x[:, None], both, eps)
    return EXACT.density(t, x, eps), f


def parts(f, eps):
    back, ahead = f[:, :NODES][:, ::-1], f[:, NODES:]
    return 0.5 * (ahead + back), (ahead - back) / (2 * eps)


def slopes(t, eps):
    """Centred differences of (ρ, f) by t and by x."""
    up, down = exact(t + STEP * t, PLACES, eps), exact(t - STEP * t, PLACES, eps)
    right, left = exact(t, PLACES + STEP, eps), exact(t, PLACES - STEP, eps)
    by_t = [(a - b) / (2 * STEP * t) for a, b in zip(up, down, strict=True)]
    by_x = [(a - b) / (2 * STEP) for a, b in zip(right, left, strict=True)]
    return by_t, by_x


def parity_fields(t, eps):
    density, f = exact(t, PLACES, eps)
    (density_t, f_t), (_, f_x) = slopes(t, eps)
    (even, odd), (even_t, odd_t), (even_x, odd_x) = (parts(a, eps) for a in (f, f_t, f_x))
    fields = density, density_t, even, even_t, even_x, odd, odd_t, odd_x
    return ParityFields(*(torch.from_numpy(np.ascontiguousarray(a)) for a in fields))


@pytest.mark.parametrize(("eps", "t"), [(1.0, 0.05), (0.3, 0.02), (0.1, 0.05), (0.01, 0.05)])
def test_the_exact_solution_leaves_nothing_in_either_form(eps, t):
    at = torch.full((3,), eps, dtype=torch.float64)
    fields = parity_fields(t, eps)
    found = parity_residuals(fields, at)
    assert found.shape == (3, 2 + 2 * NODES) and found.abs().max() < 1e-5
    f, (by_t, by_x) = exact(t, PLACES, eps)[1], slopes(t, eps)
    kinetic = KineticFields(*(torch.from_numpy(a) for a in (f, by_t[1], by_x[1])))
    assert kinetic_residuals(kinetic, at).abs().max() < 1e-5


@pytest.mark.parametrize("name", ParityFields._fields)
def test_every_field_is_in_an_equation(name):
    eps = torch.full((3,), 0.3, dtype=torch.float64)
    fields = parity_fields(0.02, 0.3)
    wrong = fields._replace(**{name: getattr(fields, name) + 0.5})
    assert parity_residuals(wrong, eps).abs().max() > 1e-3


def test_squares_at_the_speeds_sum_to_a_mean_over_velocity():
    v, w = speeds()
    assert w.sum().item() == pytest.approx(1.0) and (w @ v.square()).item() == pytest.approx(1 / 3)
    both = torch.cat([-v.flip(0), v])
    misfit = start_misfit(1 + both[None], torch.ones(1, dtype=torch.float64))
    assert misfit.square().sum().item() == pytest.approx(1 / 3)
    fields = KineticFields(both[None], torch.zeros(1, 2 * NODES), torch.zeros(1, 2 * NODES))
    found = kinetic_residuals(fields, torch.ones(1, dtype=torch.float64))
    assert found.square().sum().item() == pytest.approx(1 / 3)
