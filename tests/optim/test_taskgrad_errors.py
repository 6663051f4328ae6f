"""What cannot be split into tasks is refused clearly, and the model survives the refusal."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from hrgradlib import UnsupportedLayerError, task_gradients


class Scaled(nn.Module):
    """A linear layer and a bare parameter."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.layer = kind, nn.Linear(3, 3)
        self.factor = nn.Parameter(torch.ones(3))
        self.matrix = nn.Parameter(torch.ones(3, 3))

    def forward(self, x):
        x = self.layer(x)
        match self.kind:
            case "product":
                return x * self.factor
            case "reversed product":
                return self.factor * x
            case "matrix product":
                return x @ self.matrix
            case "transposed":
                return x @ self.matrix.T
            case "nested list":
                return x + torch.stack([self.factor, self.factor]).sum(0)
            case "keyword":
                return torch.add(input=x, other=self.factor)
            case "einsum":
                return torch.einsum("ni,ij->nj", x, self.matrix)
            case "in place":
                return x.add_(self.factor)
            case "weight from a parameter":
                return nn.functional.linear(x, 2 * self.matrix)
            case "parameter as input":
                return x + nn.functional.linear(self.matrix[:1], self.matrix)


KINDS = [
    "product",
    "reversed product",
    "matrix product",
    "transposed",
    "nested list",
    "keyword",
    "einsum",
    "in place",
    "weight from a parameter",
    "parameter as input",
]


def losses_of(model, x):
    return lambda: model(x).square().flatten(1).sum(1)


def refused(model, x, name, sizes=(3, 3)):
    """The error names the parameter; every parameter is back in its place afterwards."""
    before = dict(model.named_parameters())
    with pytest.raises(UnsupportedLayerError, match=f"task_gradients: .*{name}") as caught:
        task_gradients(losses_of(model, x), model, sizes)
    after = dict(model.named_parameters())
    assert before.keys() == after.keys()
    assert all(before[key] is after[key] for key in before)
    assert all(p.grad is None for p in after.values())
    model(x).sum().backward()  # the model still works as it is
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_bare_parameter(kind):
    refused(Scaled(kind), torch.randn(6, 3), "'(factor|matrix)'")


@pytest.mark.parametrize("frozen", [True, False])
def test_parameter_as_input_of_a_layer(frozen):
    """As many rows as points: only its being a parameter gives it away."""

    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.Parameter(torch.randn(6, 3))
            self.right = nn.Parameter(torch.randn(3, 3), requires_grad=not frozen)
            self.bias = nn.Parameter(torch.randn(3))

        def forward(self, x):
            return x + nn.functional.linear(self.left, self.right, self.bias)

    refused(Product(), torch.randn(6, 3), "'left' is used as the input")


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(2, 4, 1), (6, 2, 5)),
        (nn.LayerNorm(5), (6, 2, 5)),
        (nn.BatchNorm1d(2), (6, 2, 5)),
        (nn.PReLU(), (6, 2, 5)),
        (nn.Bilinear(5, 5, 2), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_layers(layer, shape):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = layer

        def forward(self, x):
            return self.inner(x, x) if isinstance(self.inner, nn.Bilinear) else self.inner(x)

    message = refused(Model(), torch.randn(shape or (6, 5)), "'inner.weight'")
    assert "autojac" in message  # what to do instead


def test_weight_norm():
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    refused(layer, torch.randn(6, 3), "'parametrizations.weight.original")


def test_layers_without_trainable_parameters_are_welcome():
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4, elementwise_affine=False), nn.Tanh())
    assert task_gradients(losses_of(model, torch.randn(6, 3)), model, [3, 3]).matrix.any()


def test_reference_outside_the_model():
    model = nn.Linear(3, 2)
    kept, x = model.weight, torch.randn(6, 3)
    marks = [torch.ones_like(p) for p in model.parameters()]
    for p, mark in zip(model.parameters(), marks, strict=True):
        p.grad = mark

    with pytest.raises(UnsupportedLayerError, match="'weight' was used directly"):
        task_gradients(lambda: (model(x) + kept.sum()).square().sum(1), model, [3, 3])
    for p, mark in zip(model.parameters(), marks, strict=True):
        assert p.grad is mark and (mark == 1).all()


def test_recurrent_layer():
    """Keeps references to its parameters in a list of its own."""
    model = nn.LSTM(3, 2, batch_first=True)
    with pytest.raises(UnsupportedLayerError):
        task_gradients(lambda: model(torch.randn(6, 4, 3))[0].sum((1, 2)), model, [3, 3])


def test_points_must_come_first():
    model = nn.Linear(3, 2)
    x = torch.randn(4, 6, 3)
    with pytest.raises(UnsupportedLayerError, match=r"shape \(4, 6, 3\); expected \(6, \.\.\."):
        task_gradients(lambda: model(x).square().sum((0, 2)), model, [3, 3])


def test_single_point_without_batch_dimension():
    model = nn.Linear(3, 2)
    with pytest.raises(UnsupportedLayerError, match="points first"):
        task_gradients(lambda: model(torch.randn(3)).sum()[None], model, [3])


@pytest.mark.parametrize("sizes", [[], [0, 6], [-1, 7], [2.5, 3.5]])
def test_impossible_sizes(sizes):
    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="found sizes = .*expected integers"):
        task_gradients(losses_of(model, torch.randn(6, 3)), model, sizes)


@pytest.mark.parametrize("shape", [(6, 1), (5,), ()])
def test_losses_of_the_wrong_shape(shape):
    model = nn.Linear(3, 2)
    x = torch.randn(6, 3)
    with pytest.raises(ValueError, match=r"the losses have shape .*expected \(6,\)"):
        task_gradients(lambda: model(x).sum() * torch.ones(shape), model, [3, 3])


def test_losses_that_are_no_tensor():
    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="the losses have shape float"):
        task_gradients(lambda: 1.0, model, [3, 3])


def test_model_without_trainable_parameters():
    with pytest.raises(ValueError, match="no trainable parameter"):
        task_gradients(lambda: torch.zeros(3), nn.Tanh(), [3])


def test_an_error_of_the_losses_passes_through_and_restores_the_model():
    model = nn.Linear(3, 2)
    before = list(model.parameters())

    def broken():
        model(torch.randn(6, 3))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        task_gradients(broken, model, [3, 3])
    assert all(a is b for a, b in zip(model.parameters(), before, strict=True))
