"""The plain formulation of BGK: residuals against derivatives, and that it trains."""

import pytest
import torch

from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.bgk_plain import initial_misfit, maxwellian, plain_residual
from hrgradlib.kinetics.bgk_problems import BGK_SMOOTH
from hrgradlib.models import PlainBGKModel

F64 = torch.float64
V = torch.linspace(-9, 9, 73, dtype=F64)


def points(count=6):
    generator = torch.Generator().manual_seed(0)
    t, x, e = torch.rand(3, count, generator=generator, dtype=F64)
    return 0.1 * t, x - 0.5, 10 ** (-3 * e)


def test_streams_are_derivatives():
    torch.manual_seed(0)
    model, (t, x, eps) = PlainBGKModel(BGK_SMOOTH, 8, 2).double(), points()
    moments, f, transported = model.streams(t, x, eps)
    v = model.nodes
    torch.testing.assert_close(moments, model(t, x, eps)[0])
    torch.testing.assert_close(f, model(t, x, eps)[1])
    by_t, by_x = (
        torch.func.jacrev(lambda t, x: model(t, x, eps)[1].sum(0), argnums=i)(t, x).T
        for i in (0, 1)
    )
    torch.testing.assert_close(transported, by_t + v * by_x)
    assert (f > 0).all() and (moments[:, [0, 2]] > 0).all()


def test_local_equilibrium_at_rest_has_no_residual():
    start, _ = BGK_SMOOTH.initial_moments(points()[1])
    f = maxwellian(start, V)
    found = plain_residual(start, f, torch.zeros_like(f), points()[2], V)
    torch.testing.assert_close(found, torch.zeros_like(found), rtol=0, atol=1e-12)
    assert (initial_misfit(start, f, start, V) == 0).all()


def test_moment_rows_are_mass_momentum_energy():
    """Of two Maxwellians the mismatch is that of their conserved moments."""
    one = torch.tensor([[1.2, 0.3, 0.9]], dtype=F64)
    two = torch.tensor([[0.8, -0.2, 1.1]], dtype=F64)

    def conserved(m):
        rho, u, temperature = m.T
        return torch.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)], 1)

    f = maxwellian(two, V)
    found = plain_residual(one, f, torch.zeros_like(f), torch.ones(1, dtype=F64), V)
    torch.testing.assert_close(found[:, -3:], conserved(two) - conserved(one))


@pytest.mark.parametrize("method", ["sum", "hrgrad-gn"])
def test_the_losses_are_split_by_range_and_by_term(method, tmp_path):
    spec = make_spec("bgk-smooth", method, "smoke", formulation="plain")
    model, generator = spec.build_model(), torch.Generator().manual_seed(0)
    t, x, eps = sample(spec, generator)
    sizes = spec.case.task_sizes(spec)
    assert len(sizes) == 2 * spec.tasks and sum(sizes) == len(t)
    assert (t[sum(sizes[: spec.tasks]) :] == 0).all() and (t[: sum(sizes[: spec.tasks])] > 0).all()
    assert torch.isfinite(spec.case.residuals(spec)(model, t, x, eps)).all()
    result = run(spec.with_(steps=5), tmp_path / "run", "cpu", quiet=True)
    assert 0 < result["max_error"] < float("inf")
