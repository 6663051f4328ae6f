"""What every test shares: fixed seeds, one thread, device and dtype from the environment."""

import os
import random
import signal
import sys
from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest
import torch

# The same examples on every machine and in every run; a slow CI machine is not a failure.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

# A shell that starts the tests in the background has them ignore Ctrl-C, and their children with
# them; what is tested is a command in the foreground.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

torch.set_num_threads(1)  # sums in one order, whatever the machine

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@pytest.fixture(autouse=True)
def seed() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """More than twenty are a warning, in whatever test comes next."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="session")
def device() -> torch.device:
    """HRGRAD_TEST_DEVICE, such as `cuda`; the CPU by default."""
    return torch.device(os.environ.get("HRGRAD_TEST_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def dtype() -> torch.dtype:
    """HRGRAD_TEST_DTYPE, `float32` or `float64`; the latter by default."""
    return DTYPES[os.environ.get("HRGRAD_TEST_DTYPE", "float64")]
