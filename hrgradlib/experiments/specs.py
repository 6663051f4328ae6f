"""What is run: profiles, tuned settings and what may be asked for, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import get_type_hints

import torch
from torch import nn

from hrgradlib.experiments._spec import SpecFields
from hrgradlib.experiments.cases import CASES, Case
from hrgradlib.optim import AXES, Inner
from hrgradlib.training import METHODS
from hrgradlib.training.methods import Method, Settings
from hrgradlib.training.reported import Reported
from hrgradlib.training.schedules import SCHEDULES

__all__ = [
    "FEWEST",
    "PROFILES",
    "SETTINGS",
    "Spec",
    "SpecError",
    "check_name",
    "check_number",
    "make_spec",
]


class SpecError(ValueError):
    """An unknown name or a number out of range in the specification of a run."""


# Seconds on a laptop core for smoke, a minute for quick, minutes on a GPU for full.
PROFILES = {
    "smoke": dict(steps=200, tasks=5, per_task=24, width=24, depth=2, modes=6),
    "quick": dict(steps=4000, tasks=10, per_task=64, width=64, depth=4, modes=8),
    "full": dict(steps=40000, tasks=10, per_task=512, width=96, depth=4, modes=10),
}
# A step on the Jacobian of R residuals costs R² n: fewer points, fewer and better steps.
_JACOBIAN = {
    "smoke": dict(steps=30, tasks=5, per_task=6, width=12, depth=2, modes=4, warmup=5),
    "quick": dict(steps=250, tasks=10, per_task=14, width=32, depth=3, modes=6, warmup=20),
    "full": dict(steps=1000, tasks=10, per_task=60, width=64, depth=4, modes=8, warmup=50),
}

#: Points of a task, where tasks have unequally many.
FEWEST = 4


@dataclass(frozen=True)
class Spec(SpecFields):
    """Everything that determines a run but the machine, and what its names stand for.

    See :class:`hrgradlib.experiments._spec.SpecFields` for the fields.
    """

    @property
    def case(self) -> Case:
        """The problem."""
        return CASES[self.problem]

    @property
    def kind(self) -> type[Method]:
        """The class of the method."""
        return METHODS[self.method]

    @property
    def inner(self) -> Inner:
        """How HRGrad as reported finds its angles."""
        return Inner(**{f.name: getattr(self, f.name) for f in fields(Inner)})

    @property
    def settings(self) -> Settings:
        """What the method is built from."""
        return Settings(**{f.name: getattr(self, f.name) for f in fields(Settings)})

    def build_model(self) -> nn.Module:
        """A freshly initialised network; its parameters depend on the seed (and dtype) alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = self.case.build(self)
        return model.to(self.kind.dtype)

    def with_(self, **changes) -> Spec:
        """A copy with other values, checked."""
        return _checked(replace(self, **changes))


# What may differ from the profile's and the tuned values, with its type.
_NAMED = ("problem", "method", "profile", "seed", "rule")
SETTINGS = {name: kind for name, kind in get_type_hints(Spec).items() if name not in _NAMED}


def make_spec(problem: str, method: str, profile: str = "quick", seed: int = 0, **changes) -> Spec:
    """The specification of a run, tuned settings filled in.

    Args:
        problem, method, profile: names from ``hrgrad list``.
        seed: at least 0.
        changes: other values for fields of :class:`Spec`; ``None`` keeps the default.

    Raises:
        SpecError: unknown name or number out of range.
    """
    for what, name, known in (
        ("problem", problem, CASES),
        ("method", method, METHODS),
        ("profile", profile, PROFILES),
    ):
        check_name(what, name, known)
    chosen = {k: v for k, v in changes.items() if v is not None}
    if unknown := sorted(set(chosen) - set(SETTINGS)):
        raise SpecError(f"found settings {', '.join(unknown)}; expected {', '.join(SETTINGS)}")
    case, kind = CASES[problem], METHODS[method]
    settings = PROFILES[profile] | {"formulation": case.formulations[0]}
    settings |= _JACOBIAN[profile] if kind.needs == "jacobian" else {}
    settings |= case.sizes(profile, kind)
    alone = chosen.get("segmentation", "regimes") != "regimes" or chosen.get("unseen")
    if alone or chosen.get("formulation", settings["formulation"]) in case.penalised:
        settings["candidates"] = 1
    settings |= {"rule": kind.rule}
    tuned = kind.tuned
    if chosen.get("schedule") == "staircase":  # as published: neither rises nor holds
        tuned = tuned | {"warmup": 0, "hold": 0.0}
    return _checked(Spec(problem, method, profile, seed, **settings | tuned | chosen))


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Nothing, if there is such a name.

    Raises:
        SpecError: there is none; the message lists what there is.
    """
    if name not in known:
        raise SpecError(f"unknown {what} {name!r}; expected one of {', '.join(known)}")


def check_number(name: str, value: float, interval: str) -> None:
    """Nothing, if the value lies in the interval, written as in ``"[0, 1)"``.

    Raises:
        SpecError: it does not, or is NaN.
    """
    low, high = map(float, interval[1:-1].split(","))
    above = low <= value if interval[0] == "[" else low < value
    below = value <= high if interval[-1] == "]" else value < high
    if not (above and below):
        raise SpecError(f"found {name} = {value!r}; expected a number in {interval}")


# Of every number of a specification, as it is checked and said.
_INTERVALS = {
    "seed": f"[0, {2**63})",
    "steps": "[1, inf)",
    "tasks": "[1, inf)",
    "per_task": "[2, inf)",
    "width": "[1, inf)",
    "depth": "[1, inf)",
    "modes": "[1, inf)",
    "lr": "(0, inf)",
    "beta2": "[0, 1)",
    "warmup": "[0, inf)",
    "hold": "[0, 1)",
    "beta1": "[0, 1)",
    "damping": "[0, inf)",
    "harmony": "[0, 1]",
    "initial_weight": "(0, inf)",
    "beyond": "[1, 2]",
    "candidates": "[1, 64]",
    "decades": "[0, 15]",
    "draw": f"[0, {2**63})",
}


def _checked(spec: Spec) -> Spec:
    check_name("axis", spec.axis, AXES)
    check_name("schedule", spec.schedule, SCHEDULES)
    check_name(f"formulation of {spec.problem}", spec.formulation, spec.case.formulations)
    case = spec.case
    check_name(f"encoding of {spec.problem}", spec.encoding, case.encodings)
    check_name(f"segmentation of {spec.problem}", spec.segmentation, _segmentations(spec))
    ranges = spec.segmentation == "regimes" and spec.formulation not in case.penalised
    check_name(f"unseen of {spec.problem}", spec.unseen, case.unseen if ranges else ("",))
    intervals = _INTERVALS
    if not ranges or spec.unseen:  # points of two kinds, or tasks that are no ranges: as drawn
        intervals = intervals | {"candidates": "[1, 1]"}
    if spec.schedule == "staircase":  # no cosine that could hold
        intervals = intervals | {"hold": "[0, 0]"}
    if spec.segmentation == "unequal":
        intervals = intervals | {"per_task": f"[{FEWEST}, inf)"}
    if spec.unseen:  # one task on either side, at least
        intervals = intervals | {"tasks": "[2, inf)"}
    for name, interval in intervals.items():
        check_number(name, getattr(spec, name), interval)
    _check_inner(spec)
    return spec


def _check_inner(spec: Spec) -> None:
    try:
        inner = spec.inner
    except ValueError as error:
        raise SpecError(str(error)) from error
    if inner != Inner() and not issubclass(spec.kind, Reported):
        changed = [f.name for f in fields(Inner) if getattr(spec, f.name) != f.default]
        raise SpecError(
            f"found {', '.join(changed)} for {spec.method}; expected it for hrgrad-reported alone"
        )


def _segmentations(spec: Spec) -> tuple[str, ...]:
    """Those of the formulation that the method can do."""
    known = spec.case.divisions(spec.formulation)
    # Where terms are tasks every point is there twice: most rows of a Jacobian would be zero.
    if spec.kind.needs == "jacobian":
        return tuple(name for name in known if name not in ("terms", "both"))
    return known
