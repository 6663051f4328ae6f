"""The Gauss–Newton metric: damped least squares, with a moment per task as in SPRING."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor

from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._metric import Candidates, Joint, Metric, MetricState, Step, Weights
from hrgradlib.optim._properties import Property
from hrgradlib.optim._refused import StepRefused

__all__ = ["GaussNewton"]

_COMPARABLE = 1e3  # ratio of losses up to which harmony > 0 does what it says (many_tasks.md)


class GaussNewton(Metric):
    """``P = (JᵀJ + λ)^{-1}``, the damped inverse Gauss–Newton Hessian of ``½ Σ L_k = ½ ‖r‖²``.

    The moment of task k is the step that would remove its residuals and touch no other's, drawn
    to the last one as in SPRING (Goldshlager, Abrahamsen, Lin, arXiv 2401.10190, eq. 14):

        φ_k ← argmin ‖J φ − r_k‖² + λ ‖φ − μ φ_k‖² = μ φ_k + P Jᵀ (r_k − μ J φ_k),

    with ``r_k`` the residual vector, zero outside task k. Solved in the smaller of the spaces of
    samples (Woodbury: ``P Jᵀ = Jᵀ (J Jᵀ + λ)^{-1}``) and of parameters. The step Σ φ_k with
    learning rate one is SPRING's.

    The first beta is the momentum ``μ``. ``λ`` is the multiple ``damping`` of the summed losses
    ``‖r‖²``, as in Levenberg–Marquardt methods (Fan, Yuan, Computing 74, 2005): strong far from a
    solution, and gone with the residual; and never less than what rounding needs.

    The cosines of tasks are small here and their scales play little role, so ``harmony`` is 0 by
    default. A weight above one asks a task's residuals to fall faster than the linear model says
    they can: with ``lr · w_k > 1`` they would be moved past zero, and the step is shortened. With
    losses of very different scales and ``harmony > 0`` nothing would be left of it; that is
    refused at the first step. (A metric of the weighted loss is no way out: a Gauss–Newton step
    follows its weights at once, and those of losses on few points are mostly noise.)
    """

    needs = ResidualJacobian
    defaults = {"lr": 0.1, "betas": (0.8, 0.99), "damping": 1e-2, "harmony": 0.0}
    properties = frozenset(
        {Property.TASK_ORDER, Property.SINGLE_TASK_BASE, Property.STEP_SCALE_FREE}
    )

    def init(self, tasks, like):
        return MetricState.zeros(tasks, like, per_task=["first_moments"])

    def offer(self, state, given, step, weights, group):
        moments, momentum, matrix = state.per_task["first_moments"], group["betas"][0], given.matrix
        root = None if state.scale is None else state.scale.sqrt()
        matrix = matrix if root is None else matrix * root
        tasks = given.tasks
        if step == 1 and np.max(group["harmony"]) > 0:
            _check_scales(given.losses)
        split = matrix.new_zeros(tasks, len(matrix))  # row k: r_k
        owner = torch.repeat_interleave(
            torch.arange(tasks, device=matrix.device),
            torch.tensor(given.sizes, device=matrix.device),
        )
        split.scatter_(0, owner[None], given.residuals[None])
        wanted = torch.cat([split - momentum * _product(moments, matrix.mT), split])
        damping = group["damping"] * given.residuals.square().sum()
        steps, shift = _damped_solve(matrix, wanted, damping)
        steps[:tasks] += momentum * moments
        steps[[*given.absent]] = 0.0

        moved = _product(steps, matrix.mT)
        products = (moved @ moved.mT + shift * _product(steps, steps.mT)).double().cpu().numpy()
        # Exact, while the Gramian bears the rounding of an ill-conditioned solve.
        both = Joint(products, (split @ moved.mT).double().cpu().numpy())
        farthest = max(1.0, 1.0 / group["lr"]) if group["lr"] else math.inf

        def combine(weights: Weights) -> Step:
            used = weights.joint if weights.on_gradients is not None else weights.on_moments
            largest = float(weights.by_task.max())
            shortened = farthest / largest if largest > farthest else 1.0
            direction = torch.as_tensor(used * shortened).to(steps) @ steps[: len(used)]
            direction = direction if root is None else direction * root
            joint = weights.joint
            norms = np.sqrt(np.diagonal(products)[tasks:])
            length = np.sqrt(max(joint @ products @ joint, 0.0))
            cosines = both.descent @ joint / np.maximum(norms * length, np.finfo(float).tiny)
            return Step(direction, shortened, norms, cosines)

        def commit(_: Weights) -> None:
            waiting = moments[[*given.absent]].clone()
            moments.copy_(steps[:tasks])
            moments[[*given.absent]] = waiting

        roundoff = torch.finfo(matrix.dtype).eps
        moved_by = products[:tasks, :tasks], lambda: both, lambda: products[tasks:, tasks:]
        return Candidates(*moved_by, roundoff, combine, commit)


def _check_scales(losses: Tensor) -> None:
    """Before the first step that harmonises.

    Raises:
        StepRefused: the losses are of very different scales.
    """
    present = losses[losses > 0]
    if len(present) and float(present.max() / present.min()) > _COMPARABLE:
        raise StepRefused(
            f"HRGrad: found first task losses from {float(present.min()):.2g} to "
            f"{float(present.max()):.2g}; expected them within a factor of {_COMPARABLE:g} of each "
            "other, as harmony > 0 in the Gauss–Newton metric throws the residuals of the smaller "
            "ones past zero. Take harmony=0, to which scales matter little, or metric='soap'."
        )


def _damped_solve(matrix: Tensor, wanted: Tensor, damping: Tensor) -> tuple[Tensor, Tensor]:
    """``wanted J (JᵀJ + λ)^{-1}`` [columns, n], through the smaller of two kernels, and λ.

    Raises:
        StepRefused: the kernel is singular to rounding.
    """
    rows, n = matrix.shape
    kernel = _product(matrix, matrix.mT) if rows <= n else _product(matrix.mT, matrix)
    shift = damping + 10 * torch.finfo(matrix.dtype).eps * kernel.diagonal().sum()
    kernel.diagonal().add_(shift)
    solved = _solve(kernel, wanted if rows <= n else _product(wanted, matrix))
    if solved is None:
        raise StepRefused(
            f"HRGrad: the Gauss–Newton kernel ({len(kernel)} × {len(kernel)}, {matrix.dtype}) "
            f"with λ = {float(shift):g} is not positive definite to rounding; nothing was "
            "updated. Raise the damping, or use float64."
        )
    return _product(solved, matrix) if rows <= n else solved, shift


def _solve(kernel: Tensor, wanted: Tensor) -> Tensor | None:
    """``wanted kernel^{-1}`` by Cholesky, None if it fails; the kernel may be overwritten."""
    if kernel.device.type != "cpu":
        factor, info = torch.linalg.cholesky_ex(kernel)
        return None if int(info) else torch.cholesky_solve(wanted.mT, factor).mT
    try:
        factor = cho_factor(kernel.numpy().T, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return None
    return torch.from_numpy(cho_solve(factor, wanted.numpy().T, check_finite=False).T)


def _product(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right``; on the CPU by NumPy.

    Its BLAS has half the work with ``A Aᵀ``, which it knows to be symmetric, and is twice as fast
    where one side has few rows.
    """
    if left.device.type != "cpu":
        return left @ right
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused, not warned of
        return torch.from_numpy(left.numpy() @ right.numpy())
