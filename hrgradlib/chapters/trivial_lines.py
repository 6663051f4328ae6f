"""What costs no training, beside what was trained: lines of figures, rows of tables, words.

Errors here are the largest over the quantities and over the times, or those at the final time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from hrgradlib.chapters.looks import in_column
from hrgradlib.experiments.skill import best_trivial
from hrgradlib.experiments.trivial import stored_trivial_errors

__all__ = ["LIMITS", "UNTRAINED", "beaten_where", "draw_lines", "skills", "table", "trivial_lines"]

UNTRAINED = "untrained ansatz"
LIMITS = "best limit equation"
# Broad and pale, behind everything: no method's line looks like them.
_LOOKS = {UNTRAINED: "-", LIMITS: (0, (1, 1))}
_PALE = "#A6A6A6"
_WIDEST = 26  # letters of a table's first column


def trivial_lines(problem: str, eps: ArrayLike, *, final: bool = False) -> dict[str, NDArray]:
    """Errors of the untrained ansatz, and of the better limit equation at each ε; [E] each.

    Args:
        problem: its name.
        eps: [E] Knudsen numbers at which it is judged.
        final: at the final time; else the largest over the times.

    Raises:
        LookupError: a Knudsen number at which nothing is stored.
    """  # noqa: DOC502
    found = stored_trivial_errors(problem, eps)
    worst = {name: errors.max(0, keepdims=True) for name, errors in found.items()}
    limits = {name: errors for name, errors in worst.items() if name != UNTRAINED}
    return {
        UNTRAINED: best_trivial({UNTRAINED: worst[UNTRAINED]}, final=final).errors[0],
        LIMITS: best_trivial(limits, final=final).errors[0],
    }


def skills(errors: NDArray, lines: Mapping[str, NDArray]) -> NDArray:
    """Errors [..., E] over the least of the lines [E]; below one is better than no training."""
    return errors / np.min(list(lines.values()), 0)


def beaten_where(eps: NDArray, skill: NDArray) -> str:
    """Where a skill is above one, in words: "nowhere", "ε ≤ 0.001 and ε ≥ 0.3", "all ε".

    Args:
        eps: [E] Knudsen numbers, any order; skill: [E].
    """
    order = np.argsort(eps)
    grid, lost = np.asarray(eps)[order], np.asarray(skill)[order] > 1
    if lost.all():
        return "all ε"
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost, [0]])))
    words = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        if first == 0:
            words.append(f"ε ≤ {grid[last]:.2g}")
        elif last == len(grid) - 1:
            words.append(f"ε ≥ {grid[first]:.2g}")
        elif first == last:
            words.append(f"ε = {grid[first]:.2g}")
        else:
            words.append(f"{grid[first]:.2g} ≤ ε ≤ {grid[last]:.2g}")
    return " and ".join(words) or "nowhere"


def table(eps: NDArray, errors: Mapping[str, NDArray], lines: Mapping[str, NDArray]) -> str:
    """Errors by ε of what costs nothing and of what was trained, and the skill of the latter.

    Args:
        eps: [E]; errors: by label [seeds, E], of which the median is shown; lines: [E] by name.
    """
    medians = {label: np.median(values, 0) for label, values in errors.items()}
    width = min(_WIDEST, max(map(len, [*medians, *lines, "error by ε"])))
    rows = [f"{'error by ε':{width}}" + "".join(f" {e:8.1g}" for e in eps)]
    for label, values in [*lines.items(), *medians.items()]:
        rows.append(in_column(label, width) + "".join(f" {v:8.1e}" for v in values))
    rows.append("skill: error over the lesser of the first two lines")
    for label, values in medians.items():
        own = "".join(f" {v:8.2g}" for v in skills(values, lines))
        rows.append(in_column(label, width) + own)
    return "\n".join(rows)


def draw_lines(axis: Axes, eps: NDArray, lines: Mapping[str, NDArray]) -> None:
    """Broad pale lines of errors [E] over ε, with labels for the legend."""
    order = np.argsort(eps)
    for name, values in lines.items():
        axis.plot(
            np.asarray(eps)[order], values[order], ls=_LOOKS[name], color=_PALE, lw=3.5, zorder=0.5,
            label=name,
        )  # fmt: skip
