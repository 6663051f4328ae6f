"""``python -m hrgradlib.experiments.code_table``: a network with trained codes, at other ε.

Writes ``book/results/codes.json``: a row per network of the study ``literature`` that knows its
Knudsen numbers by codes, trained if it is not there. Each is judged at every judged ε: with the
code of the nearest trained ε, with one on the line between its neighbours' codes, and with one that
was fitted there; and halfway between trained ε with all of its weights trained on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hrgradlib._system.progress import progress
from hrgradlib._system.threads import threads_limited
from hrgradlib.experiments.campaign import run_all
from hrgradlib.experiments.code_fitting import (
    RATE,
    STEPS,
    code_between,
    code_of_nearest,
    fit_codes,
    known_eps,
    losses,
)
from hrgradlib.experiments.literature_studies import NAME as STUDY
from hrgradlib.experiments.solution import Solution, load_solution
from hrgradlib.experiments.store import Table, here
from hrgradlib.experiments.studies import row_key, study_runs

__all__ = ["KINDS", "NAME", "main"]

NAME, LABEL = "codes", "codes-ours"
#: How a code for another ε is found.
KINDS: dict[str, Callable[..., Solution]] = {
    "nearest": code_of_nearest,
    "between": code_between,
    "fitted": fit_codes,
}


def main(force: bool = False, quiet: bool = False) -> None:
    """Put the rows that the stored table lacks or that other code made."""
    runs = {f: s for f, s in study_runs(STUDY).items() if row_key(f).startswith(f"{LABEL}-s")}
    stored = Table.named(NAME)
    for folder, spec in runs.items():
        origin = here(spec.fingerprint(), roots=[__spec__.name])
        key = f"s{spec.seed}"
        if not force and stored.has(key, origin):
            continue
        run_all({folder: spec}, "cpu", 1, quiet=quiet)
        with threads_limited(1):
            stored.put(key, {"seed": spec.seed} | _measured(load_solution(folder), quiet), origin)


def _measured(solution: Solution, quiet: bool) -> dict:
    """A row: errors and losses by kind of code, [E], and errors of whole networks, [K − 1]."""
    trained = known_eps(solution)
    eps = np.sort(solution.spec.case.judged_eps(solution.spec.profile))
    middle = np.sqrt(trained[1:] * trained[:-1])
    found = {"eps": eps, "trained": trained, "middle": middle}
    for kind, know in KINDS.items():
        knowing = know(solution, eps)
        found[kind], found[f"{kind}_loss"] = _errors(knowing), losses(knowing)
    alone, started = [], time.process_time()
    with progress(len(middle), "ε", quiet=quiet) as bar:
        for one in middle:
            alone.append(_errors(fit_codes(solution, [one], network=True)).item())
            bar.update()
    seconds = (time.process_time() - started) / len(middle)
    settings = {"steps": STEPS, "rate": RATE, "whole_seconds": round(seconds, 2)}
    rounded = {name: [float(f"{v:.5g}") for v in values] for name, values in found.items()}
    return rounded | {"whole": [float(f"{v:.5g}") for v in alone]} | settings


def _errors(solution: Solution) -> NDArray:
    """By the ε that the network knows, max over t; [E]."""
    errors = solution.spec.case.errors(solution.model, tuple(known_eps(solution)))
    return errors.max((0, 2))


if __name__ == "__main__":
    main(force="--force" in sys.argv, quiet="--quiet" in sys.argv)
