"""What a metric is: the protocol that :class:`hrgradlib.HRGrad` steps through.

A metric P turns task gradients into steps. What harmonisation needs of it is one Gramian of 2K
candidate steps, K from the tasks' moments and K from their current gradients, and a way to
combine them: :class:`Candidates`. To add one, write a class (here: ``_diagonal``,
``_gauss_newton``) and one line of ``METRICS`` (``_metrics``).
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

__all__ = ["Candidates", "Metric", "MetricState", "Weights"]


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
    def used(self) -> NDArray:
        """[K] or [2K]: what there is to multiply with."""
        return self.on_moments if self.on_gradients is None else self.joint


class Candidates(NamedTuple):
    """The steps a metric offers. Nothing has moved yet: that is what ``commit`` is for.

    Attributes:
        products: [2K, 2K] float64 Gramian of moments, then current gradients, in the metric.
        descent: [K, 2K] float64 products of the current gradients with every candidate step.
        roundoff: unit roundoff to judge the Gramian's rank by.
        combine: :class:`Weights` to the direction [n], descent positive, learning rate left out.
        commit: moves the state on; called once, with the weights that were chosen, after all
            that can fail. It must not fail.
    """

    products: NDArray
    descent: NDArray
    roundoff: float
    combine: Callable[[Weights], Tensor]
    commit: Callable[[Weights], None]

    @property
    def tasks(self) -> int:
        """K."""
        return len(self.descent)

    @property
    def on_moments(self) -> NDArray:
        """[K, K] products of the moments."""
        return self.products[: self.tasks, : self.tasks]

    @property
    def on_gradients(self) -> NDArray:
        """[K, K] products of the current gradients."""
        return self.products[self.tasks :, self.tasks :]


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
    """

    shapes: Sequence[torch.Size]
    per_task: dict[str, Tensor] = field(default_factory=dict)
    shared: dict[str, Tensor] = field(default_factory=dict)
    by_parameter: dict[str, list[Tensor]] = field(default_factory=dict)
    scratch: Any = None

    @classmethod
    def zeros(
        cls, tasks: int, like: Sequence[Tensor], per_task: Sequence[str], shared: Sequence[str] = ()
    ) -> MetricState:
        """Of names alone; ``like`` as in :meth:`Metric.init`."""
        count = sum(p.numel() for p in like)
        return cls(
            [p.shape for p in like],
            {name: like[0].new_zeros(tasks, count) for name in per_task},
            {name: like[0].new_zeros(count) for name in shared},
        )

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


class Metric(Protocol):
    """A metric of the step; without state of its own, one object serves every optimizer.

    Attributes:
        needs: what it steps on, :class:`hrgradlib.TaskGradients` (then a bare matrix [K, n] will
            do) or :class:`hrgradlib.ResidualJacobian`.
        defaults: what the optimizer takes where the user gives nothing: ``lr``, ``betas``, and
            the metric's own options, which then are keywords of :class:`hrgradlib.HRGrad`.
        properties: what it promises, which the tests check.
    """

    needs: type
    defaults: Mapping[str, Any]
    properties: frozenset[Property]

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
        self, state: MetricState, given: Given, step: int, group: Mapping[str, Any]
    ) -> Candidates:
        """The candidate steps; changes nothing in ``state`` but ``scratch``.

        Args:
            state: as of the last step.
            given: checked: finite, of the shapes of ``state``.
            step: number of this step, from one.
            group: the options in force, ``betas`` and the like.

        Raises:
            StepRefused: no step can be made of these numbers.
        """
        ...
