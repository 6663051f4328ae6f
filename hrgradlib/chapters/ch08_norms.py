"""Chapter 8: norms of gradients over ε, of the two terms of the loss and of its regimes."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.experiments.cases.periodic import residuals as _residuals
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models.periodic import PeriodicModel
from hrgradlib.optim import residual_jacobian

__all__ = ["FORMS", "Terms", "measure", "ratio_of_regimes", "ratio_of_terms", "settle"]

#: Weights of the squared macro and of the squared micro residual: powers of ε. The same equation
#: for f = ρ + ε g, micro–macro and as it comes, divided or multiplied by ε.
FORMS = {"micro–macro": (0, 0), "PINN": (2, 0), "PINN, times ε": (4, 2), "PINN, over ε": (0, -2)}


class Terms(NamedTuple):
    """Gradients of the mean squared residuals, at E Knudsen numbers.

    Attributes:
        eps: [E].
        macro, micro: [E, n].
        bounds: of their norms, [2]: twice the largest residual times the largest derivative of a
            residual, over all points and all ε.
    """

    eps: NDArray
    macro: NDArray
    micro: NDArray
    bounds: NDArray


def settle(model: PeriodicModel, steps: int, seed: int = 0, lr: float = 5e-3) -> None:
    """Train a little, on the sum of both terms over five regimes, with Adam.

    Args:
        model: changed in place.
        steps: T.
        seed: of the points.
        lr: learning rate, constant.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.99))
    problem = model.problem
    for _ in range(steps):
        points = sample_points(problem.eps_range, problem.final_time, 5, 64, generator)
        optimizer.zero_grad()
        _residuals(model, *(p.double() for p in points)).square().sum(1).mean().backward()
        optimizer.step()


def measure(model: PeriodicModel, eps: NDArray, count: int, seed: int = 0) -> Terms:
    """Both terms' gradients, each at one ε and at the points of a training.

    Args:
        model: float64.
        eps: [E] Knudsen numbers.
        count: points for each; half of the times are uniform, half are in the layer.
        seed: of the points.
    """
    macro, micro, largest = [], [], np.zeros((2, 2))
    final = model.problem.final_time
    for one in eps:
        generator = torch.Generator().manual_seed(seed)
        drawn = sample_points((float(one), float(one)), final, 1, count, generator)
        points = [p.double() for p in drawn]
        found = residual_jacobian(partial(_residuals, model), model, points, [count])
        values = found.residuals.view(count, -1)
        matrix = found.matrix.view(count, 1 + model.modes, -1)
        macro.append((2 * values[:, 0] @ matrix[:, 0]).numpy())
        micro.append((2 * torch.einsum("pk,pkn->n", values[:, 1:], matrix[:, 1:])).numpy())
        for row, part in enumerate((slice(0, 1), slice(1, None))):
            sizes = values[:, part].norm(dim=1).max(), matrix[:, part].flatten(1).norm(dim=1).max()
            largest[row] = np.maximum(largest[row], [float(s) * count**0.5 for s in sizes])
    return Terms(np.asarray(eps), np.stack(macro), np.stack(micro), 2 * largest.prod(1))


def ratio_of_terms(terms: Terms, form: str = "micro–macro") -> NDArray:
    """[E] norm of the micro over that of the macro term's gradient, weighted as in a form."""
    a, b = FORMS[form]
    norms = [np.linalg.norm(rows, axis=1) for rows in (terms.micro, terms.macro)]
    return terms.eps ** (b - a) * norms[0] / norms[1]


def ratio_of_regimes(terms: Terms, tasks: int, form: str, apart: bool = False) -> float:
    """``Γ`` of a segmentation: the largest over the smallest norm of a task's gradient.

    Args:
        terms: at ε in increasing order, as many for every task.
        tasks: K ranges of ``log ε``.
        form: of the residual, a name of ``FORMS``.
        apart: the two terms of every range are tasks of their own, 2K in all.
    """
    weights = [terms.eps[:, None] ** power for power in FORMS[form]]
    parts = [w * g for w, g in zip(weights, (terms.macro, terms.micro), strict=True)]
    chosen = parts if apart else [parts[0] + parts[1]]
    means = [g.reshape(tasks, -1, g.shape[1]).mean(1) for g in chosen]
    norms = np.linalg.norm(np.concatenate(means), axis=1)
    return float(norms.max() / norms.min())
