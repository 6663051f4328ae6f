"""The numbers of the book to be met by somebody else's trainings, and a comparison with them.

    python -m hrgradlib.chapters.reproduce NAME [COMMIT]

sets the stored trainings NAME of this checkout against those of a commit (the last one).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.store import Row, StoreError, Table
from hrgradlib.experiments.verdicts import Verdict, judge
from hrgradlib.paths import checkout

__all__ = ["Expected", "against", "committed", "expected", "main"]


class Expected(NamedTuple):
    """What the trainings under one label ended with.

    Attributes:
        label: of the settings, without the seed.
        errors: [n] of every run; inf where it failed.
        seconds: median training time.
    """

    label: str
    errors: tuple[float, ...]
    seconds: float

    @property
    def median(self) -> float:
        return float(np.median(self.errors))

    def __str__(self) -> str:
        low, high = min(self.errors), max(self.errors)
        return (
            f"{self.label:28s} {self.median:.1e}   {low:.1e} to {high:.1e}   "
            f"{len(self.errors):2d} runs   {self.seconds:5.0f} s"
        )


def expected(rows: Iterable[Row]) -> list[Expected]:
    """Stored trainings by label, in their order; rows that are no trainings are left out."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if "max_error" in row.values and "-s" in row.key:
            groups.setdefault(row.key.rpartition("-s")[0], []).append(row)
    return [
        Expected(
            label,
            tuple(float("inf") if r.values["failure"] else r.values["max_error"] for r in group),
            float(np.median([r.values["seconds"] for r in group])),
        )
        for label, group in groups.items()
    ]


def against(yours: Iterable[Row], ours: Iterable[Row]) -> Iterator[tuple[str, bool, Verdict]]:
    """For every label of both: whether all errors are the same, and the verdict on yours."""
    there = {one.label: one for one in expected(ours)}
    for one in expected(yours):
        if other := there.get(one.label):
            same = sorted(one.errors) == sorted(other.errors)
            yield one.label, same, judge(one.errors, other.errors)


def committed(name: str, commit: str = "HEAD") -> Table:
    """A stored result as a commit has it.

    Raises:
        StoreError: this is no checkout with a history, or the commit has no such result.
    """
    root = checkout()
    file = f"book/results/{name}.json"
    try:
        found = subprocess.run(
            ["git", "-C", str(root), "show", f"{commit}:{file}"], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise StoreError(f"commit {commit} of {root} holds no {file}") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.json"
        path.write_bytes(found)
        return Table(path)


def main(arguments: list[str] | None = None) -> int:
    """Print one line per label; 0 if no verdict is "higher"."""
    parser = argparse.ArgumentParser(description="Compare stored trainings with those of a commit.")
    parser.add_argument("name", choices=sorted(RESULTS))
    parser.add_argument("commit", nargs="?", default="HEAD")
    args = parser.parse_args(arguments)
    try:
        ours = committed(args.name, args.commit).rows.values()
        lines = list(against(Table.named(args.name).rows.values(), ours))
    except StoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for label, same, verdict in lines:
        print(f"{label:28s} {'the same numbers' if same else str(verdict)}")
    if not lines:
        print(f"error: {args.name} holds no trainings", file=sys.stderr)
        return 2
    return int(any(verdict.word == "higher" for _, _, verdict in lines))


if __name__ == "__main__":
    sys.exit(main())
