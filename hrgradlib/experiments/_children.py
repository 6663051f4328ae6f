"""Processes that end with the one that started them, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

__all__ = ["Ended", "end_with_parent", "run_each"]

_PARENT = "HRGRAD_PARENT"  # in a child's environment: who started it
_PATIENCE = 30.0  # seconds for a checkpoint before a child is killed

Name = TypeVar("Name", bound=Hashable)


class Ended(NamedTuple):
    """How a process ended: its exit code, and the last line it wrote on stderr."""

    code: int
    words: str


class _Child(NamedTuple):
    process: subprocess.Popen
    stderr: Any


def run_each(
    commands: Mapping[Name, Callable[[], list[str] | None]], jobs: int, **environment: str
) -> Generator[tuple[Name, Ended], None, None]:
    """Run the commands, ``jobs`` at a time; yields each name when its process ends.

    Whatever ends the caller (an error, Ctrl-C, SIGTERM, which is raised as KeyboardInterrupt) ends
    the processes too, after their checkpoint, and starts no further ones; where it is killed
    outright they notice within a second (:func:`end_with_parent`).

    Args:
        commands: by name, what gives the arguments when its turn comes: an empty list if there is
            nothing to be done, None to be asked again later.
        jobs: processes at a time.
        environment: variables besides those of this process.
    """
    waiting = dict(commands)
    running: dict[Name, _Child] = {}
    environ = os.environ | environment | {_PARENT: str(os.getpid())}
    with _terminable():
        try:
            while waiting or running:
                for name, command in list(waiting.items()) if len(running) < jobs else ():
                    arguments = command() if len(running) < jobs else None
                    if arguments is not None:
                        del waiting[name]
                    if arguments:
                        running[name] = _start(arguments, environ)
                    elif arguments == []:
                        yield name, Ended(0, "")
                time.sleep(0.05 if running else 0.5)
                for name in [n for n, c in running.items() if c.process.poll() is not None]:
                    yield name, _ended(running.pop(name))
        finally:
            _stop(list(running.values()))


def _start(command: list[str], environ: dict[str, str]) -> _Child:
    stderr = tempfile.TemporaryFile()  # closed when its process has ended
    # A session of its own: Ctrl-C in the terminal reaches the child once, through its parent.
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=stderr, env=environ, start_new_session=True
    )
    return _Child(process, stderr)


def _ended(child: _Child) -> Ended:
    with child.stderr as stream:
        stream.seek(0)
        lines = stream.read().decode(errors="replace").strip().splitlines()
    code = child.process.returncode
    return Ended(code, lines[-1] if lines else f"exit code {code}")


def _stop(children: list[_Child]) -> None:
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + _PATIENCE
    try:
        for child in children:
            child.process.wait(max(0.0, deadline - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # no more patience
        for child in children:
            child.process.kill()
    for child in children:
        child.process.wait()
        child.stderr.close()


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM as KeyboardInterrupt (main thread only; elsewhere it keeps its meaning)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with_parent(patience: float = _PATIENCE) -> None:
    """In a process that :func:`run_each` started: end when its parent is gone.

    It is asked by SIGTERM, so that a training saves its checkpoint; after ``patience`` seconds it
    ends at once. In any other process: nothing.
    """
    started_by = os.environ.pop(_PARENT, "")
    if started_by:
        threading.Thread(target=_watch, args=(int(started_by), patience), daemon=True).start()


def _watch(parent: int, patience: float) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    sys.stderr.flush()
    os._exit(128 + signal.SIGTERM)
