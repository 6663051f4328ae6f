"""Numbers of a run on their way into the text of its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsFloat

from myst_nb import glue

from hrgradlib.experiments.verdicts import Verdict

__all__ = ["keep_verdict", "keeper"]


def keeper(prefix: str = "") -> Callable[[str, SupportsFloat | str], None]:
    """A page's ``keep(name, value)``: makes a number, or a word, available to the text.

    Numbers are kept with six digits, more than any page prints.

    Args:
        prefix: put before every name, such as "mt-".
    """

    def keep(name: str, value: SupportsFloat | str) -> None:
        kept = value if isinstance(value, str) else float(f"{float(value):.6g}")
        glue(prefix + name, kept, display=False)

    return keep


def keep_verdict(
    keep: Callable[[str, SupportsFloat | str], None], name: str, found: Verdict
) -> None:
    """Make a verdict available to the text, as ``name-`` and ratio, interval, p, runs or verdict.

    Args:
        keep: of :func:`keeper`.
        name: of the comparison.
        found: of :func:`hrgradlib.experiments.verdicts.judge`; ``runs`` are those of the smaller
            set, ``verdict`` is its word.
    """
    keep(f"{name}-ratio", found.ratio)
    keep(f"{name}-interval", found.interval)
    keep(f"{name}-p", found.p)
    keep(f"{name}-runs", min(found.counts))
    keep(f"{name}-verdict", found.word)
