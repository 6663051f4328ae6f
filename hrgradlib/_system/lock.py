"""One process at a time in a folder.

The lock is the system's own on an open file, so it ends with the process that holds it, however
that ends: a lock file that a kill left behind locks nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # no POSIX: folders are used unlocked
    fcntl = None

__all__ = ["LOCK", "FolderInUse", "locked"]

LOCK = "run.lock"


class FolderInUse(RuntimeError):
    """Another process works in the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, which exists; its lock file is gone afterwards.

    Raises:
        FolderInUse: another process (or thread) holds it.
        OSError: nothing can be written there.
    """  # noqa: DOC502
    path = folder / LOCK
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(descriptor, folder)
            if _is(descriptor, path):
                break
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder removed it while we waited for nothing: a new one
    with suppress(OSError):  # for the message of others; a full disk is reported by what matters
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode(errors="replace") or "unknown"
        raise FolderInUse(
            f"{folder} is in use by process {holder}; wait for it, or choose another folder"
        ) from None
    except OSError:  # a file system without locks, as some clusters have
        return


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
