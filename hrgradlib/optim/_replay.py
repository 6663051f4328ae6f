"""A second evaluation that sees what the first one saw: random numbers and buffers."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Replay"]


class Replay:
    """State of PyTorch's generators and of a model's buffers (statistics, power iterations)."""

    def __init__(self, model: nn.Module) -> None:
        self.buffers = [(b, b.detach().clone()) for b in model.buffers()]
        self.host = torch.get_rng_state()
        on_device = next(iter(model.parameters())).is_cuda
        self.devices = torch.cuda.get_rng_state_all() if on_device else None

    @torch.no_grad()
    def rewind(self) -> None:
        """Back to where they were when this was made."""
        torch.set_rng_state(self.host)
        if self.devices is not None:
            torch.cuda.set_rng_state_all(self.devices)
        for buffer, before in self.buffers:
            buffer.copy_(before)
