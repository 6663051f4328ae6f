"""HRGrad: harmonise the step that is taken, in the optimizer's metric, not the gradient before it.

Every task has a first moment ``m_k``; the metric P (identity, Adam's, Gauss–Newton's) is shared.
The Gramian ``m_iᵀ P m_j`` is harmonised and the step is ``Δ = −lr · P Σ_k w_k m_k``. Without
conflict every ``w_k = 1``, and the step is momentum's, Adam's or SPRING's for the summed loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import _metric as metrics
from hrgradlib.optim._harmonize import AXES, harmonic_weights
from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._metric import METRICS, Candidates, Rows
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._taskgrad import TaskGradients

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
    """Conflict-aware harmonised rotational gradient (definition and proofs: chapters 7 and 8).

    Example::

        optimizer = HRGrad(model.parameters(), lr=1e-2)
        for _ in range(steps):
            record = optimizer.step(task_gradients(point_losses, model, sizes))

    Args:
        params: one group of parameters, in the order of ``model.parameters()``.
        lr: learning rate (dimensionless); default 1e-2 (identity, Adam), 0.1 (Gauss–Newton, where
            1 removes the linearised residuals in one step).
        metric: ``"adam"``; ``"identity"`` (gradient descent with momentum); or
            ``"gauss-newton"``, the most accurate and, per step, the dearest: for networks of
            thousands of parameters in float64 (chapter 13).
        betas: decay of first and second moments. The first is Gauss–Newton's momentum, default
            0.9 (there 0.8); the second is Adam's alone, default 0.99. Tune it: its effect on
            the error is as large as that of harmonisation (chapter 9).
        tiny: added to ``√v̂``; Adam's ``eps``, renamed because ``eps`` is the Knudsen number.
        damping: ``λ`` of Gauss–Newton as a multiple of the summed losses (dimension: one over a
            squared parameter).
        harmony: ``κ`` of :func:`hrgradlib.harmonize`.
        axis: axis of :func:`hrgradlib.harmonize`.
        guard: if the step would not descend on a *current* task gradient (momentum points
            elsewhere), harmonise again with the current gradients among the constraints; if no
            direction satisfies both, with the current gradients alone.

    Raises:
        ValueError: more than one parameter group, an unknown metric, or a number outside its range.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float | None = None,
        metric: str = "adam",
        betas: tuple[float, float] | None = None,
        tiny: float = 1e-8,
        damping: float = 1e-2,
        harmony: float = 0.5,
        axis: str = "equiangular",
        guard: bool = False,
    ) -> None:
        sampled = metric == "gauss-newton"
        lr = (0.1 if sampled else 1e-2) if lr is None else lr
        betas = (0.8 if sampled else 0.9, 0.99) if betas is None else betas
        for name, value, good in (
            ("metric", metric, metric in METRICS),
            ("lr", lr, 0 <= lr < float("inf")),
            ("betas[0]", betas[0], 0 <= betas[0] < 1),
            ("betas[1]", betas[1], 0 <= betas[1] < 1),
            ("tiny", tiny, 0 < tiny < float("inf")),
            ("damping", damping, 0 <= damping < float("inf")),
            ("harmony", harmony, 0 <= harmony <= 1),
            ("axis", axis, axis in AXES),
        ):
            if not good:
                raise ValueError(f"HRGrad: found {name} = {value!r}, which is out of range.")
        defaults = dict(
            lr=lr,
            metric=metric,
            betas=betas,
            tiny=tiny,
            damping=damping,
            harmony=harmony,
            axis=axis,
            guard=guard,
        )
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                f"HRGrad: found {len(self.param_groups)} parameter groups; expected 1, since one "
                "vector of all parameters is harmonised."
            )
        self._buffers: tuple[Tensor, Tensor] | None = None
        self._rows: Rows | None = None

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
        self._buffers = self._rows = None

    def _flat_state(self, tasks: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """First moments [K, n] and second moment [n]; ``self.state`` holds views of them."""
        parameters = self._trained
        if self._buffers is None:
            if not self.state:
                first, steps = like.new_zeros(tasks, like.shape[1]), torch.zeros(())
                second = torch.zeros_like(like[0])
            else:
                states = [self.state[p] for p in parameters]
                rows = [s["first_moments"] for s in states]
                first = torch.cat([m.reshape(len(m), -1) for m in rows], 1)
                second = torch.cat([s["second_moment"].flatten() for s in states])
                steps = states[0]["step"]
            sizes = [p.numel() for p in parameters]
            for p, m, v in zip(parameters, first.split(sizes, 1), second.split(sizes), strict=True):
                self.state[p]["step"] = steps  # one tensor, counted up once
                self.state[p]["first_moments"] = m.view(tasks, *p.shape)
                self.state[p]["second_moment"] = v.view(p.shape)
            self._buffers = first, second
        first, second = self._buffers
        if first.shape[0] != tasks:
            raise ValueError(
                f"HRGrad: got gradients of {tasks} tasks after steps with {first.shape[0]}; the "
                "number and order of tasks must not change."
            )
        if first.shape[1] != like.shape[1]:
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
        total = matrix.sum(0)
        # Finite unless an entry is not, or squares come near the end of the dtype's range.
        if not math.isfinite(float(total.dot(total))):
            _refuse_unbounded(matrix, losses, float(total.abs().amax()))
        return total

    def _check_jacobian(self, jacobian: ResidualJacobian) -> None:
        count = sum(p.numel() for p in self._trained)
        rows = len(jacobian.residuals)
        if jacobian.matrix.shape != (rows, count) or sum(jacobian.sizes) != rows:
            raise ValueError(
                f"HRGrad: found a Jacobian of shape {tuple(jacobian.matrix.shape)} for {rows} "
                f"residuals of tasks of sizes summing to {sum(jacobian.sizes)}; expected "
                f"(R, {count}) and R residuals."
            )
        finite = jacobian.matrix.sum(1).isfinite() & jacobian.residuals.isfinite()
        if not bool(finite.all()):
            broken = [k for k, f in enumerate(finite.split(jacobian.sizes)) if not bool(f.all())]
            raise StepRefused(
                f"HRGrad: NaN or inf in the residuals or the Jacobian of task(s) "
                f"{broken}; nothing was updated.",
                broken,
            )

    @torch.no_grad()
    def step(self, gradients: TaskGradients | ResidualJacobian | Tensor) -> StepRecord:
        """One update.

        Args:
            gradients: result of :func:`hrgradlib.task_gradients`, or a tensor [K, n] with one
                flattened gradient per task; for the Gauss–Newton metric the result of
                :func:`hrgradlib.residual_jacobian`.

        Returns:
            :class:`StepRecord`.

        Raises:
            StepRefused: NaN or inf in a gradient (the task is named), numbers too large for the
                dtype, or a Gauss–Newton kernel that is singular to rounding.
            ValueError: not what the metric needs, wrong shape, or another number of tasks than
                before. In every case parameters and moments are left as they were.
        """
        group = self.param_groups[0]
        offered, losses, step = self._candidates(gradients, group)
        parameters = self._trained
        self.state[parameters[0]]["step"].fill_(step)
        weights, cosine, stationary, guarded = _choose(offered, group)
        used = weights if guarded else weights[: len(weights) // 2]
        updates = torch._utils._unflatten_dense_tensors(offered.combine(used), parameters)
        torch._foreach_add_(parameters, updates, alpha=-group["lr"])
        return _record(offered, weights, losses, group["harmony"] * cosine, guarded, stationary)

    def _candidates(self, gradients, group: dict) -> tuple[Candidates, Tensor | None, int]:
        """What the metric offers, the losses, and the number of this step; moments move on."""
        sampled = isinstance(gradients, ResidualJacobian)
        if sampled != (group["metric"] == "gauss-newton"):
            needed = "residual_jacobian(...)" if not sampled else "task_gradients(...)"
            raise ValueError(
                f"HRGrad: the metric {group['metric']!r} steps on the result of {needed}; found "
                f"{type(gradients).__name__}."
            )
        if sampled:
            self._check_jacobian(gradients)
            first, _ = self._flat_state(len(gradients.sizes), gradients.matrix)
            offered = metrics.gauss_newton(first, gradients, group["betas"][0], group["damping"])
            return offered, gradients.losses, self._steps_done + 1
        given = isinstance(gradients, TaskGradients)
        matrix, losses = (gradients.matrix, gradients.losses) if given else (gradients, None)
        total = self._check(matrix, losses)
        first, second = self._flat_state(matrix.shape[0], matrix)
        rows = self._rows = self._rows or Rows.like(first)
        step = self._steps_done + 1
        if group["metric"] == "identity":
            return metrics.identity(first, rows, matrix, group["betas"][0], step), losses, step
        offered = metrics.adam(
            first, second, rows, matrix, total, group["betas"], group["tiny"], step
        )
        return offered, losses, step

    @property
    def _steps_done(self) -> int:
        return int(self.state[self._trained[0]]["step"])


def _refuse_unbounded(matrix: Tensor, losses: Tensor | None, largest: float) -> None:
    tasks = (~matrix.isfinite().all(1)).nonzero().flatten().tolist()
    if tasks:
        shown = "" if losses is None else f" (losses {losses[tasks].tolist()})"
        raise StepRefused(
            f"HRGrad: NaN or inf in the gradient of task(s) {tasks}{shown}; nothing was updated.",
            tasks,
        )
    if not largest * largest < torch.finfo(matrix.dtype).max:
        raise StepRefused(
            "HRGrad: NaN or inf in the second moment, as the summed gradient reaches "
            f"{largest:.3g}, whose square is too large for {matrix.dtype}; nothing was "
            "updated. Scale the losses down or use float64."
        )


def _choose(offered: Candidates, group: dict) -> tuple[NDArray, float, bool, bool]:
    """Weights [2K] on moments and current gradients.

    Returns:
        Weights, cosine ``c`` of the axis, whether stationary, whether the guard acted.
    """
    products, tasks = offered.products, len(offered.products) // 2
    weights, cosine, stationary = _solve(products[:tasks, :tasks], group, offered.roundoff)
    weights = np.concatenate([weights, np.zeros(tasks)])
    if not group["guard"] or _descends(offered, weights):
        return weights, cosine, stationary, False
    # The current gradients constrain the rotation but, at a whisper, do not pull themselves.
    scale = np.concatenate([np.ones(tasks), np.full(tasks, _WHISPER)])
    joint = products * scale[:, None] * scale
    weights, cosine, stationary = _solve(joint, group, offered.roundoff)
    weights = weights * scale
    if not stationary and _descends(offered, weights):
        return weights, cosine, stationary, True
    weights, cosine, stationary = _solve(products[tasks:, tasks:], group, offered.roundoff)
    weights = np.concatenate([np.zeros(tasks), weights])
    if not stationary and _descends(offered, weights):
        return weights, cosine, stationary, True
    return np.zeros(2 * tasks), 0.0, True, True


def _solve(gramian: NDArray, group: dict, roundoff: float) -> tuple[NDArray, float, bool]:
    return harmonic_weights(gramian, group["harmony"], group["axis"], roundoff)


def _descends(offered: Candidates, weights: NDArray) -> bool:
    """Whether the step lowers every current task loss to first order."""
    along = offered.descent @ weights
    return bool((along[np.diagonal(offered.products)[len(along) :] > 0] > 0).all())


def _record(
    offered: Candidates,
    weights: NDArray,
    losses: Tensor | None,
    guaranteed: float,
    guarded: bool,
    stationary: bool,
) -> StepRecord:
    products, tasks = offered.products, len(offered.products) // 2
    norms = np.sqrt(np.diagonal(products))
    length = np.sqrt(max(weights @ products @ weights, 0.0))
    along = np.concatenate([products[:tasks] @ weights, offered.descent @ weights])
    cosines = along / np.maximum(norms * length, np.finfo(float).tiny)
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
