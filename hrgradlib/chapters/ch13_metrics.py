"""Which metric for what: stored errors against seconds, by problem and method.

Every point is a training of its own with a whole schedule, not a look along a longer one.
"""

from __future__ import annotations

from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from hrgradlib.chapters.costless import in_words, largest, mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.style import subplots
from hrgradlib.experiments.scale_studies import STEPS_PER_SECOND
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study, study_runs

__all__ = [
    "Line", "advice", "at_budget", "best", "error_against_time", "lines", "metric_table", "regret",
    "regret_table", "runs_each", "runs_words",
]  # fmt: skip

_STUDIES = ("metrics", "metrics-long")
_PAIRS = (("hrgrad", "sum"), ("hrgrad-soap", "sum-soap"))


class Line(NamedTuple):
    """One method on one problem, by the seconds that were allowed.

    Attributes:
        budgets: [B] seconds that the steps were chosen for, rising.
        seconds, errors: by budget, of every seed: seconds that were spent in steps, final error
            (max over ε and t; inf where the training failed).
    """

    budgets: list[int]
    seconds: list[NDArray]
    errors: list[NDArray]


def lines() -> dict[str, dict[str, Line]]:
    """What is stored, by problem and method; empty dictionaries where there is nothing yet."""
    runs: dict[tuple[str, str], dict[int, list[tuple[float, float]]]] = {}
    for study in _STUDIES:
        if not Table.named(study).rows:
            continue
        rows, content = read_study(study)
        for row in rows:
            budget = int(row["label"].rsplit("-", 1)[1])
            problem = content["settings"][row["label"]]["problem"]
            own = runs.setdefault((problem, row["method"]), {})
            own.setdefault(budget, []).append((row["seconds"], row["max_error"]))
    found: dict[str, dict[str, Line]] = {problem: {} for problem in STEPS_PER_SECOND}
    for (problem, method), by_budget in runs.items():
        cells = [np.array(by_budget[budget]).T for budget in sorted(by_budget)]
        found[problem][method] = Line(sorted(by_budget), *map(list, zip(*cells, strict=True)))
    return found


def runs_words() -> str:
    """How many of both studies' runs are stored: "0 of 225"."""
    there = sum(len(Table.named(study).rows) for study in _STUDIES)
    return f"{there} of {sum(len(study_runs(study)) for study in _STUDIES)}"


def runs_each(found: dict[str, dict[str, Line]]) -> str:
    """How many runs a point has, and what that means for differences between points."""
    counts = [
        len(errors) for own in found.values() for line in own.values() for errors in line.errors
    ]
    if not counts:
        return "No point has a run yet"
    low, high = min(counts), max(counts)
    if high == 1:
        return "Every point is a single run of unknown spread: small differences decide nothing"
    some = f"{low}" if low == high else f"{low} to {high}"
    return f"Every point has {some} runs, too few for a verdict: small differences decide nothing"


def at_budget(found: dict[str, Line], budget: int) -> dict[str, float]:
    """Median error of every method of a problem that has runs of this budget."""
    return {
        method: float(np.median(line.errors[line.budgets.index(budget)]))
        for method, line in found.items()
        if budget in line.budgets
    }


def best(found: dict[str, Line], budget: int) -> str:
    """The method of the lowest median at a budget; empty unless two or more can be compared."""
    medians = at_budget(found, budget)
    return min(medians, key=medians.__getitem__) if len(medians) > 1 else ""


def regret(found: dict[str, dict[str, Line]], budget: int) -> dict[str, tuple[float, float]]:
    """Median error over the lowest one of the problem, for every method measured on all problems.

    Returns:
        By method: geometric mean and largest over the problems; empty if no method is complete.
    """
    cells = [at_budget(own, budget) for own in found.values()]
    common = [m for m in METHOD_LOOK if all(m in cell for cell in cells)]
    factors = {m: np.array([cell[m] / min(cell.values()) for cell in cells]) for m in common}
    return {m: (float(np.exp(np.log(f).mean())), float(f.max())) for m, f in factors.items()}


def regret_table(found: dict[str, dict[str, Line]]) -> str:
    """A line for every budget at which methods have been measured on all problems."""
    text = []
    for budget in _budgets(found):
        for method, (mean, worst) in regret(found, budget).items():
            text.append(
                f"{budget:5d} s  {label_of(method):46s} mean {mean:5.2f}  worst {worst:6.2f}"
            )
    return "\n".join(text) or "not measured on all problems yet"


def advice(found: dict[str, dict[str, Line]]) -> str:
    """What is least bad anywhere, at the longest time that is measured on all problems."""
    measured = {b: own for b in _budgets(found) if len(own := regret(found, b)) > 1}
    if not measured:
        return "nothing yet, as not all problems are measured"
    budget = max(measured)
    scores = measured[budget]
    text = f"at {budget} s the safest choice is {_safest(scores)} the lowest error of a problem"
    gradients = {m: score for m, score in scores.items() if not m.endswith("-gn")}
    if len(gradients) in (0, len(scores)):
        return text
    return f"{text}; of those that need no residual, only gradients, it is {_safest(gradients)} it"


def _safest(scores: dict[str, tuple[float, float]]) -> str:
    first = min(scores, key=lambda method: scores[method][1])
    return f"{label_of(first)}, at worst {scores[first][1]:.2f} times"


def _budgets(found: dict[str, dict[str, Line]]) -> list[int]:
    return sorted({b for own in found.values() for line in own.values() for b in line.budgets})


def _known(own: dict[str, Line]) -> list[int]:
    """Budgets of a problem at which a method is the best."""
    return [budget for budget in _budgets({"": own}) if best(own, budget)]


def metric_table(found: dict[str, dict[str, Line]]) -> str:
    """By problem and budget: the best method, its median; HRGrad over sum in two metrics.

    Under each problem, what costs no training.
    """
    budgets = _budgets(found)
    if not budgets:
        return "not measured yet"
    head = f"{'problem':20s}{'s':>5s}  {'lowest median':46s}{'error':>8s}"
    text = [f"{head}{'Adam':>10s}{'SOAP':>8s}"]
    for problem, own in found.items():
        for budget in budgets:
            medians, first = at_budget(own, budget), best(own, budget)
            if not first:
                continue
            ratios = [
                f"{medians[a] / medians[b]:6.2f}" if {a, b} <= set(medians) else f"{'–':>6s}"
                for a, b in _PAIRS
            ]
            text.append(
                f"{problem:20s}{budget:5d}  {label_of(first):46s}{medians[first]:8.1e}"
                f"{'':4s}{'  '.join(ratios)}"
            )
        if own:
            least = [at_budget(own, budget)[best(own, budget)] for budget in _known(own)]
            text += [f"{'':4s}{row}" for row in in_words(largest(problem), least).split("\n")]
    return "\n".join(text)


def _label(axis: Axes, budgets: list[int]) -> None:
    """The budgets along x; along y what a range of few decades needs."""
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xticks(budgets, [f"{budget}" for budget in budgets])
    low, high = axis.get_ylim()
    if high < 30 * low:
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_minor_formatter(NullFormatter())


def error_against_time(found: dict[str, dict[str, Line]]) -> Figure:
    """Final error against seconds, a panel a problem: medians on lines, every run a dot.

    Broad and pale, what costs no training.
    """
    fig, axes = subplots(2, 3, figsize=(8.4, 5.2))
    known: dict[str, Artist] = {}
    for axis, (problem, own) in zip(axes.flat[: len(found)], found.items(), strict=True):
        for method in (m for m in METHOD_LOOK if m in own):
            look, line = METHOD_LOOK[method], own[method]
            for seconds, errors in zip(line.seconds, line.errors, strict=True):
                axis.plot(seconds, errors, ".", color=look.colour, ms=3, alpha=0.6)
            middle = [[np.median(v) for v in values] for values in (line.seconds, line.errors)]
            style = look.marker + look.line
            known[look.label] = axis.plot(*middle, style, color=look.colour)[0]
        axis.set(title=problem, xlabel="seconds on one core")
        if own:
            mark_lines(axis, largest(problem), across=False)
            axis.set(xscale="log", yscale="log")
            _label(axis, _budgets({problem: own}))
        else:
            axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    for axis in axes.flat[len(found) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("max error over ε and t")
    for axis in axes.flat[: len(found)]:
        for line in axis.lines:
            if not str(line.get_label()).startswith("_"):  # the trivial ones have names
                known.setdefault(str(line.get_label()), line)
    axes.flat[-1].legend(known.values(), [fill(label, 26) for label in known], loc="center")
    return fig
