"""Every published rule has the properties it lists, and lacks those it leaves out."""

import numpy as np
import pytest
import torch
from gramians import Batch, normalised, regular_batches
from hypothesis import Phase, find, given, settings

from hrgradlib.optim import Property, StepRefused, harmonize
from hrgradlib.optim._published import PUBLISHED


def directions(rule, batch):
    weights = np.stack([PUBLISHED[rule].weights(one) for one in batch.gramian.numpy()])
    return weights, normalised(batch.direction(torch.from_numpy(weights)))


def cosines(rule, batch):
    return batch.cosines_to(directions(rule, batch)[1])


def descent(rule, batch):
    assert (cosines(rule, batch) > 0).all()


def equal_cosines(rule, batch):
    assert np.ptp(cosines(rule, batch), axis=-1).max() < 1e-10


def best_worst_cosine(rule, batch):
    best = harmonize(batch.gramian, 1.0, "maxmin").cosine.numpy()
    assert (cosines(rule, batch).min(-1) >= best - 1e-9).all()


def eigenvalue_floor(rule, batch):
    smallest = np.linalg.eigvalsh(batch.cosines)[:, 0]
    assert (cosines(rule, batch).min(-1) >= np.sqrt(smallest / batch.tasks) - 1e-12).all()


def in_cone(rule, batch):
    parts = directions(rule, batch)[0] * batch.norms
    assert (parts >= -1e-12 * np.abs(parts).max(-1, keepdims=True)).all()


def untouched(rule, batch):
    total = batch.cosines_to(batch.direction(torch.ones(batch.norms.shape))).min(-1)
    assert np.allclose(directions(rule, batch)[0][total > 1e-7], 1.0)


def any_loss_scale(rule, batch):
    factors = 10.0 ** np.random.default_rng(0).uniform(-3, 3, batch.norms.shape)
    one, other = (
        directions(rule, Batch(batch.units, n))[1] for n in (batch.norms, batch.norms * factors)
    )
    assert ((one * other).sum(-1) > 1 - 1e-9).all()


def task_order(rule, batch):
    turned = Batch(batch.units[:, ::-1], batch.norms[:, ::-1])
    one, other = (directions(rule, b)[1] for b in (batch, turned))
    assert ((one * other).sum(-1) > 1 - 1e-9).all()


def any_number(rule, batch):
    del batch
    many = np.random.default_rng(0).normal(size=(40, 60))
    try:
        PUBLISHED[rule].weights(many @ many.T)
    except StepRefused as refused:
        raise AssertionError from refused


THEOREMS = {
    Property.DESCENT: descent,
    Property.EQUAL_COSINES: equal_cosines,
    Property.BEST_WORST_COSINE: best_worst_cosine,
    Property.EIGENVALUE_FLOOR: eigenvalue_floor,
    Property.IN_CONE: in_cone,
    Property.UNTOUCHED: untouched,
    Property.ANY_LOSS_SCALE: any_loss_scale,
    Property.TASK_ORDER: task_order,
    Property.ANY_NUMBER: any_number,
}
LISTED = [(rule, p) for rule in PUBLISHED for p in PUBLISHED[rule].properties]
LEFT_OUT = [(rule, p) for rule in PUBLISHED for p in THEOREMS if (rule, p) not in LISTED]
#: Any counterexample will do: none is made smaller.
FIRST = settings(max_examples=50, phases=[Phase.generate])


@pytest.mark.parametrize(("rule", "prop"), LISTED, ids=lambda v: getattr(v, "name", v))
@settings(max_examples=8)
@given(batch=regular_batches(count=20))
def test_a_listed_property_holds(rule, prop, batch):
    THEOREMS[prop](rule, batch)


@pytest.mark.parametrize(("rule", "prop"), LEFT_OUT, ids=lambda v: getattr(v, "name", v))
def test_a_property_left_out_does_not_hold(rule, prop):
    def fails(batch):
        try:
            THEOREMS[prop](rule, batch)
        except AssertionError:
            return True
        return False

    batches = regular_batches(min_tasks=3, max_tasks=6, count=40)
    assert find(batches, fails, settings=FIRST) is not None
