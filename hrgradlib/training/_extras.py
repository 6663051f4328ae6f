"""What methods that use other packages share: is the package there, and chance of their own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from torch import Tensor, nn

__all__ = ["Chance", "MethodUnavailable", "require"]


class MethodUnavailable(ImportError):
    """A method's package is not installed; nothing was begun."""


def require(method: str, packages: tuple[str, ...], extra: str) -> None:
    """Nothing, if all packages can be imported.

    Args:
        method: what asks, for the message.
        packages: names of modules.
        extra: what pip installs them by.

    Raises:
        MethodUnavailable: some are missing.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise MethodUnavailable(
            f"{method} needs {', '.join(missing)}, not installed here; pip install '{extra}'"
        )


class Chance:
    """Random numbers of a method that takes them from torch's global generator.

    The seed is taken from the model's weights when the first number is drawn: runs of one seed
    repeat, those of others draw otherwise, and nobody else's numbers change.
    """

    def __init__(self) -> None:
        self.state: Tensor | None = None

    @contextmanager
    def drawing(self, model: nn.Module) -> Iterator[None]:
        """What is drawn inside goes on from where the last use ended."""
        with torch.random.fork_rng(devices=[]):
            if self.state is None:
                first = next(model.parameters()).detach().cpu().contiguous()
                torch.manual_seed(zlib.crc32(first.numpy().tobytes()))
            else:
                torch.set_rng_state(self.state)
            yield
            self.state = torch.get_rng_state()
