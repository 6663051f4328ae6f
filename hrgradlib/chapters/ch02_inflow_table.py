"""``python -m hrgradlib.chapters.ch02_inflow_table``: the reference of transport-inflow, judged.

Writes ``book/results/inflow-reference.json``: for every time and Knudsen number on which results
are quoted, the reference's own error estimate and its difference from an independent scheme on a
fine mesh (about two minutes of one core). Chapter 2 shows the table.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from hrgradlib._files import write_json
from hrgradlib.chapters.ch02_verification import agreement
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.paths import results_folder
from hrgradlib.provenance import collect

__all__ = ["measure", "results_file"]


def results_file() -> Path:
    """Where the table is kept, with the book."""
    return results_folder() / "inflow-reference.json"


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
    parser = argparse.ArgumentParser(description="Judge the reference of transport-inflow.")
    parser.add_argument("--out", type=Path, default=results_file(), help="file to write")
    path = parser.parse_args().out
    started = time.perf_counter()
    table = measure()
    table["seconds"] = round(time.perf_counter() - started, 1)
    table["provenance"] = collect()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, table)
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
