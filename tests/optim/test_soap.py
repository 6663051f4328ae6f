"""SOAP's metric against its authors' algorithm, over shapes of layers, and written out densely."""

import copy

import numpy as np
import pytest
import torch
from pytorch_optimizer import SOAP
from torch import nn

from hrgradlib import HRGrad, task_gradients
from hrgradlib.optim._soap import _LONGEST

F64 = torch.float64


@pytest.mark.parametrize(("steps", "tolerance"), [(2, 1e-12), (10, 1e-12), (35, 1e-5)])
@pytest.mark.parametrize("tasks", [1, 4])
def test_it_is_soap(tasks, steps, tolerance):
    """To rounding until the basis is first turned, which SOAP's authors do in float32.

    Several tasks that agree are one. Square layers: null spaces have no basis of their own.
    """
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5)).double()
    theirs = copy.deepcopy(ours)
    hrgrad = HRGrad(ours.parameters(), metric="soap", lr=1e-2, betas=(0.9, 0.99), harmony=0.0)
    soap = SOAP(theirs.parameters(), lr=1e-2, betas=(0.9, 0.99), weight_decay=0.0)
    for _ in range(steps):
        x = torch.randn(64, 5, dtype=F64)
        y = (2 * x).sin()
        found = task_gradients(lambda x=x, y=y: (ours(x) - y).square().sum(1), ours, [64])
        hrgrad.step(found.matrix.repeat(tasks, 1) / tasks)
        soap.zero_grad()
        (theirs(x) - y).square().sum(1).mean().backward()
        soap.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=tolerance)


SHAPES = {
    "scalar": ((), 0, 0),
    "bias": ((7,), 0, 0),
    "matrix": ((4, 3), 4, 3),
    "convolution": ((4, 3, 2, 2), 4, 12),
    "long rows": ((3, _LONGEST + 1), 3, 0),
    "long columns": ((_LONGEST + 1, 2), 0, 2),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, F64, torch.bfloat16])
def test_every_shape_has_its_factors_and_keeps_them(name, dtype):
    shape, left, right = SHAPES[name]
    accurate = torch.promote_types(dtype, torch.float32)
    first, second = (nn.Parameter(torch.zeros(shape, dtype=dtype)) for _ in range(2))
    one, other = (HRGrad([p], metric="soap", refresh=2) for p in (first, second))
    rows = torch.rand(9, 3, first.numel()).to(dtype)  # a single number must not be opposed
    for row in rows[:5]:
        one.step(row)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    second.data.copy_(first.data)
    for row in rows[5:]:
        assert not one.step(row).stationary
        other.step(row)
    assert torch.equal(first, second) and first.any()
    state = one.state[first]
    for side, length in (("left", left), ("right", right)):
        basis, factor = state[f"{side}_basis"], state[f"{side}_factor"]
        assert basis.shape == factor.shape == (length, length)
        assert basis.dtype == accurate
        unit = torch.eye(length, dtype=accurate)
        torch.testing.assert_close(basis.T @ basis, unit, rtol=0, atol=1e-5)


def dense(optimizer, parameter, steps):
    """``P`` [n, n] of the last step from the stored state; the basis as it was in that step."""
    (beta2, state) = optimizer.param_groups[0]["betas"][1], optimizer.state[parameter]
    basis = torch.kron(state["left_basis"], state["right_basis"])
    root = (1 - beta2 ** (steps - 1)) ** 0.5
    return basis @ (root / (state["second_moment"].flatten().sqrt() + 1e-8)).diag() @ basis.T


@pytest.mark.parametrize("guard", [False, True])
@pytest.mark.parametrize("harmony", [0.3, 0.5, 1.0])
def test_the_guarantee_is_on_the_step_that_is_taken(harmony, guard):
    """Cosines in the metric, written out, of the applied step with moments and gradients."""
    generator = torch.Generator().manual_seed(1)
    parameter = nn.Parameter(torch.zeros(4, 4, dtype=F64))
    optimizer = HRGrad([parameter], metric="soap", harmony=harmony, guard=guard, refresh=1000)
    moments, scales = torch.zeros(3, 16, dtype=F64), torch.tensor([[1.0], [1e-3], [1e2]])
    for step in range(1, 25):
        rows = (torch.randn(3, 16, generator=generator, dtype=F64) + 0.2) * scales
        before = parameter.detach().clone()
        record = optimizer.step(rows)
        if step == 1:  # measures the factors
            assert torch.equal(parameter, before)
            continue
        moments.lerp_(rows, 0.1)
        metric = dense(optimizer, parameter, step)
        step_ = (before - parameter.detach()).flatten()
        length = (step_ @ torch.linalg.solve(metric, step_)).sqrt()
        for vectors, said in ((moments, record.cosine_moments), (rows, record.cosine_gradients)):
            norms = ((vectors @ metric) * vectors).sum(1).sqrt()
            found = (vectors @ step_ / (norms * length)).numpy()
            np.testing.assert_allclose(found, said, atol=1e-6)
        np.testing.assert_allclose(record.gramian, rows @ metric @ rows.T, rtol=1e-6)
        if record.guarded:
            assert (rows @ step_ > 0).all()
        else:
            assert record.cosine_moments.min() >= record.guaranteed - 1e-9


@pytest.mark.parametrize("refresh", [0, 1.5, -3])
def test_refresh_is_a_positive_integer(refresh):
    with pytest.raises(ValueError, match="found refresh = .*expected an integer ≥ 1"):
        HRGrad([nn.Parameter(torch.zeros(2, 2))], metric="soap", refresh=refresh)
