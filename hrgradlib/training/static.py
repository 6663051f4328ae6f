"""Static weights: what costs nothing and knows nothing but how large the losses were at first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hrgradlib.optim import StepRefused
from hrgradlib.training.methods import Settings, SummedSoap

__all__ = ["FirstLossSoap"]


class FirstLossSoap(SummedSoap):
    """``Σ L_k / L_k(0)``: a scale that nobody knows falls out, exactly."""

    summary = "the sum of the task losses, each over its first value, under SOAP"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.first: Tensor | None = None

    def total(self, losses: Tensor) -> Tensor:
        if self.first is None:
            first = losses.detach()
            if nothing := (first <= torch.finfo(losses.dtype).tiny).nonzero().flatten().tolist():
                raise StepRefused(
                    f"the first loss of task(s) {nothing} is zero; expected positive first losses, "
                    "by which later ones are divided",
                    nothing,
                )
            self.first = first
        return (losses / self.first).sum()

    def state_dict(self) -> dict:
        return super().state_dict() | {"first": self.first}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.first = state["first"]
