"""Files that are either complete or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["remove_parts", "write_atomically", "write_bytes", "write_json"]


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside ``path``, then rename: a kill leaves the old file or the new one.

    The name of the unfinished file is the process's own, so that two of them may write at once.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """:func:`write_atomically` of bytes that are on the disk when this returns.

    Raises:
        OSError: they are not (the disk is full, the folder read-only); the old file is as it was.
    """  # noqa: DOC502

    def write(part: Path) -> None:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    write_atomically(path, write)


def write_json(path: Path, content: object) -> None:
    """:func:`write_atomically` of one JSON-able value, readable by people too."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode())


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed have left; only where no other writer is at work."""
    for part in folder.glob("*.[0-9]*.part"):
        part.unlink(missing_ok=True)
