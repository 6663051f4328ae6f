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

    Attributes:
        state: where the last use ended, of the CPU's generator and, for a model on CUDA, of every
            device's, in their order; None before the first.
    """

    def __init__(self) -> None:
        self.state: list[Tensor] | None = None

    @contextmanager
    def drawing(self, model: nn.Module) -> Iterator[None]:
        """What is drawn inside goes on from where the last use ended."""
        like, known = next(model.parameters()).detach(), self.state or []
        generators = _generators(like.device)
        before = [generator.get_state() for generator in generators]
        try:
            for generator, state in zip(generators, known, strict=False):
                generator.set_state(state)
            if fresh := generators[len(known) :]:
                seed = zlib.crc32(like.cpu().contiguous().numpy().tobytes())
                for generator in fresh:
                    generator.manual_seed(seed)
            yield
            self.state = [generator.get_state() for generator in generators]
        finally:
            for generator, state in zip(generators, before, strict=True):
                generator.set_state(state)


def _generators(device: torch.device) -> list[torch.Generator]:
    """Those that numbers may be drawn from while a model is on a device."""
    more = torch.cuda.default_generators if device.type == "cuda" else ()
    return [torch.default_generator, *more]
