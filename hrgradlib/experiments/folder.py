"""The folder of a run: what lies in it, whose it is, and whether it is whole.

A finished folder holds ``spec.json``, ``provenance.json``, ``model.pt``, ``records.npz`` and, last
of all, ``result.json``, which lists the checksums of the others and carries its own: a folder
without it is unfinished. Folders of earlier versions have no checksums, and lack the settings that
came later; they are read as they are, with the values that such a setting had before it was one.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib._files import write_bytes, write_json
from hrgradlib._system.seal import SealError, opened, sealed
from hrgradlib.experiments.specs import Spec, SpecError

__all__ = [
    "CHECKPOINT",
    "FolderError",
    "MissingFile",
    "RunFailed",
    "damaged",
    "has_checkpoint",
    "is_finished",
    "owner_of",
    "read_identity",
    "read_records",
    "read_result",
    "read_spec",
    "read_weights",
    "write_failure",
    "write_result",
]

CHECKPOINT = "checkpoint.pt"
FILES = ("spec.json", "provenance.json", "model.pt", "records.npz")


class FolderError(ValueError):
    """A file of a run is damaged, or another run's."""


class MissingFile(FolderError, FileNotFoundError):
    """A file of a finished run is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.parent} holds no finished run: no {path.name}")
        self.name = path.name


class RunFailed(FolderError):
    """The run ended in a failure and has no network to show."""


def read_spec(folder: Path) -> Spec:
    """How the run was trained; a setting that came later has the value it had before it was one.

    Raises:
        MissingFile: there is no ``spec.json``.
        FolderError: it is not a specification.
    """  # noqa: DOC502
    raw = _read_json(folder / "spec.json")
    known = {f.name: f for f in fields(Spec)}
    needed = {name for name, f in known.items() if f.default is MISSING}
    if unknown := sorted(raw.keys() - known):
        raise FolderError(f"spec.json has settings that this version does not know: {unknown}")
    if lacking := sorted(needed - raw.keys()):
        raise FolderError(f"spec.json is damaged: it lacks {lacking}")
    try:
        return Spec(**raw).with_()
    except (SpecError, TypeError, KeyError) as error:
        raise FolderError(f"spec.json is damaged: {error}") from error


def read_result(folder: Path) -> dict:
    """The content of ``result.json``.

    Raises:
        MissingFile: there is none.
        RunFailed: it says that the run failed.
        FolderError: it is damaged.
    """  # noqa: DOC502
    result = _stored_result(folder)
    if "failed" in result:
        raise RunFailed(f"{folder} holds a run that failed: {result['failed']}")
    return result


def read_identity(folder: Path) -> tuple[Spec, dict]:
    """Specification and result of a finished run, which belong together.

    Raises:
        FolderError: as in :func:`read_spec` and :func:`read_result`; or they are of two runs.
    """
    spec, result = read_spec(folder), read_result(folder)
    if result.get("fingerprint", spec.fingerprint()) != spec.fingerprint():
        raise FolderError("spec.json is damaged, or result.json is another run's: they do not fit")
    return spec, result


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The trained parameters and buffers by name, on the CPU.

    Raises:
        FolderError: the run is not finished, or its file damaged or another run's.
    """
    content = io.BytesIO(_whole(folder, "model.pt"))
    try:
        return torch.load(content, weights_only=True, map_location="cpu")
    except Exception as error:  # many kinds, for bytes that nobody meant as weights
        raise FolderError(f"model.pt is damaged ({type(error).__name__})") from error


def read_records(folder: Path) -> dict[str, NDArray]:
    """Arrays by name, see :class:`hrgradlib.training.state.Records`.

    Raises:
        FolderError: the run is not finished, or its file damaged or another run's.
    """
    content = io.BytesIO(_whole(folder, "records.npz"))
    try:
        with np.load(content) as stored:
            records = dict(stored)
    except Exception as error:
        raise FolderError(f"records.npz is damaged ({type(error).__name__})") from error
    if strange := [n for n, a in records.items() if not isinstance(a, np.ndarray)]:
        raise FolderError(f"records.npz is damaged (it holds {strange}, which are no arrays)")
    return records


def write_result(
    folder: Path, owner: str, weights: dict[str, Tensor], arrays: dict[str, NDArray], result: dict
) -> dict:
    """Finish a folder that holds specification and provenance; returns what was written last.

    Raises:
        OSError: a file cannot be written; the folder is unfinished as before.
    """  # noqa: DOC502
    model, records = io.BytesIO(), io.BytesIO()
    torch.save(weights, model)
    np.savez_compressed(records, **arrays)  # type: ignore[arg-type] # none is named allow_pickle
    write_bytes(folder / "model.pt", sealed(model.getvalue(), owner))
    write_bytes(folder / "records.npz", sealed(records.getvalue(), owner))
    result = result | {"files": {name: _sha256((folder / name).read_bytes()) for name in FILES}}
    result |= {"sha256": _own_digest(result)}
    write_json(folder / "result.json", result)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return result


def write_failure(folder: Path, owner: str, reason: str) -> None:
    """Say in ``result.json`` that the run failed, and why."""
    result: dict = {"fingerprint": owner, "failed": reason, "max_error": None, "files": {}}
    write_json(folder / "result.json", result | {"sha256": _own_digest(result)})


def damaged(folder: Path, spec: Spec) -> list[str]:
    """Names of the files that keep the folder from being a finished run of this specification."""
    checks = {
        "result.json": _check_result,
        "spec.json": _check_spec,
        "provenance.json": lambda folder, spec: _whole(folder, "provenance.json"),
        "model.pt": lambda folder, spec: read_weights(folder),
        "records.npz": lambda folder, spec: read_records(folder),
    }
    found = []
    for name, check in checks.items():
        try:
            check(folder, spec)
        except FolderError:
            found.append(name)
    return found


def is_finished(folder: Path, spec: Spec) -> bool:
    """Whether the folder holds a whole run of this specification that did not fail."""
    return not damaged(folder, spec)


def owner_of(folder: Path) -> str | None:
    """Fingerprint of the run that ``result.json`` is of, if it is whole."""
    try:
        return _stored_result(folder).get("fingerprint")
    except FolderError:
        return None


def has_checkpoint(folder: Path, spec: Spec) -> bool:
    """Whether a whole checkpoint of this specification is there."""
    try:
        opened((folder / CHECKPOINT).read_bytes(), spec.fingerprint())
    except (OSError, SealError):
        return False
    return True


def _check_result(folder: Path, spec: Spec) -> None:
    if read_result(folder).get("fingerprint") != spec.fingerprint():
        raise FolderError("result.json belongs to another run")


def _check_spec(folder: Path, spec: Spec) -> None:
    if read_spec(folder) != spec:
        raise FolderError("spec.json belongs to another run")


def _stored_result(folder: Path) -> dict:
    result = _read_json(folder / "result.json")
    checked = "sha256" in result or "files" in result
    if checked and result.get("sha256") != _own_digest(result):
        raise FolderError("result.json is damaged: it does not fit its checksum")
    return result


def _whole(folder: Path, name: str) -> bytes:
    """The bytes of a file, once they are found to be those that ``result.json`` lists."""
    result = read_result(folder)
    content = _read(folder / name)
    if "files" not in result:  # of an earlier version
        return content
    if _sha256(content) != result["files"].get(name):
        raise FolderError(f"{name} is damaged or another run's: it is not what result.json lists")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFile(path) from error
    except OSError as error:
        raise FolderError(f"{path.name} cannot be read ({error.strerror})") from error


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(_read(path).decode("utf-8"))
    except FolderError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise FolderError(f"{path.name} is damaged ({error})") from error
    if not isinstance(content, dict):
        raise FolderError(f"{path.name} is damaged: found {type(content).__name__}, not an object")
    return content


def _own_digest(result: dict) -> str:
    rest = {name: value for name, value in result.items() if name != "sha256"}
    return _sha256(json.dumps(rest, sort_keys=True).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
