"""Parameters of shape (), as inverse problems have: refused by name, stepped, resumed, frozen."""

import copy

import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, UnsupportedLayerError, task_gradients


class Inverse(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.rate = nn.Linear(3, 2), nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.rate * self.layer(x)


def test_it_is_refused_by_name():
    model, x = Inverse(), torch.randn(6, 3)
    with pytest.raises(UnsupportedLayerError, match="'rate'"):
        task_gradients(lambda: model(x).square().sum(1), model, [4, 2])


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
