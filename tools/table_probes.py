"""Stores what tells whether tables that scripts train are still what today's code would train.

    python tools/table_probes.py

Such a table (peers, pinn) is of no study, so that the probes of
:mod:`hrgradlib.experiments.probes` know nothing of it. Its script has a probe beside it, which
prints numbers of the first steps. Run it before and after a change: where both versions of the
code agree on one machine, rows of the earlier one stay valid.
"""

from __future__ import annotations

import json
import subprocess
import sys

import torch

from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.probes import arithmetic, probed_tables
from hrgradlib.experiments.store import recorded
from hrgradlib.paths import checkout
from hrgradlib.provenance import collect


def main() -> None:
    """Run the probes that today's code lacks."""
    table = probed_tables()
    for line in RESULTS.values():
        if not line.probe:
            continue
        code = line.code()
        key = f"{code}-{line.name}-{arithmetic()}"
        if key in table.rows:
            continue
        command = [sys.executable, *line.probe]
        done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(line.probe)}: {done.stderr.strip().splitlines()[-1]}")
        numbers = json.loads(done.stdout)
        table.put(key, {"numbers": numbers}, recorded(collect(torch.device("cpu")), "", code))
        print(f"{line.name}: {len(numbers)} numbers of code {code}", file=sys.stderr)


if __name__ == "__main__":
    main()
