"""From the sum to Gauss–Newton: one batch, cut into one task, a few, or one per residual.

With ``t_k = √L_k`` the norm of task k's residuals and ``j_k`` its gradient, two rules ask for a
direction d: equal cosines, ``j_k·d ∝ ‖j_k‖`` (HRGrad with κ = 1), and equal relative rates,
``j_k·d = t_k``. For one task both are the gradient. For one task per residual the second is
Gauss–Newton. Derived in the appendix on many tasks.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.optim import ResidualJacobian, harmonize, residual_jacobian
from hrgradlib.training import METHODS
from hrgradlib.training.loop import learning_rate
from hrgradlib.training.methods import PlainSum

__all__ = [
    "COUNTS",
    "SIZES",
    "Linearised",
    "Orthogonality",
    "Tasks",
    "combined",
    "equal_cosines",
    "equal_rates",
    "follow",
    "orthogonality",
    "partly_trained",
    "tasks_of",
    "train_by_rates",
]

PROBLEM = "transport-periodic"
COUNTS = (1, 5, 20, 80)  # tasks; then one per point and one per residual

# Of the chapter's own trainings, by profile: seconds each on one core.
SIZES = {
    "smoke": dict(
        partly=dict(width=12, depth=2, modes=3, tasks=40, per_task=2, steps=40),
        rates=dict(width=12, depth=2, modes=3, tasks=40, per_task=2, steps=12),
        live=dict(width=12, depth=2, modes=3, tasks=10, per_task=4, steps=15),
    ),
    "quick": dict(
        partly=dict(width=32, depth=3, modes=6, tasks=80, per_task=2, steps=400),
        rates=dict(width=16, depth=2, modes=4, tasks=40, per_task=2, steps=80),
        live=dict(width=16, depth=2, modes=4, tasks=10, per_task=8, steps=120),
    ),
}
SIZES["full"] = SIZES["quick"]


class Tasks(NamedTuple):
    """K tasks of one batch.

    Attributes:
        norms: [K] ``t_k = ‖r_k‖``, root of the task's loss.
        rows: [K, n] ``j_k = ∇‖r_k‖``; the gradient of ``½ L_k`` is ``t_k j_k``.
    """

    norms: Tensor
    rows: Tensor


def tasks_of(batch: ResidualJacobian, count: int) -> Tasks:
    """The residuals in ``count`` groups of equal size, in their order (by ε)."""
    parts = batch.residuals.view(count, -1)
    norms = parts.norm(dim=1)
    rows = torch.einsum("kr,krn->kn", parts, batch.matrix.view(count, parts.shape[1], -1))
    return Tasks(norms, rows / norms[:, None])


def equal_rates(tasks: Tasks, shift: float) -> Tensor:
    """Direction [n] with ``j_k·d = t_k``: minimiser of ``Σ (j_k·d − t_k)² + shift ‖d‖²``."""
    return _solved(tasks.rows, tasks.norms, shift)


def equal_cosines(tasks: Tasks, shift: float) -> Tensor:
    """Direction [n] with ``j_k·d = ‖j_k‖``, damped in the same way: HRGrad's with κ = 1."""
    return _solved(tasks.rows, tasks.rows.norm(dim=1), shift)


def _solved(rows: Tensor, wanted: Tensor, shift: float) -> Tensor:
    kernel = rows @ rows.T
    kernel.diagonal().add_(shift)
    return rows.T @ torch.linalg.solve(kernel, wanted)


def combined(tasks: Tasks, harmony: float, metric: Tensor | None = None) -> Tensor:
    """HRGrad's step direction [n] ``P Σ w_k g_k``, P diagonal [n] (identity if not given)."""
    gradients = tasks.rows * tasks.norms[:, None]
    moved = gradients if metric is None else gradients * metric
    return harmonize(gradients @ moved.T, harmony).weights @ moved


class Linearised:
    """The damped linear model ``½‖r − J d‖² + ½ λ‖d‖²`` of the loss of one batch.

    Args:
        batch: residuals and Jacobian.
        damping: ``λ`` as a multiple of ``‖r‖²``.
    """

    def __init__(self, batch: ResidualJacobian, damping: float) -> None:
        self.batch = batch
        self.shift = damping * float(batch.residuals.square().sum())

    @cached_property
    def gauss_newton(self) -> Tensor:
        """[n] its minimiser ``(JᵀJ + λ)^{-1} Jᵀ r``."""
        return _solved(self.batch.matrix, self.batch.residuals, self.shift)

    @cached_property
    def best(self) -> float:
        """Twice the largest decrease of the model."""
        return float(self.batch.residuals @ (self.batch.matrix @ self.gauss_newton))

    def share(self, direction: Tensor) -> float:
        """Largest decrease along a line, over the largest of all: ``cos²(d, d_GN)``."""
        moved = self.batch.matrix @ direction
        length = moved @ moved + self.shift * (direction @ direction)
        return float((self.batch.residuals @ moved) ** 2 / length) / self.best

    def ceiling(self, candidates: Tensor) -> float:
        """The largest share of any combination of ``candidates`` [K, n]."""
        units = candidates / candidates.norm(dim=1, keepdim=True)
        moved = torch.cat([self.batch.matrix @ units.T, self.shift**0.5 * units.T])
        basis = torch.linalg.qr(moved).Q[: len(self.batch.residuals)]
        return float((basis.T @ self.batch.residuals).square().sum()) / self.best

    def rates(self, direction: Tensor) -> Tensor:
        """[R] relative rate ``J_i d / r_i`` of every residual, for the best step along d."""
        moved = self.batch.matrix @ direction
        length = moved @ moved + self.shift * (direction @ direction)
        return (self.batch.residuals @ moved) / length * moved / self.batch.residuals


class Orthogonality(NamedTuple):
    """Task gradients in the metric ``P = (JᵀJ + λ)^{-1}``, and what bounds their cosines.

    Attributes:
        cosines: [K, K].
        hidden: [K] ``h_k = 1 − n_k²/L_k``: the share of a task's loss that damping hides.
        guaranteed: ``λ/(λ + 2 λ_min(J Jᵀ))``, which no cosine of two tasks exceeds.
        measured: [K, K] the bound by ``hidden``, ``√(h_j h_k/((1−h_j)(1−h_k)))``, at most one.
    """

    cosines: NDArray
    hidden: NDArray
    guaranteed: float
    measured: NDArray


def orthogonality(batch: ResidualJacobian, count: int, damping: float) -> Orthogonality:
    """Cosines of ``count`` equal groups of residuals in the Gauss–Newton metric, with bounds."""
    shift = damping * float(batch.residuals.square().sum())
    kernel = batch.matrix @ batch.matrix.T
    least = max(float(torch.linalg.eigvalsh(kernel)[0]), 0.0)
    parts = torch.block_diag(*batch.residuals.view(count, 1, -1)).T  # [R, K]
    kernel.diagonal().add_(shift)
    lost = (shift * parts.T @ torch.linalg.solve(kernel, parts)).numpy()
    losses = np.diagonal((parts.T @ parts).numpy())
    gramian = np.diag(losses) - lost
    norms = np.sqrt(np.diagonal(gramian))
    hidden = np.diagonal(lost) / losses
    odds = np.sqrt(hidden / (1 - hidden))
    return Orthogonality(
        gramian / np.outer(norms, norms),
        hidden,
        shift / (shift + 2 * least),
        np.minimum(np.outer(odds, odds), 1.0),
    )


def partly_trained(profile: str, seed: int = 7) -> tuple[nn.Module, Tensor, ResidualJacobian]:
    """A network after some steps of Adam on the sum, and a fresh batch sorted by ε.

    Returns:
        The model in float64, Adam's metric [n], and the batch (R residuals, one task).
    """
    spec = _spec("sum", seed, **SIZES[profile]["partly"])
    model = spec.build_model()
    method = PlainSum(model, spec.settings)
    generator = torch.Generator().manual_seed(seed)
    for step in range(spec.steps):
        method.set_learning_rate(learning_rate(step, spec.steps, spec.lr, 20))
        points = sample(spec, generator)
        method.step(
            partial(spec.case.residuals(spec), model), points, spec.case.task_sizes(spec), False
        )
    state = [method.optimizer.state[p]["exp_avg_sq"].flatten() for p in model.parameters()]
    metric = 1 / (torch.cat(state).double().sqrt() + 1e-8)
    batch = [p.double() for p in sample(spec, generator)]
    return model.double(), metric, _batch(spec, model, batch)


def _spec(method: str, seed: int, **settings) -> Spec:
    return make_spec(PROBLEM, method, "smoke", seed, **settings)


def _batch(spec: Spec, model: nn.Module, points, out=None) -> ResidualJacobian:
    return residual_jacobian(
        partial(spec.case.residuals(spec), model), model, points, [len(points[0])], out=out
    )


def train_by_rates(
    profile: str,
    count: int | None,
    seed: int = 0,
    lr: float = 0.5,
    damping: float = 1e-4,
    looks: int = 12,
    fresh: bool = True,
) -> dict[str, NDArray]:
    """Train with the direction of equal relative rates.

    No other metric, no momentum: only the number of tasks differs. One task is gradient descent
    with Polyak's step length for ``√L``; one task per residual is damped Gauss–Newton.

    Args:
        profile: sizes.
        count: tasks; None: one per residual.
        seed: of initial parameters and points.
        lr: share of the linearised residual norms that a step removes, at its peak.
        damping: multiple of ``‖r‖²``.
        looks: how often the error is measured.
        fresh: new points at every step; else those of the first.

    Returns:
        ``losses`` [steps]; ``at`` and ``error`` [looks].
    """
    spec = _spec("sum-gn", seed, **SIZES[profile]["rates"])
    model, generator, batch = spec.build_model(), torch.Generator().manual_seed(seed), None
    steps, losses, errors, points = spec.steps, [], [], None
    at = np.unique(np.linspace(0, steps, looks + 1).round().astype(int)[1:])
    for step in range(steps):
        points = sample(spec, generator) if fresh or points is None else points
        batch = _batch(spec, model, points, batch)
        loss = float(batch.residuals.square().sum())
        losses.append(loss)
        tasks = tasks_of(batch, count or len(batch.residuals))
        rate = learning_rate(step, steps, lr, max(1, steps // 20), 0.3)
        _move(model, rate * equal_rates(tasks, damping * loss))
        if step + 1 in at:
            errors.append(spec.case.errors(model).max())
    return {"losses": np.array(losses), "at": at, "error": np.array(errors)}


@torch.no_grad()
def _move(model: nn.Module, step: Tensor) -> None:
    parameters = list(model.parameters())
    for p, part in zip(parameters, step.split([p.numel() for p in parameters]), strict=True):
        p.sub_(part.view(p.shape))


def follow(profile: str, method: str, seed: int = 0, **settings) -> dict[str, NDArray]:
    """A short training with every step's record kept.

    Returns:
        The records, stacked over steps; ``error`` [len(eps), len(times)] and ``parameters`` [n].
    """
    spec = _spec(method, seed, **SIZES[profile]["live"] | settings)
    model = spec.build_model()
    trained = METHODS[method](model, spec.settings)
    generator, found = torch.Generator().manual_seed(seed), []
    for step in range(spec.steps):
        rate = learning_rate(step, spec.steps, spec.lr, spec.warmup, spec.hold)
        trained.set_learning_rate(rate)
        found.append(
            trained.step(
                partial(spec.case.residuals(spec), model),
                sample(spec, generator),
                spec.case.task_sizes(spec),
                True,
            )
        )
    return {name: np.stack([f[name] for f in found]) for name in found[0]} | {
        "error": spec.case.errors(model),
        "parameters": torch.cat([p.detach().flatten() for p in model.parameters()]).numpy(),
    }
