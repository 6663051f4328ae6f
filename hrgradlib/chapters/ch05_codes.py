"""``python -m hrgradlib.chapters.ch05_codes``: a network with trained codes, at other ε.

Writes ``book/results/codes.json``: a row per network of the study ``literature`` that knows its
Knudsen numbers by codes, trained if it is not there. Each is judged at every judged ε: with the
code of the nearest trained ε, with one on the line between its neighbours' codes, and with one that
was fitted there; and halfway between trained ε with all of its weights trained on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

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
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.experiments.studies import row_key, study_runs

__all__ = [
    "KINDS",
    "Codes",
    "by_loss",
    "gain",
    "load",
    "main",
    "misled",
    "not_found",
    "own",
    "table",
    "whole",
]

NAME, LABEL = "codes", "codes-ours"
#: How a code for another ε is found, and what the page calls it.
KINDS: dict[str, tuple[str, Callable[..., Solution]]] = {
    "nearest": ("the code of the nearest trained ε", code_of_nearest),
    "between": ("on the line between its neighbours' codes", code_between),
    "fitted": ("fitted there, the network fixed", fit_codes),
}


class Codes(NamedTuple):
    """What is stored of a network.

    Attributes:
        eps: [E] judged Knudsen numbers, rising.
        trained: [K] those that have a code by training.
        errors, losses: by kind of code, [E] error, max over t, and mean square of the residuals.
        middle: [K − 1] halfway between the trained ones, in log ε.
        whole: [K − 1] error there after all weights have been trained on.
        seconds: of that, for one ε, on one core.
    """

    eps: NDArray
    trained: NDArray
    errors: dict[str, NDArray]
    losses: dict[str, NDArray]
    middle: NDArray
    whole: NDArray
    seconds: float


def load() -> list[Codes]:
    """All that is stored, by seed; empty if nothing is."""
    if not Table.named(NAME).rows:
        return []
    found = [row.values for row in read(NAME)]
    return [
        Codes(
            eps=np.array(row["eps"]),
            trained=np.array(row["trained"]),
            errors={kind: np.array(row[kind]) for kind in KINDS},
            losses={kind: np.array(row[f"{kind}_loss"]) for kind in KINDS},
            middle=np.array(row["middle"]),
            whole=np.array(row["whole"]),
            seconds=row["whole_seconds"],
        )
        for row in found
    ]


def own(codes: Codes, errors: NDArray) -> float:
    """The largest of these errors at the judged ε that are nearest to the trained ones."""
    near = [int(np.argmin(abs(np.log(codes.eps / eps)))) for eps in codes.trained]
    return float(errors[near].max())


def gain(found: Sequence[Codes]) -> str:
    """The largest error with fitted codes over that with the nearest ones, median and range."""
    if not found:
        return "not measured yet"
    ratios = [float(c.errors["fitted"].max() / c.errors["nearest"].max()) for c in found]
    return f"{np.median(ratios):.2f} times its error ({min(ratios):.2f} to {max(ratios):.2f})"


def by_loss(found: Sequence[Codes]) -> str:
    """Loss and error with fitted codes over those with the nearest, where the latter err most."""
    if not found:
        return "not measured yet"
    ratios = [_at_worst(codes) for codes in found]
    loss, error = (f"{min(r):.2f} to {max(r):.2f}" for r in zip(*ratios, strict=True))
    return f"its loss is {loss} times that of the nearest code, its error {error} times"


def misled(found: Sequence[Codes]) -> str:
    """At how many judged ε a fit has the smaller loss and the larger error than the nearest."""
    if not found:
        return "not measured yet"
    counts = [
        int(
            (
                (c.losses["fitted"] < c.losses["nearest"])
                & (c.errors["fitted"] > c.errors["nearest"])
            ).sum()
        )
        for c in found
    ]
    return (
        f"At {_range(counts)} of the {len(found[0].eps)} judged ε, by network, its loss is lower "
        "than that of the nearest code and its error larger"
    )


def not_found(found: Sequence[Codes]) -> str:
    """In how many networks the nearest code has the smaller loss, where it errs most."""
    if not found:
        return "not measured yet"
    missed = sum(_at_worst(codes)[0] > 1 for codes in found)
    return (
        f"in {missed} of {len(found)} networks the nearest code has the smaller loss there, so "
        "that the best code was not found"
        if missed
        else "in no network has the nearest code the smaller loss there"
    )


def _at_worst(codes: Codes) -> tuple[float, float]:
    """Loss and error of the fit over those of the nearest code, where the latter errs most."""
    worst = int(np.argmax(codes.errors["nearest"]))
    loss, error = (
        float(of["fitted"][worst] / of["nearest"][worst]) for of in (codes.losses, codes.errors)
    )
    return loss, error


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def whole(found: Sequence[Codes]) -> str:
    """Errors halfway between trained ε: fitted codes against weights that were trained on."""
    if not found:
        return "not measured yet"
    at = [np.interp(np.log(c.middle), np.log(c.eps), c.errors["fitted"]).max() for c in found]
    worst = [c.whole.max() for c in found]
    return (
        f"{np.median(worst):.1e} against {np.median(at):.1e} with a fitted code, for "
        f"{np.median([c.seconds for c in found]):.1f} s of one core for every ε"
    )


def table(found: Sequence[Codes]) -> str:
    """A line per kind of code: medians over the networks of the largest error."""
    if not found:
        return "not measured yet"
    lines = [f"{'code':44s}{'at its own':>12s}{'all judged ε':>14s}   range over networks"]
    for kind, (name, _) in KINDS.items():
        near = [own(codes, codes.errors[kind]) for codes in found]
        most = [codes.errors[kind].max() for codes in found]
        lines.append(
            f"{name:44s}{np.median(near):12.1e}{np.median(most):14.1e}   "
            f"{min(most):.1e}–{max(most):.1e}"
        )
    return "\n".join(lines)


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
    """A row: see :class:`Codes`."""
    trained = known_eps(solution)
    eps = np.sort(solution.spec.case.judged_eps(solution.spec.profile))
    middle = np.sqrt(trained[1:] * trained[:-1])
    found = {"eps": eps, "trained": trained, "middle": middle}
    for kind, (_, know) in KINDS.items():
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
