"""Chapter 13: one network for four decades of ε beside a network for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import GREEN, GREY, ORANGE
from hrgradlib.chapters.style import subplots
from hrgradlib.chapters.trivial_lines import trivial_lines
from hrgradlib.experiments.apart_studies import APART, ONE_STEPS, OWN_SIZES, one_label, own_label
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.cases.periodic import DECADES
from hrgradlib.experiments.evaluation import evaluate
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.reference.periodic import PeriodicReference

__all__ = [
    "Choice",
    "Network",
    "break_even",
    "cheapest",
    "choices",
    "costs",
    "error_against_time",
    "inference",
    "table",
    "told_steps",
]

NAME = "apart"


class Network(NamedTuple):
    """One of those that a choice is made of: its seconds on one core, what it is trained as."""

    seconds: float
    spec: Spec


class Choice(NamedTuple):
    """A way to have all of the range: one network, or four.

    Attributes:
        label: in the table.
        runs: of every network; the fewest.
        weights: of all its networks.
        seconds: [R] in steps on one core, summed over its networks; R is 1 or 4 by decade.
        errors: [R] median over runs of the largest error in the decades each network answers for.
        spec: of a run of one of its networks, which differ in their decade alone.
    """

    label: str
    runs: int
    weights: int
    seconds: NDArray
    errors: NDArray
    spec: Spec

    @property
    def error(self) -> float:
        """Of the worst decade."""
        return float(self.errors.max())

    @property
    def total(self) -> float:
        """Seconds of all networks."""
        return float(self.seconds.sum())


def choices() -> list[Choice]:
    """Those of which every network has a run; medians over seeds."""
    rows, content = read_study(NAME) if Table.named(NAME).rows else ([], {})
    cells: dict[str, tuple[float, NDArray]] = {}  # seconds, errors by run and ε
    for label in dict.fromkeys(row["label"] for row in rows):
        curves = [c for c in content["curves"].get(label, {}).values() if c]
        seconds = float(np.median([row["seconds"] for row in rows if row["label"] == label]))
        cells[label] = seconds, np.array([curve["judged"] for curve in curves])
    found = [
        _choice(f"one network, {steps:,} steps", {"": one_label(steps)}, cells)
        for steps in ONE_STEPS
    ] + [
        _choice(
            f"four of width {width}, {steps:,} steps each",
            {name: own_label(name, width, steps) for name in DECADES},
            cells,
        )
        for width, steps in OWN_SIZES
    ]
    return [choice for choice in found if choice]


def _choice(
    name: str, labels: dict[str, str], cells: dict[str, tuple[float, NDArray]]
) -> Choice | None:
    """``labels`` by decade; "" is all of them."""
    if not all(label in cells for label in labels.values()):
        return None
    eps = np.array(CASES["transport-periodic"].judged_eps("quick"))
    errors, seconds, runs, weights = [], [], [], 0
    for decade, label in labels.items():
        low, high = DECADES.get(decade, (eps.min(), eps.max()))
        inside = (eps >= low * 0.999) & (eps <= high * 1.001)
        spent, own = cells[label]
        seconds.append(spent)
        errors.append(np.median(own[:, inside].max(1)))
        runs.append(len(own))
        spec = make_spec(**APART[NAME][1][label])
        weights += sum(p.numel() for p in spec.build_model().parameters())
    return Choice(name, min(runs), weights, np.array(seconds), np.array(errors), spec)


def table(found: list[Choice]) -> str:
    """A line per choice: runs, weights, seconds of all its networks, error.

    Below stands what costs no training, and the errors of the four networks of a choice.
    """
    if not found:
        return "no run is stored yet"
    lines = [f"{'':34s}runs{'weights':>9s}{'seconds':>9s}{'error':>9s}"]
    for choice in found:
        lines.append(
            f"{choice.label:34s}{choice.runs:4d}{choice.weights:9,d}{choice.total:9.0f}"
            f"{choice.error:9.1e}"
        )
    eps = CASES["transport-periodic"].judged_eps("quick")
    for name, errors in trivial_lines("transport-periodic", eps).items():
        lines.append(f"{name:34s}{'':22s}{errors.max():9.1e}")
    if fours := [choice for choice in found if len(choice.errors) > 1]:
        lines += ["", f"{'error by decade, from':34s}" + "".join(f"{n:>9s}" for n in DECADES)]
        lines += [f"{c.label:34s}" + "".join(f"{e:9.1e}" for e in c.errors) for c in fours]
    return "\n".join(lines)


def _ones(found: list[Choice]) -> list[Choice]:
    return [choice for choice in found if len(choice.errors) == 1]


def cheapest(found: list[Choice], error: float) -> tuple[list[Network], list[Network]]:
    """The quickest single network, and the quickest ones of the decades, that err no more than so.

    Each is nothing where none is as good, the latter where a single decade has none.
    """
    good = [choice for choice in found if choice.error <= error and len(choice.errors) == 1]
    ones = [Network(c.total, c.spec) for c in good]
    fours = [choice for choice in found if len(choice.errors) == len(DECADES)]
    own = [
        [Network(float(c.seconds[i]), c.spec) for c in fours if c.errors[i] <= error]
        for i in range(len(DECADES))
    ]
    return sorted(ones, key=_seconds)[:1], [min(c, key=_seconds) for c in own] if all(own) else []


def _seconds(network: Network) -> float:
    return network.seconds


def costs(found: list[Choice]) -> list[tuple[float, float]]:
    """Seconds of each single network, and of the cheapest networks of decades that err no more.

    The second is inf where a decade has none; nothing where there is nothing to compare.
    """
    if len(found) == len(ones := _ones(found)):
        return []
    own = [sum(map(_seconds, cheapest(found, one.error)[1])) for one in ones]
    return [(one.total, four or np.inf) for one, four in zip(ones, own, strict=True)]


def break_even(found: list[Choice]) -> str:
    """From how many regimes on one network is cheaper, for the error that each budget of it gives.

    A regime's own network is the cheapest of the stored ones that errs no more in its decade.
    """
    ones, budgets = _ones(found), costs(found)
    if not budgets:
        return "Not every run is stored yet, so that this is not known"
    words = []
    for one, (_, four) in zip(ones, budgets, strict=True):
        if np.isinf(four):
            words.append(f"for {one.error:.1e}, not every decade has a network as good")
            continue
        many = one.total / (four / len(DECADES))
        pays = f"from {many:.1f} decades on" if many > 1 else "even for a single decade"
        words.append(
            f"for {one.error:.1e}, one network takes {one.total:.0f} s and four take "
            f"{four:.0f} s together: one pays {pays}"
        )
    runs = min(choice.runs for choice in found)
    return f"of {runs} {'run' if runs == 1 else 'runs'} a network, no verdict: " + "; ".join(words)


def told_steps() -> str:
    """The numbers of steps of the one network, in words."""
    *first, last = (f"{steps:,}" for steps in ONE_STEPS)
    return f"{', '.join(first)} and {last}"


def error_against_time(found: list[Choice]) -> Figure:
    """Largest error over ε against the seconds of all networks of a choice."""
    fig, axis = subplots(1, 1, figsize=(4.6, 3.2))
    kinds = {
        "one network": ("one", GREEN, "D"),
        "four of the same size": ("four of width 64", ORANGE, "s"),
        "four of half its width": ("four of width 32", GREY, "o"),
    }
    for name, (start, colour, marker) in kinds.items():
        own = sorted((c.total, c.error) for c in found if c.label.startswith(start))
        if own:
            axis.plot(*zip(*own, strict=True), color=colour, marker=marker, label=name)
    axis.set(xscale="log", yscale="log", xlabel="seconds, all networks", ylabel="largest error")
    if axis.get_legend_handles_labels()[0]:
        axis.legend()
    return fig


def inference(repeats: int = 5) -> dict[str, float]:
    """Milliseconds for densities at 41 ε, 4 times and 64 places: a network's, and the exact ones.

    The network is the one of the study, not trained, which takes no other time. Of the repetitions
    the fastest counts; the exact solution keeps nothing from one to the next.
    """
    problem = CASES["transport-periodic"].problem
    eps = np.array(CASES["transport-periodic"].judged_eps("quick"))[:, None, None]
    grid = np.array(problem.eval_times)[:, None], np.arange(64) / 64, eps
    model = make_spec(**APART[NAME][1][one_label(ONE_STEPS[0])]).build_model()
    points = np.broadcast_arrays(*grid)
    return {
        "network": _milliseconds(lambda: evaluate(model, *points), repeats),
        "exact": _milliseconds(lambda: PeriodicReference().density(*grid), repeats),
    }


def _milliseconds(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return 1e3 * min(times)
