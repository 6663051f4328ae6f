"""HRGrad as publicly reported, as a TorchJD weighting and aggregator."""

from __future__ import annotations

import torch
from torch import Tensor
from torchjd.aggregation import GramianWeightedAggregator, Weighting
from torchjd.linalg import Matrix, PSDMatrix

from hrgradlib.optim._precision import full_precision
from hrgradlib.optim._reported import READINGS, reported_weights
from hrgradlib.optim._turning import Inner

__all__ = ["HRGradReportedAggregator", "HRGradReportedWeighting"]


class HRGradReportedWeighting(Weighting[PSDMatrix]):
    """Weights of :class:`HRGradReportedAggregator`, from the Gramian [K, K] of the task gradients.

    Args:
        reading: what a gradient must oppose to be rotated, ``"gradients"`` or ``"anchor"``.
        inner: hyperparameters of the angles. A Gramian tells nothing of the losses, by which the
            report chooses the number of inner steps: ``inner.a_max`` are taken.

    Raises:
        ValueError: unknown reading.
    """

    def __init__(self, reading: str = "gradients", inner: Inner | None = None) -> None:
        super().__init__()
        if reading not in READINGS:
            raise ValueError(
                f"HRGradReportedWeighting: found reading = {reading!r}; expected one of {READINGS}."
            )
        self.reading, self.inner = reading, inner or Inner()

    def forward(self, gramian: PSDMatrix, /) -> Tensor:
        """[K, K] to weights [K]."""
        numbers = gramian.detach().cpu().double().numpy()
        roundoff = torch.finfo(gramian.dtype).eps
        found = reported_weights(numbers, self.reading, self.inner, float("inf"), roundoff)
        return torch.from_numpy(found.weights).to(gramian)


class HRGradReportedAggregator(GramianWeightedAggregator):
    """HRGrad as publicly reported, on the rows of a Jacobian [K, n]: chapter 7.

    The published method steps along per-task first moments; an aggregator sees gradients.

    Args:
        reading, inner: as of :class:`HRGradReportedWeighting`.

    Example:
        Gradients that do not conflict are not rotated, and the result is ConFIG's:

        >>> jacobian = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> found = HRGradReportedAggregator()(jacobian)
        >>> torch.testing.assert_close(found, torch.tensor([1.5, 1.5]))
    """

    gramian_weighting: HRGradReportedWeighting

    def __init__(self, reading: str = "gradients", inner: Inner | None = None) -> None:
        super().__init__(HRGradReportedWeighting(reading, inner))

    def forward(self, matrix: Matrix, /) -> Tensor:
        """[K, n] to [n]."""
        with full_precision(matrix.device):
            return super().forward(matrix)

    def __repr__(self) -> str:
        return f"HRGradReportedAggregator(reading={self.gramian_weighting.reading!r})"
