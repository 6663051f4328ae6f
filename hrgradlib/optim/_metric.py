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
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from torch import Tensor

from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._refused import StepRefused

__all__ = ["METRICS", "Candidates", "Rows", "adam", "gauss_newton", "identity"]

METRICS = ("identity", "adam", "gauss-newton")


class Candidates(NamedTuple):
    """The steps a metric offers.

    Attributes:
        products: [2K, 2K] float64 Gramian of moments, then current gradients, in the metric.
        descent: [K, 2K] float64 products of the current gradients with every candidate step.
        roundoff: unit roundoff to judge the Gramian's rank by.
        combine: weights [2K], or [K] on the moments alone, to the direction [n], descent
            positive, learning rate left out. Good until the next step.
    """

    products: NDArray
    descent: NDArray
    roundoff: float
    combine: Callable[[NDArray], Tensor]


class Rows(NamedTuple):
    """Moments and current gradients in coordinates where the metric is the identity.

    Kept from step to step: fresh memory costs as much as the products do.

    Attributes:
        moments, gradients: [K, n] each.
        flat: [2K, n] both.
        blocks: [n / width, 2K, width] the same numbers, filled up with zeros.
    """

    moments: Tensor
    gradients: Tensor
    flat: Tensor
    blocks: Tensor

    @staticmethod
    def like(moments: Tensor) -> Rows:
        """For K moments of n numbers."""
        tasks, count = moments.shape
        blocks = max(1, count // 1024)
        padded = moments.new_zeros(2 * tasks, blocks, -(-count // blocks))
        flat = padded.flatten(1)[:, :count]
        return Rows(flat[:tasks], flat[tasks:], flat, padded.transpose(0, 1))


def identity(moments: Tensor, rows: Rows, gradients: Tensor, beta1: float, step: int) -> Candidates:
    """``P = 1``: gradient descent with momentum, moments [K, n] as in Adam."""
    moments.lerp_(gradients, 1 - beta1)
    rows.moments.copy_(moments)
    rows.gradients.copy_(gradients)
    return _diagonal(rows, None, 1 / (1 - beta1**step))


def adam(
    moments: Tensor,
    second: Tensor,
    rows: Rows,
    gradients: Tensor,
    total: Tensor,
    betas: tuple[float, float],
    tiny: float,
    step: int,
) -> Candidates:
    """``P = diag(1/(√v̂ + tiny))``, v [n] the second moment of ``total``, the summed gradient."""
    beta1, beta2 = betas
    moments.lerp_(gradients, 1 - beta1)
    second.mul_(beta2).addcmul_(total, total, value=1 - beta2)
    # Root first: dividing by the small correction could leave the range of the dtype.
    root = second.sqrt().div_((1 - beta2**step) ** 0.5).add_(tiny).rsqrt_()  # √P
    torch.mul(moments, root, out=rows.moments)
    torch.mul(gradients, root, out=rows.gradients)
    return _diagonal(rows, root, 1 / (1 - beta1**step))


def _diagonal(rows: Rows, root: Tensor | None, unbias: float) -> Candidates:
    products, roundoff = _gramian(rows)

    def combine(weights: NDArray) -> Tensor:
        # The bias of the first moments is one common factor: left out of the K×K algebra.
        direction = torch.as_tensor(weights * unbias).to(rows.flat) @ rows.flat[: len(weights)]
        return direction if root is None else direction.mul_(root)

    return Candidates(products, products[len(products) // 2 :], roundoff, combine)


def _gramian(rows: Rows) -> tuple[NDArray, float]:
    """Joint Gramian [2K, 2K] of moments and gradients, float64.

    Products are summed in float64 over blocks of the parameters. Only where a square nears the
    end of the dtype's range are the rows first scaled to one.

    Returns:
        The Gramian and the unit roundoff to judge its rank by.
    """
    blocks, info = rows.blocks, torch.finfo(rows.flat.dtype)
    products = _products(blocks)
    squares = np.diagonal(products)
    if squares.min() < info.tiny / info.eps or not squares.max() < info.max * info.eps:
        scale = rows.flat.abs().amax(1)
        scale = torch.where(scale > 0, scale, 1.0)
        products = _products(blocks / scale[:, None])
        scale = scale.double().cpu().numpy()
        products = products * scale[:, None] * scale
    return products, info.eps


def _products(blocks: Tensor) -> NDArray:
    return torch.bmm(blocks, blocks.mT).sum(0, dtype=torch.float64).cpu().numpy()


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
        StepRefused: the damped kernel is numerically not positive definite (nothing is updated).
    """
    matrix, tasks = jacobian.matrix, len(moments)
    split = matrix.new_zeros(tasks, len(matrix))  # row k: r_k
    owner = torch.repeat_interleave(
        torch.arange(tasks, device=matrix.device),
        torch.tensor(jacobian.sizes, device=matrix.device),
    )
    split.scatter_(0, owner[None], jacobian.residuals[None])
    wanted = torch.cat([split - momentum * _product(moments, matrix.mT), split])
    steps, shift = _damped_solve(matrix, wanted, damping * jacobian.residuals.square().sum())
    steps[:tasks] += momentum * moments
    moments.copy_(steps[:tasks])

    moved = _product(steps, matrix.mT)
    products = (moved @ moved.mT + shift * _product(steps, steps.mT)).double().cpu().numpy()
    # Exact, while the Gramian bears the rounding of an ill-conditioned solve.
    descent = (split @ moved.mT).double().cpu().numpy()
    roundoff = torch.finfo(matrix.dtype).eps

    def combine(weights: NDArray) -> Tensor:
        return torch.as_tensor(weights).to(steps) @ steps[: len(weights)]

    return Candidates(products, descent, roundoff, combine)


def _damped_solve(matrix: Tensor, wanted: Tensor, damping: Tensor) -> tuple[Tensor, Tensor]:
    """``wanted J (JᵀJ + λ)^{-1}`` [columns, n], through the smaller of two kernels, and λ."""
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
    """``left @ right``; on the CPU by NumPy, whose BLAS has half the work with ``A Aᵀ``, which it
    knows to be symmetric, and is twice as fast where one side has few rows.
    """
    if left.device.type != "cpu":
        return left @ right
    return torch.from_numpy(left.numpy() @ right.numpy())
