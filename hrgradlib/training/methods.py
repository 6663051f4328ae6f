"""Training methods behind one interface: a step from the residuals of some points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.optim import (
    HRGrad,
    Inner,
    ResidualJacobian,
    StepRefused,
    TaskGradients,
    harmonize,
    jacobian_bytes,
    residual_jacobian,
    segment_means,
    task_gradients,
)

__all__ = [
    "GaussNewton",
    "HarmonizedSoap",
    "HarmonizedSum",
    "HarmonizedThenAdam",
    "Method",
    "PlainSum",
    "Residuals",
    "Settings",
    "Stepping",
    "SummedGaussNewton",
    "SummedSoap",
    "record_arrays",
]

Residuals = Callable[..., Tensor]  # (*points) -> [N, C]


@dataclass(frozen=True)
class Settings:
    """What methods are built from; each takes what it has a meaning for.

    Attributes:
        lr: learning rate (set anew at every step by the training loop).
        beta1, beta2: decay of first and second moments; beta1 is Gauss–Newton's momentum.
        damping: of the Gauss–Newton metric.
        harmony, axis, guard: as in :class:`hrgradlib.HRGrad`.
        inner: how HRGrad as reported finds its angles.
    """

    lr: float
    beta1: float = 0.9
    beta2: float = 0.99
    damping: float = 1e-2
    harmony: float = 0.5
    axis: str = "maxmin"
    guard: bool = False
    inner: Inner = Inner()


class Method(Protocol):
    """All that the loop and the commands ask of a method; it holds a model and moves it.

    Losses of tasks are means over their points of the squared residuals' sum.

    Attributes:
        summary: one line for ``hrgrad list``.
        needs: what a step is computed from, "gradients" of the tasks or the "jacobian" of all
            residuals; the latter takes smaller runs.
        tuned: settings of a run that replace the defaults.
        dtype: of parameters and points.
        rule: counts how often the steps of the same settings have changed; part of a run's
            specification, so that a stored run is not taken for one of another rule.
        model: what it moves.

    A method that does not show in its first steps all that it does says with ``settles_after`` how
    many steps it takes.
    """

    summary: ClassVar[str]
    needs: ClassVar[str]
    tuned: ClassVar[dict[str, float]]
    dtype: ClassVar[torch.dtype]
    rule: ClassVar[int]
    model: nn.Module

    def __init__(self, model: nn.Module, settings: Settings) -> None: ...

    def set_learning_rate(self, lr: float) -> None:
        """Of the steps that follow."""

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        r"""Move the model once; returns what to record, ``"losses"`` [K] at least.

        Numbers that cost extra are computed, and recorded, only when ``observe``.

        Args:
            residuals: (\*points) → [N, C], components of every point.
            points: tensors of first dimension N; points of a task are consecutive.
            sizes: points of every task.
        """

    def state_dict(self) -> dict:
        """All but the model that the next step depends on, as numbers, texts and tensors."""

    def load_state_dict(self, state: dict) -> None:
        """Go on from what :meth:`state_dict` returned, bit for bit."""

    def step_bytes(self, sizes: Sequence[int], parts: int) -> int:
        """Memory that a step takes at the least, C = ``parts`` components a point."""


class Stepping:
    """A :class:`Method` around an optimizer, which is all of its state."""

    summary: ClassVar[str]
    needs: ClassVar[str] = "gradients"
    tuned: ClassVar[dict[str, float]] = dict(lr=2e-2, beta2=0.99)
    dtype: ClassVar[torch.dtype] = torch.float32
    rule: ClassVar[int] = 1
    optimizer: torch.optim.Optimizer

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        self.model, self.settings = model, settings

    def set_learning_rate(self, lr: float) -> None:
        self.optimizer.param_groups[0]["lr"] = lr

    def state_dict(self) -> dict:
        return {"optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.optimizer.load_state_dict(state["optimizer"])

    def step_bytes(self, sizes: Sequence[int], parts: int) -> int:
        """A gradient and a moment of every task, and what the backward pass needs of layers."""
        numbers = [p.numel() for p in self.model.parameters()]
        kept = sum(len(p) for p in self.model.parameters() if p.ndim == 2)
        return (2 * len(sizes) * sum(numbers) + sum(sizes) * kept) * self.dtype.itemsize


class HarmonizedSum(Stepping):
    summary = "HRGrad: harmonised rotation of the task gradients, in Adam's metric"
    rule = 2
    optimizer: HRGrad
    optimizer_class = HRGrad
    metric = "adam"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        s = settings
        self.optimizer = self.optimizer_class(
            model.parameters(),
            lr=s.lr,
            metric=self.metric,
            betas=(s.beta1, s.beta2),
            harmony=s.harmony,
            axis=s.axis,
            guard=s.guard,
        )

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
        return record_arrays(self.optimizer.step(found, observe))


class HarmonizedSoap(HarmonizedSum):
    summary = "HRGrad in SOAP's metric: Adam's, in the eigenbasis of Kronecker factors"
    tuned = dict(lr=1e-2, beta2=0.99)
    metric = "soap"


class SummedSoap(HarmonizedSoap):
    summary = "the sum of the task losses under SOAP"
    rule = 1

    def total(self, losses: Tensor) -> Tensor:
        """What is differentiated, of the [K] task losses."""
        return losses.sum()

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        del observe  # it sees one task: of the others there is nothing but the losses
        self.model.zero_grad()
        losses = segment_means(residuals(*points).square().sum(1), sizes)
        record = record_arrays({"losses": losses.detach()})
        _check_each(record["losses"])
        self.total(losses).backward()
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.model.parameters()]
        self.optimizer.step(torch.cat([part.flatten() for part in parts])[None], observe=False)
        return record


class LogSummedSoap(SummedSoap):
    summary = "the sum of the logarithms of the task losses under SOAP"

    def total(self, losses: Tensor) -> Tensor:
        return losses.clamp_min(torch.finfo(losses.dtype).tiny).log().sum()


class UnitSummedSoap(HarmonizedSoap):
    summary = "the sum of the task gradients, each brought to length one, under SOAP"
    rule = 1

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        del observe
        found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
        record = record_arrays({"losses": found.losses})
        _check_each(record["losses"])
        lengths = torch.linalg.vector_norm(found.matrix, dim=1, keepdim=True)
        total = (found.matrix / lengths.clamp_min(torch.finfo(lengths.dtype).tiny)).sum(0)
        self.optimizer.step(total[None], observe=False)
        return record


class GaussNewton(Stepping):
    summary = "HRGrad in the Gauss–Newton metric, with SPRING's momentum; float64"
    needs = "jacobian"
    tuned = dict(lr=0.5, beta1=0.8, beta2=0.99, damping=1e-2, hold=0.3, harmony=0.0, beyond=1.15)
    dtype = torch.float64
    optimizer: HRGrad
    rule = 2
    apart = True  # every task keeps a moment of its own

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        s = settings
        self.optimizer = HRGrad(
            model.parameters(),
            lr=s.lr,
            metric="gauss-newton",
            betas=(s.beta1, s.beta2),
            damping=s.damping,
            harmony=s.harmony,
            axis=s.axis,
            guard=s.guard,
        )
        self._last: ResidualJacobian | None = None

    def step_bytes(self, sizes: Sequence[int], parts: int) -> int:
        parameters = sum(p.numel() for p in self.model.parameters())
        return jacobian_bytes(sum(sizes) * parts, parameters, self.dtype)

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        self._last = found = residual_jacobian(residuals, self.model, points, sizes, out=self._last)
        if self.apart:
            return record_arrays(self.optimizer.step(found, observe))
        losses = found.losses.cpu().numpy()
        _check_each(losses)
        record = self.optimizer.step(found._replace(sizes=(sum(found.sizes),)), observe)
        return record_arrays(record) | {"losses": losses}


class SummedGaussNewton(GaussNewton):
    summary = "the sum of the task losses in the Gauss–Newton metric (SPRING); float64"
    rule = 1
    apart = False


class PlainSum(Stepping):
    summary = "the sum of the task losses under Adam"

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        super().__init__(model, settings)
        self.optimizer = torch.optim.Adam(
            model.parameters(), lr=settings.lr, betas=(settings.beta1, settings.beta2)
        )

    def step(
        self, residuals: Residuals, points: Sequence[Tensor], sizes: Sequence[int], observe: bool
    ) -> dict[str, NDArray]:
        if observe or self.combines:
            found = task_gradients(lambda: residuals(*points).square().sum(1), self.model, sizes)
            return self._from_tasks(found, observe)
        self.optimizer.zero_grad()
        losses = segment_means(residuals(*points).square().sum(1), sizes)
        losses.sum().backward()
        self.optimizer.step()
        return record_arrays({"losses": losses.detach()})

    combines = False  # whether the task gradients are needed at every step

    def weights(self, found: TaskGradients) -> Tensor:
        """[K] on the task gradients before Adam sees them."""
        return torch.ones_like(found.losses)

    @torch.no_grad()
    def _from_tasks(self, found: TaskGradients, observe: bool) -> dict[str, NDArray]:
        """The update from task gradients, with what HRGrad's record holds when ``observe``."""
        parameters = list(self.model.parameters())
        before = [p.clone() for p in parameters]
        weights = self.weights(found)
        for p, block in zip(parameters, found.by_parameter(self.model), strict=True):
            p.grad = torch.tensordot(weights, block, 1)
        self.optimizer.step()
        if not observe:
            return record_arrays({"losses": found.losses})
        applied = torch.cat([(q - p).flatten() for p, q in zip(parameters, before, strict=True)])
        root = self._root_metric()
        rows, step = found.matrix.double() * root, applied.double() / root
        norms = rows.norm(dim=1)
        return record_arrays(
            {
                "losses": found.losses,
                "norms": norms,
                "gramian": rows @ rows.T,
                "gramian_raw": found.matrix.double() @ found.matrix.double().T,
                "cosine_gradients": (rows @ step) / (norms * step.norm()).clamp_min(1e-300),
            }
        )

    def _root_metric(self) -> Tensor:
        """``P^{1/2}`` of Adam's metric at this step, [n] float64."""
        state = [self.optimizer.state[p] for p in self.model.parameters()]
        second = torch.cat([s["exp_avg_sq"].flatten() for s in state])
        group = self.optimizer.param_groups[0]
        correction = 1 - group["betas"][1] ** float(state[0]["step"])
        return ((second / correction).sqrt() + group["eps"]).rsqrt().double()


class HarmonizedThenAdam(PlainSum):
    summary = "raw task gradients harmonised, then handed to Adam (as ConFIG does)"
    combines = True
    rule = 2

    def weights(self, found: TaskGradients) -> Tensor:
        rows = found.matrix.double()
        return harmonize(rows @ rows.T, self.settings.harmony, self.settings.axis).weights.to(
            found.matrix
        )


def record_arrays(record) -> dict[str, NDArray]:
    """A record's fields by name, as float64 arrays (flags stay flags); None is left out."""
    fields = record if isinstance(record, dict) else record._asdict()
    return {
        name: value.double().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        for name, value in fields.items()
        if value is not None
    }


def _check_each(losses: NDArray) -> None:
    """Where the step sees one task in all.

    Raises:
        StepRefused: a loss is not finite.
    """
    if broken := np.flatnonzero(~np.isfinite(losses)).tolist():
        raise StepRefused(f"the loss of task(s) {broken} is not finite", broken)
