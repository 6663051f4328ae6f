"""Files that are either complete or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["write_atomically", "write_json"]


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


def write_json(path: Path, content: object) -> None:
    """:func:`write_atomically` of one JSON-able value, readable by people too."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
