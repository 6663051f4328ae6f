"""One backward pass alone: what cannot be split is refused clearly, and the model survives."""

import pytest
import torch
from torch import nn

from hrgradlib import UnsupportedLayerError, task_gradients


def losses_of(model, x):
    return lambda: model(x).square().flatten(1).sum(1)


def refused(model, x, name, sizes=(3, 3)):
    """The error names the parameter; every parameter is back in its place afterwards."""
    before = dict(model.named_parameters())
    with pytest.raises(UnsupportedLayerError, match=f"task_gradients: .*{name}") as caught:
        task_gradients(losses_of(model, x), model, sizes, engine="one-backward")
    after = dict(model.named_parameters())
    assert before.keys() == after.keys()
    assert all(before[key] is after[key] for key in before)
    assert all(p.grad is None for p in after.values())
    model(x).sum().backward()  # the model still works as it is
    return str(caught.value)


@pytest.mark.parametrize(
    ("layer", "shape", "name"),
    [
        (nn.Conv1d(2, 4, 1), (6, 2, 5), "inner.weight"),
        (nn.BatchNorm1d(2), (6, 2, 5), "inner.weight"),
        (nn.GRUCell(5, 2), (6, 5), "inner.weight_ih"),
        (nn.Bilinear(5, 5, 2), None, "inner.weight"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers(layer, shape, name):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = layer

        def forward(self, x):
            return self.inner(x, x) if isinstance(self.inner, nn.Bilinear) else self.inner(x)

    message = refused(Model(), torch.randn(shape or (6, 5)), f"'{name}'")
    assert "engine=None" in message  # what to do instead


class Used(nn.Module):
    """A linear layer and a bare parameter, used in one way."""

    def __init__(self, use):
        super().__init__()
        self.layer, self.matrix = nn.Linear(3, 3), nn.Parameter(torch.randn(3, 3))
        self.use = use

    def forward(self, x):
        return self.use(self.layer(x), self.matrix)


@pytest.mark.parametrize(
    "use",
    [
        lambda x, m: torch.einsum("ni,ij->nj", x, m),
        lambda x, m: (m @ x.T).T,
        lambda x, m: torch.cat([x, m[:1], m[:1]])[:6],
        lambda x, m: nn.functional.embedding(x.detach().long() % 3, m, max_norm=1.0).sum(1),
        lambda x, m: x * m.mean() * x.mean(),
    ],
    ids=["einsum", "from the left", "along the rows", "max_norm", "mean of the batch"],
)
def test_uses_of_a_parameter(use):
    model, x = Used(use), torch.randn(6, 3)
    with pytest.raises(UnsupportedLayerError):
        task_gradients(losses_of(model, x), model, [3, 3], engine="one-backward")


def test_layers_without_trainable_parameters_are_welcome():
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4, elementwise_affine=False), nn.Tanh())
    assert task_gradients(losses_of(model, torch.randn(6, 3)), model, [3, 3]).matrix.any()


def test_reference_outside_the_model():
    model = nn.Linear(3, 2)
    kept, x = model.weight, torch.randn(6, 3)
    marks = [torch.ones_like(p) for p in model.parameters()]
    for p, mark in zip(model.parameters(), marks, strict=True):
        p.grad = mark

    losses = lambda: (model(x) + kept.sum()).square().sum(1)  # noqa: E731
    with pytest.raises(UnsupportedLayerError, match="'weight' was used directly"):
        task_gradients(losses, model, [3, 3], engine="one-backward")
    for p, mark in zip(model.parameters(), marks, strict=True):
        assert p.grad is mark and (mark == 1).all()


def test_points_must_come_first():
    model, x = nn.Linear(3, 2), torch.randn(4, 6, 3, requires_grad=True)
    losses = lambda: model(x * 1).square().sum((0, 2))  # noqa: E731
    with pytest.raises(UnsupportedLayerError, match=r"shape \(4, 6, 3\); expected \(6, \.\.\."):
        task_gradients(losses, model, [3, 3], engine="one-backward")


def test_single_point_without_batch_dimension():
    model, x = nn.Linear(1, 1), torch.randn(1)
    with pytest.raises(UnsupportedLayerError, match="points first"):
        task_gradients(lambda: model(x).sum()[None], model, [1], engine="one-backward")


def test_unknown_engine():
    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r"found engine = 'fast'; expected one of \('one-b"):
        task_gradients(losses_of(model, torch.randn(6, 3)), model, [3, 3], engine="fast")


def test_segments_need_points():
    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r"needs points = \(\.\.\.\)"):
        task_gradients(losses_of(model, torch.randn(6, 3)), model, [3, 3], engine="segments")


def test_losses_without_a_gradient():
    model, x = nn.Linear(3, 2), torch.randn(6, 3)
    with pytest.raises(ValueError, match="the losses have no gradient"):
        task_gradients(lambda: model(x).square().sum(1).detach(), model, [3, 3])


@pytest.mark.parametrize("sizes", [[], [0, 0], [-1, 7], [2.5, 3.5], 6])
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
