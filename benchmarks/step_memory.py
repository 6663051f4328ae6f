"""Peak memory of one optimizer step (methods: `steps.py`).

    python benchmarks/step_memory.py [--tasks 5 16] [--points 128 256 1024] [--json F]

On the CPU every cell is a process of its own, in which the method first runs on a few points, so
that the libraries' pages and buffers are there already. Points and network are made, the resident
memory is read, its high-water mark is reset (`/proc/self/clear_refs`), three steps are
taken, and the high-water mark is read: activations, gradients and the optimizer's state. glibc maps
every block above 64 KiB apart, so that freed tensors go back to the system and the mark is that of
live memory, to a page, not of the heap's history. On a GPU: ``torch.cuda.max_memory_allocated``.
"""

import argparse
import multiprocessing
from pathlib import Path

import torch
from steps import K_FOLD, SMALL_STEPS, STEPS, Kept, allocator, build

#: Cells (tasks, points) of the Gauss–Newton metric, on its small network.
SMALL_CELLS = [(5, 28), (10, 14), (10, 28), (10, 56), (16, 32)]


def resident(field: str) -> int:
    """``VmRSS`` or its high-water mark ``VmHWM`` of this process, in bytes (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    raise OSError(f"no {field} in /proc/self/status")


def peak(name: str, tasks: int, per_task: int, device: torch.device, steps: int = 3) -> int:
    """Bytes above what is there before the first step."""
    step = build(name, tasks, per_task, device)
    if device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = resident("VmRSS")
    for _ in range(steps):
        step()
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() - before
    return resident("VmHWM") - before


def apart(*cell) -> int:
    """:func:`peak` in a process of its own (on the CPU; a GPU counts its own memory)."""
    if cell[-1].type == "cuda":
        return peak(*cell)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(peak, (cell[0], 2, 4, cell[-1]))
        return pool.apply(peak, cell)


def summary(tasks: int, per_task: int, found: dict[str, int], against: str) -> list[dict]:
    """One row per method, with the ratio to ``against``."""
    rows = []
    for name, size in found.items():
        rows.append(
            {
                "tasks": tasks,
                "points": per_task,
                "step": name,
                "mebibytes": round(size / 2**20, 3),
                "ratio": round(size / found[against], 3),
            }
        )
        print(
            "{tasks:3d} x {points:5d}  {step:16s} {mebibytes:9.2f} MiB  ratio {ratio:6.2f}".format(
                **rows[-1]
            ),
            flush=True,
        )
    return rows


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[5, 16])
    parser.add_argument("--points", type=int, nargs="+", default=[128, 256, 1024])
    parser.add_argument("--limit", type=int, default=300_000, help="K · points of K-fold methods")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path, help="keep the cells in this table, see steps.py")
    parser.add_argument("--force", action="store_true", help="measure cells that are there, too")
    return parser.parse_args(argv)


def main() -> None:
    options = arguments()
    allocator(threshold=1 << 16, keep=1 << 16)
    torch.set_num_threads(1)
    device = torch.device(options.device)
    for name in (*STEPS, *SMALL_STEPS):  # loads what a first step loads
        peak(name, 2, 4, device)
    cells = [
        (k, p, [n for n in STEPS if n not in K_FOLD or k**2 * p <= options.limit])
        for k in options.tasks
        for p in options.points
    ]
    cells += [(k, p, list(SMALL_STEPS)) for k, p in SMALL_CELLS]
    kept = Kept(options.json, Path(__file__), device, options.force)
    for tasks, per_task, chosen in kept.missing(cells):
        found = {name: apart(name, tasks, per_task, device) for name in chosen}
        rows = summary(tasks, per_task, found, against=chosen[0])
        kept.put(rows, measure="allocated" if device.type == "cuda" else "resident")


if __name__ == "__main__":
    main()
