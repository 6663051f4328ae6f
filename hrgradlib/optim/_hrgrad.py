"""HRGrad: harmonise the step that is taken, in the optimizer's metric, not the gradient before it.

Every task has a first moment ``m_k``; the metric P (identity, Adam's, Gauss–Newton's) is shared.
The Gramian ``m_iᵀ P m_j`` is harmonised and the step is ``Δ = −lr · P Σ_k w_k m_k``. Without
conflict and with ``harmony=0`` every ``w_k = 1``, and the step is momentum's, Adam's, SOAP's or
SPRING's for the summed loss; ``harmony > 0`` also lends weight to tasks whose gradients are short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim._choice import choose
from hrgradlib.optim._given import Given, read
from hrgradlib.optim._harmonize import harmonic_weights
from hrgradlib.optim._jacobian import ResidualJacobian
from hrgradlib.optim._metric import Candidates, Metric, MetricState
from hrgradlib.optim._metrics import METRICS
from hrgradlib.optim._options import OWN, check_groups, check_harmony, check_options
from hrgradlib.optim._precision import full_precision
from hrgradlib.optim._refused import StepRefused
from hrgradlib.optim._rows import gramian_of
from hrgradlib.optim._state import STATE_VERSION, check_stored, restore
from hrgradlib.optim._taskgrad import TaskGradients

__all__ = ["HRGrad", "StepRecord"]


class StepRecord(NamedTuple):
    """What one step saw and did; float64 arrays on the host, products in the step's metric P.

    Attributes:
        losses: [K] task losses (NaN where none were given).
        weights: [K] what every task weighed in the step.
        norms: [K] norms of the current task gradients.
        gramian: [K, K] Gramian of the current task gradients; None unless observed.
        guaranteed: ``κ c``, the cosine with the first moments that the rotation guarantees.
        cosine_moments: [K] cosine of the step's direction with every task's first moment.
        cosine_gradients: [K] cosine of the applied step with every current task gradient.
        shortened: factor the step was multiplied by to keep the metric's bound; 1 if it kept it.
        guarded: the step was harmonised again with the current gradients.
        stationary: no common descent direction: the step was zero.

    Example:
        >>> optimizer = HRGrad([nn.Parameter(torch.zeros(2))], metric="identity")
        >>> record = optimizer.step(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
        >>> record.norms.tolist(), record.gramian.tolist()
        ([5.0, 2.0], [[25.0, 8.0], [8.0, 4.0]])
    """

    losses: NDArray
    weights: NDArray
    norms: NDArray
    gramian: NDArray | None
    guaranteed: NDArray
    cosine_moments: NDArray
    cosine_gradients: NDArray
    shortened: np.float64
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

    Note:
        Mixed precision needs no ``torch.amp.GradScaler``, which is refused, as it works on
        ``.grad``: let the losses run under ``torch.autocast``; the step itself ignores that.
        bfloat16 has float32's range; where gradients vanish in float16, multiply all losses by one
        number: steps in Adam's and SOAP's metric hardly change.

    Args:
        params: parameters in any order (for bare matrices, in that of their columns), or groups of
            them, which may
            differ in ``lr`` and ``weight_decay`` alone (a diagonal factor in the metric).
        lr: learning rate (dimensionless); default 1e-2 (identity, Adam, SOAP), 0.1 (Gauss–Newton,
            where 1 removes the linearised residuals in one step).
        metric: ``"adam"``; ``"soap"`` (Adam's in the eigenbasis of Kronecker factors: much better
            conditioned, hardly dearer); ``"identity"`` (gradient descent with momentum); or
            ``"gauss-newton"``, per step the dearest, for networks of thousands of parameters in
            float64 (appendix on many tasks).
        betas: decay of first and second moments. The first is Gauss–Newton's momentum, default
            0.9 (there 0.8); the second is Adam's and SOAP's alone, default 0.99. Tune it: its
            effect on the error is as large as that of harmonisation (chapter 9).
        tiny: added to ``√v̂``; Adam's ``eps``, renamed because ``eps`` is the Knudsen number.
        damping: ``λ`` of Gauss–Newton as a multiple of the summed losses (dimension: one over a
            squared parameter).
        harmony: ``κ`` of :func:`hrgradlib.harmonize`, one number or one for every task (what it
            prefers); default ½, of Gauss–Newton 0. With 0 only conflict is removed; with more,
            short gradients gain weight, which makes the unknown scales of losses harmless.
        axis: ``"maxmin"``, ``"equiangular"`` or ``"rays"`` of :func:`hrgradlib.harmonize`.
        guard: if the step would not descend on a *current* task gradient (momentum points
            elsewhere), harmonise again with the current gradients among the constraints; if no
            direction satisfies both, with the current gradients alone.
        weight_decay: decoupled, as in AdamW; not part of the promise of descent.
        max_norm: the direction is shortened to this Euclidean norm (None: never).

        **options: the metric's own, by the names of its ``defaults``.

    Raises:
        ValueError: groups that differ in more than lr and weight_decay, parameters of several
            dtypes, an unknown metric, or a number outside its range.
        TypeError: an option that the metric does not have.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict],
        lr: float | None = None,
        metric: str = "adam",
        betas: tuple[float, float] | None = None,
        tiny: float | None = None,
        damping: float | None = None,
        harmony: float | Sequence[float] | None = None,
        axis: str = "maxmin",
        guard: bool = False,
        weight_decay: float = 0.0,
        max_norm: float | None = None,
        **options: Any,
    ) -> None:
        named = {"lr": lr, "betas": betas, "tiny": tiny, "damping": damping, "harmony": harmony}
        common = {"axis": axis, "guard": guard, "weight_decay": weight_decay, "max_norm": max_norm}
        given = {name: value for name, value in named.items() if value is not None} | options
        chosen = check_options(metric, given, common)
        kept = {"metric": metric, "version": STATE_VERSION}
        kept |= dict.fromkeys(("tasks", "weights", "seen"))
        self._state: MetricState | None = None
        super().__init__(params, kept | chosen)
        check_groups(self.param_groups)

    def add_param_group(self, param_group: dict) -> None:
        """As in torch, before the first step only; what groups share is taken from the first one.

        Raises:
            ValueError: steps have been taken, or options differ that may not.
        """
        if self.state:
            raise ValueError("HRGrad: found a new parameter group after a step; expected none.")
        if self.param_groups:  # what groups share, a scheduler may have changed by now
            first = self.param_groups[0]
            shared = {name: first[name] for name in self.defaults if name not in OWN}
            param_group = shared | param_group
        super().add_param_group(param_group)
        check_groups(self.param_groups)

    @property
    def metric(self) -> Metric:
        """The metric that is stepped in."""
        return METRICS[self.param_groups[0]["metric"]]

    @property
    def _step_supports_amp_scaling(self) -> bool:
        """Asked by ``torch.amp.GradScaler.step`` before it looks for ``.grad``, and by no other."""
        raise ValueError(
            "HRGrad: found a torch.amp.GradScaler; expected optimizer.step(task_gradients(...)) "
            "without one, as .grad stays empty; to scale, multiply all losses by one number."
        )

    def _trained(self) -> list[nn.Parameter]:
        found = [p for group in self.param_groups for p in group["params"] if p.requires_grad]
        if not found:
            raise ValueError("HRGrad: found no parameter that requires a gradient; expected some.")
        return found

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
        check_stored(state_dict, self.param_groups, self.metric)
        super().load_state_dict(state_dict)
        # Torch casts to the parameters' dtype; moments have one of their own.
        parameters = [p for group in self.param_groups for p in group["params"]]
        for i, saved in state_dict["state"].items():
            for name, value in saved.items():
                device = value.device if name == "step" else parameters[i].device
                self.state[parameters[i]][name] = value.detach().to(device, copy=True)

    def _metric_state(self, given: Given, parameters: list[nn.Parameter]) -> MetricState:
        """The metric's state: of the last step, restored from ``self.state``, or a first one."""
        group = self.param_groups[0]
        if self.state and group["tasks"] != given.tasks:
            raise ValueError(
                f"HRGrad: got gradients of {given.tasks} tasks after steps with {group['tasks']}; "
                "the number and order of tasks must not change."
            )
        if self.state and set(self.state) != set(parameters):
            before = sum(p.numel() for p in self.state)
            raise ValueError(
                f"HRGrad: {given.matrix.shape[1]} numbers are trained now, {before} were before; "
                "parameters cannot be frozen or released between steps. Make a new optimizer."
            )
        state = self._state
        if state is None or not state.fits(given.matrix):
            rows = given.matrix[0].split([p.numel() for p in parameters])
            like = [row.view(p.shape) for row, p in zip(rows, parameters, strict=True)]
            state = self.metric.init(given.tasks, like)
            if self.state:
                restore(state, [self.state[p] for p in parameters])
        state.scale = self._scale(given)
        state.seen = self._seen(given)
        return state

    def _seen(self, given: Given) -> NDArray:
        """[K] steps that went into the moments, and this one; of an absent task not this one."""
        before = self.param_groups[0].get("seen")  # states of earlier versions have none
        seen = np.full(given.tasks, self._steps) if before is None else np.array(before)
        return seen + _present(given)

    def _scale(self, given: Given) -> Tensor | None:
        """[n] every number's learning rate as a multiple of the largest; None if all are alike."""
        rates = [float(group["lr"]) for group in self.param_groups]
        if len(set(rates)) == 1:
            return None
        parts = [
            given.matrix.new_full((p.numel(),), rate / max(rates))
            for group, rate in zip(self.param_groups, rates, strict=True)
            for p in group["params"]
            if p.requires_grad
        ]
        return torch.cat(parts)

    def _publish(self, state: MetricState, parameters: list[nn.Parameter]) -> None:
        """Put views of the state where torch looks for them."""
        steps = self.state[parameters[0]]["step"] if self.state else torch.zeros(())
        for p, named in zip(parameters, state.views(), strict=True):
            self.state[p] = {"step": steps, **named}  # one counter for all
        self._state = state

    @torch.no_grad()
    def step(  # type: ignore[override]  # gradients, where others take a closure
        self,
        gradients: TaskGradients | ResidualJacobian | Tensor | Callable[[], Any],
        observe: bool = True,
    ) -> StepRecord:
        """One update.

        Args:
            gradients: result of :func:`hrgradlib.task_gradients`, or a tensor [K, n] with one
                flattened gradient per task; for the Gauss–Newton metric the result of
                :func:`hrgradlib.residual_jacobian`. Or a function without arguments (a closure)
                that returns one of these. Under ``torch.distributed`` every process gives those of
            its own points, and all take the step of the mean.
            observe: record the Gramian of the current gradients, which costs extra.

        Returns:
            :class:`StepRecord`.

        Raises:
            StepRefused: NaN or inf in a gradient (the task is named), numbers too large for the
                dtype, or a Gauss–Newton kernel that is singular to rounding.
            ValueError: not what the metric needs, wrong shape or dtype, or another number of tasks
                than before. In every case parameters and moments are left as they were.
        """  # noqa: DOC502 (StepRefused: raised by what is called)
        if torch.is_inference_mode_enabled():
            raise ValueError(
                "HRGrad: found torch.inference_mode(); expected a step outside, as moments made "
                "in it could not be changed later."
            )
        if not isinstance(gradients, Tensor | tuple) and callable(gradients):
            with torch.enable_grad():
                gradients = gradients()
        with full_precision(self._trained()[0].device):
            return self._take(gradients, observe)

    def _take(self, gradients: Any, observe: bool) -> StepRecord:
        group, parameters = self.param_groups[0], self._trained()
        given = read(gradients, self.metric.needs, group["metric"], parameters)
        check_harmony(group["harmony"], given.tasks)
        state = self._metric_state(given, parameters)
        before = self._weights(given)
        offered = self._offer(given, state, before)
        choice = choose(offered, group)
        found = offered.combine(choice.weights)
        if not _finite(found.direction):
            raise StepRefused(
                f"HRGrad: the step leaves the range of {found.direction.dtype}; nothing was "
                "updated. Scale the losses alike, or use float64."
            )
        gramian = offered.current() if observe else None
        # Nothing can fail from here on: the state moves, and the parameters.
        offered.commit(choice.weights)
        if self._state is not state:
            self._publish(state, parameters)
            group["tasks"] = given.tasks
        self.state[parameters[0]]["step"] += 1
        seen = state.seen - _present(given) if offered.still else state.seen
        group["seen"] = seen.tolist()
        weights = choice.weights.by_task
        group["weights"] = _followed(weights, before, given).tolist()
        self._move(found.direction, parameters)
        shown = np.full(given.tasks, np.nan)
        return StepRecord(
            losses=shown if given.losses is None else given.losses.double().cpu().numpy(),
            weights=weights,
            norms=found.norms,
            gramian=gramian,
            guaranteed=np.asarray(group["harmony"]) * choice.cosine,
            cosine_moments=choice.cosine_moments,
            cosine_gradients=found.cosines,
            shortened=np.float64(found.shortened),
            guarded=choice.guarded,
            stationary=choice.stationary,
        )

    def _weights(self, given: Given) -> NDArray:
        """[K] of the last step; before the first, of the raw gradients harmonised as they are.

        A metric that follows the weights then starts with those that fit the scales of the losses.
        """
        group = self.param_groups[0]
        if group["weights"] is not None:
            return np.asarray(group["weights"])
        ones = np.ones(given.tasks)
        if not self.metric.follows:
            return ones
        gramian = gramian_of(given.matrix.double())
        found = harmonic_weights(gramian, group["harmony"], group["axis"], np.finfo(float).eps)
        return np.where(found.weights > 0, found.weights, ones)

    def _offer(self, given: Given, state: MetricState, weights: NDArray) -> Candidates:
        """What the metric offers after a step with these weights."""
        return self.metric.offer(state, given, self._steps + 1, weights, self.param_groups[0])

    @property
    def _steps(self) -> int:
        """Steps that have been taken."""
        return next((int(saved["step"]) for saved in self.state.values()), 0)

    def _move(self, direction: Tensor, parameters: list[nn.Parameter]) -> None:
        largest = max(float(group["lr"]) for group in self.param_groups)
        limit = self.param_groups[0]["max_norm"]
        if limit is not None:
            direction = direction * min(1.0, limit / max(float(direction.norm()), 1e-300))
        for group in self.param_groups:
            if group["weight_decay"]:
                own = [p for p in group["params"] if p.requires_grad]
                torch._foreach_mul_(own, 1 - float(group["lr"]) * group["weight_decay"])
        flat = direction.to(parameters[0].dtype)
        updates = torch._utils._unflatten_dense_tensors(flat, parameters)
        torch._foreach_add_([*parameters], updates, alpha=-largest)


def _followed(found: NDArray, before: NDArray, given: Given) -> NDArray:
    """Weights that the metric follows next: the step's, or where it tells nothing those before.

    That is of absent tasks, and of all if the step was none.
    """
    if not found.any():
        return before
    kept = found.copy()
    absent = [*given.absent]
    kept[absent] = before[absent]
    return kept


def _present(given: Given) -> NDArray:
    """[K] one for tasks that have points in this step, zero for the others."""
    found = np.ones(given.tasks, dtype=int)
    found[[*given.absent]] = 0
    return found


def _finite(vector: Tensor) -> bool:
    """Whether every entry is; a product shows it at once, but where squares overflow."""
    return bool(vector.dot(vector).isfinite()) or bool(vector.isfinite().all())
