"""Which engine is taken, what it is compared with, and what it leaves behind."""

import gc
import weakref
from functools import partial

import pytest
import torch
from architectures import perceptron
from torch import nn

from hrgradlib import UnsupportedLayerError, task_gradients
from hrgradlib.optim import FallbackWarning
from hrgradlib.optim._backwards import flat_gradient

F64 = torch.float64
SIZES = [4, 2, 5]


def separate(losses, model, sizes):
    parameters = [p for p in model.parameters() if p.requires_grad]
    parts = [part.mean() for part in losses().split(list(sizes)) if len(part)]
    return torch.stack([flat_gradient(part, parameters, True) for part in parts])


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.fixture
def x():
    return torch.randn(sum(SIZES), 3, dtype=F64)


def squares(model, x):
    return model(x).square().flatten(1).sum(1)


ENGINES = ["one-backward", "segments", "backwards"]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same(engine, x):
    model = perceptron().double()
    losses = partial(squares, model)
    found = task_gradients(losses, model, SIZES, points=[x], engine=engine, check=True)
    close(found.matrix, separate(partial(losses, x), model, SIZES))
    close(found.losses, torch.stack([p.mean() for p in losses(x).detach().split(SIZES)]))
    assert found.engine == engine
    assert found.present == (True,) * 3
    assert all(a is b for a, b in zip(found.parameters, model.parameters(), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_matrix_that_is_given_is_filled(engine, x):
    model = perceptron().double()
    out = torch.full((3, sum(p.numel() for p in model.parameters())), torch.nan, dtype=F64)
    found = task_gradients(partial(squares, model), model, SIZES, out, points=[x], engine=engine)
    assert found.matrix is out and out.isfinite().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_absent_task_has_a_zero_row(engine, x):
    model, sizes = perceptron().double(), [6, 0, 5]
    losses = partial(squares, model)
    found = task_gradients(losses, model, sizes, points=[x], engine=engine)
    assert found.present == (True, False, True)
    assert (found.matrix[1] == 0).all() and found.losses[1].isnan()
    close(found.matrix[[0, 2]], separate(partial(losses, x), model, sizes))
    assert found.losses[[0, 2]].isfinite().all()


@pytest.mark.parametrize("sizes", [torch.tensor(SIZES), tuple(SIZES), torch.tensor(SIZES).numpy()])
def test_sizes_may_be_counted(sizes, x):
    model = perceptron().double()
    found = task_gradients(lambda: squares(model, x), model, sizes)
    close(found.matrix, separate(lambda: squares(model, x), model, SIZES))


def test_segments_are_preferred_where_points_are_known(x):
    model = nn.GRUCell(3, 2).double()
    found = task_gradients(partial(squares, model), model, SIZES, points=[x])
    assert found.engine == "segments"
    close(found.matrix, separate(lambda: squares(model, x), model, SIZES))


def test_segments_that_mix_rows_are_not_taken(x):
    """Batch statistics of one task alone are others than those of the batch."""
    model = perceptron(nn.BatchNorm1d(8)).double()
    with pytest.warns(FallbackWarning, match="'segments' is wrong here"):
        found = task_gradients(partial(squares, model), model, SIZES, points=[x])
    assert found.engine == "backwards"
    close(found.matrix, separate(lambda: squares(model, x), model, SIZES))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("how", ["model", "method", "inner", "losses"])
def test_compiled(backend, how, x):
    torch._dynamo.reset()
    model = perceptron().double()
    losses, trained = partial(squares, model, x), model
    if how == "model":
        trained = torch.compile(model, backend=backend)
        losses = partial(squares, trained, x)
    elif how == "method":
        model.compile(backend=backend)
    elif how == "inner":
        trained = nn.Sequential(torch.compile(model, backend=backend), nn.Tanh())
        losses = partial(squares, trained, x)
    else:
        losses = torch.compile(losses, backend=backend)
    expected = separate(partial(squares, model, x), model, SIZES)
    if how == "inner":
        expected = separate(lambda: squares(nn.Sequential(model, nn.Tanh()), x), model, SIZES)
    for engine in (None, None, "backwards", "one-backward"):
        found = task_gradients(losses, trained, SIZES, engine=engine)
        assert found.engine == (engine or "one-backward")
        close(found.matrix, expected)


def test_a_wrong_result_is_refused_where_no_other_may_be_taken(x):
    model = perceptron(nn.BatchNorm1d(8, affine=False)).double()
    with pytest.raises(UnsupportedLayerError, match="'one-backward' is wrong here: it gives other"):
        task_gradients(lambda: squares(model, x), model, SIZES, engine="one-backward")
    unchecked = task_gradients(
        lambda: squares(model, x), model, SIZES, engine="one-backward", check=False
    )
    assert (unchecked.matrix - separate(lambda: squares(model, x), model, SIZES)).abs().max() > 1e-3


def test_a_loss_normalised_by_the_batch_is_noticed_and_said_once(x):
    model = perceptron().double()

    def losses():
        values = squares(model, x)
        return values / values.mean()

    with pytest.warns(FallbackWarning, match="depends on other points"):
        task_gradients(losses, model, SIZES)
    found = task_gradients(losses, model, SIZES)  # a warning would be an error here
    assert found.engine == "backwards"
    close(found.matrix, separate(losses, model, SIZES))


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_a_small_task_is_compared_as_well_as_the_others(scale, x):
    """Only the last task depends on rows of others; its loss is of any size."""
    model = perceptron().double()

    def losses():
        first, last = model(x).square().sum(1).split([6, 5])
        return torch.cat([first, scale * last * first.mean()])

    with pytest.warns(FallbackWarning):
        found = task_gradients(losses, model, SIZES)
    expected = separate(losses, model, SIZES)
    close(found.matrix / expected.norm(dim=1)[:, None], expected / expected.norm(dim=1)[:, None])


def test_points_of_one_task_may_depend_on_each_other(x):
    model = perceptron().double()

    def losses():
        parts = model(x).square().sum(1).split(SIZES)
        return torch.cat([part / part.mean() * part.max() for part in parts])

    found = task_gradients(losses, model, SIZES)
    assert found.engine == "one-backward"
    close(found.matrix, separate(losses, model, SIZES))


def test_losses_that_change_from_call_to_call_fall_back(x):
    model, generator = perceptron().double(), torch.Generator().manual_seed(0)
    drawn = []

    def losses():
        drawn.append(torch.randn(11, 3, dtype=F64, generator=generator))
        return squares(model, drawn[-1])

    with pytest.warns(FallbackWarning, match="differ from call to call"):
        found = task_gradients(losses, model, SIZES)
    close(found.matrix, separate(lambda: squares(model, drawn[-1]), model, SIZES))
    count = len(drawn)
    task_gradients(losses, model, SIZES)
    assert len(drawn) == count + 1


def test_the_check_leaves_generators_as_one_evaluation_does(x):
    def after(check):
        torch.manual_seed(3)
        model = perceptron(nn.Dropout(0.4)).double()
        found = task_gradients(lambda: squares(model, x), model, SIZES, check=check)
        return found.matrix, torch.rand(3)

    for one, two in zip(after(False), after(True), strict=True):
        assert torch.equal(one, two)


def test_statistics_are_updated_once(x):
    model = perceptron(nn.BatchNorm1d(8)).double()
    twin = perceptron(nn.BatchNorm1d(8)).double()
    twin.load_state_dict(model.state_dict())
    squares(twin, x)
    task_gradients(lambda: squares(model, x), model, SIZES)
    close(model[1].running_mean, twin[1].running_mean)
    assert model[1].num_batches_tracked == 1


def test_the_model_is_checked_ever_more_seldom(x):
    model, calls = perceptron().double(), []

    def losses():
        calls.append(1)
        return squares(model, x)

    compared = []
    for _ in range(16):
        before = len(calls)
        task_gradients(losses, model, SIZES)
        compared.append(len(calls) - before == 2)
    assert [n for n, c in enumerate(compared, 1) if c] == [1, 2, 4, 8, 16]
    before = len(calls)
    task_gradients(losses, model, SIZES, check=True)
    assert len(calls) == before + 2
    model[0].bias.requires_grad_(False)  # other parameters: another model
    task_gradients(losses, model, SIZES)
    assert len(calls) == before + 4


class Gated(nn.Module):
    """Attention between points behind a gate that starts at zero."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(3, 3) for _ in range(4))
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        mixed = torch.softmax(self.q(x) @ self.k(x).mT, -1) @ self.v(x)
        return self.out(x + self.gate * mixed)


def normed():
    return nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8, affine=False, track_running_stats=False), nn.Linear(8, 1)
    )


@pytest.mark.parametrize("what", ["gate", "last layer", "not finite", "order"])
def test_what_is_hidden_at_first_is_noticed_at_the_second_call(what, x):
    """A first comparison that cannot see it is no verdict for good."""
    model = (Gated() if what == "gate" else perceptron() if what == "order" else normed()).double()
    target, order = torch.zeros(12, dtype=F64), [0, 1, 2]
    points = torch.cat([x, x[:1] + 1.0])
    if what == "last layer":
        nn.init.zeros_(model[2].weight)
        target += torch.arange(12)
    if what == "not finite":
        target[0] = torch.nan

    def losses():
        parts = {k: model(points[4 * k : 4 * k + 4]) for k in order} if what == "order" else {}
        found = torch.cat([parts[k] for k in range(3)]) if parts else model(points)
        return (found - target[:, None]).square().sum(1)

    task_gradients(losses, model, [4, 4, 4])
    with torch.no_grad():
        if what == "gate":
            model.gate.fill_(0.5)
        elif what == "last layer":
            model[2].weight.normal_()
    target.nan_to_num_()
    order[:] = [2, 0, 1]
    with pytest.warns(FallbackWarning):
        found = task_gradients(losses, model, [4, 4, 4])
    assert found.engine == "backwards"
    close(found.matrix, separate(losses, model, [4, 4, 4]))


def test_nothing_is_kept_of_a_model(x):
    model = perceptron().double()
    task_gradients(lambda: squares(model, x), model, SIZES)
    kept = weakref.ref(model[0].weight)
    model = None
    gc.collect()
    assert kept() is None


def test_without_a_gradient_mode_it_works_too(x):
    model = perceptron().double()
    with torch.no_grad():
        found = task_gradients(lambda: squares(model, x), model, SIZES)
    close(found.matrix, separate(lambda: squares(model, x), model, SIZES))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("engine", ENGINES)
def test_half_precision(dtype, engine, x):
    model = perceptron(nn.LayerNorm(8)).to(dtype)
    exact = perceptron(nn.LayerNorm(8)).double()
    exact.load_state_dict(model.state_dict())
    losses = partial(squares, model)
    found = task_gradients(losses, model, SIZES, points=[x.to(dtype)], engine=engine)
    assert found.matrix.dtype == dtype
    expected = separate(lambda: squares(exact, x.to(dtype).double()), exact, SIZES)
    assert (found.matrix.double() - expected).norm() < 0.05 * expected.norm()


def test_networks_of_two_precisions(x):
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 8), nn.Linear(8, 1).double()

        def forward(self, x):
            return self.last(torch.tanh(self.first(x.float())).double())

    model = Mixed()
    found = task_gradients(lambda: squares(model, x), model, SIZES)
    assert found.engine == "one-backward" and found.matrix.dtype == F64
    expected = [
        torch.autograd.grad(part.mean(), list(model.parameters()), retain_graph=True)
        for part in squares(model, x).split(SIZES)
    ]
    flat = torch.stack([torch.cat([g.double().flatten() for g in row]) for row in expected])
    torch.testing.assert_close(found.matrix, flat, rtol=1e-5, atol=1e-7)


def test_rows_that_serve_several_tasks_fall_back(x):
    """Two terms at the same points; a separable network on a grid that tasks divide."""
    model = perceptron().double()
    terms = lambda: model(x).T.flatten().square()  # noqa: E731
    nets = nn.ModuleList(perceptron(inputs=1, outputs=5) for _ in range(2)).double()
    grid = [torch.rand(n, 1, dtype=F64) for n in (6, 7)]
    product = lambda: (nets[0](grid[0]) @ nets[1](grid[1]).T).square().flatten()  # noqa: E731
    for losses, trained, sizes in ((terms, model, [11, 11]), (product, nets, [14, 28])):
        found = task_gradients(losses, trained, sizes)
        assert found.engine == "backwards"
        close(found.matrix, separate(losses, trained, sizes))


def test_expressions_with_several_results(x):
    """Decompositions and maxima of parameters come as named tuples."""

    class Decomposed(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.w = (nn.Parameter(torch.randn(3, 3)) for _ in range(2))

        def forward(self, x):
            inner = torch.tanh(x @ torch.linalg.qr(self.q).Q)
            return inner @ (self.w / self.w.max(1, keepdim=True).values)

    model = Decomposed().double()
    found = task_gradients(lambda: squares(model, x), model, SIZES)
    assert found.engine == "one-backward"
    close(found.matrix, separate(lambda: squares(model, x), model, SIZES))


def test_spectral_norm(x):
    """Its power iteration moves on with every evaluation, with the check as without."""
    model = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 8)).double()
    twin = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 8)).double()
    twin.load_state_dict(model.state_dict())
    found = task_gradients(lambda: squares(model, x), model, SIZES)
    assert found.engine == "one-backward"
    close(found.matrix, separate(lambda: squares(twin, x), twin, SIZES))
    for one, two in zip(model.buffers(), twin.buffers(), strict=True):
        close(one, two)
