"""The learning rate's schedule."""

import math

import numpy as np
import pytest
import torch

from hrgradlib.experiments.specs import SpecError, make_spec
from hrgradlib.training.loop import learning_rate
from hrgradlib.training.schedules import Staircase


def test_learning_rate():
    rates = [learning_rate(step, 1000, 2.0, 100) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert np.argmax(rates) == pytest.approx(99, abs=2) and max(rates) <= 2.0
    assert np.all(np.diff(rates[100:]) < 0)
    assert rates[500] == pytest.approx(1.0)
    assert 0 < rates[-1] < 1e-4
    assert rates[49] == pytest.approx(1.0 * 0.5 * (1 + math.cos(math.pi * 0.049)))


def test_learning_rate_without_warmup():
    assert learning_rate(0, 10, 3.0, 0) == 3.0


@pytest.mark.parametrize(("step", "fallen"), [(0, 0), (199, 0), (200, 1), (399, 1), (1000, 5)])
def test_stairs(step, fallen):
    assert Staircase(7, 1e-3).rate(step) == pytest.approx(1e-3 * 0.96**fallen, rel=1e-14)


def test_stairs_are_those_of_torch():
    """StepLR, which the public code of asymptotic-preserving networks takes."""
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1e-3)
    theirs = torch.optim.lr_scheduler.StepLR(optimizer, 200, 0.96)
    for step in range(1000):
        assert Staircase(1000, 1e-3).rate(step) == pytest.approx(
            optimizer.param_groups[0]["lr"], rel=1e-12
        )
        optimizer.step()
        theirs.step()


def test_stairs_may_be_reached_by_a_warmup():
    assert [Staircase(9, 1.0, 4).rate(step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


PLACE = ("transport-periodic-published", "hrgrad-gn", "smoke")


def test_a_specification_asks_for_stairs():
    usual, ours = make_spec(*PLACE), make_spec(*PLACE, schedule="staircase")
    assert usual.warmup > 0 and usual.hold > 0 and usual.schedule == "cosine"
    assert (ours.warmup, ours.hold) == (0, 0.0)
    assert ours.fingerprint() != usual.with_(warmup=0, hold=0.0).fingerprint()
    assert make_spec(*PLACE, schedule="staircase", warmup=3).warmup == 3
    with pytest.raises(SpecError, match=r"found hold = 0.3; expected a number in \[0, 0\]"):
        make_spec(*PLACE, schedule="staircase", hold=0.3)
    with pytest.raises(SpecError, match="unknown schedule 'stairs'; expected one of cosine, sta"):
        make_spec(*PLACE, schedule="stairs")


def test_a_specification_without_stairs_keeps_its_key():
    """Of rows that were stored before there was a choice."""
    assert make_spec(*PLACE).fingerprint() == "a40995cc98b43f12"
