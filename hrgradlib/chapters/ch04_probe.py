"""Numbers that tell whether changed code trains the networks of chapter 4's table as before.

``python -m hrgradlib.chapters.ch04_probe`` prints a list of numbers as JSON; see
``tools/table_probes.py``, which stores them.
"""

from __future__ import annotations

import json
from dataclasses import replace

from hrgradlib._system.threads import threads_limited
from hrgradlib.chapters.ch04_pinn import LOSSES, OPTIMIZERS, Case, run

__all__ = ["main"]

EPS, STEPS = (1e-1, 1e-3), 15


def main() -> list[float]:
    """Errors and losses after the first steps, of every loss and optimizer at two ε."""
    found: list[float] = []
    with threads_limited(1):
        for optimizer in OPTIMIZERS:
            for loss in LOSSES:
                for eps in EPS:
                    case = replace(Case.of("smoke", loss, optimizer, eps), steps=STEPS)
                    outcome = run(case, looks=3)
                    found += [*outcome.errors, *outcome.losses]
    return [float(f"{x:.9e}") for x in found]


if __name__ == "__main__":
    print(json.dumps(main()))
