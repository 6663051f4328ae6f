"""What every method must do, entry by entry of METHODS, and one that the public protocol adds."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import load_solution
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.training import METHODS, schedules
from hrgradlib.training.loop import Schedule, Tasks, TrainingFailed, TrainingState, train
from hrgradlib.training.methods import Settings
from hrgradlib.training.schedules import SCHEDULES, Staircase

SIZES = [5, 3]


class SignDescent:
    """A toy: the sign of the summed gradient. All it shares with the others is the protocol."""

    summary = "toy: the sign of the summed gradient"
    needs = "gradients"
    tuned: ClassVar[dict] = dict(lr=1e-2, beta2=0.9)
    dtype = torch.float64
    rule = 1

    def __init__(self, model, settings):
        self.model, self.lr = model, settings.lr

    def set_learning_rate(self, lr):
        self.lr = lr

    def step(self, residuals, points, sizes, observe):
        losses = torch.stack([r.square().sum(1).mean() for r in residuals(*points).split(sizes)])
        parameters = list(self.model.parameters())
        gradients = torch.autograd.grad(losses.sum(), parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= self.lr * g.sign()
        return {"losses": losses.detach().numpy()}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass

    def step_bytes(self, sizes, parts):
        return 0


ALL = METHODS | {"toy": SignDescent}


@pytest.fixture(params=ALL)
def kind(request):
    return ALL[request.param]


def fit(model, x, task):
    return model(x[:, None]) - torch.stack([x.sin(), x.cos()], 1)


def spoilt(broken):
    """Residuals of which one task's are NaN."""

    def residuals(model, x, task):
        return fit(model, x, task) * torch.where(task == broken, torch.nan, 1.0)[:, None]

    return residuals


def start(kind, path=None, sizes=SIZES, residuals=fit, owner="toy run"):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 2)).to(kind.dtype)
    method = kind(model, Settings(1e-2))
    state = TrainingState(model, method, torch.Generator().manual_seed(1), path, owner)
    task = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))

    def sample(generator):
        return [torch.rand(len(task), generator=generator, dtype=kind.dtype), task]

    return state, Tasks(residuals, sample, list(sizes))


def same(one, other):
    weights = zip(one.model.parameters(), other.model.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in weights)
    one, other = one.records.arrays(), other.records.arrays()
    assert one.keys() == other.keys()
    for name in one.keys() - {"seconds"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_it_converges(kind):
    state, tasks = start(kind)
    train(state, tasks, Schedule(150, 1e-2 if kind.dtype == torch.float32 else 3e-2), quiet=True)
    losses = state.records.arrays()["losses"].sum(1)
    assert losses[-10:].mean() < 0.5 * losses[:10].mean()


def test_it_takes_the_steps_of_the_staircase(kind):
    """From a step at which the rate has fallen twice: those of that rate, and no others.

    L-BFGS has none: its line search finds the length of a step.
    """
    (found, tasks), (wanted, _), (other, _) = start(kind), start(kind), start(kind)
    found.done = 400
    train(found, tasks, Staircase(403, 1e-2), quiet=True)
    for state, rate in ((wanted, 1e-2 * 0.96**2), (other, 1e-2)):
        for step in range(400, 403):
            state.method.set_learning_rate(rate)
            points = tasks.sample(state.generator)
            state.method.step(lambda *p, m=state.model: fit(m, *p), points, SIZES, step == 400)
    weights = [
        torch.cat([p.flatten() for p in s.model.parameters()]) for s in (found, wanted, other)
    ]
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    assert torch.equal(weights[0], weights[2]) == (kind is METHODS["lbfgs"])


@pytest.mark.parametrize("shape", SCHEDULES)
@pytest.mark.parametrize("taken", [1, 7, 12])
def test_it_resumes_bit_for_bit(kind, taken, shape, tmp_path, monkeypatch):
    monkeypatch.setattr(schedules, "_STAIR", 5)  # so that the rate falls before and after the break
    schedule = SCHEDULES[shape](12, 1e-2, warmup=3, observe_every=5)
    whole, tasks = start(kind)
    train(whole, tasks, schedule, watch=lambda: np.zeros(2), quiet=True)

    class Stopped(Exception):
        pass

    first, tasks = start(kind, tmp_path / "checkpoint.pt")

    def sample(generator):
        if first.done == taken:
            first.save()
            raise Stopped
        return tasks.sample(generator)

    try:
        train(first, tasks._replace(sample=sample), schedule, lambda: np.zeros(2), quiet=True)
    except Stopped:
        assert first.done == taken
    second, tasks = start(kind, tmp_path / "checkpoint.pt")
    second.restore()
    assert second.done == taken
    train(second, tasks, schedule, watch=lambda: np.zeros(2), quiet=True)
    same(second, whole)


@pytest.mark.parametrize("task", [0, 1])
def test_a_nan_names_its_task(kind, task):
    state, tasks = start(kind, residuals=spoilt(task))
    with pytest.raises(TrainingFailed, match=rf"task\(s\) \[{task}\]") as caught:
        train(state, tasks, Schedule(3, 1e-2), quiet=True)
    assert "\n" not in str(caught.value)
    assert state.done == 0 and "losses" not in state.records.values


def test_one_task_is_enough(kind):
    state, tasks = start(kind, sizes=[8])
    train(state, tasks, Schedule(5, 1e-2), quiet=True)
    assert state.records.arrays()["losses"].shape == (5, 1)
    assert all(p.isfinite().all() for p in state.model.parameters())


def test_memory_grows_with_points_and_is_known_from_shapes(kind):
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 2))
    method = kind(model, Settings(1e-2))
    few, many = method.step_bytes([4, 4], 2), method.step_bytes([4000, 4000], 2)
    assert few < many or kind is SignDescent
    assert kind.summary and "\n" not in kind.summary


def test_what_torch_cannot_compute_is_one_line(kind, monkeypatch):
    state, tasks = start(kind)

    def lacks(*arguments):
        raise RuntimeError("cannot allocate\nat somewhere.cpp")

    monkeypatch.setattr(kind, "step", lacks)
    with pytest.raises(TrainingFailed, match=r"step 1 cannot be computed: cannot allocate$"):
        train(state, tasks, Schedule(3, 1e-2), quiet=True)


def test_a_toy_method_is_trained_by_run(tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "toy", SignDescent)
    small = dict(steps=60, tasks=2, per_task=8, width=8, depth=2, modes=2)
    spec = make_spec("transport-periodic", "toy", "smoke", **small)
    result = run(spec, tmp_path / "run", "cpu", quiet=True)
    assert np.isfinite(result["max_error"])
    assert load_solution(tmp_path / "run").spec == spec
    assert sum(result["losses"]) < 100
