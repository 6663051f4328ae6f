"""ConFIG's four problems, eight methods, five seeds, all for the same time on one core.

    python benchmarks/peers.py [--seconds 30] [--json FILE] [--force]

Every method is tuned alike: three learning rates on two of the problems, with a seed that is used
nowhere else; the rate with the lowest geometric mean of both errors is taken for all problems and
seeds. The rate rises for a hundredth of the time and falls as a cosine, by the share of time used.
Time is processor time of this process in steps, points and first checks included, looks at the
error not. With ``--json`` every run is a row, put when it is done; a second start goes on.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from peer_methods import METHODS
from peer_problems import PROBLEMS, judged
from threadpoolctl import threadpool_limits

from hrgradlib.experiments.store import Table, here
from hrgradlib.optim import StepRefused

#: What must be known first is run first: tuned, then all seeds of all problems.
GROUPS = (
    ("config", "m-config", "hrgrad-gn", "hrgrad-soap", "sum-soap"),
    ("sum", "upgrad", "hrgrad"),
)
TUNING_PROBLEMS, TUNING_SEED = ("kovasznay", "burgers"), 100
SEEDS = range(5)
LOOKS = 12


def schedule(share: float) -> float:
    """Factor of the learning rate when this share of the time is used."""
    return min(1.0, share / 0.01 + 0.1) * 0.5 * (1 + math.cos(math.pi * share))


def train(name: str, method: str, seed: int, lr: float, seconds: float) -> dict:
    """One run: what it was and how far it came; ``error`` is None if it broke."""
    problem = PROBLEMS[name]
    problem.validation()  # computed once, outside of any clock
    torch.manual_seed(seed)
    stepper = METHODS[method](problem, problem.network(), lr, seed)
    used, steps, curve, began = 0.0, 0, [], time.perf_counter()
    looks = list(np.linspace(0, 1, LOOKS + 1)[1:-1])
    try:
        while used < seconds:
            start = time.process_time()
            stepper.set_rate(schedule(used / seconds))
            stepper.step()
            used, steps = used + time.process_time() - start, steps + 1
            if looks and used / seconds >= looks[0]:
                curve.append((round(used, 2), judged(stepper.network, problem)[0]))
                while looks and used / seconds >= looks[0]:
                    looks.pop(0)
        error, mse = judged(stepper.network, problem)
    except StepRefused:
        error = mse = math.nan
    return {
        "problem": name,
        "method": method,
        "seed": seed,
        "lr": lr,
        "error": _number(error),
        "mse": _number(mse),
        "seconds": round(used, 2),
        "wall": round(time.perf_counter() - began, 1),
        "steps": steps,
        "curve": [(at, _number(found)) for at, found in curve],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


class Runs:
    """Rows that are there, and those that are still to be made."""

    def __init__(self, path: Path | None, budget: float, force: bool) -> None:
        self.table = path and Table(path)
        self.budget, self.force = budget, force

    def row(self, name: str, method: str, seed: int, lr: float, seconds: float) -> dict:
        """The run's row, read or made; an interrupted start loses one run at most."""
        key = f"{name} / {method} / seed {seed} / lr {lr:g} / {seconds:g} s"
        origin = here(roots=[Path(__file__)])
        if self.table and not self.force and self.table.has(key, origin):
            return self.table.rows[key].values
        found = train(name, method, seed, lr, seconds) | {"tuning": seed == TUNING_SEED}
        if self.table:
            self.table.put(key, found, origin)
        shown = "broke" if found["error"] is None else f"{found['error']:.2e}"
        print(f"{key}: {shown}, {found['steps']} steps, wall {found['wall']:.0f} s", flush=True)
        return found

    def tuned(self, method: str) -> float:
        """The learning rate that did best on the tuning seed."""
        scores = {
            lr: sum(self._log_error(name, method, lr) for name in TUNING_PROBLEMS)
            for lr in METHODS[method].rates
        }
        return min(scores, key=scores.__getitem__)

    def _log_error(self, name: str, method: str, lr: float) -> float:
        found = self.row(name, method, TUNING_SEED, lr, self.budget / 3)["error"]
        return math.inf if found is None else math.log(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="of every run; a third to tune")
    parser.add_argument("--json", type=Path, help="keep the rows in this table, and go on there")
    parser.add_argument("--force", action="store_true", help="make rows anew that are there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = Runs(options.json, options.seconds, options.force)
    with threadpool_limits(1):
        for group in GROUPS:
            rates = {method: runs.tuned(method) for method in group}
            for seed in SEEDS:
                for name in PROBLEMS:
                    for method in group:
                        runs.row(name, method, seed, rates[method], options.seconds)


if __name__ == "__main__":
    main()
