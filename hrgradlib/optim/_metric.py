"""What a metric is: the protocol that :class:`hrgradlib.HRGrad` steps through.

A metric P turns task gradients into steps. What harmonisation needs of it is the K×K Gramian of
the tasks' moments, and a way to combine them: :class:`Candidates`. To add one, write a class
(here: ``_diagonal``, ``_soap``, ``_gauss_newton``) and one line of ``METRICS`` (``_metrics``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.optim._given import Given
from hrgradlib.optim._properties import Property

__all__ = ["Candidates", "Joint", "Metric", "MetricState", "Step", "Weights"]


class Weights(NamedTuple):
    """Weights of the 2K candidate steps.

    Attributes:
        on_moments: [K] on the steps of the tasks' moments.
        on_gradients: [K] on those of their current gradients; None where these take no part.
    """

    on_moments: NDArray
    on_gradients: NDArray | None = None

    @property
    def joint(self) -> NDArray:
        """[2K] both, zeros where the gradients take no part."""
        others = self.on_gradients
        others = np.zeros_like(self.on_moments) if others is None else others
        return np.concatenate([self.on_moments, others])

    @property
    def by_task(self) -> NDArray:
        """[K] what a task weighs in all."""
        others = self.on_gradients
        return self.on_moments if others is None else self.on_moments + others


class Joint(NamedTuple):
    """Products of all 2K candidates, moments first; float64 on the host.

    Attributes:
        products: [2K, 2K] Gramian in the metric.
        descent: [K, 2K] current gradients with every candidate step.
    """

    products: NDArray
    descent: NDArray


class Step(NamedTuple):
    """What weights amount to.

    Attributes:
        direction: [n], descent positive, learning rate left out.
        shortened: the factor it was multiplied by so that no number moves farther than the base
            optimizer's own bound; 1 where it kept it.
        norms: [K] of the current gradients, in the metric.
        cosines: [K] of the direction with the current gradients, in the metric.
    """

    direction: Tensor
    shortened: float
    norms: NDArray
    cosines: NDArray


class Candidates(NamedTuple):
    """The steps a metric offers. Nothing has moved yet: that is what ``commit`` is for.

    Attributes:
        moments: [K, K] float64 Gramian of the tasks' (unbiased) moments in the metric.
        joint: the products of moments and current gradients, computed when asked for.
        current: [K, K] those of the current gradients alone, a third of the work.
        roundoff: unit roundoff to judge the Gramians' rank by.
        combine: :class:`Weights` to the :class:`Step`.
        commit: moves the state on; called once, with the weights that were chosen, after all
            that can fail. It must not fail.
        still: the metric is only being measured: no step is taken.
    """

    moments: NDArray
    joint: Callable[[], Joint]
    current: Callable[[], NDArray]
    roundoff: float
    combine: Callable[[Weights], Step]
    commit: Callable[[Weights], None]
    still: bool = False


@dataclass
class MetricState:
    """Named tensors that a metric carries from step to step.

    The optimizer stores them in torch's way, by parameter, as views of the flat ones here; they
    keep their names in ``state_dict``.

    Attributes:
        shapes: of the parameters, in their order; n numbers in all.
        per_task: [K, n] each.
        shared: [n] each.
        by_parameter: a list of one tensor of any shape for every parameter (Kronecker factors).
        scratch: memory that is used again and never stored.
        scale: [n] every number's learning rate as a multiple of the largest; None if all are
            alike. A factor of P, set by the optimizer before an offer, never stored.
        seen: [K] steps that went into every task's moment, this one included where the task is
            present. Set by the optimizer before an offer, which stores it.
    """

    shapes: Sequence[torch.Size]
    per_task: dict[str, Tensor] = field(default_factory=dict)
    shared: dict[str, Tensor] = field(default_factory=dict)
    by_parameter: dict[str, list[Tensor]] = field(default_factory=dict)
    scratch: Any = None
    scale: Tensor | None = None
    seen: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))

    @classmethod
    def zeros(
        cls, tasks: int, like: Sequence[Tensor], per_task: Sequence[str], shared: Sequence[str] = ()
    ) -> MetricState:
        """Of names alone; ``like`` as in :meth:`Metric.init`."""
        count = sum(p.numel() for p in like)
        dtype = accurate(like[0].dtype)
        return cls(
            [p.shape for p in like],
            {name: like[0].new_zeros(tasks, count, dtype=dtype) for name in per_task},
            {name: like[0].new_zeros(count, dtype=dtype) for name in shared},
        )

    def fits(self, gradients: Tensor) -> bool:
        """Whether the network is still where it was, in the precision that it had."""
        dtype, device = accurate(gradients.dtype), gradients.device
        flat = (*self.per_task.values(), *self.shared.values())
        return all(t.dtype == dtype and t.device == device for t in flat)

    def split(self, flat: Tensor) -> list[Tensor]:
        """[..., n] to one view [..., *shape] per parameter."""
        parts = flat.split([s.numel() for s in self.shapes], -1)
        pairs = zip(parts, self.shapes, strict=True)
        return [part.view((*flat.shape[:-1], *shape)) for part, shape in pairs]

    def views(self) -> list[dict[str, Tensor]]:
        """What is stored for every parameter."""
        named = {n: self.split(flat) for n, flat in (self.per_task | self.shared).items()}
        named |= self.by_parameter
        return [{n: parts[i] for n, parts in named.items()} for i in range(len(self.shapes))]


def accurate(dtype: torch.dtype) -> torch.dtype:
    """Of moments: at least float32, as those of half precision would lose their small changes."""
    return torch.promote_types(dtype, torch.float32)


class Metric(Protocol):
    """A metric of the step; without state of its own, one object serves every optimizer.

    Attributes:
        needs: what it steps on, :class:`hrgradlib.TaskGradients` (then a bare matrix [K, n] will
            do) or :class:`hrgradlib.ResidualJacobian`.
        defaults: what the optimizer takes where the user gives nothing: ``lr``, ``betas``,
            ``harmony``, and the metric's own options, which then are keywords of
            :class:`hrgradlib.HRGrad`.
        properties: what it promises, which the tests check.
        follows: whether its first step depends on the weights that it is given.
    """

    needs: type
    defaults: Mapping[str, Any]
    properties: frozenset[Property]
    follows: bool = False

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse options of the metric's own that are out of range (by default, none is)."""
        del group

    def init(self, tasks: int, like: Sequence[Tensor]) -> MetricState:
        """The state before the first step.

        Args:
            tasks: K.
            like: a tensor of the shape, dtype and device of every parameter's gradient; may be
                without data (device ``meta``).
        """
        ...

    def offer(
        self,
        state: MetricState,
        given: Given,
        step: int,
        weights: NDArray,
        group: Mapping[str, Any],
    ) -> Candidates:
        """The candidate steps; changes nothing in ``state`` but ``scratch``.

        Args:
            state: as of the last step.
            given: checked: finite, of the shapes of ``state``.
            step: number of this step, from one.
            weights: [K] of the tasks in the last step; a metric that adapts to the gradient
                adapts to their sum with these weights, which is what is stepped along.
            group: the options in force, ``betas`` and the like.

        Raises:
            StepRefused: no step can be made of these numbers.
        """
        ...
