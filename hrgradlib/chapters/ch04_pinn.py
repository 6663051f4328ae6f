"""Chapter 4: one network, one Knudsen number, three losses, two optimizers.

The losses differ in how the kinetic equation is read:

- ``apnn``: macro and micro residual of ``f = ρ + ε g``, both with weight one;
- ``pinn``: the residual of f itself, ``R_f = ε ∂t f + v ∂x f + (f − ρ)/ε``, same ``f = ρ + ε g``;
- ``pinn-plain``: ``ε R_f`` for ``f = ρ + h``, h the network's micro part, not scaled by ε.

Everything else is shared: architecture, initial weights, points, exact initial data, layer
coordinate, steps. What takes minutes is stored by ``python -m hrgradlib.chapters.ch04_pinn``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.kinetics.periodic import (
    PeriodicFields,
    PeriodicTransport,
    macro_residual,
    micro_residual,
)
from hrgradlib.kinetics.scales import sample_points
from hrgradlib.kinetics.velocity import gauss_legendre, legendre
from hrgradlib.models import PeriodicModel
from hrgradlib.reference.periodic import PeriodicReference
from hrgradlib.training import METHODS
from hrgradlib.training.loop import learning_rate
from hrgradlib.training.methods import Settings

__all__ = [
    "BUDGETS",
    "EPS",
    "LOSSES",
    "OPTIMIZERS",
    "PROBLEM",
    "SIZES",
    "Case",
    "Outcome",
    "best_errors",
    "budget_errors",
    "build",
    "draw",
    "kinetic_residual",
    "main",
    "mean_squares",
    "residuals",
    "run",
    "stored",
    "study",
    "trainings",
]

PROBLEM = PeriodicTransport()
LOSSES = ("apnn", "pinn", "pinn-plain")
EPS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
CELLS = 32

# Of one training: updates, peak learning rate and what else the method takes.
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "adam": ("sum", dict(beta1=0.9, beta2=0.99)),
    "gauss-newton": ("sum-gn", dict(beta1=0.8, damping=1e-2)),
}
SIZES: dict[str, dict[str, Any]] = {
    "smoke": dict(
        width=8,
        depth=2,
        modes=2,
        points=16,
        adam=dict(steps=60, lr=2e-2),
        **{"gauss-newton": dict(steps=15, lr=0.5)},
    ),
    "quick": dict(
        width=16,
        depth=2,
        modes=4,
        points=64,
        adam=dict(steps=700, lr=2e-2),
        **{"gauss-newton": dict(steps=80, lr=0.5)},
    ),
    "full": dict(
        width=16,
        depth=2,
        modes=4,
        points=128,
        adam=dict(steps=2800, lr=2e-2),
        **{"gauss-newton": dict(steps=300, lr=0.5)},
    ),
}


# --- losses --------------------------------------------------------------------------------------


class HasFields(Protocol):
    """All that the losses need of a network."""

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PeriodicFields:
        """At points given as three tensors [N]."""


def kinetic_residual(fields: PeriodicFields, eps: Tensor, scaled: bool = True) -> Tensor:
    """``√w_q R_f(v_q)`` at the M + 1 Gauss velocities; the squares of a row sum to ``<R_f²>``.

    Args:
        fields: see :class:`PeriodicFields`; its micro part is g if ``scaled``, else ``h = f − ρ``.
        eps: [N] Knudsen number of every point.
        scaled: if not, ``ε R_f = ε² ∂t f + ε v ∂x f + f − ρ``, in h.

    Returns:
        [N, M + 1], dimensionless.
    """
    modes = fields.micro_x.shape[1]
    nodes, root, basis = (a.to(eps) for a in _velocities(modes))
    small, one = eps[:, None], torch.ones_like(eps)[:, None]
    macro, micro = (small, one) if scaled else (small.square(), small)
    streaming = (macro if scaled else small) * nodes * (fields.micro_x @ basis)
    return root * (
        macro * fields.density_t[:, None]
        + micro * nodes * fields.density_x[:, None]
        + streaming
        + fields.relaxation @ basis
    )


@cache
def _velocities(modes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss nodes [M + 1], roots of their weights, and ``φ_1 … φ_M`` there, [M, M + 1]."""
    nodes, weights = gauss_legendre(modes + 1)
    basis = legendre(nodes, modes)[:, 1:].T
    at, root, there = (
        torch.from_numpy(np.ascontiguousarray(a)) for a in (nodes, weights**0.5, basis)
    )
    return at, root, there


def residuals(loss: str) -> Callable[..., Tensor]:
    """The function (model, t, x, ε) → [N, 1 + M] whose mean square over points is the loss.

    Raises:
        ValueError: no such loss.
    """
    if loss not in LOSSES:
        raise ValueError(f"residuals: found loss = {loss!r}; expected one of {LOSSES}.")
    functions: dict[str, Callable[..., Tensor]] = {
        "apnn": _micro_macro,
        "pinn": _kinetic,
        "pinn-plain": partial(_kinetic, scaled=False),
    }
    return functions[loss]


def _micro_macro(model: HasFields, t: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    fields = model.fields(t, x, eps)
    return torch.cat([macro_residual(fields)[:, None], micro_residual(fields, eps)], 1)


def _kinetic(model: HasFields, t: Tensor, x: Tensor, eps: Tensor, scaled: bool = True) -> Tensor:
    return kinetic_residual(model.fields(t, x, eps), eps, scaled)


@torch.no_grad()
def mean_squares(model: HasFields, loss: str, points: tuple[Tensor, ...]) -> dict[str, float]:
    """Mean squares over points of what a network trained with ``loss`` leaves behind.

    Returns:
        ``own`` (the loss it was trained with), ``macro``, ``micro``.
    """
    t, x, eps = points
    fields = model.fields(t, x, eps)
    if loss == "pinn-plain":  # g = h/ε
        fields = fields._replace(
            micro_x=fields.micro_x / eps[:, None], relaxation=fields.relaxation / eps[:, None]
        )
    return {
        "own": float(residuals(loss)(model, t, x, eps).square().sum(1).mean()),
        "macro": float(macro_residual(fields).square().mean()),
        "micro": float(micro_residual(fields, eps).square().sum(1).mean()),
    }


# --- one training --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One training. Attributes are those of the tables in the chapter."""

    loss: str
    optimizer: str
    eps: float
    seed: int
    steps: int
    lr: float
    width: int
    depth: int
    modes: int
    points: int

    @property
    def key(self) -> str:
        """Its name in the stored table."""
        run = f"{self.loss} {self.optimizer} eps{self.eps:g} lr{self.lr:g}"
        return f"{run} {self.steps} steps s{self.seed}"

    def fingerprint(self) -> str:
        """Hash of all settings."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def of(cls, profile: str, loss: str, optimizer: str, eps: float, seed: int = 0) -> Case:
        """The chapter's sizes."""
        sizes = SIZES[profile]
        shared = {k: v for k, v in sizes.items() if k not in OPTIMIZERS}
        return cls(loss, optimizer, eps, seed, **sizes[optimizer], **shared)


class Outcome(NamedTuple):
    """What a training ends with.

    Attributes:
        error: largest over ``eval_times`` of the relative L2 error of ρ.
        density: [CELLS] ρ at the final time, at ``x = 0, 1/CELLS, …``.
        squares: see :func:`mean_squares`, at points never trained on.
        steps, errors, losses: of the looks along the way.
    """

    error: float
    density: NDArray
    squares: dict[str, float]
    steps: NDArray
    errors: NDArray
    losses: NDArray


def build(case: Case) -> PeriodicModel:
    """The network before training, float64; it depends on sizes and seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case.seed)
        return PeriodicModel(PROBLEM, case.width, case.depth, case.modes, code=4).double()


def draw(eps: float, count: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Collocation points (t, x, ε), [count] each: half uniform in t, half in the layer."""
    points = sample_points((eps, eps), PROBLEM.final_time, 1, count, generator)
    t, x = (p.double() for p in points[:2])
    return t, x, torch.full_like(t, eps)


def run(case: Case, looks: int = 12) -> Outcome:
    """Train and judge."""
    model, generator = build(case), torch.Generator().manual_seed(case.seed)
    name, settings = OPTIMIZERS[case.optimizer]
    method = METHODS[name](model, Settings(lr=case.lr, **settings))
    fresh = draw(case.eps, 1024, torch.Generator().manual_seed(10_000 + case.seed))
    function, warmup = partial(residuals(case.loss), model), max(1, case.steps // 20)
    at = np.unique(np.geomspace(max(1, case.steps // 100), case.steps, looks).round().astype(int))
    errors, losses = [], []
    for step in range(case.steps):
        method.set_learning_rate(learning_rate(step, case.steps, case.lr, warmup, 0.3))
        method.step(function, draw(case.eps, case.points, generator), [case.points], False)
        if step + 1 in at:
            errors.append(_error(model, case.eps))
            losses.append(mean_squares(model, case.loss, fresh)["own"])
    x = np.arange(CELLS) / CELLS
    density = evaluate(model, np.full_like(x, PROBLEM.final_time), x, np.full_like(x, case.eps))[0]
    return Outcome(
        errors[-1],
        density,
        mean_squares(model, case.loss, fresh),
        at,
        np.array(errors),
        np.array(losses),
    )


def _error(model: nn.Module, eps: float) -> float:
    exact, *grid = _reference(eps)
    return float(relative_l2(evaluate(model, *grid)[0], exact).max())


@cache
def _reference(eps: float) -> tuple[NDArray, ...]:
    t = np.array(PROBLEM.eval_times)[:, None]
    x = np.arange(CELLS) / CELLS
    grid = np.broadcast_arrays(t, x, np.array(eps))
    return PeriodicReference(dict(PROBLEM.modes)).density(t, x, eps), *grid


def trainings(profile: str, seed: int = 0) -> dict[tuple[str, str, float], Outcome]:
    """Every loss, optimizer and ε of the chapter.

    At ε = 1 the three losses are one and the same function, which is trained once.
    """
    found: dict[tuple[str, str, float], Outcome] = {}
    for optimizer in OPTIMIZERS:
        for eps in EPS:
            for loss in LOSSES:
                first = found.get((LOSSES[0], optimizer, eps)) if eps == 1 else None
                case = Case.of(profile, loss, optimizer, eps, seed)
                found[loss, optimizer, eps] = first or run(case)
    return found


# --- what is stored ------------------------------------------------------------------------------

_NAME = "pinn"
RATES = {"adam": (1e-2, 2e-2, 4e-2), "gauss-newton": (0.25, 0.5, 1.0)}
SEEDS = (0, 1, 2)
BUDGETS = (700, 2800, 11200)  # steps of Adam at one learning rate, seed 0


def study() -> Iterator[Case]:
    """The cases behind ``book/results/pinn.json``."""
    for optimizer, rates in RATES.items():
        for eps in EPS:
            for loss in LOSSES[:1] if eps == 1 else LOSSES:
                for seed in SEEDS:
                    case = Case.of("quick", loss, optimizer, eps, seed)
                    yield from (replace(case, lr=lr) for lr in rates)
    for eps in (1e-2, 1e-3):
        for loss in LOSSES:
            case = Case.of("quick", loss, "adam", eps)
            yield from (replace(case, steps=steps) for steps in BUDGETS)


def stored() -> list[dict]:
    """Rows of the stored study: the case, ``error``, ``own``, ``macro``, ``micro``."""
    return [row.values for row in read(_NAME)]


def best_errors(rows: list[dict], loss: str, optimizer: str, eps: float) -> list[float]:
    """Errors over seeds at the learning rate with the lowest geometric mean of them."""
    wanted = LOSSES[0] if eps == 1 else loss, optimizer, eps, SIZES["quick"][optimizer]["steps"]
    by_rate: dict[float, dict[int, float]] = {}
    for row in rows:
        if (row["loss"], row["optimizer"], row["eps"], row["steps"]) == wanted:
            by_rate.setdefault(row["lr"], {})[row["seed"]] = row["error"]
    best = min(by_rate.values(), key=lambda found: np.mean(np.log(list(found.values()))))
    return list(best.values())


def budget_errors(rows: list[dict], loss: str, eps: float) -> list[float]:
    """Errors of Adam after each of ``BUDGETS``, seed 0 at the chapter's learning rate."""
    found = {
        row["steps"]: row["error"]
        for row in rows
        if (row["loss"], row["optimizer"], row["eps"], row["seed"], row["lr"])
        == (loss, "adam", eps, 0, SIZES["quick"]["adam"]["lr"])
    }
    return [found[steps] for steps in BUDGETS]


def main(cases: list[Case] | None = None, force: bool = False) -> None:
    """Run the cases whose row is missing, or was made by other code or with other settings."""
    table = Table.named(_NAME)
    for case in cases or list(study()):
        origin = here(case.fingerprint(), roots=[__spec__.name])
        if table.has(case.key, origin) and not force:
            continue
        found = run(case)
        table.put(case.key, asdict(case) | {"error": found.error} | found.squares, origin)
        print(f"{case.key}: error {found.error:.2e}", file=sys.stderr)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(force="--force" in sys.argv)
