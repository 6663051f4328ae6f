"""HRGrad through TorchJD's public interface: the same weights, on any losses."""

import pytest
import torch
from torch import nn
from torchjd.aggregation import GramianWeightedAggregator, Weighting
from torchjd.autojac import backward, jac_to_grad

from hrgradlib import HRGradAggregator, HRGradWeighting, harmonize

JACOBIANS = [
    torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]),
    torch.tensor([[1.0, 0.0], [0.0, 0.0], [-0.5, 1.0]]),
    torch.tensor([[1.0, 2.0], [-1.0, -2.0]]),
    torch.tensor([[3.0, 4.0]]),
    torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.4, 0.1], [-1.0, 1.0, 0.0]]),  # the axes differ here
]


@pytest.mark.parametrize("axis", ["equiangular", "maxmin"])
@pytest.mark.parametrize("harmony", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("jacobian", JACOBIANS)
def test_equals_harmonize(jacobian, harmony, axis, device, dtype):
    jacobian = jacobian.to(device, dtype)
    gramian = jacobian @ jacobian.T
    expected = harmonize(gramian, harmony, axis).weights
    torch.testing.assert_close(HRGradWeighting(harmony, axis)(gramian), expected)
    found = HRGradAggregator(harmony, axis)(jacobian)
    torch.testing.assert_close(found, expected @ jacobian)
    assert found.dtype == dtype


def test_axis_matters():
    one, other = (HRGradAggregator(1.0, axis)(JACOBIANS[-1]) for axis in ("equiangular", "maxmin"))
    assert (one - other).norm() > 0.01 * one.norm()


def test_belongs_to_torchjd():
    assert isinstance(HRGradWeighting(), Weighting)
    assert isinstance(HRGradAggregator(), GramianWeightedAggregator)
    assert isinstance(HRGradAggregator(), nn.Module)


def model_and_losses():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 3))
    x = torch.randn(8, 3)
    target = torch.randn(8, 3) * torch.tensor([1.0, 10.0, 0.1])
    return model, (model(x) - target).square().mean(0)


def test_autojac_fills_the_gradients():
    model, losses = model_and_losses()
    rows = torch.stack(
        [
            torch.cat(
                [
                    g.flatten()
                    for g in torch.autograd.grad(one, model.parameters(), retain_graph=True)
                ]
            )
            for one in losses
        ]
    )
    expected = harmonize(rows @ rows.T, 0.3).weights @ rows

    backward(losses)
    jac_to_grad(model.parameters(), HRGradAggregator(harmony=0.3))
    found = torch.cat([p.grad.flatten() for p in model.parameters()])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert (rows @ found > 0).all()


def test_repr():
    assert repr(HRGradAggregator()) == "HRGradAggregator(harmony=0.5, axis='maxmin')"
    other = HRGradAggregator(1.0, "equiangular")
    assert repr(other) == "HRGradAggregator(harmony=1.0, axis='equiangular')"


@pytest.mark.parametrize("kind", [HRGradAggregator, HRGradWeighting])
def test_arguments_are_checked_at_once(kind):
    with pytest.raises(ValueError, match=r"harmony = 2; expected \[0, 1\]"):
        kind(harmony=2)
    with pytest.raises(ValueError, match="axis = 'middle'; expected one of"):
        kind(axis="middle")


def test_not_finite_is_refused():
    with pytest.raises(ValueError, match="NaN or inf"):
        HRGradAggregator()(torch.tensor([[1.0, 0.0], [torch.nan, 1.0]]))
