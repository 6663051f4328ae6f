"""Numbers of a run on their way into the text of its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsFloat

from myst_nb import glue

__all__ = ["keeper"]


def keeper(prefix: str = "") -> Callable[[str, SupportsFloat | str], None]:
    """A page's ``keep(name, value)``: makes a number, or a word, available to the text.

    Numbers are kept with six digits, more than any page prints.

    Args:
        prefix: put before every name, such as "ch13-".
    """

    def keep(name: str, value: SupportsFloat | str) -> None:
        kept = value if isinstance(value, str) else float(f"{float(value):.6g}")
        glue(prefix + name, kept, display=False)

    return keep
