"""What costs no training, for errors that are the largest over ε: marks in figures, last lines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from hrgradlib.chapters.trivial_lines import UNTRAINED, trivial_lines
from hrgradlib.experiments.cases import CASES

__all__ = ["in_line", "in_words", "judged_lines", "largest", "mark_lines"]

_PALE = "#A6A6A6"  # as in the figures over ε


def judged_lines(problem: str, *, final: bool = False) -> dict[str, NDArray]:
    """The trivial lines at all Knudsen numbers that an error is over; [E] each."""
    return trivial_lines(problem, CASES[problem].judged_eps("quick"), final=final)


def largest(problem: str, eps: ArrayLike | None = None, *, final: bool = False) -> dict[str, float]:
    """Of each line its largest error over ε: over those that the problem is judged at, or ``eps``.

    Raises:
        LookupError: a Knudsen number at which nothing is stored.
    """  # noqa: DOC502
    lines = (
        judged_lines(problem, final=final)
        if eps is None
        else trivial_lines(problem, eps, final=final)
    )
    return {name: float(errors.max()) for name, errors in lines.items()}


def in_line(costless: Mapping[str, float], where: str = "") -> str:
    """The line alone, such as "costs no training, eps = 1: untrained ansatz 2.6e-01".

    Args:
        costless: errors by name, as of :func:`largest`.
        where: what they are of, where that is not all ε.
    """
    told = ", ".join(f"{name} {error:.1e}" for name, error in costless.items())
    return f"costs no training{f', {where}' if where else ''}: {told}"


def in_words(costless: Mapping[str, float], medians: ArrayLike) -> str:
    """Last lines for a table of errors that are the largest over ε: lines, and the best skill.

    Args:
        costless: of :func:`largest`.
        medians: errors in the table; none where nothing is stored.
    """
    finite = [error for error in np.ravel(medians) if np.isfinite(error)]
    words = in_line(costless)
    if not finite:
        return words
    share = min(finite) / min(costless.values())
    return f"{words}\nthe least median is {share:.2g} times the lesser of these"


def mark_lines(axis: Axes, costless: Mapping[str, float], *, across: bool = True) -> None:
    """Broad pale lines at the largest errors of :func:`largest`; errors go across, or up."""
    draw = axis.axvline if across else axis.axhline
    for name, error in costless.items():
        style = "-" if name == UNTRAINED else (0, (1, 1))
        draw(error, ls=style, color=_PALE, lw=3.5, zorder=0.5, label=name)
