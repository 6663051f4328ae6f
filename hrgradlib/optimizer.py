"""HRGrad in Adam's metric: harmonise the step that is taken, not the gradient before it.

Per-task first moments ``m_k``, one second moment ``v`` shared by all tasks, metric
``P = diag(1/(√v̂ + tiny))``. The Gramian ``m_iᵀ P m_j`` is harmonised and the step is
``Δ = −lr · P Σ_k w_k m_k``. Without conflict every ``w_k = 1`` and the step is Adam's for the
summed loss, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.harmonize import AXES, harmonize_array
from hrgradlib.taskgrad import TaskGradients

__all__ = ["HRGrad", "StepRecord"]

_WHISPER = 1e-6  # relative length of current gradients when they are constraints only


class StepRecord(NamedTuple):
    """What one step saw and did; float64 arrays on the host, products in the step's metric P.

    Attributes:
        losses: [K] task losses (NaN where none were given).
        norms: [K] norms of the current task gradients.
        gramian: [K, K] Gramian of the current task gradients.
        guaranteed: ``κ c``, the cosine with the first moments that the rotation guarantees.
        cosine_moments: [K] cosine of the step's direction with every task's first moment.
        cosine_gradients: [K] cosine of the applied step with every current task gradient.
        guarded: the step was harmonised again with the current gradients.
        stationary: no common descent direction: the step was zero.
    """

    losses: NDArray
    norms: NDArray
    gramian: NDArray
    guaranteed: NDArray
    cosine_moments: NDArray
    cosine_gradients: NDArray
    guarded: bool
    stationary: bool


class HRGrad(torch.optim.Optimizer):
    """Conflict-aware harmonised rotational gradient (definition and proofs: chapter 7).

    Example::

        optimizer = HRGrad(model.parameters(), lr=1e-2)
        for _ in range(steps):
            record = optimizer.step(task_gradients(point_losses, model, sizes))

    Args:
        params: one group of parameters, in the order of ``model.parameters()``.
        lr: learning rate (dimensionless step in Adam's metric).
        betas: decay of first and second moments. Tune the second: its effect on the
            error is as large as that of harmonisation (chapter 9).
        tiny: added to ``√v̂``; Adam's ``eps``, renamed because ``eps`` is the Knudsen number.
        harmony: ``κ`` of :func:`hrgradlib.harmonize`.
        axis: axis of :func:`hrgradlib.harmonize`.
        guard: if the step would not descend on a *current* task gradient (momentum points
            elsewhere), harmonise again with the current gradients among the constraints; if no
            direction satisfies both, with the current gradients alone.

    Raises:
        ValueError: more than one parameter group, or a number outside its range.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 1e-2,
        betas: tuple[float, float] = (0.9, 0.99),
        tiny: float = 1e-8,
        harmony: float = 0.5,
        axis: str = "equiangular",
        guard: bool = False,
    ) -> None:
        for name, value, good in (
            ("lr", lr, 0 <= lr < float("inf")),
            ("betas[0]", betas[0], 0 <= betas[0] < 1),
            ("betas[1]", betas[1], 0 <= betas[1] < 1),
            ("tiny", tiny, 0 < tiny < float("inf")),
            ("harmony", harmony, 0 <= harmony <= 1),
            ("axis", axis, axis in AXES),
        ):
            if not good:
                raise ValueError(f"HRGrad: found {name} = {value!r}, which is out of range.")
        defaults = dict(lr=lr, betas=betas, tiny=tiny, harmony=harmony, axis=axis, guard=guard)
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                f"HRGrad: found {len(self.param_groups)} parameter groups; expected 1, since one "
                "vector of all parameters is harmonised."
            )
        self._buffers: tuple[Tensor, Tensor] | None = None

    def add_param_group(self, param_group: dict) -> None:
        if self.param_groups:
            raise ValueError("HRGrad: a second parameter group was added; expected 1.")
        super().add_param_group(param_group)

    @property
    def _trained(self) -> list[nn.Parameter]:
        return [p for p in self.param_groups[0]["params"] if p.requires_grad]

    def __setstate__(self, state: dict) -> None:
        """After ``load_state_dict``, copying and unpickling; the buffers are built anew."""
        super().__setstate__(state)
        self._buffers = None

    def _flat_state(self, tasks: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """First moments [K, n] and second moment [n]; ``self.state`` holds views of them."""
        parameters = self._trained
        if self._buffers is None:
            if not self.state:
                first, second = torch.zeros_like(like), torch.zeros_like(like[0])
            else:
                states = [self.state[p] for p in parameters]
                first = torch.cat([s["first_moments"].flatten(1) for s in states], 1)
                second = torch.cat([s["second_moment"].flatten() for s in states])
            sizes = [p.numel() for p in parameters]
            for p, m, v in zip(parameters, first.split(sizes, 1), second.split(sizes), strict=True):
                self.state[p].setdefault("step", torch.zeros(()))
                self.state[p]["first_moments"] = m.unflatten(1, p.shape)
                self.state[p]["second_moment"] = v.view(p.shape)
            self._buffers = first, second
        first, second = self._buffers
        if first.shape[0] != tasks:
            raise ValueError(
                f"HRGrad: got gradients of {tasks} tasks after steps with {first.shape[0]}; the "
                "number and order of tasks must not change."
            )
        if first.shape != like.shape:
            raise ValueError(
                f"HRGrad: {like.shape[1]} numbers are trained now, {first.shape[1]} were before; "
                "parameters cannot be frozen or released between steps. Make a new optimizer."
            )
        return first, second

    def _check(self, matrix: Tensor, losses: Tensor | None) -> Tensor:
        """The summed gradient [n], once it is known that nothing can go wrong with it."""
        count = sum(p.numel() for p in self._trained)
        if matrix.ndim != 2 or matrix.shape[1] != count or matrix.shape[0] < 1:
            raise ValueError(
                f"HRGrad: found task gradients of shape {tuple(matrix.shape)}; expected "
                f"(K, {count}), one row per task."
            )
        # One reduction: a sum is finite unless an entry is not (or it overflows, as bad).
        finite = matrix.sum(1).isfinite()
        if not bool(finite.all()):
            tasks = (~finite).nonzero().flatten().tolist()
            shown = "" if losses is None else f" (losses {losses[tasks].tolist()})"
            raise ValueError(f"HRGrad: NaN or inf in the gradient of task(s) {tasks}{shown}; "
                             "nothing was updated.")
        total = matrix.sum(0)
        largest = float(total.abs().amax())
        if not largest**2 < torch.finfo(matrix.dtype).max:
            raise ValueError(
                "HRGrad: NaN or inf in the second moment, as the summed gradient reaches "
                f"{largest:.3g}, whose square is too large for {matrix.dtype}; nothing was "
                "updated. Scale the losses down or use float64."
            )
        return total

    @torch.no_grad()
    def step(self, gradients: TaskGradients | Tensor) -> StepRecord:
        """One update.

        Args:
            gradients: result of :func:`hrgradlib.task_gradients`, or a tensor [K, n] with one
                flattened gradient per task.

        Returns:
            :class:`StepRecord`.

        Raises:
            ValueError: wrong shape, another number of tasks than before, NaN or inf in a
                gradient (the task is named), or one too large to be squared; parameters and
                moments are left as they were.
        """
        group = self.param_groups[0]
        given = isinstance(gradients, TaskGradients)
        matrix, losses = (gradients.matrix, gradients.losses) if given else (gradients, None)
        total = self._check(matrix, losses)
        first, second = self._flat_state(matrix.shape[0], matrix)
        parameters = self._trained
        step = int(self.state[parameters[0]]["step"]) + 1
        for p in parameters:
            self.state[p]["step"] += 1

        beta1, beta2 = group["betas"]
        first.lerp_(matrix, 1 - beta1)
        second.mul_(beta2).addcmul_(total, total, value=1 - beta2)
        # Root first: dividing by the small correction could leave the range of the dtype.
        root = second.sqrt().div_((1 - beta2**step) ** 0.5)
        metric = root.add_(group["tiny"]).reciprocal_()

        # The bias of the first moments is one common factor: left out of the K×K algebra.
        products, roundoff = _gramian(first, matrix, metric.sqrt())
        weights, cosine, stationary, guarded = _choose(products, group, roundoff)
        kept = torch.from_numpy(weights).to(matrix)
        direction = kept[: len(matrix)] @ first
        if guarded:
            direction += kept[len(matrix):] @ matrix
        updates = direction.mul_(metric).split([p.numel() for p in parameters])
        torch._foreach_add_(
            parameters,
            [u.view(p.shape) for u, p in zip(updates, parameters, strict=True)],
            alpha=-group["lr"] / (1 - beta1**step),
        )
        return _record(
            products, weights, losses, group["harmony"] * cosine, guarded, stationary
        )


def _gramian(moments: Tensor, gradients: Tensor, root: Tensor) -> tuple[NDArray, float]:
    """Joint Gramian [2K, 2K] of moments and gradients in the metric ``root²``, float64.

    Products are summed in float64 over blocks of the parameters. Only where a square nears the
    end of the dtype's range are the rows first scaled to one.

    Returns:
        The Gramian and the unit roundoff to judge its rank by.
    """
    count, tasks = root.numel(), len(moments)
    blocks = max(1, count // 512)
    width = -(-count // blocks)
    rows = root.new_zeros(2 * tasks, blocks * width)
    torch.mul(moments, root, out=rows[:tasks, :count])
    torch.mul(gradients, root, out=rows[tasks:, :count])
    pieces = rows.view(2 * tasks, blocks, width).transpose(0, 1)
    products = torch.bmm(pieces, pieces.mT).double().sum(0).cpu().numpy()
    info = torch.finfo(root.dtype)
    squares = np.diagonal(products)
    if squares.min() < info.tiny / info.eps or not squares.max() < info.max * info.eps:
        scale = rows.abs().amax(1, keepdim=True)
        rows /= torch.where(scale > 0, scale, 1.0)
        scale = scale.double().cpu().numpy()
        products = torch.bmm(pieces, pieces.mT).double().sum(0).cpu().numpy() * scale * scale.T
    return products, info.eps


def _choose(
    products: NDArray, group: dict, roundoff: float
) -> tuple[NDArray, float, bool, bool]:
    """Weights [2K] on moments and current gradients, from their joint Gramian [2K, 2K].

    Returns:
        Weights, cosine ``c`` of the axis, whether stationary, whether the guard acted.
    """
    tasks = len(products) // 2
    weights, cosine, stationary = _solve(products[:tasks, :tasks], group, roundoff)
    weights = np.concatenate([weights, np.zeros(tasks)])
    if not group["guard"] or _descends(products, weights):
        return weights, cosine, stationary, False
    # The current gradients constrain the rotation but, at a whisper, do not pull themselves.
    scale = np.concatenate([np.ones(tasks), np.full(tasks, _WHISPER)])
    weights, cosine, stationary = _solve(products * scale[:, None] * scale, group, roundoff)
    weights = weights * scale
    if not stationary and _descends(products, weights):
        return weights, cosine, stationary, True
    weights, cosine, stationary = _solve(products[tasks:, tasks:], group, roundoff)
    return np.concatenate([np.zeros(tasks), weights]), cosine, stationary, True


def _solve(gramian: NDArray, group: dict, roundoff: float) -> tuple[NDArray, float, bool]:
    weights, cosine, *_, stationary = harmonize_array(
        gramian, group["harmony"], group["axis"], roundoff
    )
    return weights, float(cosine), bool(stationary)


def _descends(products: NDArray, weights: NDArray) -> bool:
    """Whether the step lowers every current task loss to first order."""
    tasks = len(products) // 2
    along = products[tasks:] @ weights
    return bool((along[np.diagonal(products)[tasks:] > 0] > 0).all())


def _record(
    products: NDArray, weights: NDArray, losses: Tensor | None, guaranteed: float,
    guarded: bool, stationary: bool,
) -> StepRecord:
    tasks = len(products) // 2
    norms = np.sqrt(np.diagonal(products))
    length = np.sqrt(max(weights @ products @ weights, 0.0))
    cosines = (products @ weights) / np.maximum(norms * length, np.finfo(float).tiny)
    shown = np.full(tasks, np.nan) if losses is None else losses.double().cpu().numpy()
    return StepRecord(
        losses=shown,
        norms=norms[tasks:],
        gramian=products[tasks:, tasks:],
        guaranteed=np.float64(guaranteed),
        cosine_moments=cosines[:tasks],
        cosine_gradients=cosines[tasks:],
        guarded=guarded,
        stationary=stationary,
    )
