"""HRGrad among what others do to a network and its optimizer between steps."""

import copy

import pytest
import torch
from torch import nn

from hrgradlib import (
    HRGrad,
    HRGradAggregator,
    HRGradReportedAggregator,
    residual_jacobian,
    task_gradients,
)

METRICS = ["identity", "adam", "soap"]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


def gradients(model, **options):
    weight = model[-1].weight
    points = torch.linspace(-1, 1, 12, dtype=weight.dtype).reshape(6, 2)
    return task_gradients(lambda: model(points)[:, 0] ** 2, model, (3, 3), **options)


@pytest.mark.parametrize("betas", [(0.9,), (0.9, 0.9, 0.9), 0.9])
def test_betas_are_two(model, betas):
    with pytest.raises(ValueError, match="found betas = .*expected two numbers"):
        HRGrad(model.parameters(), betas=betas)


def test_everything_frozen(model):
    optimizer = HRGrad(model.parameters())
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="found no parameter that requires a gradient"):
        optimizer.step(torch.zeros(2, 33))


def test_harmony_written_into_a_group(model):
    optimizer = HRGrad(model.parameters())
    optimizer.param_groups[0]["harmony"] = 2.0
    with pytest.raises(ValueError, match=r"found harmony = 2\.0"):
        optimizer.step(gradients(model))
    assert not optimizer.state


def test_inference_mode(model):
    optimizer, found = HRGrad(model.parameters()), gradients(model)
    with torch.inference_mode(), pytest.raises(ValueError, match="inference_mode"):
        optimizer.step(found)
    optimizer.step(found)


@pytest.mark.parametrize("metric", METRICS)
def test_a_network_made_double_has_moments_in_double(model, metric):
    optimizer = HRGrad(model.parameters(), metric=metric)
    for _ in range(3):
        optimizer.step(gradients(model))
    before = {p: {n: t.clone() for n, t in named.items()} for p, named in optimizer.state.items()}
    model.double()
    twin = copy.deepcopy((model, optimizer))
    found = gradients(model)
    optimizer.step(found)
    twin[1].step(found.matrix)
    for named in optimizer.state.values():
        assert int(named["step"]) == 4
        assert {t.dtype for n, t in named.items() if n != "step"} == {torch.float64}
    start = 0
    for p, q in zip(model.parameters(), twin[0].parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=0)  # a copy goes the same way
        if metric != "soap":  # whose moments are in another basis
            rows = found.matrix[:, start : start + p.numel()].view(2, *p.shape)
            wanted = torch.lerp(before[p]["first_moments"].double(), rows, 0.1)
            torch.testing.assert_close(optimizer.state[p]["first_moments"], wanted)
        start += p.numel()


def test_a_group_after_a_cyclic_scheduler(model):
    optimizer = HRGrad([{"params": [*model[0].parameters()]}], lr=1e-3, metric="soap", harmony=1.0)
    torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=[1e-3], total_steps=5)
    optimizer.add_param_group({"params": [*model[2].parameters()], "lr": 1e-2})
    first, second = optimizer.param_groups
    assert second["betas"] == first["betas"] != (0.9, 0.99)
    assert (second["harmony"], second["lr"]) == (1.0, 1e-2)
    optimizer.step(gradients(model))


def test_schedulers_that_keep_numbers_of_their_own(model):
    groups = [{"params": [*model[0].parameters()]}, {"params": [*model[2].parameters()]}]
    optimizer = HRGrad(groups, lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=[1e-3, 1e-2], total_steps=5)
    for _ in range(3):
        optimizer.step(gradients(model))
        scheduler.step()
    assert optimizer.param_groups[0]["max_lr"] != optimizer.param_groups[1]["max_lr"]
    again = HRGrad(copy.deepcopy(groups))
    again.load_state_dict(optimizer.state_dict())


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("calls", [1, 3])
def test_a_module_that_keeps_what_it_made_of_parameters(calls):
    model = nn.Sequential(nn.utils.weight_norm(nn.Linear(2, 4)), nn.Tanh(), nn.Linear(4, 1))
    for _ in range(calls):
        found = gradients(model, check=False)
    assert found.engine == "one-backward"
    kept = model[0].weight
    assert type(kept) is torch.Tensor
    first, second = model[0].weight_g, model[0].weight_v
    torch.testing.assert_close(kept, first * second / second.norm(dim=1, keepdim=True))


@pytest.mark.parametrize("engine", ["one-backward", "backwards"])
def test_out_of_another_dtype(model, engine):
    with pytest.raises(ValueError, match=r"found out in torch\.float64 on cpu; expected torch\.f"):
        gradients(model, engine=engine, out=torch.empty(2, 33, dtype=torch.float64))


def test_a_grad_scaler_is_refused_in_one_line(model):
    optimizer, scaler = HRGrad(model.parameters()), torch.amp.GradScaler("cpu")
    scaler.scale(model(torch.ones(3, 2)).sum()).backward()  # the habit of other optimizers
    found, before = gradients(model), copy.deepcopy(model.state_dict())
    for arguments in ((), (found,)):
        with pytest.raises(ValueError, match=r"found a torch\.amp\.GradScaler; .*") as refusal:
            scaler.step(optimizer, *arguments)
        assert "\n" not in str(refusal.value)
    assert not optimizer.state
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    torch.amp.GradScaler("cpu", enabled=False).step(optimizer, found)  # hands it on as it is
    optimizer.step(gradients(model))
    assert {int(named["step"]) for named in optimizer.state.values()} == {2}


@pytest.mark.filterwarnings("ignore::hrgradlib.optim.FallbackWarning")
@pytest.mark.parametrize("metric", ["adam", "soap"])
@pytest.mark.parametrize(("dtype", "factor"), [(torch.bfloat16, 1.0), (torch.float16, 1024.0)])
def test_mixed_precision_trains_without_a_scaler(model, metric, dtype, factor):
    twin, x = copy.deepcopy(model), torch.linspace(-1, 1, 12).reshape(6, 2)
    ends = []
    for net, casts, scale in ((model, True, factor), (twin, False, 1.0)):
        optimizer = HRGrad(net.parameters(), metric=metric)

        def losses(net=net, casts=casts, scale=scale):
            with torch.autocast("cpu", dtype=dtype, enabled=casts):
                u = net(x)[:, 0]
            return scale * (u.float() - 1) ** 2

        records = [optimizer.step(task_gradients(losses, net, (3, 3))) for _ in range(40)]
        ends.append((records[-1].losses / records[0].losses).max())
    assert ends[0] < 0.1 and abs(ends[0] - ends[1]) < 0.02


@pytest.mark.parametrize("metric", [*METRICS, "gauss-newton"])
def test_a_step_inside_autocast_is_the_same_step(model, metric):
    twin, points = copy.deepcopy(model), [torch.linspace(-1, 1, 6)]
    if metric == "gauss-newton":
        model, twin = model.double(), twin.double()
        points = [points[0].double()]
    ends = []
    for net, casts in ((model, True), (twin, False)):
        optimizer = HRGrad(net.parameters(), metric=metric)
        for _ in range(3):
            if metric == "gauss-newton":
                found = residual_jacobian(
                    lambda x, net=net: net(x[:, None] * x.new_ones(2)), net, points, (3, 3)
                )
            else:
                found = gradients(net)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=casts):
                optimizer.step(found)
        ends.append([p.detach() for p in net.parameters()])
    torch.testing.assert_close(*ends, rtol=0, atol=0)


@pytest.mark.parametrize("kind", [HRGradAggregator, HRGradReportedAggregator])
def test_an_aggregator_inside_autocast_gives_the_same_direction(kind):
    torch.manual_seed(0)
    jacobian = torch.randn(4, 50)
    wanted = kind()(jacobian)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(kind()(jacobian), wanted, rtol=0, atol=0)
