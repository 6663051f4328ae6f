"""The steps that `step_time.py` and `step_memory.py` measure, each a closure without arguments.

All do the same on the same points of `transport-periodic`: evaluate the micro–macro residuals
(value and two tangent streams through 4×64), get the gradients, update 14,225 parameters. Steps in
the Gauss–Newton metric, which is for small networks in float64, have a network and a plain
counterpart of their own (`SMALL`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from conflictfree.grad_operator import ConFIG_update
from pytorch_optimizer import SOAP
from torch import Tensor
from torchjd.autojac import backward, jac_to_grad

from hrgradlib import HRGrad, HRGradAggregator, TaskGradients, residual_jacobian, task_gradients
from hrgradlib.experiments.cases.periodic import point_losses, residuals
from hrgradlib.experiments.store import Table, here
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.models import PeriodicModel

Step = Callable[[], None]

#: Network of the `quick` profile in the Gauss–Newton metric.
SMALL = dict(width=32, depth=3, modes=6)
BETAS = (0.9, 0.99)


class Bench:
    """Points, and a network with its optimizer; `losses` holds K differentiable task losses."""

    def __init__(self, tasks: int, per_task: int, device: torch.device, small: bool) -> None:
        problem = PeriodicTransport()
        dtype = torch.float64 if small else torch.float32
        self.tasks, self.sizes = tasks, [per_task] * tasks
        points = sample_points(
            problem.eps_range,
            problem.final_time,
            tasks,
            per_task,
            torch.Generator().manual_seed(0),
            device,
        )
        self.points = [p.to(dtype) for p in points]
        torch.manual_seed(0)
        self.model = PeriodicModel(problem, **(SMALL if small else {})).to(device, dtype)
        self.parameters = list(self.model.parameters())

    def point_losses(self) -> Tensor:
        return point_losses(self.model, *self.points)

    def losses(self) -> Tensor:
        return self.point_losses().view(self.tasks, -1).mean(1)

    def rows(self) -> list[tuple[Tensor, ...]]:
        """K backward passes: the gradients of every task, by parameter."""
        return [
            torch.autograd.grad(loss, self.parameters, retain_graph=True) for loss in self.losses()
        ]

    def adam(self) -> torch.optim.Adam:
        return torch.optim.Adam(self.parameters, lr=1e-3, betas=BETAS)


def plain(bench: Bench) -> Step:
    adam = bench.adam()

    def step() -> None:
        adam.zero_grad()
        bench.losses().sum().backward()
        adam.step()

    return step


def soap(bench: Bench) -> Step:
    """The sum under the SOAP of `pytorch_optimizer`, its basis renewed as often as ours."""
    optimizer = SOAP(bench.parameters, lr=1e-3, betas=BETAS, weight_decay=0.0)

    def step() -> None:
        optimizer.zero_grad()
        bench.losses().sum().backward()
        optimizer.step()

    return step


def summed_soap(bench: Bench) -> Step:
    """The sum under this library's SOAP."""
    optimizer = HRGrad(bench.parameters, lr=1e-3, metric="soap", betas=BETAS)

    def step() -> None:
        total = bench.losses().sum()
        parts = torch.autograd.grad(total, bench.parameters)
        optimizer.step(torch.cat([part.flatten() for part in parts])[None])

    return step


def _gradients(bench: Bench) -> TaskGradients:
    """Without the comparison with an ordinary backward pass, of which n calls make log₂ n."""
    return task_gradients(bench.point_losses, bench.model, bench.sizes, check=False)


def hrgrad(bench: Bench, metric: str = "adam", guard: bool = False) -> Step:
    lr = 1e-7 if metric == "identity" else 1e-3  # gradient descent must not diverge
    optimizer = HRGrad(bench.parameters, lr=lr, metric=metric, betas=BETAS, guard=guard)
    return lambda: optimizer.step(_gradients(bench))


def gauss_newton(bench: Bench) -> Step:
    optimizer, last = HRGrad(bench.parameters, metric="gauss-newton"), [None]

    def step() -> None:
        last[0] = residual_jacobian(
            partial(residuals, bench.model), bench.model, bench.points, bench.sizes, out=last[0]
        )
        optimizer.step(last[0])

    return step


def segments(bench: Bench) -> Step:
    """The K gradients alone, a forward and a backward pass over every segment."""
    parts = list(zip(*(p.split(bench.sizes) for p in bench.points), strict=True))

    def step() -> None:
        for points in parts:
            loss = point_losses(bench.model, *points).mean()
            torch.autograd.grad(loss, bench.parameters)

    return step


def backwards(bench: Bench) -> Step:
    adam = bench.adam()

    def step() -> None:
        for p, *grads in zip(bench.parameters, *bench.rows(), strict=True):
            p.grad = torch.stack(grads).sum(0)
        adam.step()

    return step


def torchjd(bench: Bench) -> Step:
    adam, aggregator = bench.adam(), HRGradAggregator()

    def step() -> None:
        adam.zero_grad()
        backward(bench.losses())
        jac_to_grad(bench.parameters, aggregator)
        adam.step()

    return step


def forward(bench: Bench) -> Step:
    """The losses alone."""
    return lambda: bench.losses()


def gradient(bench: Bench) -> Step:
    """The gradient of the sum alone."""

    def step() -> None:
        for p in bench.parameters:
            p.grad = None
        bench.losses().sum().backward()

    return step


def gradients(bench: Bench) -> Step:
    """The K gradients alone."""
    return lambda: _gradients(bench)


def torchjd_gradients(bench: Bench) -> Step:
    """The K gradients alone, in TorchJD's way; they would add up in ``.jac``."""

    def step() -> None:
        backward(bench.losses())
        for p in bench.parameters:
            del p.jac

    return step


def conflictfree(bench: Bench) -> Step:
    adam, numel = bench.adam(), [p.numel() for p in bench.parameters]

    def step() -> None:
        flat = torch.stack([torch.cat([g.flatten() for g in row]) for row in bench.rows()])
        direction = ConFIG_update(flat)
        for p, block in zip(bench.parameters, direction.split(numel), strict=True):
            p.grad = block.view_as(p)
        adam.step()

    return step


#: Every step by its name in the results; those of `K_FOLD` do the work of K backward passes.
STEPS = {
    "sum": plain,
    "hrgrad": hrgrad,
    "hrgrad-identity": partial(hrgrad, metric="identity"),
    "hrgrad-guard": partial(hrgrad, guard=True),
    "soap": soap,
    "sum-soap": summed_soap,
    "hrgrad-soap": partial(hrgrad, metric="soap"),
    "gradients": gradients,
    "segment-gradients": segments,
    "backwards": backwards,
    "torchjd": torchjd,
    "torchjd-gradients": torchjd_gradients,
    "conflictfree": conflictfree,
}
#: Parts of the plain step, to tell what K backward passes must cost.
PARTS = {"forward": forward, "gradient": gradient}
K_FOLD = ("backwards", "torchjd", "torchjd-gradients", "conflictfree")
SMALL_STEPS = {"sum-small": plain, "hrgrad-gn": gauss_newton}


def build(name: str, tasks: int, per_task: int, device: torch.device) -> Step:
    """One step by its name, with a network, points and an optimizer of its own."""
    small = name in SMALL_STEPS
    return (SMALL_STEPS if small else STEPS | PARTS)[name](Bench(tasks, per_task, device, small))


class Kept:
    """Measured cells in a stored table, each put there when it is measured.

    Args:
        path: of the table; without one nothing is kept.
        script: that measures.
        device: what it measures on.
        force: measure cells anew that are there, made by this code.
    """

    def __init__(
        self, path: Path | None, script: Path, device: torch.device, force: bool = False
    ) -> None:
        self.table = path and Table(path)
        self.script, self.device, self.force = script, device, force

    def missing(self, cells: list[tuple]) -> list[tuple]:
        """Those of the cells (tasks, points, names of steps) that have to be measured."""
        if self.table is None or self.force:
            return cells
        now = here(roots=[self.script], device=self.device)
        return [cell for cell in cells if not self.table.has(self._key(*cell), now)]

    def put(self, rows: list[dict], **values) -> None:
        """Keep the rows of one cell."""
        if self.table is not None:
            cell = rows[0]["tasks"], rows[0]["points"], [row["step"] for row in rows]
            origin = here(roots=[self.script], device=self.device)
            self.table.put(self._key(*cell), values | {"rows": rows}, origin)

    @staticmethod
    def _key(tasks: int, points: int, steps: list[str]) -> str:
        return f"{tasks} x {points}" + " Gauss-Newton" * ("hrgrad-gn" in steps)


def allocator(threshold: int, keep: int) -> None:
    """Tell glibc from which size on memory is mapped apart, and how much of the heap to keep."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library has other habits
        return
    mallopt(-3, threshold)  # M_MMAP_THRESHOLD
    mallopt(-1, keep)  # M_TRIM_THRESHOLD
