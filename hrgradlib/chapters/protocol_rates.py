"""How often the rule of :mod:`hrgradlib.experiments.verdicts` errs, and what it can see.

Two methods are drawn whose medians differ by a known factor; the rule judges them, many times over.
``python -m hrgradlib.chapters.protocol_rates`` stores the shares as the table ``verdict-rule``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments._medians import median_interval
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.experiments.verdicts import LEVEL, rank_test, word_of
from hrgradlib.paths import results_folder

__all__ = [
    "ASKED_RUNS",
    "FACTORS",
    "POPULATIONS",
    "RUNS",
    "SIGMA",
    "Sampler",
    "Shares",
    "cells",
    "measure",
    "read_rates",
    "read_scatter",
    "scatter",
    "table",
]

SIGMA = 0.28  # of log errors between runs of one method
RUNS = (3, 4, 5, 7, 10, 14, 20, 30)  # per method
ASKED_RUNS = (3, 5, 10, 20)
FACTORS = (1.1, 1.25, 1.5, 2.0)
_NAME, _POOL = "verdict-rule", "stored scatter"
_NULL_TRIALS, _TRIALS = 20_000, 2_000

Sampler = Callable[[np.random.Generator, int, int], tuple[NDArray, NDArray]]


class Shares(NamedTuple):
    """What the rule said of ``trials`` pairs of sets whose medians differ by a factor.

    Attributes:
        lower, higher: shares of these words; the truth is "lower" unless the factor is 1.
        rank: share of pairs in which the rank test alone would have spoken.
        covered: share of pairs whose interval holds the true ratio.
    """

    lower: float
    higher: float
    rank: float
    covered: float


def _normal(generator: np.random.Generator, trials: int, runs: int) -> tuple[NDArray, NDArray]:
    """Log errors that are normal with one scatter."""
    a, b = SIGMA * generator.standard_normal((2, trials, runs))
    return a, b


def _stored(generator: np.random.Generator, trials: int, runs: int) -> tuple[NDArray, NDArray]:
    """Two disjoint sets of log errors of stored runs, each about the mean of its method."""
    pool = scatter()
    draws = generator.permuted(np.broadcast_to(pool, (trials, len(pool))), axis=1)
    return draws[:, :runs], draws[:, runs : 2 * runs]


def _failing(generator: np.random.Generator, trials: int, runs: int) -> tuple[NDArray, NDArray]:
    """As normal, and every run fails with probability 0.3."""
    return tuple(  # type: ignore[return-value]
        np.where(generator.random(x.shape) < 0.3, np.inf, x)
        for x in _normal(generator, trials, runs)
    )


def _uneven(generator: np.random.Generator, trials: int, runs: int) -> tuple[NDArray, NDArray]:
    """One median, but the second method scatters three times as much as the first."""
    a, b = _normal(generator, trials, runs)
    return a / 2, 1.5 * b


#: Who is drawn, by the name that the table has for it.
POPULATIONS: dict[str, Sampler] = {
    "normal": _normal,
    "stored": _stored,
    "failing": _failing,
    "uneven": _uneven,
}


@cache
def scatter() -> NDArray:
    """Log errors about their mean of all stored cells of five runs or more, [N].

    A mean over n runs takes scatter away; the values are stretched by √(n/(n − 1)) for it.
    Tuning grids, whose cells have one or two runs, are none of these. What is stored twice (two
    methods that took the same steps) counts once.
    """
    cells: dict[tuple[str, str], list[float]] = {}
    for path in sorted(results_folder("quick").glob("*.json")):
        for row in Table(path).rows.values() if not path.stem.endswith("-grid") else ():
            if {"seed", "settings"} <= set(row.values):
                cell = cells.setdefault((path.stem, row.key.rsplit("-s", 1)[0]), [])
                cell.append(row.values.get("max_error", np.inf))
    logs = [np.log(errors) for errors in cells.values() if len(errors) >= 5]
    found = [
        (own - own.mean()) * (len(own) / (len(own) - 1)) ** 0.5
        for own in logs
        if np.isfinite(own).all()
    ]
    return np.unique(np.concatenate(found))


def measure(sampler: Sampler, runs: int, factor: float, trials: int, seed: int = 0) -> Shares:
    """Let the rule judge pairs of sets, the first divided by the factor.

    Args:
        sampler: of log errors [trials, runs] of two methods with one median.
        runs: of each method.
        factor: the second's median over the first's.
        trials: pairs of sets.
        seed: of the draws.
    """
    a, b = sampler(np.random.default_rng(seed), trials, runs)
    a = a - np.log(factor)
    p = rank_test(a, b)
    words = [_word(x, y, q) for x, y, q in zip(a, b, p, strict=True)]
    ends = np.array([median_interval(x, y, LEVEL) for x, y in zip(a[:_TRIALS], b, strict=False)])
    covered = (ends[:, 0] <= -np.log(factor)) & (-np.log(factor) <= ends[:, 1])
    return Shares(
        words.count("lower") / trials,
        words.count("higher") / trials,
        float((p <= LEVEL).mean()),
        float(covered.mean()),
    )


def _word(a: NDArray, b: NDArray, p: float) -> str:
    if p > LEVEL:
        return "undecided"  # no interval can speak where the test is silent
    low, high = np.exp(median_interval(a, b, LEVEL))
    return word_of(low, high, p)


def cells() -> list[tuple[str, int, float]]:
    """Population, runs and factor of every row; what fails or is uneven is drawn alike only."""
    return [
        *product(("normal",), RUNS, (1.0, *FACTORS)),
        *product(("stored",), ASKED_RUNS, (1.0, *FACTORS)),
        *product(("failing", "uneven"), ASKED_RUNS, (1.0,)),
    ]


def read_rates() -> dict[tuple[str, int, float], dict]:
    """Rows of the stored table by population, runs and factor."""
    found = [row.values for row in read(_NAME) if row.key != _POOL]
    return {(v["population"], v["runs"], v["factor"]): v for v in found}


def read_scatter() -> dict[str, float]:
    """The stored scatter that was drawn from: ``values``, how many, and ``sigma``."""
    return next(row.values for row in read(_NAME) if row.key == _POOL)


def table(rows: dict[tuple[str, int, float], dict]) -> str:
    """A line for every number of runs that pages have: false alarms, coverage, power; in %.

    Args:
        rows: of :func:`read_rates`.
    """
    head = "  ".join(f"{name:>7s}" for name in POPULATIONS)
    lines = [
        f"{'runs of':9s}{'false alarms, if errors are':37s}{'interval':10s}factors that are seen",
        f"{'each':7s}{head}  {'covers':>8s}  " + "  ".join(f"{f:>5g}" for f in FACTORS),
    ]
    for runs in ASKED_RUNS:
        alike = [rows[name, runs, 1.0] for name in POPULATIONS]
        alarms = "  ".join(f"{100 * (row['lower'] + row['higher']):7.1f}" for row in alike)
        power = "  ".join(f"{100 * rows['normal', runs, f]['lower']:5.0f}" for f in FACTORS)
        lines.append(f"{runs:4d}   {alarms}  {100 * alike[0]['covered']:8.0f}  {power}")
    return "\n".join(lines)


def main(force: bool = False) -> None:
    """Measure the rows that the stored table lacks or that other code made."""
    table, origin = Table.named(_NAME), here(roots=[__spec__.name])
    if force or not table.has(_POOL, origin):
        pool = scatter()
        table.put(_POOL, {"values": len(pool), "sigma": float(f"{pool.std():.3g}")}, origin)
    for population, runs, factor in cells():
        key = f"{population} {runs} runs factor {factor:g}"
        if table.has(key, origin) and not force:
            continue
        many = factor == 1 and population != "failing"  # ties are tested one by one
        trials = _NULL_TRIALS if many else _TRIALS
        found = measure(POPULATIONS[population], runs, factor, trials, round(1000 * factor) + runs)
        asked = {"population": population, "runs": runs, "factor": factor, "trials": trials}
        table.put(key, asked | found._asdict(), origin)


if __name__ == "__main__":
    main(force="--force" in sys.argv)
