"""Parameters of shape (), as inverse problems have: differentiated, stepped, resumed, frozen."""

import copy

import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, task_gradients


class Inverse(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.rate = nn.Linear(3, 2), nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.rate * self.layer(x)


def test_it_has_a_column():
    model, x = Inverse().double(), torch.randn(6, 3, dtype=torch.float64)
    losses = lambda: model(x).square().sum(1)  # noqa: E731
    found = task_gradients(losses, model, [4, 2])
    assert found.engine == "one-backward"
    means = [part.mean() for part in losses().split([4, 2])]
    rates = [torch.autograd.grad(m, model.rate, retain_graph=True)[0] for m in means]
    torch.testing.assert_close(found.by_parameter(model)[0], torch.stack(rates))


def test_an_unknown_coefficient_is_found():
    """u' = −r u and data of r = 2, one evaluation for each; both are trained together."""

    class Decay(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
            self.rate = nn.Parameter(torch.tensor(0.5))

    model = Decay().double()
    t = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None].requires_grad_()

    def losses():
        u = model.net(t)
        (du,) = torch.autograd.grad(u.sum(), t, create_graph=True)
        equation, data = du + model.rate * u, model.net(seen) - torch.exp(-2 * seen)
        return torch.cat([equation, data])[:, 0].square()

    seen = torch.rand(10, 1, dtype=torch.float64)
    optimizer = HRGrad(model.parameters(), lr=2e-2, harmony=0.0)  # the sum, but for conflict
    for _ in range(400):
        found = task_gradients(losses, model, [20, 10])
        optimizer.step(found)
    assert found.engine == "one-backward"
    assert abs(model.rate.item() - 2) < 0.75  # half of the way


def test_it_is_stepped_and_resumed():
    model = Inverse()
    gradients = torch.randn(20, 3, sum(p.numel() for p in model.parameters()))
    one = HRGrad(model.parameters())
    for g in gradients[:10]:
        one.step(g)
    twin = copy.deepcopy(model)
    two = HRGrad(twin.parameters())
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for g in gradients[10:]:
        one.step(g)
        two.step(g)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p, q)


def test_frozen_it_does_not_matter():
    model, x = Inverse(), torch.randn(6, 3)
    model.rate.requires_grad_(False)
    found = task_gradients(lambda: model(x).square().sum(1), model, [4, 2])
    assert [g.shape for g in found.by_parameter(model)] == [(2, 2, 3), (2, 2)]


@pytest.mark.parametrize("sizes", [[4, 2], [1] * 6])
def test_unused_it_has_a_column_of_zeros(sizes):
    model, x = Inverse(), torch.randn(6, 3)
    found = task_gradients(lambda: model.layer(x).square().sum(1), model, sizes)
    rate, *layer = found.by_parameter(model)
    assert (rate == 0).all() and all(g.abs().sum() > 0 for g in layer)
