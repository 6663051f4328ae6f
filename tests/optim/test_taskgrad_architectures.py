"""Task gradients of networks that people train: right by one engine or another, never wrong."""

import warnings

import pytest
import torch
from architectures import ARCHITECTURES, NATIVE, ROWS, SIZES

from hrgradlib import task_gradients
from hrgradlib.optim import FallbackWarning
from hrgradlib.optim._backwards import flat_gradient


def k_backwards(losses, model, sizes):
    """[K, n], each from an evaluation of its own."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    rows = []
    for task, size in enumerate(sizes):
        torch.manual_seed(5)
        part = losses().split(list(sizes))[task]
        rows.append(flat_gradient(part.mean() if size else part.sum(), parameters, False))
    return torch.stack(rows)


def assert_right(losses, model, sizes, engine, **options):
    expected = k_backwards(losses, model, sizes)
    for _ in range(2):  # the first call is checked, the second knows
        torch.manual_seed(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            found = task_gradients(losses, model, sizes, **options)
        scale = expected.abs().amax(1, keepdim=True).clamp_min(1e-30)
        assert ((found.matrix - expected) / scale).abs().max() <= 1e-10
        assert found.engine == engine
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_network(name):
    make, engine = ARCHITECTURES[name]
    model = make().double()
    x = torch.randn(ROWS, 3, dtype=torch.float64)
    assert_right(lambda: (model(x) - 0.3).square().flatten(1).sum(1), model, SIZES, engine)


SMOOTH = [n for n in ARCHITECTURES if n not in ("LSTM", "dropout", "reentrant checkpoint")]


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_by_the_inputs(name):
    """The same networks under a second-order residual, as a PINN writes it."""
    make, engine = ARCHITECTURES[name]
    model = make().double()
    x = torch.randn(ROWS, 3, dtype=torch.float64, requires_grad=True)

    def losses():
        u = model(x).flatten(1).square().sum(1)
        (du,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (ddu,) = torch.autograd.grad(du[:, 0].sum(), x, create_graph=True)
        return (du[:, 1] + u * du[:, 0] - 0.1 * ddu[:, 0]).square()

    assert_right(losses, model, SIZES, engine)


def test_most_of_them_take_one_backward_pass():
    assert len(ARCHITECTURES) >= 40
    assert sum(engine == NATIVE for _, engine in ARCHITECTURES.values()) >= 40
