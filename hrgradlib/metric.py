"""Three metrics of a step: identity, Adam's diagonal, Gauss–Newton.

A metric P turns task gradients into steps. What harmonisation needs of it is one Gramian of 2K
candidate steps, K from the tasks' moments and K from their current gradients, and a way to
combine them: :class:`Candidates`. The moments move on here, after everything that can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.jacobian import ResidualJacobian

__all__ = ["METRICS", "Candidates", "adam", "gauss_newton", "identity"]

METRICS = ("identity", "adam", "gauss-newton")


class Candidates(NamedTuple):
    """The steps a metric offers.

    Attributes:
        products: [2K, 2K] float64 Gramian of moments, then current gradients, in the metric.
        descent: [K, 2K] float64 products of the current gradients with every candidate step.
        roundoff: unit roundoff to judge the Gramian's rank by.
        combine: weights [2K] to the direction [n], descent positive, learning rate left out.
    """

    products: NDArray
    descent: NDArray
    roundoff: float
    combine: Callable[[Tensor], Tensor]


def identity(moments: Tensor, gradients: Tensor, beta1: float, step: int) -> Candidates:
    """``P = 1``: gradient descent with momentum, moments [K, n] as in Adam."""
    moments.lerp_(gradients, 1 - beta1)
    return _diagonal(moments, gradients, None, 1 / (1 - beta1**step))


def adam(
    moments: Tensor, second: Tensor, gradients: Tensor, total: Tensor,
    betas: tuple[float, float], tiny: float, step: int,
) -> Candidates:
    """``P = diag(1/(√v̂ + tiny))``, v [n] the second moment of ``total``, the summed gradient."""
    beta1, beta2 = betas
    moments.lerp_(gradients, 1 - beta1)
    second.mul_(beta2).addcmul_(total, total, value=1 - beta2)
    # Root first: dividing by the small correction could leave the range of the dtype.
    root = second.sqrt().div_((1 - beta2**step) ** 0.5)
    return _diagonal(moments, gradients, root.add_(tiny).reciprocal_(), 1 / (1 - beta1**step))


def _diagonal(
    moments: Tensor, gradients: Tensor, metric: Tensor | None, unbias: float
) -> Candidates:
    # The bias of the first moments is one common factor: left out of the K×K algebra.
    root = None if metric is None else metric.sqrt()
    products, roundoff = _gramian(moments, gradients, root)

    def combine(weights: Tensor) -> Tensor:
        direction = weights[: len(moments)] @ moments
        if bool(weights[len(moments):].any()):
            direction += weights[len(moments):] @ gradients
        return direction.mul_(unbias if metric is None else metric * unbias)

    return Candidates(products, products[len(moments):], roundoff, combine)


def _gramian(
    moments: Tensor, gradients: Tensor, root: Tensor | None
) -> tuple[NDArray, float]:
    """Joint Gramian [2K, 2K] of moments and gradients in the metric ``root²``, float64.

    Products are summed in float64 over blocks of the parameters. Only where a square nears the
    end of the dtype's range are the rows first scaled to one.

    Returns:
        The Gramian and the unit roundoff to judge its rank by.
    """
    tasks, count = moments.shape
    blocks = max(1, count // 512)
    width = -(-count // blocks)
    rows = moments.new_zeros(2 * tasks, blocks * width)
    root = torch.ones_like(moments[0]) if root is None else root
    torch.mul(moments, root, out=rows[:tasks, :count])
    torch.mul(gradients, root, out=rows[tasks:, :count])
    pieces = rows.view(2 * tasks, blocks, width).transpose(0, 1)
    products = torch.bmm(pieces, pieces.mT).double().sum(0).cpu().numpy()
    info = torch.finfo(rows.dtype)
    squares = np.diagonal(products)
    if squares.min() < info.tiny / info.eps or not squares.max() < info.max * info.eps:
        scale = rows.abs().amax(1, keepdim=True)
        rows /= torch.where(scale > 0, scale, 1.0)
        scale = scale.double().cpu().numpy()
        products = torch.bmm(pieces, pieces.mT).double().sum(0).cpu().numpy() * scale * scale.T
    return products, info.eps


def gauss_newton(
    moments: Tensor, jacobian: ResidualJacobian, momentum: float, damping: float
) -> Candidates:
    """``P = (JᵀJ + λ)^{-1}``, the damped inverse Gauss–Newton Hessian of ``½ Σ L_k = ½ ‖r‖²``.

    The moment of task k is the step that would remove its residuals and touch no other's, drawn
    to the last one as in SPRING (Goldshlager, Abrahamsen, Lin, arXiv 2401.10190, eq. 14):

        φ_k ← argmin ‖J φ − r_k‖² + λ ‖φ − μ φ_k‖² = μ φ_k + P Jᵀ (r_k − μ J φ_k),

    with ``r_k`` the residual vector, zero outside task k. Solved in the smaller of the spaces of
    samples (Woodbury: ``P Jᵀ = Jᵀ (J Jᵀ + λ)^{-1}``) and of parameters.

    Args:
        moments: [K, n] the φ_k, updated in place.
        jacobian: residuals and their Jacobian; the step Σ φ_k with learning rate one is SPRING's.
        momentum: μ in [0, 1).
        damping: λ is this multiple of the summed losses ``‖r‖²``, as in Levenberg–Marquardt
            methods (Fan, Yuan, Computing 74, 2005): strong far from a solution, and gone with the
            residual; and never less than what rounding needs.

    Raises:
        ValueError: the damped kernel is numerically not positive definite (nothing is updated).
    """
    matrix, tasks = jacobian.matrix, len(moments)
    split = matrix.new_zeros(len(matrix), tasks)  # column k: r_k
    owner = torch.repeat_interleave(
        torch.arange(tasks, device=matrix.device),
        torch.tensor(jacobian.sizes, device=matrix.device))
    split.scatter_(1, owner[:, None], jacobian.residuals[:, None])
    wanted = torch.cat([split - momentum * (matrix @ moments.mT), split], 1)
    steps, shift = _damped_solve(matrix, wanted, damping * jacobian.residuals.square().sum())
    steps[:tasks] += momentum * moments
    moments.copy_(steps[:tasks])

    moved = matrix @ steps.mT
    products = (moved.mT @ moved + shift * (steps @ steps.mT)).double().cpu().numpy()
    # Exact, while the Gramian bears the rounding of an ill-conditioned solve.
    descent = (split.mT @ moved).double().cpu().numpy()
    roundoff = torch.finfo(matrix.dtype).eps
    return Candidates(products, descent, roundoff, lambda weights: weights @ steps)


def _damped_solve(matrix: Tensor, wanted: Tensor, damping: Tensor) -> tuple[Tensor, Tensor]:
    """``((JᵀJ + λ)^{-1} Jᵀ wanted)ᵀ`` [columns, n], through the smaller of two kernels, and λ."""
    rows, n = matrix.shape
    kernel = _square(matrix if rows <= n else matrix.mT)
    shift = damping + 10 * torch.finfo(matrix.dtype).eps * kernel.diagonal().sum()
    kernel.diagonal().add_(shift)
    factor, info = torch.linalg.cholesky_ex(kernel)
    if int(info) != 0:
        raise ValueError(
            f"HRGrad: the Gauss–Newton kernel ({len(kernel)} × {len(kernel)}, {matrix.dtype}) "
            f"with λ = {float(shift):g} is not positive definite to rounding; nothing was "
            "updated. Raise the damping, or use float64."
        )
    if rows <= n:
        return torch.cholesky_solve(wanted, factor).mT @ matrix, shift
    return torch.cholesky_solve(matrix.mT @ wanted, factor).mT, shift


def _square(matrix: Tensor) -> Tensor:
    """``A Aᵀ``; on the CPU by NumPy, which knows that the result is symmetric (half the work)."""
    if matrix.device.type == "cpu":
        array = matrix.numpy()
        return torch.from_numpy(array @ array.T)
    return matrix @ matrix.mT
