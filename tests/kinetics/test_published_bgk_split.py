"""The micro equation: a projection, and the equation where the conservation laws hold."""

import pytest
import torch

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.kinetics.published_bgk import BGKPublishedFields, published_residuals
from hrgradlib.kinetics.published_bgk_split import split_residuals, without_macro

F64 = torch.float64
V = torch.linspace(-9, 9, 121, dtype=F64)
MOMENTS = torch.tensor([[1.2, 0.3, 0.9], [0.7, -0.4, 1.1]], dtype=F64)
POWERS = torch.stack([torch.ones_like(V), V, V.square()], 1)


def test_a_part_along_the_maxwellian_is_taken_away_and_nothing_else():
    local = maxwellian(MOMENTS, V)
    for power in POWERS.T:
        assert without_macro(MOMENTS, power * local, V).abs().max() < 1e-12
    torch.manual_seed(0)
    h = torch.randn(2, len(V), dtype=F64) * local
    micro = without_macro(MOMENTS, h, V)
    torch.testing.assert_close(micro @ POWERS, torch.zeros(2, 3, dtype=F64), rtol=0, atol=1e-11)
    torch.testing.assert_close(without_macro(MOMENTS, micro, V), micro)
    # orthogonal with the weight 1/M
    product = ((h - micro) * micro / local).sum(1)
    torch.testing.assert_close(product, torch.zeros(2, dtype=F64), rtol=0, atol=1e-10)


def conserving_fields():
    """f = M + ε g with <m g> = 0, and derivatives for which mass, momentum, energy are kept."""
    torch.manual_seed(1)
    local = maxwellian(MOMENTS, V)
    g = without_macro(MOMENTS, torch.randn(2, len(V), dtype=F64) * local, V)
    along_x = torch.randn(2, len(V), dtype=F64) * local
    moments_t = torch.randn(2, 3, dtype=F64)
    _, slope = torch.autograd.functional.jvp(lambda m: maxwellian(m, V), MOMENTS, moments_t)
    along_t = slope + without_macro(MOMENTS, torch.randn(2, len(V), dtype=F64) * local, V)
    return BGKPublishedFields(MOMENTS, moments_t, local + 0.1 * g, along_t, along_x)


def test_it_is_the_equation_less_what_the_conservation_laws_lack():
    """The rows differ by Π of the streaming, which those laws set to zero."""
    fields, eps = conserving_fields(), torch.tensor([0.1, 1.0], dtype=F64)
    plain, split = (f(fields, eps, V) for f in (published_residuals, split_residuals))
    torch.testing.assert_close(plain[:, :6], split[:, :6])
    gap = (plain - split)[:, 6:] / (V[1] - V[0]).sqrt()
    assert without_macro(MOMENTS, gap, V).abs().max() < 1e-12
    lacking = (V[1] - V[0]) * gap @ (POWERS * torch.tensor([1.0, 1.0, 0.5], dtype=F64))
    torch.testing.assert_close(lacking, eps[:, None] * plain[:, :3], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["bgk-smooth", "bgk-riemann"])
def test_a_problem_in_parts_is_the_published_one_but_for_its_equation(name):
    split, published = CASES[f"{name}-split"], CASES[f"{name}-published"]
    spec = make_spec(split.name, "sum", "smoke")
    other = make_spec(published.name, "sum", "smoke")
    assert split.terms(spec) == published.terms(other)
    model = spec.build_model().double()
    points = split.draw(spec, 4, torch.Generator().manual_seed(0))
    points = [p.double() for p in points]
    ours, theirs = (c.residuals(s)(model, *points) for c, s in ((split, spec), (published, other)))
    same = [*range(6), *range(6 + spec.modes, ours.shape[1])]
    torch.testing.assert_close(ours[:, same], theirs[:, same])
    assert not torch.allclose(ours, theirs)
