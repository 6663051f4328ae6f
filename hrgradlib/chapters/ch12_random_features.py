"""What a linear solver does with ``transport-periodic``: random features and least squares.

A network with one hidden layer that stays as it was drawn is linear in its output layer, and so are
the residuals: one undamped Gauss–Newton step on that layer is the solution. Ansatz, residuals and
points are those that the networks are trained with; only ε is fixed, once for every solve.

Sources: Chen, Chi, E and Yang 2022 (the random feature method); Chen, Ma and Wu 2024 (the same with
a micro–macro decomposition, for transport in several regimes).
"""

from __future__ import annotations

from functools import partial

import torch
from scipy.linalg import lstsq

from hrgradlib.experiments.cases.periodic import residuals
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models.periodic import PeriodicModel
from hrgradlib.optim import residual_jacobian

__all__ = ["MODES", "POINTS", "features", "solve"]

MODES = 6  # Legendre modes of g; with more of them the errors here are the same
POINTS = 2  # collocation points per feature, each with 1 + MODES residuals
_ROUNDING = 1e-13  # singular values below this share of the largest are noise


def features(problem: PeriodicTransport, count: int, spread: float, seed: int) -> PeriodicModel:
    """A network of one hidden layer in float64: hidden weights drawn, output zero.

    Args:
        problem: data and ranges.
        count: F, hidden units ``tanh(w·z + b)`` of the network's own inputs z but ε.
        spread: w and b are uniform on [−spread, spread].
        seed: of the draw.

    Raises:
        ValueError: no feature, or a spread that is not positive.
    """
    if count < 1 or not 0 < spread < float("inf"):
        raise ValueError(
            f"features: found count = {count}, spread = {spread}; expected at least one feature "
            "and a positive spread."
        )
    model = PeriodicModel(problem, count, 1, MODES, encoding="none").double()
    hidden, output = model.trunk.layers
    generator = torch.Generator().manual_seed(seed)
    for parameter in hidden.parameters():
        torch.nn.init.uniform_(parameter, -spread, spread, generator=generator)
        parameter.requires_grad_(False)
    for parameter in output.parameters():
        torch.nn.init.zeros_(parameter)
    return model


def solve(
    problem: PeriodicTransport, eps: float, count: int, spread: float, seed: int
) -> PeriodicModel:
    """The features whose mean squared residual at one ε is the least.

    Args:
        problem: data and ranges.
        eps: Knudsen number, dimensionless.
        count, spread, seed: as of :func:`features`; the points are drawn from the seed, too.

    Returns:
        A solution at this ε alone; (F + 1)(1 + MODES) numbers were unknown.

    Raises:
        ValueError: no feature, a spread or an ε that is not positive.
    """
    if not 0 < eps < float("inf"):
        raise ValueError(f"solve: found eps = {eps}; expected a positive number.")
    model = features(problem, count, spread, seed)
    generator = torch.Generator().manual_seed(seed)
    drawn = sample_points((eps, eps), problem.final_time, 1, POINTS * (count + 1), generator)
    t, x = (p.double() for p in drawn[:2])
    points = t, x, torch.full_like(t, eps)
    found = residual_jacobian(partial(residuals, model), model, points, [len(t)])
    matrix, wanted = found.matrix.numpy(), -found.residuals.numpy()
    step, *_ = lstsq(
        matrix, wanted, cond=_ROUNDING, lapack_driver="gelsy", overwrite_a=True, check_finite=False
    )
    torch.nn.utils.vector_to_parameters(torch.from_numpy(step), found.parameters)
    return model
