"""``python -m hrgradlib.chapters.ch09_plane_maps``: a network of transport-2d, on a grid.

Writes ``book/results/transport-2d-maps.json``: its density at the final time, a row per Knudsen
number that chapter 9 draws. The network is that of the study ``transport-2d``, of the method below
and the first seed; trained if it is not there.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.campaign import run_all
from hrgradlib.experiments.cases.plane import square
from hrgradlib.experiments.solution import load_solution
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.experiments.studies import study_runs

__all__ = ["EPS", "SIDE", "main", "read_maps"]

EPS = (1.0, 0.1, 1e-6)
SIDE = 32  # points a side
_NAME, _STUDY, _METHOD = "transport-2d-maps", "transport-2d", "hrgrad-gn"


def read_maps() -> dict[float, NDArray]:
    """Density of the network at the final time by ε, [SIDE, SIDE]; empty if nothing is stored."""
    if not Table.named(_NAME).rows:
        return {}
    return {row.values["eps"]: np.array(row.values["density"]) for row in read(_NAME)}


def main(force: bool = False) -> None:
    """Put the rows that the stored table lacks or that other code made."""
    folder, spec = next((f, s) for f, s in study_runs(_STUDY).items() if s.method == _METHOD)
    table, origin = Table.named(_NAME), here(spec.fingerprint(), roots=[__spec__.name])
    wanted = [eps for eps in EPS if force or not table.has(_key(eps), origin)]
    if not wanted:
        return
    run_all({folder: spec}, "cpu", 1, quiet=False)
    solution = load_solution(folder)
    for eps in wanted:
        found = solution.density(solution.problem.final_time, square(SIDE), eps)
        rows = [[float(f"{rho:.5f}") for rho in row] for row in found.reshape(SIDE, SIDE)]
        values = {"problem": spec.problem, "method": spec.method, "seed": spec.seed, "eps": eps}
        table.put(_key(eps), values | {"density": rows}, origin)


def _key(eps: float) -> str:
    return f"eps{eps:g}"


if __name__ == "__main__":
    main(force="--force" in sys.argv)
