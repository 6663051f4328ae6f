"""Time of one optimizer step, side by side in one run (methods: `steps.py`).

    python benchmarks/step_time.py [--tasks 2 5 16 32] [--points 128 256 ...] [--json F]

The methods take turns, in an order that rotates; printed are the median time and the median and
range over the turns of the ratio to the plain summed step of the same turn, and the ratio of the
two fastest turns (disturbances only ever add time). On the CPU the clock is the process' own: time
that the machine gave to others does not count. That of threads which wait would, so that every
library keeps to one. glibc is told to keep freed memory: else page faults come and go with the
heap's history, for every method alike, at times thousands in a step.
Methods with K backward passes are left out where K · points exceeds ``--limit``. Times vary between
machines; the ratios are what is claimed.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from steps import K_FOLD, PARTS, SMALL_STEPS, STEPS, Kept, allocator, build

from hrgradlib._system.threads import threads_limited

#: Cells (tasks, points) of the Gauss–Newton metric, on its small network.
SMALL_CELLS = [(5, 28), (10, 14), (10, 28), (10, 56), (16, 32)]


def names(tasks: int, per_task: int, limit: int) -> list[str]:
    """The methods that are measured at so many tasks and points."""
    kept = [n for n in STEPS if n not in K_FOLD or tasks**2 * per_task <= limit]
    return [*kept, *PARTS]


def clock(device: torch.device) -> float:
    """Seconds: of this process on the CPU, of the wall once a GPU has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def measure(closures: dict, budget: float, turns: int, device: torch.device) -> dict:
    """Seconds per step of every method, [turns]: at least 3 turns, then until the budget is out."""
    counts, seconds = {}, {name: [] for name in closures}
    for name, closure in closures.items():
        closure()
        began = clock(device)
        closure()
        counts[name] = int(np.clip(0.1 / max(clock(device) - began, 1e-6), 1, 8))
    order, began = list(closures), time.perf_counter()
    for turn in range(turns):
        if turn >= 3 and time.perf_counter() - began > budget:
            break
        for name in order:
            before = clock(device)
            for _ in range(counts[name]):
                closures[name]()
            seconds[name].append((clock(device) - before) / counts[name])
        order = order[1:] + order[:1]
    return {name: np.array(values) for name, values in seconds.items()}


def summary(tasks: int, per_task: int, seconds: dict, against: str) -> list[dict]:
    """One row per method, with the ratio to ``against`` turn by turn."""
    plain, rows = seconds[against], []
    for name, values in seconds.items():
        ratio = values / plain
        rows.append(
            {
                "tasks": tasks,
                "points": per_task,
                "step": name,
                "turns": len(values),
                "milliseconds": round(1e3 * float(np.median(values)), 3),
                "ratio": round(float(np.median(ratio)), 3),
                "ratio_low": round(float(ratio.min()), 3),
                "ratio_high": round(float(ratio.max()), 3),
                "ratio_fastest": round(float(values.min() / plain.min()), 3),
            }
        )
        print(
            "{tasks:3d} x {points:5d}  {step:16s} {milliseconds:9.2f} ms  ratio {ratio:6.2f}  "
            "[{ratio_low:.2f}, {ratio_high:.2f}]  fastest {ratio_fastest:.2f}".format(**rows[-1]),
            flush=True,
        )
    return rows


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 5, 10, 16, 32])
    parser.add_argument("--points", type=int, nargs="+", default=[64, 128, 256, 512, 1024, 4096])
    parser.add_argument("--budget", type=float, default=8.0, help="seconds per cell of the grid")
    parser.add_argument("--turns", type=int, default=25, help="at most")
    parser.add_argument("--limit", type=int, default=150_000, help="K · points of K-fold methods")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path, help="keep the cells in this table, see steps.py")
    parser.add_argument("--force", action="store_true", help="measure cells that are there, too")
    return parser.parse_args(argv)


def main() -> None:
    options = arguments()
    allocator(threshold=1 << 30, keep=2**31 - 1)
    device = torch.device(options.device)
    small = [(k, p, list(SMALL_STEPS)) for k, p in SMALL_CELLS]
    grid = [(k, p, names(k, p, options.limit)) for k in options.tasks for p in options.points]
    kept = Kept(options.json, Path(__file__), device, options.force)
    for tasks, per_task, chosen in kept.missing(grid + small):
        print(f"{tasks} tasks of {per_task} points …", file=sys.stderr)
        closures = {name: build(name, tasks, per_task, device) for name in chosen}
        with threads_limited(options.threads):
            seconds = measure(closures, options.budget, options.turns, device)
        clocked = "wall" if device.type == "cuda" else "process"
        rows = summary(tasks, per_task, seconds, against=chosen[0])
        kept.put(rows, clock=clocked, budget_seconds=options.budget)


if __name__ == "__main__":
    main()
