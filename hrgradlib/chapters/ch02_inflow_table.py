"""``python -m hrgradlib.chapters.ch02_inflow_table``: the reference of transport-inflow, judged.

Writes ``book/results/inflow-reference.json``: for every time and Knudsen number on which results
are quoted, the reference's own error estimate and its difference from an independent scheme on a
fine mesh (about two minutes of one core). Chapter 2 shows the table.
"""

from __future__ import annotations

import time

from hrgradlib.chapters.ch02_verification import agreement
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.kinetics.inflow import InflowTransport

__all__ = ["main", "measure", "read_table"]

_NAME = "inflow-reference"


def read_table() -> dict:
    """The stored table, as :func:`measure` makes it."""
    return read(_NAME)[0].values


def measure(problem: InflowTransport | None = None) -> dict:
    """The table: ``eps`` [E], ``times`` [T], ``estimate`` and ``difference`` [T][E]."""
    problem = problem or InflowTransport()
    all_eps = (*problem.eval_eps, problem.check_eps)
    rows = [agreement(t, all_eps) for t in problem.eval_times]
    return {
        "eps": list(all_eps),
        "times": list(problem.eval_times),
        "estimate": [row["estimate"].tolist() for row in rows],
        "difference": [row["difference"].tolist() for row in rows],
    }


def main() -> None:
    """Measure, and replace the stored table."""
    started = time.perf_counter()
    values = measure()
    seconds = {"seconds": round(time.perf_counter() - started, 1)}
    Table.named(_NAME).put("table", values | seconds, here(roots=[__spec__.name]))


if __name__ == "__main__":
    main()
