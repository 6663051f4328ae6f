"""Loss weightings: their gradients, what they learn, and what K = 1 leaves of them."""

import numpy as np
import pytest
import torch
from rivals import SIZES, gradients, trained
from torchjd import scalarization

from hrgradlib.optim import StepRefused
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Settings
from hrgradlib.training.scalarised import Scalarised

ALL = [name for name, kind in METHODS.items() if issubclass(kind, Scalarised)]


@pytest.mark.parametrize("method", sorted({*ALL} - {"first-norm"}))
def test_weights_are_the_derivatives_of_the_total(method):
    model, _, found = gradients()
    weights = METHODS[method](model, Settings(1e-2)).weights(found)
    trainer, losses = METHODS[method](model, Settings(1e-2)), found.losses
    h = 1e-6 * losses
    sides = []
    for sign in (1, -1):
        row = []
        for k in range(3):
            moved = losses.clone()
            moved[k] += sign * h[k]
            fresh = METHODS[method](model, Settings(1e-2))
            if method == "famo":  # its factor is held fixed when it is differentiated
                row.append(weights[k] * moved[k])
            else:
                row.append(fresh.total(moved))
        sides.append(torch.stack(row))
    slope = (sides[0] - sides[1]) / (2 * h)
    torch.testing.assert_close(weights, slope.detach(), rtol=1e-5, atol=1e-8)
    assert trainer.weights(found).shape == (3,)


def test_at_first_famo_follows_the_mean_of_the_logarithms():
    model, _, found = gradients()
    weights = METHODS["famo"](model, Settings(1e-2)).weights(found)
    expected = 1 / found.losses
    torch.testing.assert_close(weights, expected / expected.sum(), rtol=1e-6, atol=0)


def test_famo_raises_the_weight_of_what_falls_least():
    _, trainer, records = trained("famo", 60)
    losses = np.array([r["losses"] for r in records])
    slowest = np.log(losses[-10:].mean(0) / losses[:10].mean(0)).argmax()
    assert trainer.scalarizer._w.argmax() == slowest


def test_uncertainties_approach_the_losses():
    """At rest s_k = log L_k; all start at 0."""
    _, trainer, records = trained("uw", 150)
    learnt, losses = trainer.scalarizer.log_var.detach().numpy(), records[-1]["losses"]
    assert (np.sign(learnt) == np.sign(np.log(losses))).all()
    assert np.corrcoef(learnt, np.log(losses))[0, 1] > 0.5


def test_dwa_waits_two_epochs_and_then_prefers_what_fell_least():
    _, trainer, _ = trained("dwa", 120)
    older, newer = trainer.scalarizer._previous_averages
    weights = trainer.scalarizer._compute_weights(newer)
    assert weights.argmax() == (newer / older).argmax()
    torch.testing.assert_close(weights.sum(), torch.tensor(3.0, dtype=weights.dtype))
    one = trained("dwa", 99)[0]
    torch.testing.assert_close(one, trained("sum", 99)[0], rtol=1e-9, atol=1e-11)


def test_static_weights_stay_those_of_the_first_step():
    _, _, found = gradients()
    _, trainer, _ = trained("first-norm", 5)
    torch.testing.assert_close(trainer.first, found.matrix.norm(dim=1))


def test_a_first_gradient_of_zero_is_refused_before_anything_moves():
    model = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    trainer, before = METHODS["first-norm"](model, Settings(1e-2)), model.weight.detach().clone()
    wanted = torch.tensor([[1.0], [0.0]])  # the second is met already
    with pytest.raises(StepRefused, match=r"first gradient of task\(s\) \[1\] is zero") as refused:
        trainer.step(lambda x: model(x) - wanted, [torch.eye(2)], [1, 1], False)
    assert tuple(refused.value.tasks) == (1,)
    assert torch.equal(model.weight, before) and trainer.first is None


def test_a_weighting_that_is_not_whole_cannot_be_built():
    with pytest.raises(TypeError, match="abstract method '?total"):
        Scalarised(torch.nn.Linear(1, 1), Settings(1e-2))


def test_random_weights_are_torchjds():
    assert isinstance(trained("rlw", 1)[1].scalarizer, scalarization.Random)


@pytest.mark.parametrize("method", ["geometric-mean", "first-norm", "dwa", "rlw", "famo"])
def test_one_task_is_adam(method):
    ends = [trained(name, 8, sizes=[sum(SIZES)])[0] for name in (method, "sum")]
    torch.testing.assert_close(*ends, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", ["log-sum", "uw"])
def test_of_one_task_the_factor_changes_with_the_loss(method):
    ends = [trained(name, 30, sizes=[sum(SIZES)])[0] for name in (method, "sum")]
    assert (ends[0] - ends[1]).abs().max() > 1e-4
