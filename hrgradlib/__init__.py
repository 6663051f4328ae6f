"""HRGrad: one neural network for a kinetic equation in every regime of the Knudsen number."""

from hrgradlib._refused import StepRefused
from hrgradlib.aggregator import HRGradAggregator, HRGradWeighting
from hrgradlib.harmonize import Harmonized, harmonize
from hrgradlib.jacobian import ResidualJacobian, jacobian_bytes, residual_jacobian
from hrgradlib.optimizer import HRGrad, StepRecord
from hrgradlib.solution import Solution, load_solution
from hrgradlib.taskgrad import TaskGradients, UnsupportedLayerError, task_gradients

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
