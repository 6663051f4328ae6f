"""Weights of first values: a loss that is zero at first has none."""

import pytest
import torch

from hrgradlib.optim import StepRefused
from hrgradlib.training.methods import Settings
from hrgradlib.training.static import FirstLossSoap


def test_a_first_loss_of_zero_is_refused_before_anything_moves():
    model = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    method, before = FirstLossSoap(model, Settings(lr=1e-2)), model.weight.detach().clone()
    points, wanted = torch.eye(2), torch.tensor([[1.0], [0.0]])  # the second is met already

    def residuals(x):
        return model(x) - wanted

    with pytest.raises(StepRefused, match=r"first loss of task\(s\) \[1\] is zero") as refused:
        method.step(residuals, [points], [1, 1], observe=False)
    assert tuple(refused.value.tasks) == (1,)
    assert torch.equal(model.weight, before) and method.first is None
