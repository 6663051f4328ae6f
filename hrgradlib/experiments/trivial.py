"""``python -m hrgradlib.experiments.trivial``: the errors of what costs no training, stored.

A network has to beat the formula it starts from and the equations of the limits. Their errors are
kept in ``book/results/trivial.json``, a row per problem, at the Knudsen numbers that tables show
and at those an error is the maximum over: the references there cost minutes, a page seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Table, here, read

__all__ = ["main", "measure", "stored_trivial_errors"]

_NAME = "trivial"


def stored_trivial_errors(problem: str, eps: ArrayLike) -> dict[str, NDArray]:
    """As ``case.trivial_errors(eps)``, from the table: errors by name, [Q, E, T].

    Args:
        problem: its name.
        eps: [E] Knudsen numbers among those that are stored.

    Raises:
        LookupError: another problem or Knudsen number.
    """
    found = {row.key: row.values for row in read(_NAME)}
    if problem not in found:
        raise LookupError(f"found {problem!r}; expected one of {', '.join(found)}")
    asked = np.atleast_1d(np.asarray(eps, dtype=float))
    gaps = np.abs(np.log(asked[:, None] / np.array(found[problem]["eps"])))
    if (far := gaps.min(1) > 1e-9).any():
        raise LookupError(
            f"found eps = {asked[far][0]:g}; expected those of the table, where {problem} is "
            "judged; CASES[problem].trivial_errors computes others"
        )
    nearest = gaps.argmin(1)
    errors = found[problem]["errors"]
    return {name: np.array(values)[:, nearest] for name, values in errors.items()}


def measure(problem: str, eps: Sequence[float]) -> dict:
    """A row: ``eps`` [E], ``times`` [T], ``quantities`` [Q], ``errors`` by name [Q][E][T]."""
    case = CASES[problem]
    return {
        "eps": list(eps),
        "times": list(case.problem.eval_times),
        "quantities": list(case.quantities),
        "errors": {
            name: [[[float(f"{e:.3e}") for e in row] for row in rows] for rows in errors.tolist()]
            for name, errors in case.trivial_errors(eps).items()
        },
    }


def main(force: bool = False) -> None:
    """Measure the rows that the stored table lacks or that other code made."""
    table, origin = Table.named(_NAME), here(roots=[__spec__.name])
    for problem, case in CASES.items():
        if table.has(problem, origin) and not force:
            continue
        started = time.perf_counter()
        eps = {*case.judged_eps("quick"), *case.problem.eval_eps}
        values = measure(problem, sorted(eps, reverse=True))
        seconds = {"seconds": round(time.perf_counter() - started, 1)}
        table.put(problem, values | seconds, origin)


if __name__ == "__main__":
    main(force="--force" in sys.argv)
