"""Stores of made-up rows for claims to read."""

from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.experiments.store import Origin, Row

NOWHERE = Origin("", "", "", "", {})
LOW = [1.0e-3, 1.1e-3, 0.9e-3, 1.2e-3, 1.05e-3]
HIGH = [3.0e-3, 3.3e-3, 2.9e-3, 3.1e-3, 3.6e-3]


def store(state="fresh", missing=(), **cells):
    """A store of one table "t" with runs by label: errors, or the values of every run."""
    rows = {}
    for label, runs in cells.items():
        for seed, run in enumerate(runs):
            values = run if isinstance(run, dict) else {"max_error": run, "failure": ""}
            key = f"{label}-s{seed}"
            rows[key] = Row(key, values, NOWHERE)
    states = dict.fromkeys(rows, state) | dict.fromkeys(missing, "missing")
    return Reading(lambda name: rows if name == "t" else {}, lambda name: states)


def anywhere(reading):
    """The same rows under every name of a table."""
    rows = reading._rows("t")
    return Reading(lambda name: rows, reading._states)
