"""Chapter 8, many steps: descents to Pareto-stationary points, with and without noise.

Conventions as in :mod:`hrgradlib.chapters.ch08_convergence`. A *problem* is anything with
``losses`` and ``gradients``, maps from positions [B, n] to [B, K] and [B, K, n].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls

from hrgradlib.chapters.ch08_convergence import Direction, direction
from hrgradlib.experiments.cases.periodic import point_losses
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import Spec
from hrgradlib.models import PeriodicModel
from hrgradlib.optim import HRGrad, task_gradients

__all__ = [
    "Backtracked", "Bananas", "Problem", "Tails", "Trace", "backtrack", "compare", "convex_ratio",
    "descend", "distance_interpolant", "fixed_rate", "record_times", "share_rate", "sharpness",
    "stationarity", "training_gramians",
]  # fmt: skip


class Problem(Protocol):
    """K losses of every one of B problems."""

    def losses(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K]."""
        ...

    def gradients(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K, n]."""
        ...


class Tails(NamedTuple):
    """Non-convex losses ``F_k = (1 + s²)^(−q/2)/q`` of ``s = û_k·y``; smoothness constant one.

    They fall towards their infimum, zero, ever more slowly while ``s → ∞``, and the angles
    between the gradients never change: descent of ``‖∇F‖²`` barely faster than one over the steps.

    Attributes:
        units: [B, K, n].
        power: ``q`` in (0, 1].
    """

    units: NDArray
    power: float

    def losses(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K]."""
        s = np.einsum("bki,bi->bk", self.units, y)
        return (1 + s**2) ** (-self.power / 2) / self.power

    def gradients(self, y: NDArray) -> NDArray:
        """[B, n] to [B, K, n]."""
        s = np.einsum("bki,bi->bk", self.units, y)
        return (-s * (1 + s**2) ** (-self.power / 2 - 1))[..., None] * self.units


class Bananas(NamedTuple):
    """Two non-convex losses in the plane, each with a curved valley, after Rosenbrock.

    ``F_1 = ½(x − 1)² + ½ b (z − x²)²`` and ``F_2 = ½(x + 1)² + ½ b (z + x² − 1)²`` at ``(x, z)``.

    Attributes:
        stiffness: ``b``.
    """

    stiffness: float = 10.0

    def losses(self, y: NDArray) -> NDArray:
        """[B, 2] to [B, 2]."""
        x, z = y.T
        one = (x - 1) ** 2 + self.stiffness * (z - x**2) ** 2
        two = (x + 1) ** 2 + self.stiffness * (z + x**2 - 1) ** 2
        return 0.5 * np.stack([one, two], -1)

    def gradients(self, y: NDArray) -> NDArray:
        """[B, 2] to [B, 2, 2]."""
        x, z = y.T
        first, second = self.stiffness * (z - x**2), self.stiffness * (z + x**2 - 1)
        one = np.stack([x - 1 - 2 * x * first, first], -1)
        two = np.stack([x + 1 + 2 * x * second, second], -1)
        return np.stack([one, two], 1)


def distance_interpolant(corners: NDArray, point: NDArray) -> float:
    """Value at ``point`` of the affine function that equals the distance to it at three corners.

    Args:
        corners: [3, 2] in the plane, not on a line.
        point: [2].
    """
    distances = np.linalg.norm(corners - point, axis=1)
    system = np.concatenate([np.ones((3, 1)), corners - point], 1)
    return float(np.linalg.solve(system, distances)[0])


def stationarity(gradients: NDArray) -> NDArray:
    """``δ = min ‖Σ λ_k ∇F_k‖`` over convex weights; [B, K, n] to [B].

    By non-negative least squares on the gradients themselves, whose norms may differ widely.
    """
    found = np.zeros(len(gradients))
    for index, rows in enumerate(gradients):
        weight = np.linalg.norm(rows, axis=1).min()
        if weight == 0:
            continue
        system = np.vstack([rows.T / weight, np.ones(len(rows))])
        target = np.zeros(len(system))
        target[-1] = 1.0
        hull = nnls(system, target)[0]
        found[index] = np.linalg.norm(hull @ rows) / hull.sum()
    return found


# --- learning rates ------------------------------------------------------------------------------

Rate = Callable[[Direction], NDArray | float]


def fixed_rate(rate: float) -> Rate:
    """The same learning rate at every step."""
    return lambda found: rate


def share_rate(factor: float = 1.0) -> Rate:
    """``min_j π_j / L`` with ``L = 1``, times a factor: below 2 every loss is sure to fall."""
    return lambda found: factor * np.maximum(found.shares.min(-1), 0.0)[:, None]


# --- descents ------------------------------------------------------------------------------------


class Trace(NamedTuple):
    """What a descent of B problems leaves behind, at m recorded steps.

    Attributes:
        times: [m] numbers of the steps.
        positions: [m, B, n]; ``losses``: [m, B, K].
        stationarity: [m, B] ``δ``.
        cosine: [m, B] ``c`` of the axis.
        best_length: [m, B] least ``‖d‖²`` of all steps so far; ``best_slope``: the same of ``ζ²``.
        rises: [B] share of the (step, task) pairs in which the loss rose, while ``‖d‖`` exceeded a
            millionth of its first value.
    """

    times: NDArray
    positions: NDArray
    losses: NDArray
    stationarity: NDArray
    cosine: NDArray
    best_length: NDArray
    best_slope: NDArray
    rises: NDArray


def record_times(steps: int, per_decade: int = 8) -> NDArray:
    """Steps 0 to ``steps``, evenly spaced on a logarithmic scale."""
    count = max(2, int(per_decade * np.log10(max(steps, 2))) + 1)
    return np.unique(np.r_[0, np.geomspace(1, steps, count).round().astype(int)])


def descend(
    problem: Problem,
    start: NDArray,
    rate: Rate,
    steps: int,
    harmony: float | None,
    axis: str = "maxmin",
    times: NDArray | None = None,
) -> Trace:
    """Gradient descent along harmonised directions.

    Args:
        problem: the losses.
        start: [B, n].
        rate: learning rate from the direction.
        steps: T.
        harmony: ``κ``, or None for the plain sum of the gradients.
        axis: of :func:`hrgradlib.harmonize`.
        times: steps to record, :func:`record_times` unless given.
    """
    times = record_times(steps) if times is None else times
    y, rows = start.copy(), []
    rises, active_steps = np.zeros((2, len(start)))
    first = best_length = best_slope = np.full(len(start), np.inf)
    losses = problem.losses(y)
    for step in range(int(times[-1]) + 1):
        gradients = problem.gradients(y)
        found = _plain(gradients) if harmony is None else direction(gradients, harmony, axis)
        first = np.where(np.isinf(first), found.length, first)
        active = found.length > 1e-6 * first
        best_length = np.minimum(best_length, found.length**2)
        best_slope = np.minimum(best_slope, found.slope**2)
        if step in times:
            delta = stationarity(gradients)
            rows.append((y.copy(), losses, delta, found.cosine, best_length, best_slope))
        y = y - rate(found) * found.vector
        after = problem.losses(y)
        rises += active * (after > losses * (1 + 1e-14)).mean(-1)  # not the last digit
        active_steps += active
        losses = after
    columns = [np.stack(column) for column in zip(*rows, strict=True)]
    return Trace._make([times, *columns, rises / active_steps])


def _plain(gradients: NDArray) -> Direction:
    """The sum of the gradients, as a :class:`Direction`; ``cosine`` means nothing here."""
    vector = gradients.sum(1)
    square = np.maximum((vector**2).sum(-1), np.finfo(float).tiny)
    slopes = np.einsum("bki,bi->bk", gradients, vector)
    return Direction(
        vector,
        np.ones(gradients.shape[:2]),
        np.full(len(vector), np.nan),
        np.linalg.norm(gradients, axis=-1),
        slopes / square[:, None],
        np.sqrt(square),
        slopes.min(-1) / np.sqrt(square),
        np.zeros(len(vector), dtype=bool),
    )


def compare(problem: Problem, start: NDArray, steps: int, axis: str) -> dict[str, Trace]:
    """The sum and HRGrad at the fixed rate ``1/(KL)``, and HRGrad at the rate of its shares."""
    slow, share = fixed_rate(1 / problem.losses(start).shape[1]), share_rate()
    return {
        "sum, η = 1/(KL)": descend(problem, start, slow, steps, None),
        "κ = ½, η = 1/(KL)": descend(problem, start, slow, steps, 0.5, axis),
        "κ = ½, every loss falls": descend(problem, start, share, steps, 0.5, axis),
        "κ = 1, every loss falls": descend(problem, start, share, steps, 1.0, axis),
    }


def convex_ratio(
    problem: Problem, start: NDArray, steps: int, harmony: float, points: NDArray
) -> tuple[float, float]:
    """The inequality on convex losses along a descent at the rate of the shares.

    Args:
        problem: convex losses with smoothness constant one.
        start: [B, n].
        steps: T.
        harmony: ``κ``.
        points: [m, B, n] what the iterates are compared with, ``z``.

    Returns:
        Largest ``Σ_t η_t Σ_k w_k (F_k(y_T) − F_k(z)) / (½ ‖y_0 − z‖²)`` and largest effective
        rate ``η_t Σ_k w_k``; neither can exceed one.
    """
    there = np.stack([problem.losses(z) for z in points])
    limits = 0.5 * ((start - points) ** 2).sum(-1)
    y, summed, worst, largest = start, np.zeros_like(there[0]), -np.inf, 0.0
    for _ in range(steps):
        found = direction(problem.gradients(y), harmony)
        rate = np.maximum(found.shares.min(1), 0)[:, None]
        y, summed = y - rate * found.vector, summed + rate * found.weights
        gaps = ((problem.losses(y) - there) * summed).sum(-1)
        worst = max(worst, float((gaps / limits).max()))
        largest = max(largest, float((rate * found.weights).sum(1).max()))
    return worst, largest


def sharpness(worst: float) -> str:
    """How near the largest ratio of :func:`convex_ratio` comes to its bound, as a sentence."""
    if worst <= 0:
        return "In so few steps the left side stays negative: they do not tell how sharp this is."
    loose = f"{1 / worst:.0f}"
    return f"The bound is reached up to a factor of {loose}: the sharpest of this chapter’s rates."


class Backtracked(NamedTuple):
    """A descent that chose its own learning rates.

    Attributes:
        positions: [T + 1, B, n]; ``losses``: [T + 1, B, K].
        needed: [B] steps until the slope was below the tolerance; the position then stays.
        rises: [B] share of the (step, task) pairs up to then in which the loss rose.
    """

    positions: NDArray
    losses: NDArray
    needed: NDArray
    rises: NDArray


def backtrack(
    problem: Problem,
    start: NDArray,
    steps: int,
    harmony: float | None,
    every: bool,
    tolerance: float = 1e-6,
    axis: str = "maxmin",
) -> Backtracked:
    """Descent that needs no smoothness constant: halve the rate until the losses fall enough.

    Enough means ``F_j(y − lr d) ≤ F_j(y) − ½ lr ∇F_j·d``. Every step first tries twice the last
    rate.

    Args:
        problem: the losses.
        start: [B, n].
        steps: at most.
        harmony: ``κ``, or None for the plain sum of the gradients.
        every: the inequality is asked of every task, else of the sum of the losses only.
        tolerance: a descent ends where ``ζ`` (``‖d‖``, if only the sum must fall) is below it.
        axis: of :func:`hrgradlib.harmonize`.
    """
    y, rate = start.copy(), np.ones(len(start))
    positions, losses = [y], [problem.losses(y)]
    needed = np.full(len(start), steps)
    for step in range(steps):
        gradients = problem.gradients(y)
        found = _plain(gradients) if harmony is None else direction(gradients, harmony, axis)
        small = (found.slope if every else found.length) < tolerance
        needed = np.where(small, np.minimum(needed, step), needed)
        slopes = np.einsum("bki,bi->bk", gradients, found.vector)
        rate = _accepted(problem, y, found.vector, slopes, np.where(small, 0, 2 * rate), every)
        y = y - rate[:, None] * found.vector
        positions.append(y)
        losses.append(problem.losses(y))
        if small.all():
            break
    moving = np.arange(len(losses) - 1)[:, None] < needed
    rose = (np.diff(losses, axis=0) > 1e-14 * np.abs(losses[:-1])) & moving[..., None]
    count = np.maximum(needed * rose.shape[-1], 1)
    return Backtracked(np.stack(positions), np.stack(losses), needed, rose.sum((0, 2)) / count)


def _accepted(
    problem: Problem, y: NDArray, vector: NDArray, slopes: NDArray, rate: NDArray, every: bool
) -> NDArray:
    before = problem.losses(y)
    for _ in range(60):
        after = problem.losses(y - rate[:, None] * vector)
        excess = after - before + 0.5 * rate[:, None] * slopes
        halve = (excess.max(-1) if every else excess.sum(-1)) > 0
        if not halve.any():
            break
        rate = np.where(halve, 0.5 * rate, rate)
    return rate


# --- a network -----------------------------------------------------------------------------------


def training_gramians(spec: Spec, steps: int) -> NDArray:
    """Gramians [steps, K, K] in Adam's metric, from the start of a training at a constant rate.

    Args:
        spec: of a run with ``hrgrad`` on ``transport-periodic``; seed 0 draws its points.
        steps: how many.
    """
    model, generator = cast(PeriodicModel, spec.build_model()), torch.Generator().manual_seed(0)
    optimizer = HRGrad(model.parameters(), lr=spec.lr, harmony=spec.harmony)
    gramians, sizes = [], spec.case.task_sizes(spec)
    for _ in range(steps):
        points = sample(spec, generator)
        found = task_gradients(partial(point_losses, model, *points), model, sizes)
        gramian = optimizer.step(found).gramian
        assert gramian is not None  # it is observed
        gramians.append(gramian)
    return np.stack(gramians)
