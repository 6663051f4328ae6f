"""A progress bar on stderr, if one is wanted and there is what draws it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

__all__ = ["progress"]


class _NoBar(AbstractContextManager):
    def __exit__(self, *error: object) -> None:
        return None

    def update(self, count: int = 1) -> None:
        """Nothing to show."""

    def set_postfix(self, refresh: bool = True, **numbers: object) -> None:
        """Nothing to show."""


def progress(
    total: int,
    unit: str,
    initial: int = 0,
    title: str | None = None,
    quiet: bool = False,
    delay: float = 0.0,
):
    """A context with ``update(count)`` and ``set_postfix(**numbers)``, as tqdm's.

    Args:
        total, initial: what there is to do, and what of it is done.
        unit: what is counted.
        title: shown before the bar.
        quiet: show nothing.
        delay: seconds before anything is shown, and then on a terminal alone: what only a slow
            machine shows has no place in a log or on a page.
    """
    try:
        from tqdm import tqdm  # of the extra `run`: networks are read and evaluated without
    except ModuleNotFoundError:
        return _NoBar()
    return tqdm(
        total=total,
        initial=initial,
        disable=True if quiet else None if delay else False,  # None: unless it is a terminal
        file=sys.stderr,
        unit=unit,
        mininterval=0.5,
        desc=title,
        delay=delay,
    )
