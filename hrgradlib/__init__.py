"""HRGrad: one neural network for a kinetic equation in every regime of the Knudsen number."""

from hrgradlib.aggregator import HRGradAggregator, HRGradWeighting
from hrgradlib.harmonize import Harmonized, harmonize
from hrgradlib.optimizer import HRGrad, StepRecord
from hrgradlib.solution import Solution, load_solution
from hrgradlib.taskgrad import TaskGradients, UnsupportedLayerError, task_gradients

__all__ = [
    "HRGrad",
    "HRGradAggregator",
    "HRGradWeighting",
    "Harmonized",
    "Solution",
    "StepRecord",
    "TaskGradients",
    "UnsupportedLayerError",
    "harmonize",
    "load_solution",
    "task_gradients",
]
