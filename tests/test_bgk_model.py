"""The BGK network: its tangents, exact initial data, positivity, far-field states."""

import pytest
import torch

from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_SMOOTH
from hrgradlib.models import BGKModel

F64 = torch.float64


def build(problem):
    torch.manual_seed(0)
    return BGKModel(problem, width=8, depth=2, modes=4).double()


def points(count=10):
    generator = torch.Generator().manual_seed(0)
    t, x, e = torch.rand(3, count, generator=generator, dtype=F64)
    return 0.1 * t, 2.2 * x - 1.1, 10 ** (-3 * e)


@pytest.mark.parametrize("problem", [BGK_SMOOTH, BGK_LAYER], ids=lambda p: p.name)
def test_fields_are_derivatives_of_the_solution(problem):
    model, (t, x, eps) = build(problem), points()
    fields = model.fields(t, x, eps)

    def solution(t, x):
        return torch.cat(model(t, x, eps), 1)

    by_t, by_x = (torch.func.jacrev(lambda t, x: solution(t, x).sum(0), argnums=i)(t, x).T
                  for i in (0, 1))
    values = solution(t, x)
    torch.testing.assert_close(fields.moments, values[:, :3])
    torch.testing.assert_close(fields.moments_t, by_t[:, :3])
    torch.testing.assert_close(fields.moments_x, by_x[:, :3])
    torch.testing.assert_close(fields.micro_x, by_x[:, 3:])
    relaxation = eps[:, None] * by_t[:, 3:] + values[:, 3:]
    torch.testing.assert_close(fields.relaxation, relaxation, rtol=1e-6, atol=1e-9)


def test_initial_data_are_exact():
    model, (_, x, eps) = build(BGK_SMOOTH), points()
    moments, micro = model(torch.zeros_like(x), x, eps)
    torch.testing.assert_close(moments, BGK_SMOOTH.initial_moments(x)[0])
    assert (micro == 0).all()


def test_far_field_states_are_exact_and_stay():
    model = build(BGK_SMOOTH)
    x = torch.tensor([-1.5, -1.2, 1.2, 1.5], dtype=F64)
    moments, micro = model(torch.full_like(x, 0.1), x, torch.full_like(x, 0.5))
    exact = torch.tensor([BGK_SMOOTH.left] * 2 + [BGK_SMOOTH.right] * 2, dtype=F64)
    torch.testing.assert_close(moments, exact)
    assert (micro == 0).all()


def test_density_and_temperature_are_positive_whatever_the_weights():
    model, (t, x, eps) = build(BGK_SMOOTH), points(200)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(5)
    moments, _ = model(t, x, eps)
    assert (moments[:, [0, 2]] > 0).all()
