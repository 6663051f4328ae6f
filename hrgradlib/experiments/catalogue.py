"""Every stored result of the book: what makes it, how long that takes, which pages show it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hrgradlib.experiments.campaign import CampaignError
from hrgradlib.experiments.probes import same, same_table
from hrgradlib.experiments.runner import code_behind, fresh
from hrgradlib.experiments.sources import code_fingerprint
from hrgradlib.experiments.specs import Spec
from hrgradlib.experiments.store import Row, StoreError, Table
from hrgradlib.experiments.studies import STUDIES, complete, row_key, study_runs
from hrgradlib.paths import checkout

__all__ = ["RESULTS", "Stored", "describe", "overview", "remake", "states"]


@dataclass(frozen=True)
class Stored:
    """A line of :data:`RESULTS`.

    Attributes:
        name: of the file, ``NAME.json``.
        minutes: that making all of it takes on one core.
        chapters: pages that show it.
        module: ``python -m`` of it makes the table; empty for trainings.
        script: below the checkout's root, makes the table with ``--json FILE``.
        partial: rows may be missing yet, even all; what shows it says how many, and tests take
            what is there. Every other table is complete.
    """

    name: str
    minutes: float
    chapters: tuple[str, ...]
    module: str = ""
    script: str = ""
    partial: bool = False
    probe: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What makes it, as typed; ``hrgrad results NAME`` does the same."""
        if self.module:
            return f"python -m {self.module}"
        if self.script:
            return f"python {self.script} --json book/results/{self.name}.json"
        return f"hrgrad study {self.name}"

    def runs(self, profile: str) -> dict[Path, Spec]:
        """The trainings it consists of, by folder; none for a measurement."""
        if self.module or self.script:
            return {}
        return study_runs(self.name, profile)

    def code(self) -> str:
        """Fingerprint of the code that measures it; that of trainings differs by row."""
        return code_fingerprint(self.module or _root() / self.script)


RESULTS = {
    line.name: line
    for line in (
        Stored("ablations", 75, ("08_convergence", "12_what_matters"), partial=True),
        Stored("apart", 26, ("13_what_it_costs",), partial=True),
        Stored("beyond", 28, ("14_beyond_kinetics",), partial=True),
        Stored("bgk", 7, ("11_bgk",), partial=True),
        Stored("bgk-mixed", 12, ("11_bgk",), partial=True),
        Stored("bgk-sod", 12, ("11_bgk",), partial=True),
        Stored("bgk-truncation", 5, ("11_bgk",), module="hrgradlib.chapters.ch11_truncation"),
        Stored(
            "bgk-verification",
            5,
            ("bgk_references",),
            module="hrgradlib.chapters.ch02_bgk_tables",
        ),
        Stored("codes", 5, ("05_one_network",), module="hrgradlib.experiments.code_table"),
        Stored("comparison", 105, ("09_linear_transport", "12_what_matters", "many_tasks"),
               partial=True),
        Stored("comparison-grid", 75, ("09_linear_transport", "12_what_matters"), partial=True),
        Stored("comparison-inflow", 40, ("12_what_matters",), partial=True),
        Stored("comparison-inflow-grid", 13, ("12_what_matters",), partial=True),
        Stored("comparison-steps", 2, ("12_what_matters",),
               module="hrgradlib.chapters.ch12_step_cost", partial=True),
        Stored("conflict", 10, ("06_gradient_conflict",)),
        Stored("failure", 95, ("05_one_network",), partial=True),
        Stored("failure-bgk", 80, ("05_one_network",), partial=True),
        Stored("failure-bgk-grid", 7, ("05_one_network",), partial=True),
        Stored("failure-grid", 7.5, ("05_one_network",), partial=True),
        Stored("failure-rungs", 60, ("05_one_network",), partial=True),
        Stored("failure-terms", 60, ("05_one_network",), partial=True),
        Stored("failure-inflow", 49, ("05_one_network",), partial=True),
        Stored("failure-inflow-grid", 5, ("05_one_network",), partial=True),
        Stored("failure-long", 45, ("05_one_network",), partial=True),
        Stored("failure-riemann", 123, ("05_one_network",), partial=True),
        Stored("failure-riemann-grid", 5, ("05_one_network",), partial=True),
        Stored("finalists", 35, ("09_linear_transport", "12_what_matters"), partial=True),
        Stored("finalists-grid", 46, ("09_linear_transport", "12_what_matters"), partial=True),
        Stored("gauss-newton", 8, ("many_tasks",), partial=True),
        Stored("inflow", 9, ("10_inflow",), partial=True),
        Stored(
            "inflow-reference",
            8,
            ("02_reference_solvers", "10_inflow"),
            module="hrgradlib.chapters.ch02_inflow_table",
        ),
        Stored("inner", 24, ("12_what_matters",), partial=True),
        Stored("linear-solver", 1, ("12_what_matters",),
               module="hrgradlib.chapters.ch12_linear_solver"),
        Stored("literature", 15, ("05_one_network",), partial=True),
        Stored("literature-bgk", 37, ("05_one_network",), partial=True),
        Stored("literature-step", 1, ("10_inflow", "13_what_it_costs"),
               script="benchmarks/literature_step.py"),
        Stored("metrics", 175, ("13_what_it_costs",), partial=True),
        Stored("metrics-long", 767, ("13_what_it_costs",), partial=True),
        Stored("outside", 1, ("12_what_matters",),
               script="benchmarks/outside_jax.py", partial=True),
        Stored("peers", 121, ("14_beyond_kinetics",), script="benchmarks/peers.py", partial=True,
               probe=("benchmarks/peers_probe.py",)),
        Stored("pinn", 15, ("04_pinn_and_apnn",), module="hrgradlib.chapters.ch04_pinn",
               probe=("-m", "hrgradlib.chapters.ch04_probe")),
        Stored("points", 18, ("10_inflow", "11_bgk")),
        Stored("scales", 92, ("09_linear_transport",)),
        Stored("scales-adam", 26, ("09_linear_transport",), partial=True),
        Stored("scales-bgk", 92, ("11_bgk",), partial=True),
        Stored("scales-inflow", 73, ("10_inflow",), partial=True),
        Stored("scales-rivals", 30, ("09_linear_transport",), partial=True),
        Stored("step-memory", 2, ("13_what_it_costs",), script="benchmarks/step_memory.py"),
        Stored("step-time", 7, ("13_what_it_costs",), script="benchmarks/step_time.py"),
        Stored("term-balance", 25, ("08_convergence",), partial=True),
        Stored("transport-2d", 10, ("09_linear_transport",), partial=True),
        Stored(
            "transport-2d-maps",
            1,
            ("09_linear_transport",),
            module="hrgradlib.chapters.ch09_plane_maps",
            partial=True,
        ),
        Stored(
            "trivial",
            6,
            (
                *("first_apnn", "04_pinn_and_apnn", "05_one_network", "06_gradient_conflict"),
                *("09_linear_transport", "10_inflow", "11_bgk", "12_what_matters"),
                *("13_what_it_costs", "14_beyond_kinetics", "many_tasks"),
            ),
            module="hrgradlib.experiments.trivial",
        ),
        Stored("weights", 70, ("05_one_network",), partial=True),
        Stored("verdict-rule", 1, ("12_what_matters", "protocol"),
               module="hrgradlib.chapters.protocol_rates"),
    )
}  # fmt: skip


def states(line: Stored, table: Table, profile: str = "quick") -> dict[str, str]:
    """State of every row that is there or wanted.

    Returns:
        By key: ``fresh``, also where probes tell that today's code does the same;
        ``unknown``, its code was not recorded; ``stale``, code or specification
        have changed since; ``missing``; ``left over``, no longer asked for.
    """
    runs = {row_key(folder): spec for folder, spec in line.runs(profile).items()}
    if not runs and line.name not in STUDIES:
        code = line.code()
        return {key: _measured(line, row, code) for key, row in table.rows.items()} or {
            "table": "missing"
        }
    found = {key: "missing" for key in runs if key not in table.rows}
    for key, row in table.rows.items():
        spec = runs.get(key)
        found[key] = _trained(row, spec) if spec else "left over"
    return found


def _trained(row: Row, spec: Spec) -> str:
    code, settings = code_behind(spec), spec.fingerprint()
    state = _state(row, code, settings)
    if state == "stale" and row.origin.spec == settings:
        return "fresh" if same(row.origin.code, code, spec) else state
    return state


def _measured(line: Stored, row: Row, code: str) -> str:
    state = _state(row, code, row.origin.spec)
    alike = state == "stale" and line.probe and same_table(line.name, row.origin.code, code)
    return "fresh" if alike else state


def _state(row: Row, code: str, spec: str) -> str:
    if not row.origin.code:
        return "unknown"
    return "fresh" if (row.origin.code, row.origin.spec) == (code, spec) else "stale"


def describe(line: Stored, table: Table, profile: str = "quick") -> str:
    """One line on what is not as it should be; empty if every row is fresh and of a clean tree."""
    counts = Counter(states(line, table, profile).values())
    counts["unclean"] = sum(row.origin.unclean for row in table.rows.values())
    words = {
        "unknown": "stale (code not recorded)",
        "stale": "stale (code or settings changed)",
        "missing": "missing",
        "left over": "left over (no longer asked for)",
        "unclean": "from an unclean tree",
    }
    return ", ".join(f"{counts[state]} {text}" for state, text in words.items() if counts[state])


def overview(names: Iterable[str], profile: str = "quick") -> Iterator[dict[str, str]]:
    """Lines of ``hrgrad results``: name, rows, state, minutes, chapters, command."""
    for name in names:
        line = RESULTS[name]
        table = Table.named(name, profile)
        yield {
            "name": name,
            "rows": str(len(table.rows)),
            "minutes": f"{line.minutes:g}",
            "chapters": ", ".join(line.chapters),
            "command": line.command,
            "state": describe(line, table, profile) or "fresh",
        }


def remake(
    name: str,
    profile: str = "quick",
    *,
    replace: bool = True,
    force: bool = False,
    device: str = "auto",
    jobs: int = 2,
    quiet: bool = False,
    dry_run: bool = False,
) -> str:
    """Make the rows of a stored result that are missing, and those that are stale.

    Args:
        name: of :data:`RESULTS`.
        profile: of its trainings; another one than ``quick`` has tables of its own.
        replace: whether stale rows are made anew; else only missing ones are added.
        force: make all of them anew.
        device, jobs, quiet: of the trainings.
        dry_run: only say what would be done.

    Returns:
        What was done, a line for people.

    Raises:
        StoreError: no such result, or it cannot be made here.
        CampaignError: trainings that left no result.
    """
    if name not in RESULTS:
        raise StoreError(f"unknown result {name!r}; expected one of {', '.join(RESULTS)}")
    line, table = RESULTS[name], Table.named(name, profile)
    found = states(line, table, profile)
    again = {"missing"} | ({"stale", "unknown"} if replace or force else set())
    chosen = [k for k, s in found.items() if s != "left over" and (force or s in again)]
    kept = f"{name}: {len(table.rows)} rows in {_place(table)}"
    replaced = sum(key in table.rows for key in chosen)
    todo = f"{kept}; {len(chosen)} to be made, {replaced} of them in place of what is there"
    if line.minutes:
        todo += f" (all: {line.minutes:g} min on a core)"
    if not chosen:
        old = sum(state != "fresh" for state in found.values())
        hint = f"; {old} stale: `hrgrad results {name}` makes them anew" if old else ""
        return f"{kept}; nothing to be done{hint}"
    runs = line.runs(profile)
    if not runs and profile != "quick":
        raise StoreError(f"{name} is no training and has no profile {profile!r}; leave it out")
    if dry_run:
        return todo
    print(f"hrgrad: {todo}", file=sys.stderr)
    if not runs:
        _measure(line, table, force)
        return f"{name}: written to {_place(table)}"
    wanted = {f: s for f, s in runs.items() if row_key(f) in chosen}
    for folder in wanted if force else ():
        fresh(folder)
    lost = complete(table, wanted, device, jobs, quiet)
    if replace or force:
        table.keep(map(row_key, runs))
    if lost:
        raise CampaignError("; ".join(f"{key}: {words}" for key, words in lost.items()))
    return f"{name}: {len(wanted)} rows written to {_place(table)}"


def _measure(line: Stored, table: Table, force: bool) -> None:
    """Run the command of a measurement, which puts its rows itself, those that are fresh not."""
    script = [str(_root() / line.script), "--json", str(table.path)] if line.script else []
    command = [*(script or ("-m", line.module)), *["--force"] * force]
    code = subprocess.run([sys.executable, *command]).returncode
    if code:
        raise StoreError(f"{line.command} ended with exit code {code}")


def _root() -> Path:
    """The checkout.

    Raises:
        StoreError: this is an installed copy.
    """
    root = checkout()
    if root is None:
        raise StoreError("benchmarks are no part of the installed package; use a checkout")
    return root


def _place(table: Table) -> str:
    root = checkout()
    if root and table.path.is_relative_to(root):
        return str(table.path.relative_to(root))
    return str(table.path)
