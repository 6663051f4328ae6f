"""Watching changes no bit of a training, and what is recorded is the applied step's."""

from functools import partial

import numpy as np
import pytest
import torch
from rivals import SIZES, flat, gradients, residuals, trained

from hrgradlib.optim import task_gradients
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Settings

WATCHED = {name: name.removesuffix("-watched") for name in METHODS if name.endswith("-watched")}


def test_there_are_four():
    assert set(WATCHED.values()) == {"sum-soap", "log-soap", "unit-soap", "first-soap"}


@pytest.mark.parametrize("method", WATCHED)
def test_not_a_bit_changes(method):
    watched, _, seen = trained(method, observe=True)
    plain, _, unseen = trained(WATCHED[method], observe=True)
    assert torch.equal(watched, plain)
    assert METHODS[method].tuned == METHODS[WATCHED[method]].tuned
    for place, (one, other) in enumerate(zip(seen, unseen, strict=True)):
        np.testing.assert_array_equal(one["losses"], other["losses"])
        assert ("cosine_gradients" in one) == (place > 0)  # SOAP's first step moves nothing
        assert "cosine_gradients" not in other


@pytest.mark.parametrize("method", [*WATCHED, "lbfgs"])
def test_cosines_are_those_of_the_applied_step(method):
    model, points, _ = gradients()
    trainer = METHODS[method](model, Settings(1e-3))
    for place in range(3):
        found = task_gradients(lambda: residuals(model, *points).square().sum(1), model, SIZES)
        before = flat(model)
        record = trainer.step(partial(residuals, model), points, SIZES, place == 2)
    step = before - flat(model)
    expected = found.matrix @ step / (found.matrix.norm(dim=1) * step.norm())
    np.testing.assert_allclose(record["cosine_gradients"], expected.numpy(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(record["norms"], found.matrix.norm(dim=1).numpy())
