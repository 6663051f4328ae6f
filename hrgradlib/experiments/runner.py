"""One run: train, judge against the reference, write a folder that explains itself.

A finished folder holds ``spec.json``, ``provenance.json``, ``model.pt``, ``records.npz`` and, last
of all, ``result.json``: a folder without it is unfinished and can be resumed.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch

from hrgradlib import provenance
from hrgradlib._files import write_atomically, write_json
from hrgradlib.experiments.collocation import collocation, sample
from hrgradlib.experiments.specs import Spec
from hrgradlib.optim import jacobian_bytes
from hrgradlib.paths import home
from hrgradlib.training.loop import TrainingFailed, train

__all__ = ["RunError", "choose_device", "is_finished", "run", "run_folder"]


class RunError(RuntimeError):
    """A run cannot start: its folder or its device is not as asked."""


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda`` to a device that exists."""
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


def is_finished(folder: Path, spec: Spec | None = None) -> bool:
    """Whether the folder holds a finished run (of this specification, if given)."""
    try:
        found = json.loads((folder / "result.json").read_text())
    except (OSError, json.JSONDecodeError):
        return False
    return spec is None or found.get("fingerprint") == spec.fingerprint()


def run(
    spec: Spec, folder: Path, device: str = "auto", resume: bool = False, quiet: bool = False
) -> dict:
    """Train and judge.

    Args:
        spec: what to run.
        folder: new or empty, unless ``resume``.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: go on from the folder's checkpoint; return at once if it is finished.
        quiet: no progress bar.

    Returns:
        The content of ``result.json``: errors by ε and t, their maximum, seconds, losses.

    Raises:
        RunError: the folder is in use, damaged or holds another run, or the device is missing.
        Interrupted, CheckpointError, TrainingFailed: see :func:`hrgradlib.training.loop.train`.
    """
    chosen = choose_device(device)
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not resume)):
        raise RunError(f"{folder} exists and is not empty; choose another, or pass --resume")
    if resume and is_finished(folder, spec):
        result = json.loads((folder / "result.json").read_text())
        if "failed" in result:
            raise TrainingFailed(result["failed"])
        return result
    _claim(folder, spec, resume)
    write_json(folder / "provenance.json", provenance.collect(chosen))

    case, model = spec.case, spec.build_model().to(chosen)
    method = spec.kind(model, spec.settings)
    if method.needs == "jacobian" and not quiet:
        print(_memory(spec, model), file=sys.stderr)
    try:
        records, seconds = train(
            model,
            method,
            case.residuals(spec),
            lambda generator: collocation(spec, model, generator, chosen),
            case.task_sizes(spec),
            steps=spec.steps,
            lr=spec.lr,
            warmup=spec.warmup,
            hold=spec.hold,
            seed=spec.seed,
            fingerprint=spec.fingerprint(),
            checkpoint=folder / "checkpoint.pt",
            resume=resume,
            quiet=quiet,
            watch=lambda: case.errors(model).max(0),
        )
    except TrainingFailed as failure:
        write_json(
            folder / "result.json",
            {"fingerprint": spec.fingerprint(), "failed": str(failure), "max_error": None},
        )
        raise
    return _finish(folder, spec, model, records.arrays(), seconds)


def _memory(spec: Spec, model: torch.nn.Module) -> str:
    """What a step in the Gauss–Newton metric will take, before any is taken."""
    device = next(model.parameters()).device
    one = [p[:1] for p in sample(spec, torch.Generator().manual_seed(0), device)]
    with torch.no_grad():
        parts = spec.case.residuals(spec)(model, *one).shape[1]
    rows, n = sum(spec.case.task_sizes(spec)) * parts, sum(p.numel() for p in model.parameters())
    size = jacobian_bytes(rows, n, next(model.parameters()).dtype)
    return f"Gauss–Newton: {rows} residuals x {n} parameters, {size / 2**20:.0f} MiB a step"


def _claim(folder: Path, spec: Spec, resume: bool) -> None:
    path = folder / "spec.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except OSError as error:
        raise RunError(f"{folder} cannot be used ({error.strerror})") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged; choose another folder") from error
    if resume and found is None and any(folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run to resume; choose another")
    if resume and found not in (None, spec.to_dict()):
        raise RunError(
            f"{folder} holds a run with another specification; "
            "resume with the options it was started with"
        )
    write_json(path, spec.to_dict())


def _finish(folder: Path, spec: Spec, model, arrays: dict, seconds: float) -> dict:
    case = spec.case
    by_quantity = case.errors(model)
    errors = by_quantity.max(0)
    write_atomically(folder / "model.pt", lambda p: torch.save(model.state_dict(), p))
    write_atomically(folder / "records.npz", lambda p: _savez(p, arrays))
    # Means over the last tenth: the loss of one batch is noise.
    tail = max(1, len(arrays["losses"]) // 10)
    result = {
        "fingerprint": spec.fingerprint(),
        "eps": list(case.problem.eval_eps),
        "times": list(case.problem.eval_times),
        "errors": errors.tolist(),
        "quantities": dict(zip(case.quantities, by_quantity.tolist(), strict=True)),
        "max_error": float(errors.max()),
        "final_error": float(errors[:, -1].max()),
        "limit": case.limit_errors(model),
        "mean_error": float(np.exp(np.log(errors.max(1)).mean())),
        "seconds": seconds,
        "losses": arrays["losses"][-tail:].mean(0).tolist(),
    }
    write_json(folder / "result.json", result)
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return result


def _savez(path: Path, arrays: dict) -> None:
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def fresh(folder: Path) -> Path:
    """The folder, emptied of an unfinished or outdated run."""
    if folder.exists():
        shutil.rmtree(folder)
    return folder
