"""One run: train, judge against the reference, write a folder that explains itself."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from hrgradlib import provenance
from hrgradlib._files import remove_parts, write_json
from hrgradlib._system.interrupt import Interrupts
from hrgradlib._system.lock import LOCK, FolderInUse, locked
from hrgradlib._system.threads import threads_limited
from hrgradlib.experiments import folder as store
from hrgradlib.experiments.collocation import collocation
from hrgradlib.experiments.folder import FolderError, MissingFile, is_finished
from hrgradlib.experiments.scaling import residuals
from hrgradlib.experiments.segmentation import task_sizes
from hrgradlib.experiments.sizes import check_network, check_step, components
from hrgradlib.experiments.sources import code_fingerprint
from hrgradlib.experiments.specs import Spec
from hrgradlib.optim import AXES
from hrgradlib.paths import home
from hrgradlib.training.loop import (
    Interrupted,
    Schedule,
    Tasks,
    TrainingFailed,
    TrainingState,
    train,
)
from hrgradlib.training.methods import Method
from hrgradlib.training.schedules import SCHEDULES

__all__ = [
    "RunError",
    "WriteError",
    "begin",
    "choose_device",
    "code_behind",
    "fresh",
    "is_finished",
    "run",
    "run_folder",
]

# What a run has written before its first checkpoint: no training is lost with it.
_BEGUN = {"spec.json", "provenance.json", "result.json"}


class RunError(RuntimeError):
    """A run cannot start: its folder or its device is not as asked."""


class WriteError(RuntimeError):
    """A file of the run cannot be written; what was written before is whole."""


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda`` to a device that exists.

    Raises:
        RunError: another name, or CUDA where PyTorch sees none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise RunError(f"unknown device {name!r}; expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise RunError("device cuda was asked for, but PyTorch sees none; use cpu or auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def run_folder(spec: Spec, label: str = "") -> Path:
    """Where the book keeps a run: ``runs/<profile>/<problem>/<method>[-label]-<seed>``."""
    name = "-".join(part for part in (spec.method, label, f"s{spec.seed}") if part)
    return home() / "runs" / spec.profile / spec.problem / name


def code_behind(spec: Spec) -> str:
    """Fingerprint of the code that a run's numbers depend on: case, method, axis, loop, rate."""
    case, method, axis = type(spec.case), spec.kind, AXES[spec.axis].find
    parts = (case, method, axis, train, collocation, residuals, SCHEDULES[spec.schedule])
    return code_fingerprint(*(part.__module__ for part in parts))


def run(
    spec: Spec,
    folder: Path,
    device: str = "auto",
    resume: bool = False,
    quiet: bool = False,
    threads: int = 1,
) -> dict:
    """Train and judge.

    Args:
        spec: what to run.
        folder: new, empty, or left by a run before its first checkpoint, unless ``resume``.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: go on from the folder's checkpoint; return at once if it is finished and whole,
            and make again what is missing or damaged.
        quiet: no progress bar.
        threads: of the CPU; the bits depend on it, and on nothing else of the environment.

    Returns:
        The content of ``result.json``: errors by ε and t, their maximum, seconds, losses.

    Raises:
        RunError: the folder is in use or holds another run, or the device is missing.
        SpecError, TooLarge: it is certain to fail; nothing was written.
        WriteError: a file cannot be written.
        Interrupted: SIGINT or SIGTERM arrived.
        CheckpointError: the checkpoint is unreadable or belongs to another run.
        TrainingFailed: see :func:`hrgradlib.training.loop.train`; or an error is not finite.
    """  # noqa: DOC502
    chosen = choose_device(device)
    with threads_limited(threads), _stoppable() as moment:
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder} exists and is a file; choose another folder")
        if resume and is_finished(folder, spec):
            return store.read_result(folder)
        check_network(spec, chosen)
        method = _build(spec, chosen, quiet)
        with _held(folder):
            _claim(folder, spec, resume)
            try:
                return _run(spec, folder, method, quiet, moment)
            except OSError as error:
                raise WriteError(
                    f"{folder} cannot be written ({error.strerror or error}); what it holds is "
                    "whole: make room and use --resume"
                ) from error


def begin(spec: Spec, device: torch.device) -> tuple[Method, Tasks]:
    """A run's method around its fresh network, and what it is to learn; nothing is written.

    Raises:
        TooLarge: a step does not fit into the memory that is free.
    """  # noqa: DOC502
    method = _build(spec, device, quiet=True)
    return method, _tasks(spec, method.model, device)


def _build(spec: Spec, device: torch.device, quiet: bool) -> Method:
    """The method around its network, once it is known that a step fits."""
    model = spec.build_model().to(device)
    method = spec.kind(model, spec.settings)
    sizes, parts = task_sizes(spec), components(spec, model)
    check_step(method, sizes, parts, device)
    if method.needs == "jacobian" and not quiet:
        rows, n = sum(sizes) * parts, sum(p.numel() for p in model.parameters())
        size = method.step_bytes(sizes, parts) / 2**20
        print(
            f"Gauss–Newton: {rows} residuals x {n} parameters, {size:.0f} MiB a step",
            file=sys.stderr,
        )
    return method


def _run(spec: Spec, folder: Path, method: Method, quiet: bool, moment: list[str]) -> dict:
    """Everything between the claim of a folder and its last file."""
    model, owner = method.model, spec.fingerprint()
    device = next(model.parameters()).device
    write_json(folder / "spec.json", spec.to_dict())
    (folder / "result.json").unlink(missing_ok=True)
    origin = provenance.collect(device) | {"code": code_behind(spec)}
    write_json(folder / "provenance.json", origin)
    generator = torch.Generator().manual_seed(spec.seed)
    state = TrainingState(model, method, generator, folder / store.CHECKPOINT, owner)
    state.restore()
    try:
        moment[:] = ["stopped at once; use --resume to go on from the last checkpoint"]
        train(state, _tasks(spec, model, device), _schedule(spec), _watch(spec, model), quiet)
        moment[:] = ["stopped while the errors were measured; use --resume"]
        result = _judge(spec, model, state)
    except TrainingFailed as failure:
        store.write_failure(folder, owner, str(failure))
        raise
    return store.write_result(folder, owner, model.state_dict(), state.records.arrays(), result)


def _tasks(spec: Spec, model: nn.Module, device: torch.device) -> Tasks:
    return Tasks(
        residuals(spec),
        lambda generator: collocation(spec, model, generator, device),
        task_sizes(spec),
    )


def _schedule(spec: Spec) -> Schedule:
    return SCHEDULES[spec.schedule](spec.steps, spec.lr, spec.warmup, spec.hold)


def _watch(spec: Spec, model: nn.Module):
    return lambda: spec.case.errors(model).max(0)


def _judge(spec: Spec, model: nn.Module, state: TrainingState) -> dict:
    """Errors against the reference, and what is quoted of the records."""
    case = spec.case
    by_quantity = case.errors(model)
    errors = by_quantity.max(0)
    dense = case.judged_eps(spec.profile)
    judged = case.errors(model, dense).max(0)
    if not (np.isfinite(errors).all() and np.isfinite(judged).all()):
        raise TrainingFailed("the trained network is not finite at the points of the reference")
    # Means over the last tenth: the loss of one batch is noise.
    losses = state.records.values["losses"].array()
    tail = max(1, len(losses) // 10)
    return {
        "fingerprint": spec.fingerprint(),
        "eps": list(case.problem.eval_eps),
        "times": list(case.problem.eval_times),
        "errors": errors.tolist(),
        "quantities": dict(zip(case.quantities, by_quantity.tolist(), strict=True)),
        "judged": {"eps": list(dense), "errors": judged.tolist()},
        "max_error": float(judged.max()),
        "final_error": float(judged[:, -1].max()),
        "limit": case.limit_errors(model),
        "mean_error": float(np.exp(np.log(judged.max(1)).mean())),
        "seconds": state.seconds,
        "losses": losses[-tail:].mean(0).tolist(),
    }


@contextmanager
def _stoppable() -> Iterator[list[str]]:
    """Turn a signal into :class:`Interrupted`, with what the list says of the moment."""
    moment = ["stopped before the first step; the same command starts again"]
    try:
        with Interrupts() as interrupts, interrupts.at_once():
            yield moment
    except KeyboardInterrupt:
        raise Interrupted(moment[0]) from None


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this process alone."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder))
        except OSError as error:
            raise RunError(f"{folder} cannot be used ({error.strerror})") from error
        except FolderInUse as error:
            raise RunError(str(error)) from error
        yield


def _claim(folder: Path, spec: Spec, resume: bool) -> None:
    """Leave in the folder only what the run may go on from.

    Raises:
        RunError: it holds something else.
    """
    remove_parts(folder)
    names = {path.name for path in folder.iterdir()} - {LOCK}
    if resume:
        _check_same(folder, spec, names)
    elif names and not _only_begun(folder, names):
        raise RunError(f"{folder} exists and is not empty; choose another, or pass --resume")
    else:
        (folder / "result.json").unlink(missing_ok=True)


def _only_begun(folder: Path, names: set[str]) -> bool:
    """Whether all there is was left by a run that ended before its first checkpoint."""
    try:
        store.read_spec(folder)
        if "result.json" in names:
            store.read_result(folder)
    except store.RunFailed:
        return names <= _BEGUN
    except FolderError:
        return False
    return names <= _BEGUN - {"result.json"}


def _check_same(folder: Path, spec: Spec, names: set[str]) -> None:
    """Whatever whole file says whose the folder is decides; the others are made again."""
    owner = store.owner_of(folder)
    try:
        owner = owner or store.read_spec(folder).fingerprint()
    except MissingFile as error:
        if names and not store.has_checkpoint(folder, spec):
            raise RunError(
                f"{folder} is not empty and holds no run to resume; choose another"
            ) from error
        return
    except FolderError as error:
        if not store.has_checkpoint(folder, spec):
            raise RunError(f"{folder}: {error}; choose another folder") from error
        return
    if owner != spec.fingerprint():
        raise RunError(
            f"{folder} holds a run with another specification; "
            "resume with the options it was started with"
        )


def in_use(folder: Path) -> bool:
    """Whether another process works in a folder, which exists."""
    try:
        with locked(folder):
            return False
    except FolderInUse:
        return True


def fresh(folder: Path) -> Path:
    """The folder, emptied of an unfinished or outdated run.

    Raises:
        RunError: another process works in it.
    """  # noqa: DOC502
    if folder.exists():
        old = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        with _held(folder):
            folder.rename(old)  # at once, so that nobody finds half of it
        shutil.rmtree(old)
    return folder
