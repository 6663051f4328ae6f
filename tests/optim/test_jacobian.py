"""Residuals as people write them: both kinds of derivatives, any network, and what is none."""

from functools import partial

import pytest
import torch
from architectures import ARCHITECTURES, perceptron
from torch import nn
from torchjd.autojac import backward, jac_to_grad

from hrgradlib import (
    HRGrad,
    HRGradAggregator,
    TaskGradients,
    UnsupportedLayerError,
    residual_jacobian,
    task_gradients,
)
from hrgradlib.optim import segment_means

F64 = torch.float64
SIZES = [3, 4]
APART = [  # networks whose rows are apart, whatever their number
    name
    for name in ARCHITECTURES
    if name.split()[0] not in ("batch", "dropout", "heads", "reentrant", "rows")
    and name not in ("attention between points", "code of every task", "weight row per point")
]


class Streams(nn.Module):
    """A perceptron that carries tangents [N, S, 2] along if there are any."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 1)])

    def forward(self, x, tangents=None):
        for layer in self.layers:
            x = layer(x)
            tangents = None if tangents is None else nn.functional.linear(tangents, layer.weight)
            if layer is not self.layers[-1]:
                x = torch.tanh(x)
                tangents = None if tangents is None else (1 - x[:, None] ** 2) * tangents
        return x if tangents is None else (x, tangents)


def by_reverse(model, tx):
    """u_t + u u_x and u, derivatives by ``torch.autograd.grad``."""
    u = model(tx)
    (du,) = torch.autograd.grad(u.sum(), tx, create_graph=True)
    return torch.cat([du[:, :1] + u * du[:, 1:], u], 1)


def carried(model, tx):
    """The same, tangents carried forward."""
    u, moved = model(tx, torch.eye(2, dtype=tx.dtype).expand(len(tx), 2, 2))
    return torch.cat([moved[:, 0] + u * moved[:, 1], u], 1)


WRITTEN = {"reverse": by_reverse, "forward": carried}


@pytest.fixture
def problem(request):
    """Residuals written in one of both ways, their network, and points."""
    model = Streams().double()
    points = torch.rand(sum(SIZES), 2, dtype=F64, requires_grad=True)
    return partial(WRITTEN[request.param], model), model, points


both = pytest.mark.parametrize("problem", WRITTEN, indirect=True)


def rows_of(residuals, model, points):
    """[R, n] row by row."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    rows = []
    for r in residuals(*points).flatten():
        found = torch.autograd.grad(r, parameters, retain_graph=True, allow_unused=True)
        pairs = zip(parameters, found, strict=True)
        rows.append(
            torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in pairs])
        )
    return torch.stack(rows)


def scaled(rows, sizes, parts):
    scale = torch.tensor([s**-0.5 for s in sizes for _ in range(s * parts)], dtype=rows.dtype)
    return rows * scale[:, None]


@both
@pytest.mark.parametrize("chunk", [1, 5, 4096])
def test_the_jacobian(problem, chunk):
    residuals, model, points = problem
    found = residual_jacobian(residuals, model, [points], SIZES, chunk=chunk, check=True)
    assert found.engine == "one-backward" and points.grad is None
    expected = scaled(rows_of(residuals, model, [points]), SIZES, 2)
    torch.testing.assert_close(found.matrix, expected, rtol=1e-10, atol=1e-12)
    assert all(a is b for a, b in zip(found.parameters, model.parameters(), strict=True))


def test_both_ways_give_the_same():
    model = Streams().double()
    points = torch.rand(7, 2, dtype=F64, requires_grad=True)
    one, two = (
        residual_jacobian(partial(way, model), model, [points], SIZES) for way in WRITTEN.values()
    )
    torch.testing.assert_close(one.matrix, two.matrix, rtol=1e-10, atol=1e-12)


@both
def test_task_gradients(problem):
    residuals, model, points = problem
    losses = lambda: residuals(points).square().sum(1)  # noqa: E731
    found = task_gradients(losses, model, SIZES)
    means = segment_means(losses(), SIZES)
    expected = rows_of(lambda: means, model, [])
    assert found.engine == "one-backward"
    torch.testing.assert_close(found.matrix, expected, rtol=1e-10, atol=1e-12)


@both
@pytest.mark.parametrize("metric", ["adam", "identity", "gauss-newton"])
def test_the_optimizer(problem, metric):
    residuals, model, points = problem
    optimizer = HRGrad(model.parameters(), lr=1e-2, metric=metric)
    losses = []
    for _ in range(20):
        if metric == "gauss-newton":
            found = residual_jacobian(residuals, model, [points], SIZES)
        else:
            found = task_gradients(lambda: residuals(points).square().sum(1), model, SIZES)
        losses.append(float(found.losses.sum()))
        optimizer.step(found)
    assert losses[-1] < losses[0]


@both
def test_the_aggregator(problem):
    residuals, model, points = problem
    losses = lambda: segment_means(residuals(points).square().sum(1), SIZES)  # noqa: E731
    optimizer, history = torch.optim.SGD(model.parameters(), lr=1e-2), []
    for _ in range(20):
        optimizer.zero_grad()
        means = losses()
        history.append(float(means.detach().sum()))
        backward(means)
        jac_to_grad(list(model.parameters()), HRGradAggregator())
        optimizer.step()
    assert history[-1] < history[0]


def test_points_that_residuals_make_differentiable_themselves():
    model = perceptron(inputs=2, outputs=1).double()

    def residuals(tx):
        tx.requires_grad_()
        return torch.autograd.grad(model(tx).sum(), tx, create_graph=True)[0]

    points = torch.rand(7, 2, dtype=F64)
    found = residual_jacobian(residuals, model, [points], SIZES)
    assert not points.requires_grad
    expected = scaled(rows_of(residuals, model, [points.clone()]), SIZES, 2)
    torch.testing.assert_close(found.matrix, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", APART)
def test_any_network(name):
    make, engine = ARCHITECTURES[name]
    model = make().double()
    points = torch.randn(7, 3, dtype=F64)
    residuals = lambda x: model(x).flatten(1)  # noqa: E731
    found = residual_jacobian(residuals, model, [points], SIZES)
    parts = len(found.residuals) // 7
    expected = scaled(rows_of(residuals, model, [points]), SIZES, parts)
    torch.testing.assert_close(found.matrix, expected, rtol=1e-10, atol=1e-12)
    assert found.engine == ("segments" if engine == "backwards" else engine)


def test_only_one_backward_pass_may_be_asked_for():
    model = nn.GRUCell(2, 2).double()
    points = [torch.randn(7, 2, dtype=F64)]
    with pytest.raises(UnsupportedLayerError, match="by gru_cell"):
        residual_jacobian(model, model, points, SIZES, engine="one-backward")


@pytest.mark.parametrize("sizes", [torch.bincount(torch.tensor([0] * 3 + [1] * 4)), (3, 4)])
def test_sizes_may_be_counted(sizes):
    model, points = perceptron(inputs=2).double(), [torch.randn(7, 2, dtype=F64)]
    found = residual_jacobian(model, model, points, sizes)
    assert found.sizes == (6, 8) and found.present == (True, True)


def test_an_absent_task_has_no_rows():
    model, points = perceptron(inputs=2).double(), [torch.randn(7, 2, dtype=F64)]
    found = residual_jacobian(model, model, points, [3, 0, 4])
    whole = residual_jacobian(model, model, points, [3, 4])
    assert found.sizes == (6, 0, 8) and found.present == (True, False, True)
    assert torch.equal(found.matrix, whole.matrix)
    assert found.losses.isnan().tolist() == [False, True, False]


# --- what is no residual of its point -----------------------------------------------------------


def misfits():
    """Residuals that close over a target of all points, by shape of the target."""
    model, x = perceptron(inputs=2, outputs=1).double(), torch.randn(7, 2, dtype=F64)
    target = torch.randn(7, dtype=F64)
    return model, x, {
        "row minus column": lambda x: model(x) - target,
        "column": lambda x: model(x) - target[:, None],
        "flat": lambda x: (model(x)[:, 0] - target)[:, None],
        "cut to length": lambda x: model(x) - target[: len(x), None],
        "two components": lambda x: torch.cat([model(x), model(x) - target[: len(x), None]], 1),
        "mean of the batch": lambda x: model(x) - model(x).mean(),
    }  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 3, 4096])
@pytest.mark.parametrize("name", misfits()[2])
def test_data_of_other_points_is_refused(name, chunk):
    model, x, residuals = misfits()
    with pytest.raises(ValueError, match=r"^residual_jacobian: .*expected"):
        residual_jacobian(residuals[name], model, [x], SIZES, chunk=chunk)


def test_data_among_the_points_is_right():
    model, x, _ = misfits()
    target = torch.randn(7, 1, dtype=F64)
    found = residual_jacobian(lambda x, y: model(x) - y, model, [x, target], SIZES)
    expected = torch.stack([p.square().mean() for p in (model(x) - target).split(SIZES)])
    torch.testing.assert_close(found.losses, expected.detach())


def test_as_many_components_as_points_are_welcome():
    model, x = perceptron(inputs=2, outputs=7).double(), torch.randn(7, 2, dtype=F64)
    assert residual_jacobian(model, model, [x], SIZES).matrix.shape[0] == 49


# --- what TorchJD leaves ------------------------------------------------------------------------


def test_from_jac_fills_in_what_no_loss_reaches():
    model = nn.ModuleDict({"used": perceptron(), "spare": nn.Linear(2, 2)}).double()
    parameters = list(model.parameters())
    x = torch.randn(7, 3, dtype=F64)
    losses = segment_means(model["used"](x).square().sum(1), SIZES)
    backward(losses)
    found = TaskGradients.from_jac(parameters, losses)
    expected = task_gradients(lambda: model["used"](x).square().sum(1), model, SIZES)
    torch.testing.assert_close(found.matrix, expected.matrix, rtol=1e-10, atol=1e-12)
    assert found.engine == "jac" and not any(hasattr(p, "jac") for p in parameters)
    assert torch.equal(found.losses, losses.detach())
    HRGrad(parameters).step(found)


def test_from_jac_without_jac():
    with pytest.raises(ValueError, match=r"found \.jac of \[\] tasks.*autojac\.backward"):
        TaskGradients.from_jac(list(perceptron().parameters()))
