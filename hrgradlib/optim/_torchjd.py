"""HRGrad as a TorchJD weighting and aggregator: for K arbitrary losses, without its optimizer."""

from __future__ import annotations

from torch import Tensor
from torchjd.aggregation import GramianWeightedAggregator, Weighting
from torchjd.linalg import Matrix, PSDMatrix

from hrgradlib.optim._axes import AXES
from hrgradlib.optim._harmonize import harmonize
from hrgradlib.optim._precision import full_precision

__all__ = ["HRGradAggregator", "HRGradWeighting"]


class HRGradWeighting(Weighting[PSDMatrix]):
    """Weights of :class:`HRGradAggregator`, from the Gramian [K, K] of the task gradients.

    Args:
        harmony, axis: as in :func:`hrgradlib.harmonize`.

    Raises:
        ValueError: out of range.

    Example:
        As in :func:`hrgradlib.harmonize`:

        >>> import torch
        >>> gramian = torch.tensor([[4.0, -1.0], [-1.0, 1.0]])
        >>> found = HRGradWeighting(harmony=1.0)(gramian)
        >>> torch.testing.assert_close(found, torch.tensor([0.75, 1.5]))
    """

    def __init__(self, harmony: float = 0.5, axis: str = "maxmin") -> None:
        super().__init__()
        if not 0.0 <= harmony <= 1.0:
            raise ValueError(f"HRGradWeighting: found harmony = {harmony}; expected [0, 1].")
        if axis not in AXES:
            raise ValueError(
                f"HRGradWeighting: found axis = {axis!r}; expected one of {tuple(AXES)}."
            )
        self.harmony, self.axis = harmony, axis

    def forward(self, gramian: PSDMatrix, /) -> Tensor:
        """[K, K] to weights [K]; zero weights where the gradients are Pareto-stationary."""
        return harmonize(gramian, self.harmony, self.axis).weights


class HRGradAggregator(GramianWeightedAggregator):
    """Harmonised rotation of the rows of a Jacobian [K, n] (identity metric), see chapter 7.

    For ``torchjd.autojac.jac_to_grad(parameters, HRGradAggregator())`` and the like.

    Args:
        harmony, axis: as in :func:`hrgradlib.harmonize`.

    Example:
        Gradients of lengths 2 and 1, 120° apart, as in :func:`hrgradlib.harmonize`:

        >>> import torch
        >>> jacobian = torch.tensor([[2.0, 0.0], [-0.5, 0.75**0.5]])
        >>> found = HRGradAggregator(harmony=1.0)(jacobian)
        >>> torch.testing.assert_close(found, 0.75 * jacobian[0] + 1.5 * jacobian[1])
    """

    gramian_weighting: HRGradWeighting

    def __init__(self, harmony: float = 0.5, axis: str = "maxmin") -> None:
        super().__init__(HRGradWeighting(harmony, axis))

    def forward(self, matrix: Matrix, /) -> Tensor:
        """[K, n] to [n]."""
        with full_precision(matrix.device):
            return super().forward(matrix)

    def __repr__(self) -> str:
        weighting = self.gramian_weighting
        return f"HRGradAggregator(harmony={weighting.harmony}, axis={weighting.axis!r})"
