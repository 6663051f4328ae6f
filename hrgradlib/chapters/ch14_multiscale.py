"""Chapter 14: the stored study of two multiscale problems, five methods each; whole or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.looks import label_of
from hrgradlib.chapters.trivial_lines import beaten_where, skills, trivial_lines
from hrgradlib.experiments.beyond_studies import METHODS, PROBLEMS
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import STUDIES, read_study
from hrgradlib.experiments.verdicts import failure_rate, judge

__all__ = [
    "ASKED", "LABELS", "TITLES", "Cell", "against", "called", "in_words", "look_of", "lost",
    "stored", "table", "there",
]  # fmt: skip

_STUDY = "beyond"
#: What pages call the problems.
TITLES = {"goldstein-taylor": "Goldstein–Taylor", "convection-diffusion": "convection–diffusion"}
_NOT_YET = "no run is stored yet"
# κ = 0 may well rotate on problems where nobody has looked: not the name it has elsewhere.
_LOOKS = {"hrgrad-gn": "hrgrad-gn-0"}
_SCALED, _PLAIN = "-d0", "plain-"
#: What is compared on each problem, first against second.
ASKED = (
    ("hrgrad", "sum"),
    ("hrgrad-soap", "sum-soap"),
    ("sum-soap", "sum"),
    ("hrgrad-gn", "hrgrad-soap"),
    ("hrgrad-soap-d0", "sum-soap-d0"),
)
#: Labels of the study by problem, without its name.
LABELS: dict[str, tuple[str, ...]] = {
    problem: tuple(
        label.removeprefix(f"{problem}-")
        for label in STUDIES[_STUDY][1]
        if label.startswith(f"{problem}-")
    )
    for problem in PROBLEMS
}


class Cell(NamedTuple):
    """Runs of one label: S of them, E values of ε.

    Attributes:
        errors: [S] relative errors, the largest over ε and t; inf of a run without a result.
        eps: [E] where they are judged; judged: [R, E] of the R runs with a result.
        failed: runs that failed by the book's definition.
        seconds: median of the training.
    """

    errors: NDArray
    eps: NDArray
    judged: NDArray
    failed: int
    seconds: float


def stored() -> dict[str, dict[str, Cell]]:
    """What the study holds by problem and label; an empty table gives empty dictionaries."""
    if not Table.named(_STUDY).rows:
        return {problem: {} for problem in PROBLEMS}
    rows, content = read_study(_STUDY)
    found: dict[str, dict[str, Cell]] = {}
    for problem, labels in LABELS.items():
        cells = ((label, f"{problem}-{label}") for label in labels)
        found[problem] = {
            label: _cell(problem, [r for r in rows if r["label"] == name], content["curves"][name])
            for label, name in cells
            if name in content["settings"]
        }
    return found


def _cell(problem: str, rows: list[dict], curves: Mapping[str, dict]) -> Cell:
    kept = [curve for curve in curves.values() if curve]
    errors = np.array([row["max_error"] for row in rows], float)
    seconds = np.array([row["seconds"] for row in rows], float)
    return Cell(
        np.where(np.isnan(errors), np.inf, errors),
        np.array(CASES[problem].judged_eps("quick") if kept else []),  # rows round them
        np.array([curve["judged"] for curve in kept]),
        sum(bool(row["failure"]) for row in rows),
        float(np.median(seconds[~np.isnan(seconds)])) if len(kept) else float("nan"),
    )


def there(found: Mapping[str, Mapping[str, Cell]]) -> tuple[int, int]:
    """Runs that are stored, and that are asked for."""
    seeds, cells = STUDIES[_STUDY]
    runs = sum(len(cell.errors) for own in found.values() for cell in own.values())
    return runs, len(seeds) * len(cells)


def look_of(label: str) -> str:
    """The key of a label's look: that of its method."""
    method = label.removesuffix(_SCALED).removeprefix(_PLAIN)
    return _LOOKS.get(method, method)


def called(label: str) -> str:
    """What a page calls a label."""
    name = label_of(look_of(label))
    name += ", scales unknown" if label.endswith(_SCALED) else ""
    return name + (", no layer coordinate" if label.startswith(_PLAIN) else "")


def table(found: Mapping[str, Cell], problem: str) -> str:
    """A line a label: runs, errors (the largest over ε and t), failures; then the trivial lines."""
    if not found:
        return _NOT_YET
    width = max(map(len, map(called, LABELS[problem])))
    text = [f"{'largest error over eps and t':{width}} runs   median     best    worst failed    s"]
    for label, cell in found.items():
        numbers = (np.median(cell.errors), cell.errors.min(), cell.errors.max())
        shown = " ".join(f"{e:8.1e}" for e in numbers)
        count, failed = len(cell.errors), cell.failed
        text.append(f"{called(label):{width}} {count:4d} {shown} {failed:6d} {cell.seconds:4.0f}")
    eps = next(iter(found.values())).eps
    for name, errors in (trivial_lines(problem, eps) if len(eps) else {}).items():
        text.append(f"{name:{width}}      {errors.max():8.1e}")
    return "\n".join(text)


def against(found: Mapping[str, Cell]) -> str:
    """Every line of :data:`ASKED` by the book's rule."""
    lines = []
    for first, second in ASKED:
        lines.append(f"{called(first)} against {called(second)}")
        if first in found and second in found:
            lines.append(f"    {judge(found[first].errors, found[second].errors)}")
        else:
            lines.append(f"    {_NOT_YET}")
    return "\n".join(lines)


def in_words(found: Mapping[str, Cell], label: str) -> str:
    """Median error of a label, and its rate of failure if there is any, for a sentence."""
    if label not in found:
        return _NOT_YET
    cell = found[label]
    median = f"{np.median(cell.errors):.1e}"
    if not cell.failed:
        return median
    return f"{median} (failed: {failure_rate(cell.failed, len(cell.errors))} of the runs)"


def lost(found: Mapping[str, Cell], problem: str) -> str:
    """Where what costs no training beats the median run of every method, in words."""
    cells = [found[label] for label in METHODS if label in found and len(found[label].eps)]
    if not cells:
        return _NOT_YET
    eps = cells[0].eps
    best = np.min([np.median(cell.judged, 0) for cell in cells], 0)
    return beaten_where(eps, skills(best, trivial_lines(problem, eps)))
