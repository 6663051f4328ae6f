"""Harmonised rotation: from the Gramian of K task gradients to K weights.

Pure K×K algebra. With gradients ``g_k``, metric ``P`` and Gramian ``A_ij = g_iᵀ P g_j``:

1. cosines ``M_ij = A_ij / (n_i n_j)`` with ``n_k = √A_kk``;
2. an axis ``a = Σ α_k û_k`` in the span of the unit gradients ``û_k``;
3. every gradient is rotated towards ``a``, which moves their sum along the arc
   ``d(r) ∝ (1−r) C a + r Σ n_k û_k`` with ``C = Σ n_k cos(a, û_k)`` and ``r ∈ [0, 1]``;
4. ``r`` is the largest number for which every task keeps a ``harmony``-share of the axis' worst
   cosine, and the length of ``d`` is ``Σ n_k û_k · d̂``.

The K×K numbers are few, and the host must know whether to stop: they are computed there, in
float64, by NumPy, whose calls cost a fraction of a device's. Step 4 has a closed form because
``h_j(r) = d(r)·û_j − κ c ‖d(r)‖`` is concave in ``r`` (a linear function minus a norm) and
``h_j(0) ≥ 0``: each task bounds ``r`` by at most one root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim._axes import AXES
from hrgradlib.optim._axis import times
from hrgradlib.optim._hull import min_norm_weights
from hrgradlib.optim._refused import StepRefused

__all__ = ["Harmonized", "Harmony", "harmonic_weights", "harmonize", "harmonize_array"]

_TINY = np.finfo(float).tiny
Array = TypeVar("Array", Tensor, NDArray)


class Harmonized(NamedTuple, Generic[Array]):
    """Result of :func:`harmonize` (tensors) and :func:`harmonize_array` (arrays).

    Every field keeps the leading (batch) dimensions.

    Attributes:
        weights: [..., K] the direction is ``d = Σ_k weights_k g_k``; zero for a task at rest.
        cosine: [...] ``c``, worst cosine between the axis and a unit gradient (0 if stationary),
            less what the rounding of a nearly singular Gramian may hide of it.
        angle: [...] ``φ = arccos c`` in radians.
        rotated_to: [...] ``θ*``, the angle to the axis that the outermost gradient is left with.
        alignment: [...] ``S = 2‖mean û_k‖² − 1`` in [−1, 1]; for two tasks it is their cosine.
        worst_pair: [...] smallest cosine between two tasks (1 if fewer than two are not at rest).
        stationary: [...] bool, no common descent direction exists (the weights are then zero).

    Example:
        Opposite gradients: whatever lowers one loss raises the other.

        >>> found = harmonize(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
        >>> bool(found.stationary), found.weights.tolist(), float(found.worst_pair)
        (True, [0.0, 0.0], -1.0)
    """

    weights: Array
    cosine: Array
    angle: Array
    rotated_to: Array
    alignment: Array
    worst_pair: Array
    stationary: Array


class Harmony(NamedTuple):
    """What an optimizer needs of :class:`Harmonized`, for one problem.

    Attributes:
        weights: [K].
        cosine: ``c``.
        stationary: no common descent direction exists.
    """

    weights: NDArray
    cosine: float
    stationary: bool


class _Unit(NamedTuple):
    """Norms [B, K], cosine matrices [B, K, K] (identity rows for tasks at rest), moving [B, K]."""

    norms: NDArray
    cosines: NDArray
    active: NDArray


class _Rotation(NamedTuple):
    """Weights [B, K], worst cosine [B], stationarity [B], kept share [B], and what they are of."""

    weights: NDArray
    worst: NDArray
    stationary: NDArray
    share: NDArray
    unit: _Unit


def harmonize(
    gramian: Tensor, harmony: float | Sequence[float] = 0.5, axis: str = "maxmin"
) -> Harmonized:
    """Weights of the harmonised rotational gradient (HRGrad).

    The direction ``d = Σ_k weights_k g_k`` satisfies ``cos(d, g_j) ≥ harmony · cosine`` for every
    task that is not at rest. ``harmony=0`` removes only conflict: gradients that do not oppose
    their sum have weights of exactly one, plain gradient descent. ``harmony > 0`` asks a share for
    every task, so that one with a short gradient gains weight even where nothing conflicts:
    orthogonal gradients of norms 1 and 1e-4 have weights of 0.9 and 3300 for ½. ``harmony=1`` is
    the axis itself (all cosines equal where that is equiangular).

    Args:
        gramian: [..., K, K] symmetric positive semi-definite, ``A_ij = g_iᵀ P g_j``. Leading
            dimensions are independent problems, solved together. Computed in float64 whatever
            the dtype; gradients whose norms differ by more than the range of the dtype should be
            passed in float64.
        harmony: ``κ`` in [0, 1], one number or K (what every task is to keep).
        axis: ``"maxmin"`` (best worst cosine: the normalised minimum-norm point of the convex hull
            of the unit gradients) or ``"equiangular"`` (one angle to every unit gradient; where the
            cosine matrix is singular and no such vector exists, the first), which can stall where
            tasks nearly agree; or ``"rays"`` (HARMONIC's and HRGrad's as reported: the normalised
            sum of the normalised extreme rays of ``{λ ≥ 0, Mλ ≥ 0}``, whose number may explode with
            K). The theorems of convergence are for the first.

    Returns:
        :class:`Harmonized`, floating fields in the dtype of ``gramian``.

    Raises:
        StepRefused: NaN or inf (the task is named), or an axis ``"rays"`` of too many rays.
        ValueError: wrong shape, a negative diagonal, a matrix that is not symmetric or has a
            cosine above one, ``harmony`` outside [0, 1], unknown ``axis``, or weights beyond the
            range of the dtype.

    Note:
        Reconstruction from the abstract of Z. Liang, arXiv 2604.24745; the steps and the proofs
        are in chapters 7 and 8 of the book. Where the equiangular axis lies outside the cone of
        the gradients, every cosine can exceed ``c`` at once; ``harmony=1`` still returns the axis
        itself, so that "all cosines are equal" holds without exception.

    Example:
        Gradients of lengths 2 and 1, 120° apart. The axis ``û_1 + û_2`` is 60° from both, and
        ``harmony=1`` leaves of their sum what lies on it, ``(2 + 1) cos 60° = 3/2``; so
        ``d = 3/2 (û_1 + û_2) = 3/4 g_1 + 3/2 g_2``:

        >>> gramian = torch.tensor([[4.0, -1.0], [-1.0, 1.0]])
        >>> found = harmonize(gramian, harmony=1.0)
        >>> torch.testing.assert_close(found.weights, torch.tensor([0.75, 1.5]))
        >>> torch.testing.assert_close(found.angle, torch.tensor(torch.pi / 3))
    """  # noqa: DOC502 (StepRefused: raised by the checks)
    _check_arguments(gramian, harmony, axis)
    roundoff = torch.finfo(gramian.dtype).eps
    found = harmonize_array(gramian.detach().cpu().double().numpy(), harmony, axis, roundoff)
    weights = torch.from_numpy(found.weights).to(gramian)
    if not bool(weights.isfinite().all()):
        raise ValueError(
            f"harmonize: a weight exceeds the range of {gramian.dtype}; found weights up to "
            f"{np.abs(found.weights).max():.3g}. Pass the Gramian in float64."
        )
    numbers = {name: torch.as_tensor(a).to(gramian) for name, a in found._asdict().items()}
    stationary = torch.as_tensor(found.stationary, device=gramian.device)
    return Harmonized(**(numbers | {"weights": weights, "stationary": stationary}))


def harmonize_array(
    gramian: NDArray, harmony: float | Sequence[float], axis: str, roundoff: float
) -> Harmonized[NDArray]:
    """:func:`harmonize` on float64 arrays.

    Args:
        gramian: [..., K, K] float64.
        harmony, axis: as in :func:`harmonize`.
        roundoff: unit roundoff of the arithmetic that accumulated the Gramian; eigenvalues of
            the cosine matrix below ``10 K roundoff`` are taken for zero.
    """
    batch, tasks = gramian.shape[:-2], gramian.shape[-1]
    flat = gramian.reshape(-1, tasks, tasks)
    found = _harmonize(flat, harmony, axis, roundoff)
    still = found.stationary
    angle = np.arccos(np.minimum(found.worst, 1.0))
    rotated = np.arctan2(found.share * np.sin(angle), np.cos(angle))
    alignment, worst_pair = _alignment(found.unit)
    return Harmonized(
        weights=found.weights.reshape(*batch, tasks),
        cosine=found.worst.reshape(batch),
        angle=np.where(still, np.pi / 2, angle).reshape(batch),
        rotated_to=np.where(still, 0.0, rotated).reshape(batch),
        alignment=alignment.reshape(batch),
        worst_pair=worst_pair.reshape(batch),
        stationary=still.reshape(batch),
    )


def harmonic_weights(
    gramian: NDArray, harmony: float | Sequence[float] | NDArray, axis: str, roundoff: float
) -> Harmony:
    """The part of :func:`harmonize_array` that an optimizer needs, at a fraction of its cost.

    Args:
        gramian: [K, K] float64; the others as there.
    """
    found = _harmonize(gramian[None], harmony, axis, roundoff)
    return Harmony(found.weights[0], float(found.worst[0]), bool(found.stationary[0]))


def _harmonize(
    gramian: NDArray, harmony: float | Sequence[float] | NDArray, axis: str, roundoff: float
) -> _Rotation:
    unit = norms, cosines, active = _normalise(gramian, max(1e-6, 1e3 * roundoff))
    tolerance = 10 * gramian.shape[-1] * roundoff
    coefficients, worst, stationary = _find_axis(cosines, active, axis, tolerance)
    # Norms may differ by sixty orders of magnitude; everything below is homogeneous in them.
    relative = norms / np.maximum(norms.max(-1, keepdims=True), _TINY)
    share, weights = _rotate(
        cosines, relative, coefficients, worst, np.asarray(harmony, dtype=float), active
    )
    # Where large coefficients cancel, rounding of the Gramian may hide so much of the axis'
    # length. The cosine that is promised allows for it.
    hidden = tolerance * np.maximum((coefficients**2).sum(-1) - 1, 0.0)
    worst = worst / np.sqrt(1 + hidden)
    if stationary.any():
        worst[stationary], weights[stationary] = 0.0, 0.0
    return _Rotation(weights, worst, stationary, share, unit)


def _check_arguments(gramian: Tensor, harmony: float | Sequence[float], axis: str) -> None:
    if not isinstance(gramian, Tensor) or not gramian.is_floating_point():
        found = getattr(gramian, "dtype", type(gramian).__name__)
        raise ValueError(f"harmonize: expected a floating-point Tensor as Gramian; found {found}.")
    shape = tuple(gramian.shape)
    if gramian.ndim < 2 or shape[-1] != shape[-2] or shape[-1] == 0:
        raise ValueError(f"harmonize: found gramian.shape = {shape}; expected (..., K, K), K ≥ 1.")
    shares = np.asarray(harmony, dtype=float)
    if shares.shape not in ((), shape[-1:]) or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(
            f"harmonize: found harmony = {harmony}; expected a number in [0, 1], or one for every "
            "task."
        )
    if axis not in AXES:
        raise ValueError(f"harmonize: found axis = {axis!r}; expected one of {tuple(AXES)}.")


def _normalise(gramian: NDArray, slack: float) -> _Unit:
    diagonal = np.diagonal(gramian, axis1=-2, axis2=-1)
    active = diagonal >= _TINY
    _check_numbers(gramian, diagonal)
    moving = bool(active.all())  # then no mask is needed
    safe = np.sqrt(np.where(active, diagonal, 1.0))
    # Two divisions: the product of two extreme norms may leave the range of float64.
    cosines = gramian / safe[..., :, None] / safe[..., None, :]
    if not moving:
        cosines *= active[..., :, None] & active[..., None, :]
    transposed = np.swapaxes(cosines, -1, -2)
    excess = np.maximum(np.abs(cosines) - 1, np.abs(cosines - transposed)).max(initial=0.0)
    if excess > slack:
        raise ValueError(
            f"harmonize: not a Gramian, a cosine exceeds one or the matrix is not symmetric, by "
            f"{excess:.3g}; expected A_ij = g_iᵀ P g_j."
        )
    cosines = np.maximum(np.minimum(0.5 * (cosines + transposed), 1.0), -1.0)
    ones = range(cosines.shape[-1])
    cosines[:, ones, ones] = 1.0
    return _Unit(safe * active, cosines, active)


def _check_numbers(gramian: NDArray, diagonal: NDArray) -> None:
    if not np.isfinite(gramian).all():
        broken = ~np.isfinite(diagonal)
        broken = broken if broken.any() else ~np.isfinite(gramian).all(-1)
        tasks = _tasks(broken)
        raise StepRefused(f"harmonize: NaN or inf in the Gramian of task(s) {tasks}.", tasks)
    if (diagonal < 0).any():
        raise ValueError(
            f"harmonize: negative squared norm of task(s) {_tasks(diagonal < 0)}; not a Gramian."
        )


def _tasks(mask: NDArray) -> list[int]:
    return np.unique(np.nonzero(mask)[-1]).tolist()


def _find_axis(
    cosines: NDArray, active: NDArray, axis: str, tolerance: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Coefficients of the unit axis on the unit gradients, its worst cosine, and stationarity."""
    stationary = np.asarray(~active.any(-1))
    coefficients, worst, solved = AXES[axis].find(cosines, active, tolerance)
    rest = ~(solved | stationary)
    if rest.any():
        hull = min_norm_weights(cosines[rest], active[rest])
        squared = (hull * times(cosines[rest], hull)).sum(-1)
        none = squared <= tolerance
        length = np.sqrt(np.where(none, 1.0, squared))
        coefficients[rest] = hull / length[:, None]
        worst[rest] = np.minimum(length, 1.0)
        stationary[rest] = none
    return coefficients, worst, stationary


def _rotate(
    cosines: NDArray,
    norms: NDArray,
    axis: NDArray,
    worst: NDArray,
    harmony: NDArray,
    active: NDArray,
) -> tuple[NDArray, NDArray]:
    """The kept share ``r`` of the sum's off-axis part, and the weights on the gradients."""
    to_sum = times(cosines, norms)
    square = np.maximum((norms * to_sum).sum(-1, keepdims=True), 0.0)  # C² + Q
    bound = harmony * worst[:, None]
    at_end = to_sum - bound * np.sqrt(square)
    whole = bool((harmony == 1.0).all())  # then the axis itself is wanted, without exception
    if not whole and ((at_end >= 0) | ~active).all():  # nothing needs to be rotated
        return np.ones_like(worst), active.astype(float)
    to_axis = times(cosines, axis)
    along = (norms * to_axis).sum(-1, keepdims=True)  # C
    off = to_sum - along * to_axis  # q_j
    off_square = np.maximum(square - along**2, 0.0)  # Q
    if whole:
        share = np.zeros_like(worst)
    else:
        share = _largest_share(along, to_axis, off, off_square, bound, at_end)
        share = np.where(active, share, 1.0).min(-1)
    r = share[:, None]
    length = (along**2 + r * off_square) / np.maximum(along**2 + r**2 * off_square, _TINY)
    pull = (1 - r) * along * axis / np.where(active, norms, 1.0)
    weights = np.where(r == 1.0, 1.0, length * (pull + r))
    return share, weights * active


def _largest_share(
    along: NDArray,
    to_axis: NDArray,
    off: NDArray,
    off_square: NDArray,
    bound: NDArray,
    at_end: NDArray,
) -> NDArray:
    """Largest ``r ∈ [0, 1]`` with ``C c_j + r q_j ≥ b √(C² + r² Q)``, for every task j.

    ``at_end`` is left minus right side at ``r = 1``.
    """
    # Squared: a r² + 2 b r + d ≥ 0 with d ≥ 0. Where the end breaks the bound there is one
    # crossing in [0, 1): the first positive root, written without cancellation.
    gap = np.maximum((to_axis - bound) * (to_axis + bound), 0.0)
    a = off**2 - bound**2 * off_square
    b = along * to_axis * off
    d = along**2 * gap
    root = along * bound * np.sqrt(off**2 + off_square * gap)  # √(b² − a d); b² ≈ a d if κ ≈ 0
    below = np.where(b <= 0, root - b, -a)
    first = np.where(b <= 0, d, b + root) / np.where((below > 0) & (at_end < 0), below, 1.0)
    return np.where(at_end >= 0, 1.0, np.maximum(np.minimum(first, 1.0), 0.0))


def _alignment(unit: _Unit) -> tuple[NDArray, NDArray]:
    """``S`` (the alignment metric) and the smallest cosine of a pair of moving tasks."""
    cosines, active = unit.cosines, unit.active
    both = active[..., :, None] & active[..., None, :]
    count = np.maximum(active.sum(-1), 1)
    mean_square = (cosines * both).sum((-2, -1)) / count**2
    pairs = both & ~np.eye(cosines.shape[-1], dtype=bool)
    return 2 * mean_square - 1, np.where(pairs, cosines, 1.0).min((-2, -1))
