"""The commands ``hrgrad reproduce``, ``study`` and ``results``: sets of runs."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from hrgradlib.experiments.campaign import book_runs, run_all
from hrgradlib.experiments.catalogue import RESULTS, overview, remake
from hrgradlib.experiments.specs import PROFILES, check_name, check_number
from hrgradlib.experiments.studies import STUDIES

__all__ = ["add_commands"]


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add them to the parser of ``hrgrad``."""
    book = commands.add_parser("reproduce", help="train every run the book shows")
    book.set_defaults(action=_reproduce)

    study = commands.add_parser("study", help="complete the table of a study; no row is replaced")
    study.add_argument("name", help=f"one of {', '.join(STUDIES)}")
    study.set_defaults(action=_study)

    results = commands.add_parser(
        "results",
        help="list the stored results and what is stale; with a name, make missing and stale rows",
    )
    results.add_argument("name", nargs="?", help=f"one of {', '.join(RESULTS)}")
    results.add_argument("--force", action="store_true", help="make fresh rows anew, too")
    results.set_defaults(action=_results)

    for sub in (book, study, results):
        sub.add_argument("--profile", default="quick")
        sub.add_argument("--device", default="auto", help="auto, cpu or cuda")
        sub.add_argument("--quiet", action="store_true", help="no progress bar")
        sub.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    for sub in (study, results):
        sub.add_argument("--dry-run", action="store_true", help="only say what would be made")


def _check(options: argparse.Namespace) -> None:
    check_name("profile", options.profile, PROFILES)
    check_number("jobs", options.jobs, "[1, inf)")


def _reproduce(options: argparse.Namespace) -> int:
    _check(options)
    runs, began = book_runs(options.profile), time.perf_counter()
    trained = run_all(runs, options.device, options.jobs, options.quiet)
    _say(
        f"{len(runs)} runs of profile {options.profile}: {trained} trained, "
        f"{len(runs) - trained} already there, {time.perf_counter() - began:.0f} s"
    )
    return 0


def _study(options: argparse.Namespace) -> int:
    check_name("study", options.name, STUDIES)
    return _made(options.name, options, replace=False)


def _results(options: argparse.Namespace) -> int:
    if options.name:
        return _made(options.name, options, replace=True, force=options.force)
    _check(options)
    for line in overview(RESULTS, options.profile):
        print("{name:<40} {rows:>4} rows  {minutes:>3} min  {command}".format(**line))
        print("    chapters {chapters}; {state}".format(**line))
    return 0


def _made(name: str, options: argparse.Namespace, **how: Any) -> int:
    _check(options)
    chosen = {key: getattr(options, key) for key in ("device", "jobs", "quiet", "dry_run")}
    _say(remake(name, options.profile, **chosen, **how))
    return 0


def _say(text: str) -> None:
    print(f"hrgrad: {text}", file=sys.stderr)
