"""BGK's plain form: what is exact leaves nothing of it, streams are derivatives, data are met."""

import pytest
import torch

from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.published import KineticFields
from hrgradlib.kinetics.published_bgk_plain import moments_of, plain_bgk_residuals

F64 = torch.float64
V = torch.linspace(-9, 9, 121, dtype=F64)
MOMENTS = torch.tensor([[1.2, 0.3, 0.9], [0.7, -0.4, 1.1]], dtype=F64)
EVERY = pytest.mark.parametrize("name", ["bgk-smooth-pinn", "bgk-riemann-pinn"])
STEP = 1e-6


def test_sums_are_the_moments_of_a_maxwellian():
    torch.testing.assert_close(moments_of(maxwellian(MOMENTS, V), V), MOMENTS)


def test_a_maxwellian_at_rest_leaves_nothing_and_another_f_does():
    local = maxwellian(MOMENTS, V)
    none, eps = torch.zeros_like(local), torch.ones(2, dtype=F64)
    assert plain_bgk_residuals(KineticFields(local, none, none), eps, V).abs().max() < 1e-12
    two = local + local.flip(0)  # two streams: collisions act
    found = plain_bgk_residuals(KineticFields(two, none, none), eps, V)
    gap = two - maxwellian(moments_of(two, V), V)
    torch.testing.assert_close(found.square().sum(1), torch.trapezoid(gap.square(), V))


def test_free_streaming_is_weighed_by_eps():
    local = maxwellian(MOMENTS, V)
    eps = torch.tensor([0.1, 1.0], dtype=F64)
    found = plain_bgk_residuals(KineticFields(local, local, 2 * local), eps, V)
    wanted = eps[:, None] * (1 + 2 * V) * local * (V[1] - V[0]).sqrt()
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@EVERY
def test_streams_are_derivatives_and_moments_are_sums(name):
    spec = make_spec(name, "sum", "smoke")
    torch.manual_seed(0)
    model = spec.build_model().double()
    t, x, eps = (p.double() for p in sample(spec, torch.Generator().manual_seed(0)))
    fields, (state, f) = model.kinetic_fields(t, x, eps), model(t, x, eps)
    torch.testing.assert_close(fields.value, f)
    torch.testing.assert_close(state, moments_of(f, model.velocities))
    by_t = (model(t + STEP, x, eps)[1] - model(t - STEP, x, eps)[1]) / (2 * STEP)
    by_x = (model(t, x + STEP, eps)[1] - model(t, x - STEP, eps)[1]) / (2 * STEP)
    torch.testing.assert_close(fields.along_t, by_t, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(fields.along_x, by_x, rtol=1e-5, atol=1e-6)
    assert (f > 0).all() and not any("macro" in n for n, _ in model.named_parameters())


class Told(torch.nn.Module):
    """A network that meets all data: the initial Maxwellians everywhere, at all times."""

    def __init__(self, model):
        super().__init__()
        self.model, self.problem = model, model.problem
        self.velocities, self.reach = model.velocities, model.reach

    def forward(self, t, x, eps):
        states, _ = self.problem.initial_moments(x)
        return states, maxwellian(states, self.velocities)

    def kinetic_fields(self, t, x, eps):
        return self.model.kinetic_fields(t, x, eps)


@EVERY
def test_penalties_vanish_where_the_data_hold_and_have_the_weight(name):
    found = []
    for weight in (1.0, 100.0):
        spec = make_spec(name, "sum", "smoke", initial_weight=weight)
        torch.manual_seed(0)
        model = spec.build_model()
        points = sample(spec, torch.Generator().manual_seed(0))
        rows = spec.case.residuals(spec)(model, *points)
        sizes = [*spec.case.terms(spec), spec.modes]
        assert rows.shape[1] == sum(sizes)
        found.append(torch.stack([p.square().sum() for p in rows.split(sizes, 1)]))
        told = spec.case.residuals(spec)(Told(model), *points).split(sizes, 1)
        assert told[0].abs().max() > 0 and told[1].abs().max() == 0
        assert told[2].abs().max() < 1e-4  # the profile ends where the domain does, nearly
    assert (found[1] / found[0]).tolist() == pytest.approx([1, 100, 100], rel=1e-4)
