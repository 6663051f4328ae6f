"""HRGrad: one neural network for a kinetic equation in every regime of the Knudsen number."""

from importlib import import_module

from hrgradlib.optim import (
    Harmonized,
    HRGrad,
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
    "HRGradWeighting",
    "Harmonized",
    "ResidualJacobian",
    "Solution",
    "StepRecord",
    "StepRefused",
    "TaskGradients",
    "UnsupportedLayerError",
    "harmonize",
    "jacobian_bytes",
    "load_solution",
    "residual_jacobian",
    "task_gradients",
]

# Loaded when first asked for: they need more than torch, numpy and scipy, or time.
_LATER = {
    "HRGradAggregator": "hrgradlib.optim._torchjd",
    "HRGradWeighting": "hrgradlib.optim._torchjd",
    "Solution": "hrgradlib.experiments.solution",
    "load_solution": "hrgradlib.experiments.solution",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'hrgradlib' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
