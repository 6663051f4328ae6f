"""What determines a run, as plain fields: all that a problem is told of it.

Apart from :mod:`hrgradlib.experiments.specs`, which knows the problems and methods by their names.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from hrgradlib.optim import Inner

__all__ = ["SpecFields"]

# Settings that came later: runs made before there was a choice are still those of their spec.
_LATER = {
    *(("candidates", 1), ("rule", 1), ("decades", 0.0), ("draw", 0)),
    *(("encoding", "encoder"), ("segmentation", "regimes"), ("unseen", "")),
    *asdict(Inner()).items(),
    ("schedule", "cosine"),
}


@dataclass(frozen=True)
class SpecFields:
    """Everything that determines a run but the machine. Field names are those of the CLI.

    Attributes:
        problem, method, profile: names from ``hrgrad list``.
        seed: of initial parameters and collocation points.
        steps: updates; each draws ``tasks · per_task`` fresh collocation points.
        width, depth, modes: of the network (hidden features, layers, Legendre modes of g).
        lr, beta2: peak learning rate and decay of Adam's second moment.
        warmup, hold: steps of linear warm-up, and the share of all steps before the cosine falls.
        schedule: "cosine", or "staircase": ``lr · 0.96^⌊step/200⌋``, without warm-up unless asked.
        beta1, damping, harmony, axis, guard: see :class:`hrgradlib.training.methods.Settings`.
        formulation: one of the problem's. "layer" (exact initial data, layer coordinate); "plain"
            (neither; the initial condition is a penalty of weight ``initial_weight``, with tasks of
            its own); for inflow, where "layer" is the even–odd form, "micro-macro".
        beyond: collocation times reach to ``beyond · T``.
        candidates: points drawn for every one that is kept, by the size of its residual.
        decades, draw: every regime's loss is multiplied by a power of ten, uniform in ±decades;
            ``draw`` is the seed of these factors alone.
        encoding: how the network is told ε, one of the problem's.
        segmentation: what a task is, see :mod:`hrgradlib.experiments.segmentation`.
        unseen: ranges of ε that training never sees, a name of the problem's; "" for none.
        rule: of the method, see :class:`hrgradlib.training.methods.Method`.
        a_min, a_max, k_std, proximity, margin: of HRGrad as reported, see :class:`hrgradlib.Inner`.
    """

    problem: str
    method: str
    profile: str
    seed: int
    steps: int
    tasks: int
    per_task: int
    width: int
    depth: int
    modes: int
    lr: float
    beta2: float
    warmup: int = 100
    hold: float = 0.0
    beta1: float = 0.9
    damping: float = 1e-5
    harmony: float = 0.5
    axis: str = "maxmin"
    guard: bool = False
    formulation: str = "layer"
    initial_weight: float = 1.0
    beyond: float = 1.0
    candidates: int = 1
    decades: float = 0.0
    draw: int = 0
    encoding: str = "encoder"
    segmentation: str = "regimes"
    unseen: str = ""
    rule: int = 1
    a_min: int = Inner.a_min
    a_max: int = Inner.a_max
    k_std: float = Inner.k_std
    proximity: float = Inner.proximity
    margin: float = Inner.margin
    schedule: str = "cosine"

    def fingerprint(self) -> str:
        """Hash that identifies the run; settings that came later count where they are used."""
        known = {k: v for k, v in asdict(self).items() if (k, v) not in _LATER}
        if self.rule == 1:  # without an axis: a run keeps its name when the default changes
            known["axis"] = "equiangular"
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict:
        """What ``spec.json`` holds."""
        return asdict(self)
