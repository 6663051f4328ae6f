"""Reference solutions on disk: computed once, found again by what they are made of.

The key is a hash of the parameters and of the source text of the modules that compute the arrays:
a solver that changes never meets its old results. One entry is ``<name>-<key>.npz`` with the
arrays and ``<name>-<key>.json`` with parameters and provenance, in ``<home>/cache/reference``.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hrgradlib._files import write_atomically, write_json
from hrgradlib.paths import home
from hrgradlib.provenance import collect

__all__ = ["cache_dir", "cache_key", "cached"]

_DAMAGED = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


def cached(
    name: str,
    parameters: Mapping[str, object],
    compute: Callable[[], Mapping[str, NDArray]],
    modules: Sequence[ModuleType],
) -> dict[str, NDArray]:
    """The arrays that ``compute()`` returns, from disk if they were computed before.

    A damaged or foreign file is computed again and replaced. Where nothing can be written (a
    read-only folder, a full disk) the arrays are returned all the same.

    Args:
        name: short name of what is stored; part of the key and of the file name.
        parameters: everything that the result depends on, JSON-able (tuples read as lists; floats
            enter with all digits).
        compute: called without arguments on a miss; a mapping of arrays.
        modules: modules whose source text belongs to the key, such as
            ``[sys.modules[__name__]]``.

    Returns:
        New arrays by name.

    Raises:
        ValueError: ``compute`` returned an array of objects.
    """
    key = cache_key(name, parameters, modules)
    path = cache_dir() / f"{name}-{key[:20]}.npz"
    with suppress(*_DAMAGED), path.open("rb") as file, np.load(file) as stored:
        if str(stored["_key"]) == key:
            return {k: stored[k] for k in stored.files if k != "_key"}  # every checksum is read
    arrays = {k: np.asarray(v) for k, v in compute().items()}
    if objects := [k for k, v in arrays.items() if v.dtype.hasobject]:
        raise ValueError(f"cached: found arrays of objects {objects}; expected numbers or text.")
    with suppress(OSError):
        _store(path, key, dict(parameters), arrays)
    return arrays


def cache_dir() -> Path:
    """Where the entries are; nothing is lost by deleting it."""
    return home() / "cache" / "reference"


def cache_key(name: str, parameters: Mapping[str, object], modules: Sequence[ModuleType]) -> str:
    """Hash, in hexadecimal, of the name, the parameters and the modules' source text."""
    sources = {m.__name__: Path(str(m.__file__)).read_text(encoding="utf-8") for m in modules}
    content = json.dumps([name, dict(parameters), sources], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _store(path: Path, key: str, parameters: dict, arrays: dict[str, NDArray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"key": key, "parameters": parameters, "provenance": collect()}
    write_json(path.with_suffix(".json"), record)
    write_atomically(path, lambda p: _savez(p, arrays | {"_key": np.asarray(key)}))


def _savez(path: Path, arrays: dict[str, NDArray]) -> None:
    with path.open("wb") as stream:  # a name without .npz would be changed by savez
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # no array is allow_pickle
