"""Steps are computed in the precision of what they are given, whatever ``torch.autocast`` says."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

__all__ = ["full_precision"]


def full_precision(device: torch.device) -> AbstractContextManager:
    """Inside, products of float32 are of float32, also where the caller has cast them to less.

    Autocast is meant for a network. Of a Gramian, or of moments, it would leave three digits.
    """
    if torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()
