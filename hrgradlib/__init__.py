"""HRGrad: one neural network for a kinetic equation in every regime of the Knudsen number."""

from importlib import import_module

TYPE_CHECKING = False  # as type checkers read it; loading `typing` takes a while
if TYPE_CHECKING:
    from hrgradlib.optim import (
        Harmonized,
        HRGrad,
        Inner,
        ResidualJacobian,
        StepRecord,
        StepRefused,
        TaskGradients,
        UnsupportedLayerError,
        harmonize,
        jacobian_bytes,
        residual_jacobian,
        task_gradients,
    )

__all__ = [
    "HRGrad",
    "HRGradAggregator",
    "HRGradReportedAggregator",
    "HRGradWeighting",
    "Harmonized",
    "Inner",
    "ResidualJacobian",
    "Solution",
    "StepRecord",
    "StepRefused",
    "TaskGradients",
    "UnsupportedLayerError",
    "conserving",
    "harmonize",
    "jacobian_bytes",
    "load_solution",
    "residual_jacobian",
    "task_gradients",
]

# Loaded when first asked for: torch takes seconds, in which the command can be interrupted, and
# some need more than torch, numpy and scipy.
_LATER = dict.fromkeys(__all__, "hrgradlib.optim") | {
    "HRGradAggregator": "hrgradlib.optim._torchjd",
    "HRGradReportedAggregator": "hrgradlib.optim._torchjd_reported",
    "HRGradWeighting": "hrgradlib.optim._torchjd",
    "Solution": "hrgradlib.experiments.solution",
    "conserving": "hrgradlib.experiments.conservation",
    "load_solution": "hrgradlib.experiments.networks",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'hrgradlib' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
