"""From a specification to the objects that are trained and judged."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.specs import Spec
from hrgradlib.kinetics.linear_transport import PeriodicTransport, macro_residual, micro_residual
from hrgradlib.models import TransportModel
from hrgradlib.reference.linear_transport import PeriodicReference

__all__ = ["build_model", "point_losses", "problem_of", "relative_errors"]


def problem_of(spec: Spec) -> PeriodicTransport:
    """The problem's data."""
    return {"transport-periodic": PeriodicTransport()}[spec.problem]


def build_model(spec: Spec) -> TransportModel:
    """A freshly initialised network; its parameters depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        return TransportModel(problem_of(spec), spec.width, spec.depth, spec.modes)


def point_losses(model: nn.Module, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Squared macro and micro residuals of every collocation point, shape [N]."""
    fields = model.fields(t, x, eps)
    return macro_residual(fields).square() + micro_residual(fields, eps).square().sum(1)


@lru_cache(maxsize=4)
def _reference(problem: PeriodicTransport, cells: int) -> tuple[NDArray, ...]:
    eps = np.array(problem.eval_eps)[:, None, None]
    t = np.array(problem.eval_times)[:, None]
    x = np.arange(cells) / cells
    density = PeriodicReference(problem.modes).density(t, x, eps)
    grid = np.broadcast_arrays(t, x, eps)
    return density, *(np.ascontiguousarray(g) for g in grid)


def relative_errors(model: nn.Module, problem: PeriodicTransport, cells: int = 64) -> NDArray:
    """Relative L2 error of ρ over x against the exact reference, same points for both.

    Returns:
        [len(eval_eps), len(eval_times)], dimensionless.
    """
    exact, *grid = _reference(problem, cells)
    parameter = next(model.parameters())
    points = [torch.as_tensor(g.ravel(), dtype=parameter.dtype, device=parameter.device)
              for g in grid]
    with torch.no_grad():
        found = model(*points)[0].double().cpu().numpy().reshape(exact.shape)
    return np.linalg.norm(found - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
