"""Inflow as the literature's networks are told it: a penalty at either wall.

The equations are those of :mod:`hrgradlib.kinetics.published`. Of f nothing is known on a wall but
what enters, ``f(t, 0, v > 0)`` and ``f(t, 1, v < 0)``; in parity form that is ``r + εj`` at the one
and ``r − εj`` at the other. ρ on a wall is known in the limit of small ε only, and asked nowhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.kinetics.published import half_range

__all__ = ["entering_misfit"]


def entering_misfit(values: Tensor, x: Tensor, problem: InflowTransport) -> Tensor:
    """What is missing of the inflow at points of the walls, times the roots of the weights.

    Args:
        values: [N, 2Q] f, −v before v.
        x: [N] 0 or 1, the wall.
        problem: what flows in.

    Returns:
        [N, Q] by rising speed; the squares of a row sum to the mean over what enters at that wall.
    """
    count = values.shape[1] // 2
    v, w = half_range(count, values)
    right = (x > 0.5)[:, None]
    entering = torch.where(right, values[:, :count].flip(1), values[:, count:])
    return w.sqrt() * (entering - torch.where(right, problem.right(-v), problem.left(v)))
