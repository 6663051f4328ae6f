"""HRGrad as a torch optimizer: it is Adam without conflict, and keeps its state as one should."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, StepRefused, harmonize, task_gradients

F64 = torch.float64


def parameters(dtype=F64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype))
        for shape in [(4, 3), (4,), (2, 2)]
    ]


def count(params):
    return sum(p.numel() for p in params)


def flat(params):
    return torch.cat([p.detach().flatten() for p in params])


def random_gradients(steps, tasks, n, seed=1, dtype=F64):
    """Conflicting gradients with a common part."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(steps, tasks, n, generator=generator, dtype=dtype)
    return noise + 0.3 * torch.randn(n, generator=generator, dtype=dtype)


def adam_gradients(params, gradient):
    for p, part in zip(params, gradient.split([p.numel() for p in params]), strict=True):
        p.grad = part.view(p.shape).clone()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (F64, 1e-13)])
@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.9, 0.999), (0.0, 0.9)])
def test_without_conflict_it_is_adam(betas, tasks, dtype, tolerance, device):
    """Tasks whose gradients are multiples of one another, over 50 steps of changing lr."""
    ours = [nn.Parameter(p.detach().to(device)) for p in parameters(dtype)]
    adams = [nn.Parameter(p.detach().clone()) for p in ours]
    hrgrad = HRGrad(ours, lr=1e-2, betas=betas)
    adam = torch.optim.Adam(adams, lr=1e-2, betas=betas)
    shares = torch.tensor([0.2, 1.0, 30.0], dtype=dtype)[:tasks, None]
    for step, row in enumerate(random_gradients(50, 1, count(ours), dtype=dtype)):
        for optimizer in (hrgrad, adam):
            optimizer.param_groups[0]["lr"] = 1e-2 / (1 + step)
        gradients = (shares * row).to(device)
        record = hrgrad.step(gradients)
        adam_gradients(adams, gradients.sum(0))
        adam.step()
        assert not record.stationary and not record.guarded
    torch.testing.assert_close(flat(ours), flat(adams), rtol=0, atol=tolerance)


def test_with_conflict_it_is_not_adam():
    ours, adams = parameters(), parameters()
    hrgrad, adam = HRGrad(ours), torch.optim.Adam(adams, lr=1e-2, betas=(0.9, 0.99))
    for gradients in random_gradients(5, 3, count(ours)) - 0.3:
        hrgrad.step(gradients)
        adam_gradients(adams, gradients.sum(0))
        adam.step()
    assert (flat(ours) - flat(adams)).abs().max() > 1e-3


def run(optimizer, gradients):
    return [optimizer.step(g) for g in gradients]


def reload(state, how):
    if how == "direct":
        return copy.deepcopy(state)
    stream = io.BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    return torch.load(stream, weights_only=True)


@pytest.mark.parametrize("how", ["direct", "torch.save"])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("used", [0, 3])
def test_state_continues_bit_for_bit(used, dtype, how):
    """Into a fresh optimizer and into one that has taken other steps (``used``)."""
    straight = parameters(dtype)
    gradients = random_gradients(20, 3, count(straight), dtype=dtype)
    first = HRGrad(straight, guard=True, harmony=0.7)
    run(first, gradients[:8])
    state = reload(first.state_dict(), how)
    resumed = [nn.Parameter(p.detach().clone()) for p in straight]
    second = HRGrad(resumed)
    scratch = [p.detach().clone() for p in resumed]
    run(second, gradients[:used].neg())
    with torch.no_grad():
        for p, value in zip(resumed, scratch, strict=True):
            p.copy_(value)
    second.load_state_dict(state)
    assert second.param_groups[0]["harmony"] == 0.7
    for one, other in zip(run(first, gradients[8:]), run(second, gradients[8:]), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert torch.equal(flat(straight), flat(resumed))
    assert not torch.equal(flat(straight), flat(parameters(dtype)))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_are_independent(duplicate):
    params = parameters()
    gradients = random_gradients(6, 2, count(params))
    original = HRGrad(params)
    run(original, gradients[:3])
    other = duplicate(original)
    run(other, gradients[3:].neg())
    run(original, gradients[3:])
    alone = parameters()
    run(HRGrad(alone), gradients)
    assert torch.equal(flat(params), flat(alone))
    assert not torch.equal(flat(other.param_groups[0]["params"]), flat(alone))


def test_learning_rate_schedulers_work():
    params = parameters()
    optimizer = HRGrad(params, lr=1.0)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    gradient = torch.ones(2, count(params), dtype=F64)
    moves = []
    for _ in range(4):
        before = flat(params)
        optimizer.step(gradient)
        moves.append(float((flat(params) - before).norm()))
        scheduler.step()
    np.testing.assert_allclose(np.divide(moves[1:], moves[:-1]), 0.5, rtol=1e-6)


def snapshot(optimizer, params):
    state = {k: v.clone() for p in params for k, v in optimizer.state[p].items()}
    return flat(params), state


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_names_the_task_and_changes_nothing(value):
    params = parameters()
    gradients = random_gradients(2, 3, count(params))
    optimizer = HRGrad(params)
    optimizer.step(gradients[0])
    before, state = snapshot(optimizer, params)
    gradients[1][2, 5] = value
    with pytest.raises(ValueError, match=r"NaN or inf in the gradient of task\(s\) \[2\]"):
        optimizer.step(gradients[1])
    after, kept = snapshot(optimizer, params)
    assert torch.equal(before, after)
    assert all(torch.equal(state[name], kept[name]) for name in state)


def test_not_finite_loss_is_shown():
    model = nn.Linear(3, 1)
    x = torch.randn(6, 3)
    x[4, 0] = torch.nan
    found = task_gradients(lambda: model(x)[:, 0].square(), model, [2, 4])
    with pytest.raises(ValueError, match=r"task\(s\) \[1\] \(losses \[nan\]\)"):
        HRGrad(model.parameters()).step(found)


@pytest.mark.parametrize("scale", [1e20, 1e25, 1e37])
def test_too_large_to_be_squared_changes_nothing(scale):
    """An infinite second moment would stop the optimizer for good, and silently."""
    params = parameters(torch.float32)
    gradients = random_gradients(2, 3, count(params), dtype=torch.float32)
    optimizer = HRGrad(params)
    optimizer.step(gradients[0])
    before, state = snapshot(optimizer, params)
    with pytest.raises(ValueError, match="too large for torch.float32.*use float64"):
        optimizer.step(gradients[1] * scale)
    after, kept = snapshot(optimizer, params)
    assert torch.equal(before, after)
    assert all(torch.equal(state[name], kept[name]) for name in state)


def test_freezing_a_parameter_between_steps_is_refused():
    params = parameters()
    optimizer = HRGrad(params, lr=1e-2)
    optimizer.step(random_gradients(1, 3, count(params))[0])
    params[0].requires_grad_(False)
    with pytest.raises(ValueError, match="frozen or released.*new optimizer"):
        optimizer.step(random_gradients(1, 3, count(params[1:]))[0])


def test_number_of_tasks_must_not_change():
    params = parameters()
    optimizer = HRGrad(params)
    optimizer.step(torch.ones(3, count(params), dtype=F64))
    before = flat(params)
    with pytest.raises(ValueError, match="gradients of 2 tasks after steps with 3"):
        optimizer.step(torch.ones(2, count(params), dtype=F64))
    assert torch.equal(before, flat(params))


@pytest.mark.parametrize("shape", [(3, 19), (20,), (0, 20), (1, 3, 20)])
def test_wrong_shape(shape):
    params = parameters()
    with pytest.raises(ValueError, match=r"found task gradients of shape .*expected \(K, 20\)"):
        HRGrad(params).step(torch.ones(shape, dtype=F64))


def test_groups_differ_in_learning_rate_and_weight_decay_alone():
    first, second = parameters()[0], parameters()[1]
    for name, value in (("harmony", 0.1), ("betas", (0.5, 0.5)), ("guard", True)):
        with pytest.raises(ValueError, match=f"differ in {name}; expected them to differ in lr"):
            HRGrad([{"params": [first]}, {"params": [second], name: value}])
    with pytest.raises(ValueError, match="found lr = -1"):
        HRGrad([{"params": [first]}, {"params": [second], "lr": -1}])
    optimizer = HRGrad([first])
    optimizer.add_param_group({"params": [second], "lr": 0.5})
    optimizer.step(torch.ones(2, first.numel() + second.numel(), dtype=F64))
    with pytest.raises(ValueError, match="new parameter group after a step"):
        optimizer.add_param_group({"params": [parameters()[2]]})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lr", dict(lr=-1e-3)),
        ("lr", dict(lr=float("nan"))),
        (r"betas\[0\]", dict(betas=(1.0, 0.99))),
        (r"betas\[1\]", dict(betas=(0.9, -0.1))),
        ("tiny", dict(tiny=0.0)),
        ("tiny", dict(tiny=float("inf"))),
        ("lr", dict(lr=float("inf"))),
        ("harmony", dict(harmony=1.5)),
        ("axis", dict(axis="middle")),
    ],
)
def test_numbers_out_of_range(name, options):
    with pytest.raises(ValueError, match=f"HRGrad: found {name} = .*; expected (a|one of)"):
        HRGrad(parameters(), **options)


@pytest.mark.parametrize("metric", ["identity", "adam", "soap"])
@pytest.mark.parametrize("given", [(0.5,), (0.9, 0.1), (0.9, 0.1, 0.5, 0.2)])
def test_harmony_of_another_number_of_tasks(given, metric):
    params = parameters()
    optimizer = HRGrad(params, harmony=given, metric=metric)
    tasks = 4 if len(given) == 2 else 3  # two numbers would tile four tasks
    with pytest.raises(ValueError, match=rf"harmony of {len(given)} numbers for {tasks} tasks"):
        optimizer.step(random_gradients(1, tasks, count(params))[0])
    assert not optimizer.state


def test_complex_parameters():
    with pytest.raises(ValueError, match="found complex parameters; expected real ones"):
        HRGrad([nn.Parameter(torch.zeros(2, dtype=torch.complex64))])


@pytest.mark.skipif(not hasattr(torch.compiler, "set_stance"), reason="names came with 2.6")
def test_groups_of_named_parameters():
    first, second = (nn.Linear(2, 1) for _ in range(2))
    groups = [{"params": first.named_parameters()}, {"params": second.named_parameters()}]
    HRGrad(groups).step(torch.ones(2, 6))


def test_a_refusal_is_a_type_and_names_the_tasks():
    """What a training loop decides by: the type of the error and its tasks, never its text."""
    parameter = nn.Parameter(torch.zeros(3))
    matrix = torch.ones(3, 3)
    matrix[1, 2] = float("nan")
    with pytest.raises(StepRefused) as caught:
        HRGrad([parameter]).step(matrix)
    assert caught.value.tasks == (1,)
    with pytest.raises(StepRefused) as caught:
        harmonize(torch.full((2, 2), float("inf")))
    assert caught.value.tasks == (0, 1)
    with pytest.raises(ValueError) as caught:  # a mistake in the call is no refusal
        HRGrad([parameter]).step(torch.ones(3, 4))
    assert not isinstance(caught.value, StepRefused)
