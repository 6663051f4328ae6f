"""Static weights: what costs nothing and knows nothing but how large the losses were at first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hrgradlib.optim import StepRefused
from hrgradlib.training.methods import Settings, SummedSoap

__all__ = ["FirstLossSoap", "divisors"]


def divisors(first: Tensor, what: str) -> Tensor:
    """What later losses are divided by, [K], if all of it is positive.

    Args:
        first: what was found at the first step, [K].
        what: that is, for the message.

    Raises:
        StepRefused: there is a zero; it names its tasks.
    """
    if nothing := (first <= torch.finfo(first.dtype).tiny).nonzero().flatten().tolist():
        raise StepRefused(
            f"the first {what} of task(s) {nothing} is zero; expected positive ones, by which "
            "later losses are divided",
            nothing,
        )
    return first


class FirstLossSoap(SummedSoap):
    """``Σ L_k / L_k(0)``: a scale that nobody knows falls out, exactly."""

    summary = "the sum of the task losses, each over its first value, under SOAP"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.first: Tensor | None = None

    def total(self, losses: Tensor) -> Tensor:
        if self.first is None:
            self.first = divisors(losses.detach(), "loss")
        return (losses / self.first).sum()

    def state_dict(self) -> dict:
        return super().state_dict() | {"first": self.first}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.first = state["first"]
