"""Sets of runs, a process and a folder for each."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path

from tqdm import tqdm

from hrgradlib.experiments._children import run_each
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.folder import (
    FolderError,
    RunFailed,
    has_checkpoint,
    read_result,
    read_spec,
)
from hrgradlib.experiments.runner import code_behind, fresh, in_use, is_finished, run_folder
from hrgradlib.experiments.specs import SETTINGS, Spec, make_spec

__all__ = ["CampaignError", "book_runs", "has_ended", "run_all", "train_each"]


class CampaignError(RuntimeError):
    """A run of the set failed."""


def book_runs(profile: str, problem: str | None = None) -> dict[Path, Spec]:
    """Every run that a chapter reads (of one problem), by folder; a case says which."""
    specs = {}
    for case in CASES.values() if problem is None else [CASES[problem]]:
        for seed in case.reported_seeds[: case.shown_seeds]:
            for shown in case.book:
                spec = make_spec(case.name, shown.method, profile, seed)
                spec = spec.with_(steps=round(shown.longer * spec.steps))
                specs[run_folder(spec, shown.label)] = spec
    return specs


def run_all(runs: dict[Path, Spec], device: str, jobs: int, quiet: bool) -> int:
    """Train what is not finished, ``jobs`` at a time; returns how many were trained.

    Raises:
        CampaignError: runs that failed, with the last line each of them printed.
    """
    missing = {f: s for f, s in runs.items() if not is_finished(f, s)}
    failures = [
        f"{folder.name}: {words}"
        for folder, words in train_each(missing, device, jobs, quiet)
        if words
    ]
    if failures:
        raise CampaignError("; ".join(failures))
    return len(missing)


def train_each(
    runs: dict[Path, Spec], device: str, jobs: int, quiet: bool
) -> Generator[tuple[Path, str], None, None]:
    """Train them all, ``jobs`` at a time; yields each folder when its run has ended.

    With it come the last words of a run that failed, else an empty text. A run goes on from its
    checkpoint if that is of this specification and this code; what else a folder holds is removed.
    Runs that another process took first are waited for.
    """
    bar = tqdm(total=len(runs), disable=quiet or not runs, unit="run", file=sys.stderr)
    waiting = dict(runs)
    with bar:
        while waiting:
            commands = {f: partial(_command, f, spec, device) for f, spec in waiting.items()}
            taken = {}
            # One thread each, NumPy's matrix products too: runs share the cores, and the timing.
            with closing(run_each(commands, jobs, OMP_NUM_THREADS="1")) as finished:
                for folder, ended in finished:
                    if ended.code and _is_elsewhere(folder, runs[folder]):
                        taken[folder] = runs[folder]
                        continue
                    bar.update()
                    yield folder, ended.words if ended.code else ""
            waiting = taken


def _is_elsewhere(folder: Path, spec: Spec) -> bool:
    """Whether another process trains the run, or has just done so."""
    return folder.exists() and in_use(folder) or is_finished(folder, spec) and is_of(folder, spec)


def _command(folder: Path, spec: Spec, device: str) -> list[str] | None:
    """One run as a process of its own; nothing if it is done, None while another trains it."""
    if folder.exists() and in_use(folder):
        return None
    if is_finished(folder, spec) and is_of(folder, spec):
        return []
    resumable = has_checkpoint(folder, spec) and is_of(folder, spec)
    if not resumable:
        fresh(folder)
    names = {name: getattr(spec, name) for name in ("method", "profile", "seed")}
    options = names | {"device": device, "out": folder}
    return [
        *(sys.executable, "-m", "hrgradlib.cli", "run", spec.problem, "--quiet"),
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
        *_flags(spec),
        *["--resume"] * resumable,
    ]


def _flags(spec: Spec) -> list[str]:
    """Every setting of a specification as arguments of ``hrgrad run``."""
    flags = []
    for name, kind in SETTINGS.items():
        value, flag = getattr(spec, name), f"--{name.replace('_', '-')}"
        flags += [flag] * value if kind is bool else [flag, str(value)]
    return flags


def is_of(folder: Path, spec: Spec) -> bool:
    """Whether what a folder holds was made with this specification, by the code as it is now."""
    try:
        made_by = json.loads((folder / "provenance.json").read_bytes())
        return read_spec(folder) == spec and made_by.get("code") == code_behind(spec)
    except (OSError, ValueError, AttributeError):
        return False


def has_ended(folder: Path, spec: Spec) -> bool:
    """Whether it holds a whole result of this specification and code, of a failed run too."""
    if not is_of(folder, spec):
        return False
    try:
        read_result(folder)
    except RunFailed:
        return True
    except FolderError:
        return False
    return is_finished(folder, spec)
