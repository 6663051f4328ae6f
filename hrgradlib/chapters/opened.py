"""Which stored results and trained runs the statements of a page open.

Nobody types where the numbers of a figure come from: it is noted here while its page runs, and
`book/origins.py` makes of it what stands under the figure.
"""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any, NamedTuple

__all__ = ["Opened", "opened", "source_of", "watch"]

_TABLE = re.compile(r"(?:^|/)(results/(?:smoke/|full/)?[\w.-]+)\.json$")
_RUN = re.compile(r"(?:^|/)(runs/\w+/[\w.-]+/[\w.-]+)/(?:model\.pt|records\.npz)$")
_NOTED: dict[Opened, None] = {}  # in the order in which they were opened
_WATCHING: list[dict] = []  # names of the page, once it is watched


class Opened(NamedTuple):
    """A source that a statement of the page has opened.

    Attributes:
        cell: execution count of the statement's cell.
        line: of the cell, which the statement stands on.
        source: ``results/NAME``, or ``runs/PROFILE/PROBLEM/RUN``.
    """

    cell: int
    line: int
    source: str


def source_of(path: str) -> str:
    """The stored result or the run that a file belongs to; empty for any other file."""
    found = _TABLE.search(path) or _RUN.search(path)
    return found[1] if found else ""


def opened() -> list[Opened]:
    """What the page has opened up to now."""
    return list(_NOTED)


def watch() -> None:
    """Note from now on what the page opens; outside a notebook there is no page."""
    shell = _shell()
    if shell is None or _WATCHING:
        return
    _WATCHING.append(shell.user_ns)
    sys.addaudithook(_note)  # such a hook cannot be taken back


def _note(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], str) and (source := source_of(arguments[0])):
        shell, line = _shell(), _line(sys._getframe(1))
        if shell is not None and line:
            # Not shell.execution_count, which is the next cell's already in some versions.
            _NOTED.setdefault(Opened(len(shell.user_ns["In"]) - 1, line, source))


def _line(frame: FrameType | None) -> int:
    """Line of the page's statement that is being run, the outermost call; zero where none is."""
    line = 0
    while frame is not None:
        if frame.f_globals is _WATCHING[0]:
            line = frame.f_lineno
        frame = frame.f_back
    return line


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return module.get_ipython() if module else None
