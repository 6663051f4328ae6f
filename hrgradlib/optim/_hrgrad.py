"""HRGrad: harmonise the step that is taken, in the optimizer's metric, not the gradient before it.

Every task has a first moment ``m_k``; the metric P (identity, Adam's, Gauss–Newton's) is shared.
The Gramian ``m_iᵀ P m_j`` is harmonised and the step is ``Δ = −lr · P Σ_k w_k m_k``. Without
conflict every ``w_k = 1``, and the step is momentum's, Adam's or SPRING's for the summed loss.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim._given import Given, read
from hrgradlib.optim._harmonize import AXES, Harmony, harmonic_weights
from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._metric import Candidates, Metric, MetricState, Weights
from hrgradlib.optim._metrics import METRICS
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._state import STATE_VERSION, check_stored, restore
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

    Example:
        >>> optimizer = HRGrad([nn.Parameter(torch.zeros(2))], metric="identity")
        >>> record = optimizer.step(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
        >>> record.norms.tolist(), record.gramian.tolist()
        ([5.0, 2.0], [[25.0, 8.0], [8.0, 4.0]])
    """

    losses: NDArray
    norms: NDArray
    gramian: NDArray
    guaranteed: np.float64
    cosine_moments: NDArray
    cosine_gradients: NDArray
    guarded: bool
    stationary: bool


class HRGrad(torch.optim.Optimizer):
    """Conflict-aware harmonised rotational gradient (definition and proofs: chapters 7 and 8).

    Example:
        In a training loop, ``optimizer.step(task_gradients(point_losses, model, sizes))``. Here
        the gradients are those of :func:`hrgradlib.harmonize`, where ``d = 3/4 g_1 + 3/2 g_2``:

        >>> weights = nn.Parameter(torch.zeros(2))
        >>> optimizer = HRGrad([weights], lr=0.1, metric="identity", betas=(0.0, 0.0), harmony=1.0)
        >>> gradients = torch.tensor([[2.0, 0.0], [-0.5, 0.75**0.5]])
        >>> record = optimizer.step(gradients)
        >>> wanted = -0.1 * (0.75 * gradients[0] + 1.5 * gradients[1])
        >>> torch.testing.assert_close(weights.data, wanted)
        >>> record.cosine_gradients.round(6).tolist()
        [0.5, 0.5]

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

        **options: the metric's own, by the names of its ``defaults``.

    Raises:
        ValueError: more than one parameter group, an unknown metric, or a number outside its range.
        TypeError: an option that the metric does not have.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float | None = None,
        metric: str = "adam",
        betas: tuple[float, float] | None = None,
        tiny: float | None = None,
        damping: float | None = None,
        harmony: float = 0.5,
        axis: str = "equiangular",
        guard: bool = False,
        **options: Any,
    ) -> None:
        _check_name("metric", metric, METRICS)
        _check_name("axis", axis, AXES)
        chosen = METRICS[metric]
        named = {"lr": lr, "betas": betas, "tiny": tiny, "damping": damping}
        options |= {name: value for name, value in named.items() if value is not None}
        if unknown := sorted(options.keys() - chosen.defaults.keys()):
            raise TypeError(
                f"HRGrad: the metric {metric!r} has no option {unknown[0]!r}; its options are "
                f"{sorted(chosen.defaults)}."
            )
        options = {**chosen.defaults, **options, "harmony": harmony, "axis": axis, "guard": guard}
        _check_ranges(options)
        chosen.check(options)
        super().__init__(
            params, {"metric": metric, "version": STATE_VERSION, "tasks": None, **options}
        )
        if len(self.param_groups) != 1:
            raise ValueError(
                f"HRGrad: found {len(self.param_groups)} parameter groups; expected 1, since one "
                "vector of all parameters is harmonised."
            )
        self._state: MetricState | None = None
        self._moved: list[nn.Parameter] = []  # what the state is of

    def add_param_group(self, param_group: dict) -> None:
        if self.param_groups:
            raise ValueError("HRGrad: a second parameter group was added; expected 1.")
        super().add_param_group(param_group)

    @property
    def metric(self) -> Metric:
        """The metric that is stepped in."""
        return METRICS[self.param_groups[0]["metric"]]

    @property
    def _trained(self) -> list[nn.Parameter]:
        return [p for p in self.param_groups[0]["params"] if p.requires_grad]

    def __setstate__(self, state: dict) -> None:
        """After ``load_state_dict``, copying and unpickling; the flat tensors are built anew."""
        super().__setstate__(state)
        self._state = None

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on where another HRGrad stopped, bit for bit.

        Args:
            state_dict: what its ``state_dict()`` returned.

        Raises:
            StateMismatch: it is of another optimizer, metric, network or number of tasks; nothing
                is loaded then.
        """  # noqa: DOC502 (raised by the check)
        check_stored(state_dict, self.param_groups[0], self.metric)
        super().load_state_dict(state_dict)
        # Torch casts to the parameters' dtype; moments have that of the gradients.
        for i, saved in state_dict["state"].items():
            parameter = self.param_groups[0]["params"][i]
            for name, value in saved.items():
                device = value.device if name == "step" else parameter.device
                self.state[parameter][name] = value.detach().to(device, copy=True)

    def _metric_state(
        self, given: Given, parameters: list[nn.Parameter], sizes: list[int]
    ) -> MetricState:
        """The metric's state: of the last step, restored from ``self.state``, or a first one."""
        tasks = self.param_groups[0]["tasks"]
        if self._state is not None and tasks == given.tasks and _same(parameters, self._moved):
            return self._state
        if self.state and tasks != given.tasks:
            raise ValueError(
                f"HRGrad: got gradients of {given.tasks} tasks after steps with {tasks}; "
                "the number and order of tasks must not change."
            )
        if self.state and {*self.state} != {*parameters}:
            before = sum(p.numel() for p in self.state)
            raise ValueError(
                f"HRGrad: {sum(sizes)} numbers are trained now, {before} were before; "
                "parameters cannot be frozen or released between steps. Make a new optimizer."
            )
        rows = given.matrix[0].split(sizes)
        like = [row.view(p.shape) for row, p in zip(rows, parameters, strict=True)]
        state = self.metric.init(given.tasks, like)
        if self.state:
            restore(state, [self.state[p] for p in parameters])
        return state

    def _publish(self, state: MetricState, parameters: list[nn.Parameter]) -> None:
        """Put views of the state where torch looks for them."""
        steps = self.state[parameters[0]]["step"] if self.state else torch.zeros(())
        for p, named in zip(parameters, state.views(), strict=True):
            self.state[p] = {"step": steps, **named}  # one counter for all
        self._state, self._moved = state, parameters

    @torch.no_grad()
    def step(  # type: ignore[override]  # gradients, where others take a closure
        self, gradients: TaskGradients | ResidualJacobian | Tensor
    ) -> StepRecord:
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
        """  # noqa: DOC502 (ValueError: raised by the reader and the state)
        group, parameters = self.param_groups[0], self._trained
        sizes = [p.numel() for p in parameters]
        given = read(gradients, self.metric.needs, group["metric"], sum(sizes))
        state = self._metric_state(given, parameters, sizes)
        offered = self._offer(given, state)
        choice = _choose(offered, group)
        direction = offered.combine(choice.weights)
        if not _finite(direction):
            raise StepRefused(
                f"HRGrad: the step leaves the range of {direction.dtype}; nothing was updated. "
                "Scale the losses alike, or use float64."
            )
        # Nothing can fail from here on: the state moves, and the parameters.
        offered.commit(choice.weights)
        if self._state is None:
            self._publish(state, parameters)
            group["tasks"] = given.tasks
        self.state[parameters[0]]["step"] += 1
        updates = torch._utils._unflatten_dense_tensors(direction, parameters)
        torch._foreach_add_([*parameters], updates, alpha=-group["lr"])
        return _record(offered, choice, given.losses, group["harmony"])

    def _offer(self, given: Given, state: MetricState) -> Candidates:
        """What the metric offers; nothing moves."""
        done = next(iter(self.state.values()), {"step": 0})["step"]
        return self.metric.offer(state, given, int(done) + 1, self.param_groups[0])


def _same(one: list, other: list) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _finite(vector: Tensor) -> bool:
    """Whether every entry is; a product shows it at once, but where squares overflow."""
    return math.isfinite(float(vector.dot(vector))) or bool(vector.isfinite().all())


def _check_name(name: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"HRGrad: found {name} = {value!r}; expected one of {tuple(known)}.")


def _check_ranges(options: dict[str, Any]) -> None:
    """Of the options that metrics share; a metric checks those of its own.

    Raises:
        ValueError: a number outside its range.
    """
    betas = dict(zip(("betas[0]", "betas[1]"), options.get("betas", ()), strict=False))
    for name, value in {**options, **betas}.items():
        good, expected = _RANGES.get(name, (None, ""))
        if good and not good(value):
            raise ValueError(f"HRGrad: found {name} = {value!r}; expected {expected}.")


_NON_NEGATIVE = lambda v: 0 <= v < float("inf"), "a finite number ≥ 0"
_DECAY = lambda v: 0 <= v < 1, "a number in [0, 1)"
_RANGES = {
    "lr": _NON_NEGATIVE,
    "betas[0]": _DECAY,
    "betas[1]": _DECAY,
    "tiny": (lambda v: 0 < v < float("inf"), "a finite number > 0"),
    "damping": _NON_NEGATIVE,
    "harmony": (lambda v: 0 <= v <= 1, "a number in [0, 1]"),
}


class _Choice(NamedTuple):
    """What was decided on a step.

    Attributes:
        weights: of the candidates; those of the current gradients are None unless guarded.
        cosine: ``c`` of the axis.
        stationary: there is no common descent direction; the weights are zero.
    """

    weights: Weights
    cosine: float
    stationary: bool

    @property
    def guarded(self) -> bool:
        """Whether the guard acted."""
        return self.weights.on_gradients is not None


def _choose(offered: Candidates, group: dict) -> _Choice:
    products, tasks = offered.products, offered.tasks
    found = _solve(offered.on_moments, group, offered.roundoff)
    weights = Weights(found.weights)
    if not group["guard"] or _descends(offered, weights):
        return _Choice(weights, found.cosine, found.stationary)
    if not np.isfinite(products).all():
        broken = np.flatnonzero(~np.isfinite(products[tasks:]).all(1)).tolist()
        raise StepRefused(f"HRGrad: NaN or inf in the Gramian of task(s) {broken}.", broken)
    # The current gradients constrain the rotation but, at a whisper, do not pull themselves.
    scale = np.concatenate([np.ones(tasks), np.full(tasks, _WHISPER)])
    found = _solve(products * scale[:, None] * scale, group, offered.roundoff)
    joint = found.weights * scale
    weights = Weights(joint[:tasks], joint[tasks:])
    if not found.stationary and _descends(offered, weights):
        return _Choice(weights, found.cosine, False)
    found = _solve(offered.on_gradients, group, offered.roundoff)
    weights = Weights(np.zeros(tasks), found.weights)
    if not found.stationary and _descends(offered, weights):
        return _Choice(weights, found.cosine, False)
    return _Choice(Weights(np.zeros(tasks), np.zeros(tasks)), 0.0, True)


def _solve(gramian: NDArray, group: dict, roundoff: float) -> Harmony:
    return harmonic_weights(gramian, group["harmony"], group["axis"], roundoff)


def _descends(offered: Candidates, weights: Weights) -> bool:
    """Whether the step lowers every current task loss to first order."""
    along = offered.descent @ weights.joint
    return bool((along[np.diagonal(offered.on_gradients) > 0] > 0).all())


def _record(
    offered: Candidates, choice: _Choice, losses: Tensor | None, harmony: float
) -> StepRecord:
    products, tasks, weights = offered.products, offered.tasks, choice.weights.joint
    norms = np.sqrt(np.diagonal(products))
    length = np.sqrt(max(weights @ products @ weights, 0.0))
    along = np.concatenate([products[:tasks] @ weights, offered.descent @ weights])
    cosines = along / np.maximum(norms * length, np.finfo(float).tiny)
    shown = np.full(tasks, np.nan) if losses is None else losses.double().cpu().numpy()
    return StepRecord(
        losses=shown,
        norms=norms[tasks:],
        gramian=offered.on_gradients,
        guaranteed=np.float64(harmony * choice.cosine),
        cosine_moments=cosines[:tasks],
        cosine_gradients=cosines[tasks:],
        guarded=choice.guarded,
        stationary=choice.stationary,
    )
