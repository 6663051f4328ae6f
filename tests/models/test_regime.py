"""The one scale of log ε that every network sees."""

import pytest
import torch

from hrgradlib.models.regime import regime


@pytest.mark.parametrize("low, high", [(1e-4, 1.0), (1e-2, 0.5)])
def test_ends_and_middle_of_the_range(low, high):
    eps = torch.tensor([low, (low * high) ** 0.5, high], dtype=torch.float64)
    expected = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(regime(eps, (low, high)), expected, atol=1e-6, rtol=0)


def test_shape_and_type_are_those_of_eps():
    found = regime(torch.full((2, 3), 0.1), (1e-4, 1.0))
    assert found.shape == (2, 3) and found.dtype == torch.float32
