"""``python -m hrgradlib`` and ``hrgrad``: the command, where what it needs is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from hrgradlib._system.interrupt import leaving

__all__ = ["main"]

_NEEDED = ("tqdm", "threadpoolctl")  # the extra `run`


def main() -> int:
    """Entry point of the command; returns the exit code."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        needs = f"hrgrad: the command needs {' and '.join(missing)}"
        print(f"{needs}: pip install 'hrgradlib[run]'", file=sys.stderr)
        return 2
    with leaving("hrgrad: interrupted", 130):  # torch is loaded for seconds
        from hrgradlib.cli import main as command

        return command()


if __name__ == "__main__":
    sys.exit(main())
