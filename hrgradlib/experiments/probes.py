"""Short trainings that tell whether changed code still computes the same numbers.

A fingerprint says that code has changed, not that numbers have. So the first steps of every stored
kind of run are stored too, for each version of the code: where two versions agree in them to
rounding, on one machine, what the earlier one trained stays valid.
``python -m hrgradlib.experiments.probes`` makes what is missing; before a change it holds the
numbers of the code that trained, after it those of the code that is to replace it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache

import numpy as np
import torch

from hrgradlib._system.progress import progress
from hrgradlib._system.threads import threads_limited
from hrgradlib.experiments.runner import begin, code_behind
from hrgradlib.experiments.specs import Spec
from hrgradlib.experiments.store import Row, Table, recorded
from hrgradlib.experiments.studies import STUDIES, row_key, study_runs
from hrgradlib.paths import results_folder
from hrgradlib.provenance import collect
from hrgradlib.training.loop import Schedule, TrainingFailed, TrainingState, train

__all__ = ["STEPS", "agree", "main", "probe", "same"]

STEPS = 20
_RTOL = 1e-6  # the order of sums may change; anything else shows after 20 steps


def probe(spec: Spec) -> list[float]:
    """Task losses at every fifth of the first steps, then the errors; empty where they fail.

    Args:
        spec: of a run; its seed is replaced by 0 and its schedule by a short one.
    """
    short = _short(spec)
    with threads_limited(1):
        method, tasks = begin(short, torch.device("cpu"))
        state = TrainingState(method.model, method, torch.Generator().manual_seed(short.seed))
        try:
            train(state, tasks, Schedule(STEPS, short.lr, short.warmup), quiet=True)
        except TrainingFailed:
            return []
        errors = short.case.errors(method.model)
    losses = state.records.values["losses"].array()[::5]
    return [float(f"{x:.9e}") for x in (*losses.ravel(), *errors.ravel())]


def agree(one: list[float], other: list[float]) -> bool:
    """Whether two probes differ by rounding at most."""
    return len(one) == len(other) and np.allclose(one, other, rtol=_RTOL, atol=0.0)


def same(old: str, new: str, spec: Spec) -> bool:
    """Whether two versions of the code, by fingerprint, are known to train this run alike."""
    rows, cell = _stored(), _short(spec).fingerprint()
    found = [rows[key].values["numbers"] for c in (old, new) if (key := f"{c}-{cell}") in rows]
    return len(found) == 2 and agree(*found)


@cache
def _stored() -> dict[str, Row]:
    return _table().rows


def _table() -> Table:
    """Beside the stored results, of which it is none."""
    return Table(results_folder().parent / "probes.json")


def _short(spec: Spec) -> Spec:
    return spec.with_(seed=0, steps=STEPS, warmup=5)


def _wanted() -> Iterator[tuple[str, Spec, set[str]]]:
    """Of every stored kind of run: today's code, its specification, and what code trained it."""
    for study in STUDIES:
        rows = Table.named(study).rows
        kinds: dict[str, tuple[Spec, set[str]]] = {}
        for folder, spec in study_runs(study).items():
            row = rows.get(row_key(folder))
            if row and row.origin.code and row.origin.spec == spec.fingerprint():
                short = _short(spec)
                kinds.setdefault(short.fingerprint(), (short, set()))[1].add(row.origin.code)
        for short, codes in kinds.values():
            yield code_behind(short), short, codes


def main(quiet: bool = False) -> None:
    """Make the probes that today's code lacks, drop those of code that no stored row names."""
    table, kept, missing = _table(), [], []
    for now, short, codes in _wanted():
        cell = short.fingerprint()
        kept += [f"{code}-{cell}" for code in {now, *codes}]
        known = any(f"{code}-{cell}" in table.rows for code in codes)
        if f"{now}-{cell}" not in table.rows and (now in codes or known):
            missing.append((now, short))
    with progress(len(missing), "probe", quiet=quiet) as bar:
        for now, short in missing:
            key, origin = f"{now}-{short.fingerprint()}", collect(torch.device("cpu"))
            values = {"problem": short.problem, "method": short.method, "numbers": probe(short)}
            table.put(key, values, recorded(origin, short.fingerprint(), now))
            bar.update()
    table.keep(kept)
    _stored.cache_clear()


if __name__ == "__main__":
    main("--quiet" in sys.argv)
