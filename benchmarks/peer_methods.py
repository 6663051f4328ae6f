"""The methods that `peers.py` compares: each moves a network by one step on fresh points.

K is the number of tasks (losses). Where a method is another's, its authors' own package does the
work: ``conflictfree`` for ConFIG and M-ConFIG, ``torchjd`` for UPGrad.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import torch
from conflictfree.grad_operator import ConFIG_update
from conflictfree.momentum_operator import PseudoMomentumOperator
from peer_network import Network
from peer_problems import Part, Problem
from scipy.optimize import nnls
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.linalg import DualConeProjector

from hrgradlib import HRGrad, ResidualJacobian, residual_jacobian, task_gradients

Sizes = dict[str, int]


class Stepper:
    """One method on one problem.

    Args:
        problem: what is solved.
        network: what is moved; float32, but for second-order methods.
        sizes: points of every task in a step.
        lr: learning rate, multiplied by the schedule at every step.
        seed: of the points.
    """

    dtype = torch.float32
    rates = (1e-3, 3e-3, 1e-2)  # those tried on the tuning seed
    inside = 512  # points of the equation in a step

    def __init__(self, problem: Problem, network: Network, lr: float, seed: int) -> None:
        self.problem, self.lr = problem, lr
        self.network = network.to(self.dtype)
        self.parameters = list(self.network.parameters())
        self.generator = torch.Generator().manual_seed(seed)
        self.begin()

    def begin(self) -> None:
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(self.parameters, lr=self.lr)

    def numbers(self, part: Part) -> tuple[int, ...]:
        """Points of the part's tasks."""
        if part.tasks == ("equation",):
            return (self.inside,)
        share, others = self.problem.data, len(self.problem.tasks) - 1
        return (round(self.inside * share / (1 - share) / others),) * len(part.tasks)

    def points(self, part: Part) -> list[Tensor]:
        """Fresh ones of all tasks of the part."""
        return [p.to(self.dtype) for p in part.sample(self.numbers(part), self.generator)]

    def tasks(self) -> list[tuple[Part, int]]:
        """Every task by its part and its place there."""
        return [(part, i) for part in self.problem.parts for i in range(len(part.tasks))]

    def loss(self, part: Part, index: int) -> Tensor:
        """Of one task, evaluated alone."""
        ends = [0, *accumulate(self.numbers(part))]
        own = [p[ends[index] : ends[index + 1]] for p in self.points(part)]
        return part.residuals(self.network, *own).square().sum(1).mean()

    def losses(self) -> Iterator[Tensor]:
        """Of all tasks; those of a part are evaluated together."""
        for part in self.problem.parts:
            squares = part.residuals(self.network, *self.points(part)).square().sum(1)
            for own in squares.split(self.numbers(part)):
                yield own.mean()

    def gradient(self, loss: Tensor) -> Tensor:
        """[n]"""
        found = torch.autograd.grad(loss, self.parameters)
        return torch.cat([part.flatten() for part in found])

    def descend(self, flat: Tensor) -> None:
        """A step of the optimizer with this [n] as the gradient."""
        for p, part in zip(
            self.parameters, flat.split([q.numel() for q in self.parameters]), strict=True
        ):
            p.grad = part.view_as(p)
        self.optimizer.step()

    def set_rate(self, factor: float) -> None:
        self.optimizer.param_groups[0]["lr"] = self.lr * factor

    def step(self) -> None:
        self.descend(self.gradient(torch.stack(list(self.losses())).sum()))


class SumAdam(Stepper):
    """The sum of the losses under Adam."""


class SumSoap(Stepper):
    """The sum of the losses under SOAP: this library's, which is SOAP where there is one task."""

    def begin(self) -> None:
        self.optimizer = HRGrad(self.parameters, lr=self.lr, metric="soap")

    def descend(self, flat: Tensor) -> None:
        self.optimizer.step(flat[None], observe=False)


class Config(Stepper):
    """ConFIG of the K gradients, then Adam, as in the authors' code."""

    def step(self) -> None:
        rows = [self.gradient(self.loss(*task)) for task in self.tasks()]
        self.descend(ConFIG_update(torch.stack(rows)))


class MomentumConfig(Stepper):
    """M-ConFIG: one loss a step, in turn, and ConFIG of the moments."""

    def begin(self) -> None:
        self.operator = PseudoMomentumOperator(num_vectors=len(self.tasks()))
        self.optimizer = torch.optim.SGD(self.parameters, lr=self.lr)
        self.turn = 0

    def step(self) -> None:
        place = self.turn % len(self.tasks())
        found = self.gradient(self.loss(*self.tasks()[place]))
        self.descend(self.operator.calculate_gradient(place, found))
        self.turn += 1


class LeastSquares(DualConeProjector):
    """``min (u + y)ᵀ G (u + y)`` over ``y ≥ 0``, in place of the solver that TorchJD lends."""

    def __call__(self, U, G):
        values, vectors = np.linalg.eigh(G.double().numpy())
        root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
        moved = np.stack([nnls(root, -root @ u)[0] for u in U.double().numpy()])
        return U + torch.from_numpy(moved).to(U)


class UpGrad(Stepper):
    """UPGrad of the K gradients, then Adam."""

    def begin(self) -> None:
        super().begin()
        self.aggregator = UPGrad(projector=LeastSquares())

    def step(self) -> None:
        rows = [self.gradient(self.loss(*task)) for task in self.tasks()]
        self.descend(self.aggregator(torch.stack(rows)))


class Harmonized(Stepper):
    """HRGrad in Adam's metric, as the library has it."""

    metric = "adam"

    def begin(self) -> None:
        self.optimizer = HRGrad(self.parameters, lr=self.lr, metric=self.metric)

    def step(self) -> None:
        parts = self.problem.parts
        points = [self.points(part) for part in parts]

        def losses() -> Tensor:
            found = [
                part.residuals(self.network, *own).square().sum(1)
                for part, own in zip(parts, points, strict=True)
            ]
            return torch.cat(found)

        numbers = [n for part in parts for n in self.numbers(part)]
        self.optimizer.step(task_gradients(losses, self.network, numbers), observe=False)


class HarmonizedSoap(Harmonized):
    """HRGrad in SOAP's metric, as the library has it."""

    metric = "soap"


class GaussNewton(Stepper):
    """HRGrad in the Gauss–Newton metric, with a longer momentum than the library's; float64."""

    dtype = torch.float64
    rates = (0.25, 0.5, 1.0)
    residuals = 600  # rows of the Jacobian

    def begin(self) -> None:
        self.optimizer = HRGrad(
            self.parameters, lr=self.lr, metric="gauss-newton", betas=(0.9, 0.99)
        )
        rows = sum(part.components * sum(self.numbers(part)) for part in self.problem.parts)
        n = sum(p.numel() for p in self.parameters)
        self.values, self.matrix = (
            torch.empty(rows, dtype=self.dtype),
            torch.empty(rows, n, dtype=self.dtype),
        )

    def numbers(self, part: Part) -> tuple[int, ...]:
        share = self.problem.data
        if part.tasks == ("equation",):
            return (round((1 - share) * self.residuals / part.components),)
        others = len(self.problem.tasks) - 1
        return (round(share * self.residuals / (others * part.components)),) * len(part.tasks)

    def step(self) -> None:
        first, sizes = 0, []
        for part in self.problem.parts:
            numbers = self.numbers(part)
            rows = slice(first, first + part.components * sum(numbers))
            # Written in place: all parts together are one Jacobian.
            room = ResidualJacobian(self.values[rows], self.matrix[rows], ())
            found = residual_jacobian(
                lambda *own, part=part: part.residuals(self.network, *own),
                self.network,
                self.points(part),
                numbers,
                out=room,
            )
            first, sizes = rows.stop, [*sizes, *found.sizes]
        whole = ResidualJacobian(self.values, self.matrix, tuple(sizes), found.parameters)
        self.optimizer.step(whole, observe=False)


METHODS: dict[str, type[Stepper]] = {
    "config": Config,
    "m-config": MomentumConfig,
    "hrgrad-gn": GaussNewton,
    "hrgrad-soap": HarmonizedSoap,
    "sum-soap": SumSoap,
    "sum": SumAdam,
    "upgrad": UpGrad,
    "hrgrad": Harmonized,
}
