"""Chapter 14: the stored runs of ``benchmarks/peers.py``, cell by cell, complete or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.looks import in_column, label_of
from hrgradlib.experiments.store import Row, Table, read
from hrgradlib.experiments.verdicts import Verdict, judge

__all__ = [
    "METHODS", "OURS", "PROBLEMS", "PROMISE", "SEEDS", "THEIRS", "Peers", "Share", "against",
    "in_numbers", "metric_and_treatment", "stored", "under_adam",
]  # fmt: skip

#: In the order of the tables.
PROBLEMS = {
    "burgers": "Burgers",
    "schroedinger": "Schrödinger",
    "kovasznay": "Kovasznay",
    "beltrami": "Beltrami",
}
METHODS = ("hrgrad-gn", "hrgrad-soap", "hrgrad", "sum-soap", "sum", "config", "m-config", "upgrad")
OURS, THEIRS = ("hrgrad-gn", "hrgrad-soap", "hrgrad"), ("config", "m-config")
UNDER_ADAM = ("sum", *THEIRS, "upgrad", "hrgrad")
SEEDS = 5
#: What was asked for: the best of ours at most this share of the better one of theirs.
PROMISE = 0.1


class Share(NamedTuple):
    """What is left of others' error.

    Attributes:
        mine, other: the methods compared, each the best of its kind.
        verdict: on the seeds that all methods have that were asked about.
    """

    mine: str
    other: str
    verdict: Verdict


class Peers:
    """Errors by problem, method and seed; a run that broke has the error inf.

    Args:
        rows: of the stored table, or some of them.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        values = [row.values for row in rows]
        self.runs = [v for v in values if not v["tuning"]]
        self.trials = [v for v in values if v["tuning"]]

    def errors(self, problem: str, method: str) -> dict[int, float]:
        """Final errors by seed; empty where nothing was run."""
        found = {r["seed"]: _error(r) for r in self._of(problem, method)}
        return dict(sorted(found.items()))

    def median(self, problem: str, method: str, seeds: Sequence[int] | None = None) -> float:
        """Of the errors, of these seeds or all; NaN where nothing was run."""
        found = self.errors(problem, method)
        chosen = list(found.values()) if seeds is None else [found[s] for s in seeds]
        return float(np.median(chosen)) if chosen else float("nan")

    def steps(self, problem: str, method: str) -> float:
        """Median number of steps; NaN where nothing was run."""
        found = [r["steps"] for r in self._of(problem, method)]
        return float(np.median(found)) if found else float("nan")

    def common(self, problem: str, methods: Iterable[str]) -> list[int]:
        """Seeds that all of these methods have."""
        return sorted(set.intersection(*(set(self.errors(problem, m)) for m in methods)))

    def best(self, problem: str, methods: Sequence[str], seeds: Sequence[int]) -> str:
        """The one with the lowest median over these seeds."""
        return min(methods, key=lambda m: self.median(problem, m, seeds))

    def compare(self, problem: str, mine: Sequence[str], others: Sequence[str]) -> Share | None:
        """The best of one kind against the best of another, on the seeds that all have.

        Left out are methods of which nothing is there, or whose runs have only begun: more than one
        seed behind the others. None if nothing is left.
        """
        counts = {m: len(self.errors(problem, m)) for m in (*mine, *others)}
        enough = max(1, max(counts.values()) - 1)
        mine, others = ([m for m in kind if counts[m] >= enough] for kind in (mine, others))
        if not mine or not others:
            return None
        seeds = self.common(problem, [*mine, *others])
        if not seeds:
            return None
        first, second = (self.best(problem, kind, seeds) for kind in (mine, others))
        a, b = (self.errors(problem, m) for m in (first, second))
        return Share(first, second, judge([a[s] for s in seeds], [b[s] for s in seeds]))

    def kept(self) -> dict[str, bool]:
        """Whether the promise is kept, by the problems of which there is something to compare."""
        found = {problem: self.compare(problem, OURS, THEIRS) for problem in PROBLEMS}
        return {
            p: share.verdict.ratio <= PROMISE for p, share in found.items() if share is not None
        }

    def rates(self) -> dict[str, float]:
        """The tuned learning rate of every method that has run."""
        return {r["method"]: r["lr"] for r in self.runs}

    def at_edges(self) -> str:
        """Which methods run at the smallest, and which at the largest, of the rates they tried."""
        tried: dict[str, set[float]] = {}
        for row in self.trials:
            tried.setdefault(row["method"], set()).add(row["lr"])
        ends = {"smallest": min, "largest": max}
        told = [
            f"the {name} ({'; '.join(map(label_of, own))})"
            for name, end in ends.items()
            if (own := [m for m, lr in self.rates().items() if m in tried and lr == end(tried[m])])
        ]
        return ", ".join(told) or "none"

    def missing(self) -> int:
        """Runs that are not there yet."""
        there = {(r["problem"], r["method"], r["seed"]) for r in self.runs}
        return len(PROBLEMS) * len(METHODS) * SEEDS - len(there)

    def curves(self, problem: str, method: str) -> list[NDArray]:
        """[looks, 2] seconds and error along every run that did not break."""
        found = []
        for run in self._of(problem, method):
            looks = [(at, e) for at, e in [*run["curve"], (run["seconds"], run["error"])] if e]
            if run["error"] is not None:
                found.append(np.array(looks))
        return found

    def _of(self, problem: str, method: str) -> list[dict]:
        return [r for r in self.runs if (r["problem"], r["method"]) == (problem, method)]


def _error(run: dict) -> float:
    return float("inf") if run["error"] is None else run["error"]


def stored() -> Peers:
    """What is stored, complete or not."""
    return Peers(read("peers") if Table.named("peers").rows else [])


def in_numbers(peers: Peers) -> str:
    """Medians as a table of text, seeds in brackets; a dash where nothing was run."""
    width = 26
    lines = [" " * width + "".join(f"{title:>14}" for title in PROBLEMS.values())]
    for method in METHODS:
        cells = [_cell(peers, problem, method) for problem in PROBLEMS]
        lines.append(in_column(label_of(method), width) + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _cell(peers: Peers, problem: str, method: str) -> str:
    count = len(peers.errors(problem, method))
    return f"{peers.median(problem, method):.1e} ({count})" if count else "-"


def under_adam(peers: Peers, problem: str) -> str:
    """Median errors on a problem of the methods under Adam, and of which no run is stored."""
    there = {m: peers.median(problem, m) for m in UNDER_ADAM if peers.errors(problem, m)}
    lacking = [label_of(m) for m in UNDER_ADAM if m not in there]
    said = ", ".join(f"{label_of(m)} {error:.2g}" for m, error in there.items()) or "none"
    return said + (f"; not run yet: {', '.join(lacking)}" if lacking else "")


def against(peers: Peers, mine: Sequence[str], others: Sequence[str]) -> str:
    """The best of one kind against the best of another on every problem, a line each."""
    return "\n".join(_line(peers, problem, mine, others) for problem in PROBLEMS)


def metric_and_treatment(peers: Peers) -> str:
    """What SOAP's metric alone and HRGrad alone make of the error of the sum under Adam.

    By problem, as ratios of medians: both over the same error, so that one may be set against the
    other; and on which problems the metric does more.
    """
    shares = {
        name: [peers.compare(problem, [mine], ["sum"]) for mine in ("sum-soap", "hrgrad")]
        for problem, name in PROBLEMS.items()
    }
    ratios = {
        name: [share.verdict.ratio for share in pair if share is not None]
        for name, pair in shares.items()
    }
    whole = {name: pair for name, pair in ratios.items() if len(pair) == 2}
    if not whole:
        return "not measured yet"
    told = "; ".join(
        f"{name} {metric:.2f} and {ours:.2f}" for name, (metric, ours) in whole.items()
    )
    more = [name for name, (metric, ours) in whole.items() if metric < ours]
    return (
        f"{told}. The metric does more on {len(more)} of {len(whole)}: {', '.join(more) or 'none'}"
    )


def _line(peers: Peers, problem: str, mine: Sequence[str], others: Sequence[str]) -> str:
    found = peers.compare(problem, mine, others)
    if found is None:
        return f"{PROBLEMS[problem]:12} not measured yet"
    names = f"{label_of(found.mine)} against {label_of(found.other)}"
    return f"{PROBLEMS[problem]:12} {names}\n{'':12} {found.verdict}"
