"""``python -m hrgradlib.chapters.ch12_linear_solver``: the study of the linear solver, stored.

Random features are drawn, and one least-squares problem is solved for every Knudsen number that
networks are judged at; the error is the networks' own. A row per number of features and draw: a
minute in all. The spread of the draws is chosen as networks' rates are, on another seed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib._system.threads import threads_limited
from hrgradlib.chapters.ch12_random_features import MODES, POINTS, solve
from hrgradlib.experiments.cases.periodic import PeriodicCase
from hrgradlib.experiments.store import Table, here, read

__all__ = ["COUNTS", "SEEDS", "SPREADS", "Solves", "enough", "line", "main", "measure", "spreads",
           "stored", "table"]  # fmt: skip

NAME = "linear-solver"
COUNTS = (25, 50, 100)
SEEDS = (0, 1, 2, 3, 4)
SPREADS = (0.01, 0.03, 0.1, 0.3, 1.0)
_TUNING_SEED, _TUNING_COUNT = 100, 100  # the draw is reported nowhere else


class Solves(NamedTuple):
    """All draws of one number of features.

    Attributes:
        features: F, their number.
        unknowns: of one solve.
        errors, final: [S] largest error over judged ε and times, and over ε at the final time.
        seconds: [S] processor time of the solves for all judged ε.
        judged: Knudsen numbers, one solve each.
    """

    features: int
    unknowns: int
    errors: NDArray
    final: NDArray
    seconds: NDArray
    judged: int

    @property
    def median(self) -> float:
        """Of the errors, as that of networks."""
        return float(np.exp(np.median(np.log(self.errors))))

    @property
    def one(self) -> float:
        """Processor seconds of the solve for one ε, the median over draws."""
        return float(np.median(self.seconds)) / self.judged


def measure(count: int, spread: float, seed: int, eps: tuple[float, ...] | None = None) -> dict:
    """A row: errors at every judged ε, the time of all solves, and what was solved.

    Args:
        count, spread, seed: as of :func:`hrgradlib.chapters.ch12_random_features.solve`.
        eps: Knudsen numbers; None for all that networks are judged at.
    """
    case = PeriodicCase()
    judged, spent, errors = eps or case.judged_eps("quick"), 0.0, []
    with threads_limited(1):  # one that waits would count
        for one in judged:
            began = time.process_time()
            found = solve(case.problem, one, count, spread, seed)
            spent += time.process_time() - began
            errors.append(case.errors(found, [one])[0, 0])
    by_eps = np.array(errors)
    return {
        "seed": seed,
        "max_error": _digits(by_eps.max()),
        "final_error": _digits(by_eps[:, -1].max()),
        "seconds": _digits(spent),
        "unknowns": (count + 1) * (1 + MODES),
        "curve": {
            "judged_eps": [_digits(e) for e in judged],
            "judged": [_digits(e) for e in by_eps.max(1)],
        },
        "settings": {
            "problem": case.name,
            "features": count,
            "spread": spread,
            "points": POINTS * (count + 1),
            "modes": MODES,
        },
    }


def _digits(value: float) -> float:
    return float(f"{value:.3e}")


def _tuning_key(spread: float) -> str:
    return f"spread-{spread:g}"


def spreads(rows: Table | None = None) -> dict[float, float]:
    """Error on the tuning draw by spread; what is not measured yet is left out."""
    there = (rows or Table.named(NAME)).rows
    keys = {spread: _tuning_key(spread) for spread in SPREADS}
    return {s: there[key].values["max_error"] for s, key in keys.items() if key in there}


def stored() -> list[Solves]:
    """The measured draws by number of features, the fewest first."""
    rows = [row.values for row in read(NAME) if row.values["seed"] in SEEDS]
    found = []
    for count in COUNTS:
        own = [row for row in rows if row["settings"]["features"] == count]
        errors, final, seconds = (
            np.array([row[name] for row in own]) for name in ("max_error", "final_error", "seconds")
        )
        judged = len(own[0]["curve"]["judged_eps"])
        found.append(Solves(count, own[0]["unknowns"], errors, final, seconds, judged))
    return found


def enough(found: Sequence[Solves], error: float) -> Solves | None:
    """The fewest features of which no draw has a larger error than this; None if none."""
    return next((one for one in found if one.errors.max() <= error), None)


def line(found: Sequence[Solves]) -> dict[str, float]:
    """The median error of the most features, by the name that a figure gives it."""
    one = found[-1]
    return {f"{one.features} random features, solved per ε": one.median}


def table(found: Sequence[Solves]) -> str:
    """A line per number of features: errors over the draws, time for all judged ε and for one."""
    lines = ["features unknowns draws   median    least  largest  final-time  s for all ε  s per ε"]
    for one in found:
        lines.append(
            f"{one.features:8d} {one.unknowns:8d} {len(one.errors):5d}  {one.median:7.1e}  "
            f"{one.errors.min():7.1e}  {one.errors.max():7.1e}     {np.median(one.final):7.1e}  "
            f"{np.median(one.seconds):11.1f}  {one.one:7.3f}"
        )
    return "\n".join(lines)


def main(force: bool = False) -> None:
    """Measure the rows that the stored table lacks or that other code made."""
    rows, origin = Table.named(NAME), here(roots=[__spec__.name])
    for spread in SPREADS:
        key = _tuning_key(spread)
        if force or not rows.has(key, origin):
            rows.put(key, measure(_TUNING_COUNT, spread, _TUNING_SEED), origin)
    tried = spreads(rows)
    chosen = min(tried, key=tried.__getitem__)
    for count in COUNTS:
        for seed in SEEDS:
            key = f"features-{count}-s{seed}"
            if force or not rows.has(key, origin):
                rows.put(key, measure(count, chosen, seed), origin)


if __name__ == "__main__":
    main(force="--force" in sys.argv)
