"""Stored results: small tables that are their own checkpoint, every row with its origin.

A table is one JSON file with a line per row, replaced atomically whenever a row is put: a kill or
a full disk leaves what was there. Each row says which specification and which code made it, at
which commit, when, and on which machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from hrgradlib import provenance
from hrgradlib._files import write_bytes
from hrgradlib.experiments.sources import code_fingerprint
from hrgradlib.paths import results_folder

__all__ = ["Origin", "Row", "StoreError", "Table", "here", "names_read", "read", "recorded"]

_READ: set[str] = set()


class StoreError(RuntimeError):
    """A stored result is missing, damaged or cannot be made here."""


@dataclass(frozen=True)
class Origin:
    """Where a row comes from.

    Attributes:
        spec: fingerprint of the specification (what was asked for); empty where all of it is code.
        code: fingerprint of the code that made it; empty where it was not recorded.
        commit: of the checkout, with ``+`` if tracked files differed; several joined by "or"
            where it is not recorded which of them.
        time: when, ISO 8601 (to the day where no more is known).
        machine: versions, device, threads.
    """

    spec: str
    code: str
    commit: str
    time: str
    machine: Mapping[str, object]

    @property
    def unclean(self) -> bool:
        """Whether the tree had changes that no commit holds (or may have had)."""
        return "+" in self.commit


@dataclass(frozen=True)
class Row:
    """One result: its name in the table, what was found (JSON-able), where it comes from."""

    key: str
    values: dict
    origin: Origin


def here(
    spec: str = "", *, roots: Iterable[str | Path], device: str | torch.device = "cpu"
) -> Origin:
    """The origin of what this process finds.

    Args:
        spec: fingerprint of what was asked for.
        roots: modules whose code makes it, see :func:`code_fingerprint`.
        device: where tensors live.
    """
    return recorded(provenance.collect(device), spec, code_fingerprint(*roots))


def recorded(found: dict, spec: str, code: str) -> Origin:
    """The origin told by a record of :func:`hrgradlib.provenance.collect`."""
    kept = ("versions", "device", "device_name", "threads")
    machine = {name: found[name] for name in kept if name in found}
    return Origin(spec, code, found["commit"], found["time"], machine)


class Table:
    """A stored result; ``rows`` by key, in the order in which they were first put.

    Args:
        path: its file; a table without a file is empty.
        once: name of a value that many rows share: equal ones are written once. What is read is
            the same with and without.

    Raises:
        StoreError: the file is damaged.
    """

    def __init__(self, path: Path, once: str = "") -> None:
        self.path, self._once = path, once
        self.rows: dict[str, Row] = _load(path)

    @classmethod
    def named(cls, name: str, profile: str = "quick") -> Table:
        """The table of that name in the folder of the profile."""
        return cls(results_folder(profile) / f"{name}.json")

    def has(self, key: str, origin: Origin) -> bool:
        """Whether a row is there that this specification and this code made."""
        made = self.rows[key].origin if key in self.rows else None
        return made is not None and (made.spec, made.code) == (origin.spec, origin.code)

    def put(self, key: str, values: dict, origin: Origin) -> None:
        """Add or replace a row; it is on disk when this returns.

        Rows that another process has written meanwhile are kept.

        Raises:
            StoreError: the file cannot be written; the one before is intact.
        """  # noqa: DOC502 (raised by the writer)
        self.rows = _load(self.path) | {key: Row(key, values, origin)}
        self._write()

    def keep(self, keys: Iterable[str]) -> None:
        """Drop other rows (of cells that are no longer asked for), and take this order."""
        found = _load(self.path)
        self.rows = {key: found[key] for key in keys if key in found}
        if list(found) != list(self.rows):
            self._write()

    def _write(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, _text(self.rows, self._once).encode())
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}); what it held is intact"
            ) from error


def read(name: str) -> list[Row]:
    """Rows of a stored result that a page shows, see :func:`names_read`.

    Raises:
        StoreError: there is none.
    """
    _READ.add(name)
    rows = list(Table.named(name).rows.values())
    if not rows:
        raise StoreError(f"no stored result {name!r}; `hrgrad results {name}` makes it")
    return rows


def names_read() -> frozenset[str]:
    """Names of the results that this process has read, so that a page can name them."""
    return frozenset(_READ)


def _load(path: Path) -> dict[str, Row]:
    try:
        content = json.loads(path.read_bytes())
        machines, shared = content["machines"], content.get("shared", {})
        return {
            row["key"]: Row(
                row["key"],
                row["values"] | {name: shared[at] for name, at in row.get("shared", {}).items()},
                Origin(
                    **{name: row[name] for name in ("spec", "code", "commit", "time")},
                    machine=machines[row["machine"]],
                ),
            )
            for row in content["rows"]
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{path} is no table of results; restore it (git checkout) or move it away"
        ) from error


def _text(rows: Mapping[str, Row], once: str) -> str:
    """One line per row; machines, which are few, once each, and so the values named ``once``.

    These stand in the order of their hashes: a row more or less changes two lines at most.
    """
    machines: list[Mapping] = []
    shared: dict[str, str] = {}
    lines = []
    for row in rows.values():
        origin = row.origin
        if origin.machine not in machines:
            machines.append(origin.machine)
        values, elsewhere = dict(row.values), {}
        if once in values:
            text = _line(values.pop(once))
            at = hashlib.sha256(text.encode()).hexdigest()[:16]
            elsewhere, shared[at] = {"shared": {once: at}}, text
        line = {
            "key": row.key,
            "values": values,
            **elsewhere,
            "spec": origin.spec,
            "code": origin.code,
            "commit": origin.commit,
            "time": origin.time,
            "machine": machines.index(origin.machine),
        }
        lines.append(_line(line))
    parts = [f'"{at}": {shared[at]}' for at in sorted(shared)]
    return (
        '{\n"machines": [\n'
        + ",\n".join(map(_line, machines))
        + ('\n],\n"shared": {\n' + ",\n".join(parts) + "\n}" if parts else "\n]")
        + ',\n"rows": [\n'
        + ",\n".join(lines)
        + "\n]\n}\n"
    )


def _line(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
