"""The scripts in examples/, run as their reader would, and what the page beside them says."""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, UnsupportedLayerError, task_gradients
from hrgradlib.optim import FallbackWarning

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def printed(name: str, tmp_path: Path) -> dict[str, list[str]]:
    """First word of every line a script prints, and the words that follow it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)], cwd=tmp_path, text=True,
        capture_output=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}


def numbers(words: list[str]) -> list[float]:
    return [float(word) for word in words if word[0].isdigit()]


def test_every_script_is_tested():
    assert SCRIPTS == [
        "first_apnn.py", "own_gramian.py", "own_module.py", "torchjd_losses.py",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_short_and_needs_no_more_than_the_library(name):
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 70
    names = [
        n
        for node in ast.walk(ast.parse(source))
        for n in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    ]
    allowed = {"functools", "statistics", "torch", "torchjd", "hrgradlib"}
    assert {n.split(".")[0] for n in names} <= allowed
    taken = [
        a.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "hrgradlib"
        for a in node.names
    ]
    assert taken, "what a reader copies comes from the package itself"


def test_own_module(tmp_path):
    rows = printed("own_module.py", tmp_path)
    *plain, plain_error = numbers(rows["sum"])
    *losses, error = numbers(rows["HRGrad"])
    assert error < 0.15 and error < plain_error
    assert max(losses[1:]) < 0.8 * max(plain[1:])  # the walls, which the sum neglects


def test_own_module_gives_the_gradients_of_k_backward_passes():
    script = runpy.run_path(str(EXAMPLES / "own_module.py"))
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x = script["sample"]().detach().double().requires_grad_()
    found = task_gradients(lambda: script["point_losses"](model, x), model, script["SIZES"])
    for k, row in enumerate(found.matrix):
        loss = script["point_losses"](model, x).split(script["SIZES"])[k].mean()
        expected = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
        flat = torch.cat(
            [
                (torch.zeros_like(p) if g is None else g).flatten()
                for g, p in zip(expected, model.parameters(), strict=True)
            ]
        )
        torch.testing.assert_close(row, flat)


# torch's own forward mode calls what torch has deprecated
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("method", ["sum", "HRGrad"])
def test_first_apnn_learns(method):
    program = runpy.run_path(str(EXAMPLES / "first_apnn.py"))
    start, end = (program["train"](1e-2, 1.0, method, steps=steps) for steps in (1, 120))
    points = program["sample"](1e-2, 1.0, 1000)
    before, after = (program["point_losses"](m, *points).detach().mean() for m in (start, end))
    assert after < 0.25 * before


def test_torchjd_losses(tmp_path):
    rows = printed("torchjd_losses.py", tmp_path)
    plain, rotated, stepped = (numbers(rows[n]) for n in ("sum", "aggregator", "HRGrad"))
    for shares in (plain, rotated, stepped):
        assert len(shares) == 3 and max(shares) < 0.3
    assert max(rotated) < 0.08 and max(stepped) < 0.12
    assert rotated[1] < 0.8 * plain[1]  # the radius, which the sum neglects


def test_own_gramian(tmp_path):
    rows = printed("own_gramian.py", tmp_path)
    steps, rises = (int(word) for word in rows["sum"] if word.isdigit())
    assert steps == 200 and rises > 100  # the sum pays one group with another
    steps, rises = (int(word) for word in rows["HRGrad"] if word.isdigit())
    assert 50 < steps <= 200 and rises <= 5
    losses = numbers(rows["HRGrad"])[2:]
    assert len(losses) == 4 and max(losses) < 0.6932  # every group gained


# --- the page: what works, what is refused -------------------------------------------------------


def error_of(model, x, losses=None):
    """Largest difference between the task gradients and those of K backward passes."""
    losses = losses or (lambda: model(x).square().flatten(1).sum(1))
    sizes = [4, 2]
    parameters = [p for p in model.parameters() if p.requires_grad]
    torch.manual_seed(1)
    found = task_gradients(losses, model, sizes).by_parameter(model)
    worst = 0.0
    for k in range(2):
        torch.manual_seed(1)
        expected = torch.autograd.grad(losses().split(sizes)[k].mean(), parameters)
        worst = max(
            worst, *(float((f[k] - e).abs().max()) for f, e in zip(found, expected, strict=True))
        )
    return worst


class Twice(nn.Module):
    """One layer used twice."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(torch.tanh(self.layer(x)))


def tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


class Attention(nn.Module):
    """Attention among the tokens of one point."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(3, 3) for _ in range(3))

    def forward(self, x):
        x = x[:, :, None].expand(-1, -1, 3)
        return nn.functional.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x))


def perceptron(*between):
    return nn.Sequential(nn.Linear(3, 8), *between, nn.Tanh(), nn.Linear(8, 2))


WELCOME = {
    "dropout": perceptron(nn.Dropout(0.5)),
    "one layer twice": Twice(),
    "tied weights": tied(),
    "layer norm without parameters": perceptron(nn.LayerNorm(8, elementwise_affine=False)),
    "attention inside a point": Attention(),
    "batch norm in evaluation": perceptron(nn.BatchNorm1d(8, affine=False).eval()),
}


@pytest.mark.parametrize("name", WELCOME)
def test_welcome(name):
    assert error_of(WELCOME[name].double(), torch.randn(6, 3).double()) < 1e-12


def test_frozen_layers_and_activation_checkpoints_are_welcome():
    x, model = torch.randn(6, 3).double(), perceptron().double()
    model[0].requires_grad_(False)
    assert error_of(model, x) < 1e-12
    model, checkpoint = perceptron().double(), torch.utils.checkpoint.checkpoint
    losses = lambda: checkpoint(model, x, use_reentrant=False).square().sum(1)  # noqa: E731
    assert error_of(model, x, losses) < 1e-12


PARAMETERS = {
    "layer norm": perceptron(nn.LayerNorm(8)),
    "group norm": perceptron(nn.GroupNorm(2, 8)),
    "batch norm in evaluation": perceptron(nn.BatchNorm1d(8).eval()),
    "PReLU": perceptron(nn.PReLU()),
    "weight norm": nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_layers_with_parameters_are_welcome(name):
    model, x = PARAMETERS[name].double(), torch.randn(6, 3).double()
    assert error_of(model, x) < 1e-12
    losses = lambda: model(x).square().flatten(1).sum(1)  # noqa: E731
    assert task_gradients(losses, model, [4, 2]).engine == "one-backward"


class Doubled(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Bilinear(3, 3, 2)

    def forward(self, x):
        return self.layer(x, x)


FALLS_BACK = {
    "convolution": nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2), nn.Flatten()),
    "bilinear layer": Doubled(),
    "GRU cell": nn.GRUCell(3, 2),
}


@pytest.mark.parametrize("name", FALLS_BACK)
def test_falls_back(name):
    model, x = FALLS_BACK[name].double(), torch.randn(6, 3).double()
    assert error_of(model, x) < 1e-12
    losses = lambda: model(x).square().flatten(1).sum(1)  # noqa: E731
    assert task_gradients(losses, model, [4, 2]).engine == "backwards"
    with pytest.raises(UnsupportedLayerError, match="cannot be split"):
        task_gradients(losses, model, [4, 2], engine="one-backward")


def test_mixing_rows_is_noticed():
    model = perceptron(nn.BatchNorm1d(8, affine=False)).double()
    with pytest.warns(FallbackWarning, match="depends on other points"):
        assert error_of(model, torch.randn(6, 3).double()) < 1e-12


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own
def test_autocast_and_function_transforms_fall_back():
    model, x = perceptron(), torch.randn(6, 3)

    def losses():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(x).float().square().sum(1)

    assert error_of(model, x, losses) == 0
    transformed = lambda: sum(torch.func.jvp(model, (x,), (x,))).square().sum(1)  # noqa: E731
    assert error_of(model, x, transformed) == 0


def test_gradients_can_be_changed_before_the_step():
    """Clipping, as on the page: ``.grad`` stays empty, the matrix is what counts."""
    model, x = perceptron(), torch.randn(6, 3)
    found = task_gradients(lambda: model(x).square().sum(1), model, [4, 2])
    assert all(p.grad is None for p in model.parameters())
    clipped = found.matrix * (0.1 / found.matrix.norm(dim=1, keepdim=True)).clamp(max=1)
    record = HRGrad(model.parameters(), metric="identity").step(found._replace(matrix=clipped))
    assert record.norms.max() <= 0.1 + 1e-6


def test_records_can_be_drawn():
    from matplotlib import pyplot as plt

    from hrgradlib.chapters.use_hrgrad_figures import step_records

    model, x = perceptron(), torch.randn(6, 3)
    optimizer = HRGrad(model.parameters())
    records = [
        optimizer.step(task_gradients(lambda: model(x).square().sum(1), model, [4, 2]))
        for _ in range(30)
    ]
    figure = step_records(records, ("first", "second"))
    assert [len(axis.lines) for axis in figure.axes] == [2, 2, 4]
    plt.close(figure)
