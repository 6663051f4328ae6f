"""Short trainings that tell whether changed code still computes the same numbers.

A fingerprint says that code has changed, not that numbers have. So the first steps of every stored
kind of run are stored too, for each version of the code: where two versions agree in them to
rounding, on one machine, what the earlier one trained stays valid. Machines round otherwise, and a
training makes much of it: versions are compared on one machine alone, and through others.
``python -m hrgradlib.experiments.probes`` makes what is missing; before a change it holds the
numbers of the code that trained, after it, on the same machine, those of the code that is to
replace it. With
``--study NAME`` also those of runs of a study that are not stored yet: of today's code, which may
be training them elsewhere.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

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
from hrgradlib.training._extras import MethodUnavailable
from hrgradlib.training.loop import TrainingFailed, TrainingState, train
from hrgradlib.training.schedules import SCHEDULES

__all__ = ["STEPS", "agree", "arithmetic", "main", "probe", "probed_tables", "same", "same_table"]

STEPS = 20
_RTOL = 1e-6  # the order of sums may change; anything else shows after 20 steps


def probe(spec: Spec) -> list[float]:
    """Task losses at every fifth of the first steps, then the errors; empty where it fails.

    Args:
        spec: of a run; its seed is replaced by 0 and its schedule by a short one.
    """
    short = _short(spec)
    with threads_limited(1):
        method, tasks = begin(short, torch.device("cpu"))
        state = TrainingState(method.model, method, torch.Generator().manual_seed(short.seed))
        schedule = SCHEDULES[short.schedule](short.steps, short.lr, short.warmup)
        try:
            train(state, tasks, schedule, quiet=True)
        except TrainingFailed:
            return []
        errors = short.case.errors(method.model)
    losses = state.records.values["losses"].array()[::5]
    return [float(f"{x:.9e}") for x in (*losses.ravel(), *errors.ravel())]


def agree(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two probes differ by rounding at most; an empty one, a failure, agrees with none."""
    return 0 < len(one) == len(other) and np.allclose(one, other, rtol=_RTOL, atol=0.0)


def same(old: str, new: str, spec: Spec) -> bool:
    """Whether two versions of the code, by fingerprint, are known to train this run alike.

    They agree on some machine, or both with others in between, each pair on some machine.
    """
    probes = _stored().get(_short(spec).fingerprint(), [])
    return any(p.code == new for p in _chains(probes, old))


def same_table(name: str, old: str, new: str) -> bool:
    """Whether two versions of the code, by fingerprint, are known to make this table alike.

    Of a table that a script trains, see ``tools/table_probes.py``; as :func:`same`.
    """
    return any(p.code == new for p in _chains(_of_tables().get(name, []), old))


def probed_tables() -> Table:
    """Probes of tables that scripts train, by code, table and machine."""
    return Table(results_folder().parent / "table_probes.json")


@cache
def _of_tables() -> dict[str, list[_Probe]]:
    return _by_cell(probed_tables())


class _Probe(NamedTuple):
    """One of a cell; ``machine``: see :func:`arithmetic`, empty where it was not recorded."""

    key: str
    code: str
    machine: str
    numbers: tuple[float, ...]


def _chains(probes: list[_Probe], old: str) -> dict[_Probe, _Probe | None]:
    """Every probe that agrees with code ``old``, nearest first, and the one by which it does."""
    found: dict[_Probe, _Probe | None] = {p: None for p in probes if p.code == old}
    waiting = list(found)
    while waiting:
        one = waiting.pop(0)
        for p in probes:
            alike = one.machine == p.machine and agree(one.numbers, p.numbers)
            if p not in found and (p.code == one.code or alike):
                found[p] = one
                waiting.append(p)
    return found


def _by_cell(table: Table) -> dict[str, list[_Probe]]:
    found: dict[str, list[_Probe]] = {}
    for key, row in table.rows.items():
        code, cell, *machine = key.split("-")
        probe = _Probe(key, code, "".join(machine), tuple(row.values["numbers"]))
        found.setdefault(cell, []).append(probe)
    return found


@cache
def _stored() -> dict[str, list[_Probe]]:
    return _by_cell(_table())


@cache
def arithmetic() -> str:
    """Names this machine by how it rounds; two that do alike, bit for bit, are one."""
    generator, bits = torch.Generator().manual_seed(0), 0
    with threads_limited(1):
        for dtype in (torch.float32, torch.float64):
            x = torch.randn(640, 64, generator=generator, dtype=dtype)
            a = torch.randn(64, 64, generator=generator, dtype=dtype)
            for _ in range(10):
                x = torch.tanh(x @ a) + x.exp().log1p() - x.sin().mean(0)
            for part in (x, x.square().sum(1), *torch.linalg.eigh(x.T @ x)):
                bits = zlib.crc32(part.contiguous().numpy().tobytes(), bits)
    return f"{bits:08x}"


def _table() -> Table:
    """Beside the stored results, of which it is none; most versions of the code agree."""
    return Table(results_folder().parent / "probes.json", once="numbers")


def _short(spec: Spec) -> Spec:
    steps = max(STEPS, getattr(spec.kind, "settles_after", 0))
    return spec.with_(seed=0, steps=steps, warmup=5)


class _Kind(NamedTuple):
    """Runs of a study that differ by their seed: what code trained those that are stored.

    ``awaited``: rows are missing or stale in the study; earlier code may be making them elsewhere.
    """

    study: str
    short: Spec
    codes: set[str]
    awaited: bool


def _kinds() -> Iterator[_Kind]:
    """Every kind of run of every study."""
    for study in STUDIES:
        rows, runs = Table.named(study).rows, study_runs(study)
        awaited = not all(
            _is_fresh(rows.get(row_key(folder)), spec) for folder, spec in runs.items()
        )
        kinds: dict[str, _Kind] = {}
        for folder, spec in runs.items():
            short, row = _short(spec), rows.get(row_key(folder))
            kind = kinds.setdefault(short.fingerprint(), _Kind(study, short, set(), awaited))
            if row and row.origin.code and row.origin.spec == spec.fingerprint():
                kind.codes.add(row.origin.code)
        yield from kinds.values()


def _is_fresh(row: Row | None, spec: Spec) -> bool:
    if row is None or row.origin.spec != spec.fingerprint():
        return False
    code = code_behind(spec)
    return row.origin.code == code or same(row.origin.code, code, spec)


def main(studies: Iterable[str] = (), quiet: bool = False) -> list[str]:
    """Make the probes that today's code lacks, drop those of code that no row is or will be of.

    Every one is on disk once it is made, whatever becomes of the next.

    Args:
        studies: of which every kind of run is probed, also where no row is stored.
        quiet: no progress bar.

    Returns:
        A line for every probe that cannot be made here.
    """
    table, kept, missing, lost = _table(), [], [], []
    there = _by_cell(table)
    for kind in _kinds():
        cell, asked = kind.short.fingerprint(), kind.study in studies
        probes = there.get(cell, [])
        if kind.awaited:
            kept += [p.key for p in probes]
        if not (kind.codes or asked):
            continue
        now = code_behind(kind.short)
        here = f"{now}-{cell}-{arithmetic()}"
        kept += [here, *_needed(probes, kind.codes, now)]
        if here not in table.rows and (asked or now in kind.codes or probes):
            missing.append((here, kind.short))
    with progress(len(missing), "probe", quiet=quiet) as bar:
        for key, short in missing:
            code, origin = key.split("-")[0], collect(torch.device("cpu"))
            values: dict = {"problem": short.problem, "method": short.method}
            try:
                values["numbers"] = probe(short)
                table.put(key, values, recorded(origin, short.fingerprint(), code))
            except (MethodUnavailable, MemoryError) as error:
                lost.append(f"{short.problem}, {short.method}: {error}")
            bar.update()
    table.keep(kept)
    _stored.cache_clear()
    return lost


def _needed(probes: list[_Probe], codes: set[str], now: str) -> Iterator[str]:
    """Keys of the probes by which today's code agrees with what trained; of all, where it doesn't.

    For what agreed before the code that fails may agree with the one that mends it.
    """
    for old in codes:
        chains = _chains(probes, old)
        step = next((p for p in chains if p.code == now), None)
        yield from (p.key for p in chains if step is None or p.code == old)
        while step:
            yield step.key
            step = chains[step]


def _arguments() -> dict:
    parser = argparse.ArgumentParser(prog="python -m hrgradlib.experiments.probes")
    parser.add_argument(
        "--study", action="append", default=[], choices=list(STUDIES), dest="studies"
    )
    parser.add_argument("--quiet", action="store_true")
    return vars(parser.parse_args())


if __name__ == "__main__":
    if failed := main(**_arguments()):
        sys.exit("\n".join(failed))
