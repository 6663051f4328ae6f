"""``python -m hrgradlib.chapters.ch12_step_cost``: processor time of a step of every method.

Trainings of the comparison share a machine with others, so that their seconds compare nothing.
Here every method takes some steps in turn, round after round, on `transport-periodic` in the
profile quick, and what its process used of a processor is counted: the least of the rounds.
"""

from __future__ import annotations

import sys
import time
from functools import partial

import torch

from hrgradlib._system.threads import threads_limited
from hrgradlib.experiments.collocation import collocation
from hrgradlib.experiments.comparison_studies import COMPARED, VARIANTS
from hrgradlib.experiments.scaling import residuals
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.store import Table, here, read

__all__ = ["main", "milliseconds", "stored"]

NAME = "comparison-steps"
_PROBLEM = "transport-periodic"
_ROUNDS, _STEPS, _FIRST = 3, 25, 3  # Nash-MTL renews its weights every 25 steps


def stored() -> dict[str, float]:
    """Processor milliseconds of a step by label; empty before they are measured."""
    if not Table.named(NAME).rows:
        return {}
    return {row.key: row.values["milliseconds"] for row in read(NAME)}


def milliseconds(spec: Spec, steps: int = _STEPS) -> float:
    """Processor time of a step, points included, after some that are not counted."""
    model, generator = spec.build_model(), torch.Generator().manual_seed(spec.seed)
    method, sizes = spec.kind(model, spec.settings), spec.case.task_sizes(spec)
    found, cpu = partial(residuals(spec), model), torch.device("cpu")
    began = 0.0
    for step in range(_FIRST + steps):
        if step == _FIRST:
            began = time.process_time()
        method.set_learning_rate(1e-3)
        method.step(found, collocation(spec, model, generator, cpu), sizes, False)
    return 1e3 * (time.process_time() - began) / steps


def _specs() -> dict[str, Spec]:
    """One step size and one batch for every label; the variant as it is run but for its steps."""
    found = {}
    for label in (*COMPARED, *VARIANTS):
        base, changes = VARIANTS.get(label, (label, {}))
        settings = COMPARED[base] | {k: v for k, v in changes.items() if k != "steps"}
        found[label] = make_spec(_PROBLEM, seed=100, **settings)
    return found


def main(force: bool = False) -> None:
    """Measure the rows that the stored table lacks or that other code made."""
    table, origin = Table.named(NAME), here(roots=[__spec__.name])
    wanted = {k: s for k, s in _specs().items() if force or not table.has(k, origin)}
    least: dict[str, float] = {}
    for _ in range(_ROUNDS):
        for label, spec in wanted.items():
            steps = (
                max(1, _STEPS // 10)
                if label in ("lbfgs", "hrgrad-gn", "hrgrad-gn-half")
                else _STEPS
            )
            with threads_limited(1):  # one that waits would count
                found = milliseconds(spec, steps)
            least[label] = min(least.get(label, float("inf")), found)
    for label, found in least.items():
        table.put(label, {"milliseconds": float(f"{found:.3g}")}, origin)


if __name__ == "__main__":
    main(force="--force" in sys.argv)
