"""SIGINT and SIGTERM: noted until a good moment, or honoured at once where nothing can be lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Interrupts", "leaving"]

_KINDS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def leaving(words: str, code: int) -> Iterator[None]:
    """End the process on SIGINT with a line and an exit code, wherever it is (main thread only).

    For a time in which nothing can be lost. Nothing is raised: libraries that are being loaded turn
    a ``KeyboardInterrupt`` into errors of their own, or print it.
    """

    def leave(number: int, frame: object) -> None:
        os.write(2, f"{words}\n".encode())
        os._exit(code)

    try:
        before = signal.signal(signal.SIGINT, leave)
    except ValueError:  # not the main thread: nothing to catch
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Interrupts:
    """A context that is true once a signal has come (main thread only).

    The first signal is noted; a second one, or any inside :meth:`at_once`, raises
    ``KeyboardInterrupt`` where it finds the program.
    """

    def __init__(self) -> None:
        self._came, self._at_once = False, False
        self._before: list = []

    def __enter__(self) -> Interrupts:
        try:
            self._before = [signal.signal(kind, self._note) for kind in _KINDS]
        except ValueError:  # not the main thread: nothing to catch
            self._before = []
        return self

    def __exit__(self, *error: object) -> None:
        for kind, handler in zip(_KINDS, self._before, strict=False):
            signal.signal(kind, handler)

    def __bool__(self) -> bool:
        return self._came

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise ``KeyboardInterrupt`` on a signal, or for one that came before."""
        self._at_once = True
        try:
            if self._came:
                raise KeyboardInterrupt
            yield
        finally:
            self._at_once = False

    def _note(self, number: int, frame: object) -> None:
        again, self._came = self._came, True
        if again or self._at_once:
            raise KeyboardInterrupt
