"""The four problems of `benchmarks/peers.py`: equations, data and truths agree with each other."""

import sys

import numpy as np
import pytest
import torch

from hrgradlib.paths import checkout

BENCHMARKS = str(checkout() / "benchmarks")


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """Scripts import their neighbours by name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in [n for n in sys.modules if n.startswith("peer")]:
        del sys.modules[name]


class Exact:
    """A known function in place of the network; its derivatives by central differences."""

    def __init__(self, function, h=1e-4):
        self.function, self.h = function, h

    def __call__(self, places):
        return torch.from_numpy(self.function(places.numpy()))

    def jet(self, places, second):
        from peer_network import Jet

        steps = self.h * torch.eye(places.shape[-1], dtype=places.dtype)
        value = self(places)
        up, down = (torch.stack([self(places + s * step) for step in steps], -2) for s in (1, -1))
        curved = (up + down - 2 * value.unsqueeze(-2)) / self.h**2
        slopes = (up - down) / (2 * self.h)
        return Jet(value, slopes, curved[..., :second, :].sum(-2))


def plane_wave(places):
    """Solves Schrödinger's equation in the box: ω = k²/2 - |a|²."""
    k, a = 2 * np.pi / 10 * 3, 1.3
    phase = k * places[..., 0] - (k**2 / 2 - a**2) * places[..., 1]
    return a * np.stack([np.cos(phase), np.sin(phase)], -1)


def exact(name):
    import peer_truths

    return {
        "burgers": lambda p: peer_truths.burgers(p[..., 1], p[..., 0])[..., None],
        "schroedinger": plane_wave,
        "kovasznay": peer_truths.kovasznay,
        "beltrami": peer_truths.beltrami,
    }[name]


@pytest.mark.parametrize("name", ["burgers", "schroedinger", "kovasznay", "beltrami"])
def test_the_truth_solves_the_equation_and_meets_the_data(name):
    from peer_problems import PROBLEMS

    generator = torch.Generator().manual_seed(0)
    for part in PROBLEMS[name].parts:
        points = part.sample((60,) * len(part.tasks), generator)
        if name == "burgers" and part.tasks == ("equation",):
            points[0][:, 1] *= 0.3  # before the shock, which differences do not resolve
        found = part.residuals(Exact(exact(name)), *points)
        assert found.shape == (60 * len(part.tasks), part.components)
        if (name, part.tasks) == ("schroedinger", ("initial",)):
            continue  # 2 sech x, not a plane wave
        assert found.abs().max() < 2e-5, (name, part.tasks)
        assert (
            part.residuals(Exact(lambda p: 1.1 * exact(name)(p) + p[..., :1]), *points).abs().max()
            > 0.01
        )


@pytest.mark.parametrize("name", ["burgers", "schroedinger", "kovasznay", "beltrami"])
def test_the_network_carries_the_derivatives_that_autograd_finds(name):
    from peer_problems import PROBLEMS

    problem = PROBLEMS[name]
    network = problem.network().double()
    places = torch.rand(5, problem.inputs, dtype=torch.float64, requires_grad=True)
    second = min(problem.inputs - 1, 3) if name != "kovasznay" else 2
    jet, value = network.jet(places, second), network(places)
    torch.testing.assert_close(jet.value, value)
    for c in range(problem.outputs):
        (slopes,) = torch.autograd.grad(value[:, c].sum(), places, create_graph=True)
        bent = [
            torch.autograd.grad(slopes[:, i].sum(), places, retain_graph=True)[0][:, i]
            for i in range(second)
        ]
        torch.testing.assert_close(jet.slopes[:, :, c], slopes)
        torch.testing.assert_close(jet.laplacian[:, c], torch.stack(bent).sum(0))


def test_the_backward_pass_of_the_streams_is_right():
    from peer_network import _TanhJet

    value = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    streams = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v, s: _TanhJet.apply(v, s, 2), (value, streams))


def test_references_err_less_than_a_tenth_of_any_error_that_they_judge():
    import peer_truths

    t, x = np.meshgrid(np.linspace(0, 1, 11), np.linspace(-1, 1, 101))
    twice = peer_truths.burgers(t, x, nodes=200)
    np.testing.assert_allclose(peer_truths.burgers(t, x, nodes=100), twice, atol=1e-12)
    coarse, fine = (
        peer_truths.schroedinger(p, 21, steps)[2] for p, steps in ((1024, 200), (2048, 400))
    )
    error = np.linalg.norm(coarse - fine[:, ::2]) / np.linalg.norm(coarse)
    assert error < 1e-5


@pytest.mark.parametrize(
    "name",
    ["config", "m-config", "hrgrad-gn", "hrgrad-soap", "sum-soap", "sum", "upgrad", "hrgrad"],
)
def test_every_method_learns(name, monkeypatch):
    import peer_methods
    import peers
    from peer_problems import PROBLEMS, judged

    assert set(peer_methods.METHODS) == {m for group in peers.GROUPS for m in group}
    monkeypatch.setattr(peer_methods.GaussNewton, "residuals", 60)
    monkeypatch.setattr(peer_methods.Stepper, "inside", 40)
    torch.manual_seed(0)
    problem = PROBLEMS["kovasznay"]
    method = peer_methods.METHODS[name]
    stepper = method(problem, problem.network(), max(method.rates), 0)
    before = judged(stepper.network, problem)[0]
    for _ in range(40):
        stepper.set_rate(0.3)
        stepper.step()
    assert judged(stepper.network, problem)[0] < 0.95 * before
