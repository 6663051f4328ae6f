"""The optimizer: from K task gradients to one step. Knows no equation and no network of the book.

Gramian → weights (``_harmonize``, ``_hull``, ``_axes`` and the rules it lists); K gradients
(``_taskgrad``, ``_jacobian``) from one backward pass (``_recorder``: ``_standin``, ``_layers``,
``_rowwise``) or many (``_backwards``), and compared (``_check``); metrics (``_metric``,
``_metrics``); the optimizer itself (``_hrgrad``); the same for TorchJD (``_torchjd``, which needs
the extra ``torchjd``).
"""

from hrgradlib.optim._axes import AXES
from hrgradlib.optim._axis import Axis, AxisFound
from hrgradlib.optim._given import Given
from hrgradlib.optim._harmonize import (
    Harmonized,
    Harmony,
    harmonic_weights,
    harmonize,
    harmonize_array,
)
from hrgradlib.optim._hrgrad import HRGrad, StepRecord
from hrgradlib.optim._jacobian import (
    ResidualJacobian,
    free_bytes,
    jacobian_bytes,
    residual_jacobian,
)
from hrgradlib.optim._metric import Candidates, Metric, MetricState, Weights
from hrgradlib.optim._metrics import METRICS
from hrgradlib.optim._naive import dense_candidates, naive_task_gradients
from hrgradlib.optim._properties import Property
from hrgradlib.optim._refused import StateMismatch, StepRefused
from hrgradlib.optim._taskgrad import (
    FallbackWarning,
    TaskGradients,
    UnsupportedLayerError,
    segment_means,
    task_gradients,
)
from hrgradlib.optim._turning import Inner

__all__ = [
    "AXES",
    "METRICS",
    "Axis",
    "AxisFound",
    "Candidates",
    "Given",
    "FallbackWarning",
    "HRGrad",
    "Harmonized",
    "Harmony",
    "Inner",
    "Metric",
    "MetricState",
    "Property",
    "ResidualJacobian",
    "StateMismatch",
    "StepRecord",
    "StepRefused",
    "TaskGradients",
    "UnsupportedLayerError",
    "Weights",
    "dense_candidates",
    "free_bytes",
    "harmonic_weights",
    "harmonize",
    "harmonize_array",
    "jacobian_bytes",
    "naive_task_gradients",
    "residual_jacobian",
    "segment_means",
    "task_gradients",
]
