"""Published rules as methods: against their authors' code, and what they record."""

from functools import partial

import numpy as np
import pytest
import torch
from conflictfree.momentum_operator import PseudoMomentumOperator
from torch import nn

from hrgradlib.optim import Inner, task_gradients
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Settings

SIZES = [5, 4, 3]


@pytest.fixture
def float64():
    """The authors' code makes its state in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def network():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)).double()


def residuals(model, x, target):
    return model(x) - target


def batch(generator):
    """Tasks that want different things of the same points."""
    x = torch.rand(sum(SIZES), 1, generator=generator, dtype=torch.float64)
    wanted = torch.tensor([1.0, -2.0, 0.3]).repeat_interleave(torch.tensor(SIZES))[:, None]
    return x, wanted * (3 * x).cos()


def trained(method, steps=12, observe=False):
    model, generator, records = network(), torch.Generator().manual_seed(0), []
    trainer = METHODS[method](model, Settings(1e-2, beta2=0.95))
    for _ in range(steps):
        records.append(trainer.step(partial(residuals, model), batch(generator), SIZES, observe))
    return flat(model), records


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_m_config_is_the_authors_operator(float64):
    model, generator = network(), torch.Generator().manual_seed(0)
    operator = PseudoMomentumOperator(3, 0.9, 0.95)
    for _ in range(12):
        points = batch(generator)
        found = task_gradients(lambda p=points: residuals(model, *p).square().sum(1), model, SIZES)
        step = operator.calculate_gradient([0, 1, 2], list(found.matrix))
        with torch.no_grad():
            nn.utils.vector_to_parameters(flat(model) - 1e-2 * step, model.parameters())
    torch.testing.assert_close(trained("m-config")[0], flat(model), rtol=1e-8, atol=1e-9)


def test_word_by_word_it_is_m_config():
    literal, records = trained("hrgrad-reported-anchor")
    torch.testing.assert_close(literal, trained("m-config")[0], rtol=1e-9, atol=1e-11)
    assert all(record["rotated"] == 0 for record in records)


def test_the_other_reading_rotates_and_says_how_many():
    other, records = trained("hrgrad-reported", 30)
    counts = np.array([record["rotated"] for record in records])
    assert counts.max() >= 2 and counts.max() <= 3
    assert all(0 <= record["opposed"] <= 3 for record in records)
    assert (other - trained("m-config", 30)[0]).abs().max() > 1e-3


@pytest.mark.parametrize("method", ["config", "harmonic", "m-config", "hrgrad-reported"])
def test_observed_cosines_are_those_of_the_applied_step(method):
    """Recomputed from the parameters before and after, for the first step of all."""
    model, points = network(), batch(torch.Generator().manual_seed(0))
    trainer = METHODS[method](model, Settings(1e-3))
    found = task_gradients(lambda: residuals(model, *points).square().sum(1), model, SIZES)
    before = flat(model)
    record = trainer.step(partial(residuals, model), points, SIZES, True)
    moved = flat(model) - before
    assert record["cosine_gradients"].shape == (3,)
    signs = np.sign(-(found.matrix @ moved).numpy())
    np.testing.assert_array_equal(np.sign(record["cosine_gradients"]), signs)
    # Adam's first step is the sign of what it is given.
    np.testing.assert_allclose(moved.abs() / 1e-3, np.ones(len(moved)), rtol=1e-3)
    assert (np.diagonal(record["gramian"]) > 0).all()
    np.testing.assert_allclose(np.sqrt(np.diagonal(record["gramian"])), record["norms"])


@pytest.mark.parametrize(
    "change",
    [dict(a_min=40), dict(a_max=900), dict(k_std=1e-3), dict(proximity=2.0), dict(margin=0.7)],
)
def test_the_inner_hyperparameters_are_those_of_the_settings(change):
    """Each of the five reaches the steps of the method as reported."""
    ends = []
    for settings in (Settings(3e-2), Settings(3e-2, inner=Inner(**change))):
        model, generator = network(), torch.Generator().manual_seed(0)
        trainer = METHODS["hrgrad-reported"](model, settings)
        for _ in range(12):  # moments conflict at the first step, and after the sixth
            trainer.step(partial(residuals, model), batch(generator), SIZES, False)
        ends.append(flat(model))
    assert not torch.allclose(*ends, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["config", "harmonic", "m-config", "hrgrad-reported"])
def test_one_task_is_adam(method):
    ends = []
    for name in (method, "sum"):
        model, generator = network(), torch.Generator().manual_seed(0)
        trainer = METHODS[name](model, Settings(1e-2))
        for _ in range(8):
            trainer.step(partial(residuals, model), batch(generator), [12], False)
        ends.append(flat(model))
    torch.testing.assert_close(*ends, rtol=1e-7, atol=1e-9)


def test_harmonic_opposes_no_gradient_before_adam():
    model, points = network(), batch(torch.Generator().manual_seed(0))
    found = task_gradients(lambda: residuals(model, *points).square().sum(1), model, SIZES)
    trainer = METHODS["harmonic"](model, Settings(1e-3))
    weights = trainer.weights(found)
    direction = weights @ found.matrix
    assert (weights >= 0).all() and (found.matrix @ direction > 0).all()
    total = (found.matrix @ (direction / direction.norm())).sum()
    torch.testing.assert_close(direction.norm(), total)  # (1ᵀGᵀd̂) d̂
