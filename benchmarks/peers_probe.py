"""Numbers that tell whether changed code moves the networks of `peers.py` as before.

    python benchmarks/peers_probe.py

The first steps of every method on every problem; prints a list of numbers as JSON. See
`tools/table_probes.py`, which stores them.
"""

from __future__ import annotations

import json

import torch
from peer_methods import METHODS
from peer_problems import PROBLEMS
from threadpoolctl import threadpool_limits

STEPS = 12


def numbers(name: str, method: str) -> list[float]:
    """Of one network, how far it moved, by two norms, and where it came to."""
    problem = PROBLEMS[name]
    torch.manual_seed(0)
    stepper = METHODS[method](problem, problem.network(), METHODS[method].rates[0], 0)
    start = torch.cat([p.detach().flatten() for p in stepper.parameters]).double()
    for _ in range(STEPS):
        stepper.set_rate(1.0)
        stepper.step()
    end = torch.cat([p.detach().flatten() for p in stepper.parameters]).double()
    weight = 1 + torch.arange(len(end), dtype=torch.float64) % 7
    moved = (end - start).abs()
    return [float(f"{x:.9e}") for x in (moved.norm(), (moved * weight).sum(), end.norm())]


def main() -> None:
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = [x for name in PROBLEMS for method in METHODS for x in numbers(name, method)]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
