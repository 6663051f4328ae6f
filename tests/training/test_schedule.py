"""The learning rate's schedule."""

import math

import numpy as np
import pytest

from hrgradlib.training.loop import learning_rate


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
