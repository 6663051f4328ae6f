"""Redraw the book's figures from stored results, without executing its pages.

    python book/redraw.py              # all that book/figures.yml does not leave to the book
    python book/redraw.py ch09-scales  # these, whatever they rest on

Of a page only what a figure needs is run (`slices.py`): it is drawn by the code of the book.
Nothing is trained. A figure whose networks are not in the run store is named and left as it is.
Figures come into figures/, as those of `make book`; progress goes to stderr.
"""

import argparse
import ast
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import yaml
from failure import BookError
from make import at_least_one, pages, say
from slices import drawings, statements

BOOK = Path(__file__).resolve().parent
LISTS = BOOK / "figures.yml"


class NotTrained(RuntimeError):
    """Networks of a figure are not in the run store."""


class Lost(NamedTuple):
    """Why a figure could not be drawn, and whether that is for want of networks alone."""

    why: str
    untrained: bool


def listed() -> dict[str, list[str]]:
    """Names of all figures of the book, by group; see the head of figures.yml."""
    return yaml.safe_load(LISTS.read_text(encoding="utf-8"))


def shown() -> dict[str, list[str]]:
    """Names of the figures that each page shows."""
    return {
        page: [one.name for one in drawings(statements(BOOK / f"{page}.md"))] for page in pages()[0]
    }


def draw(page: Path, names: frozenset[str]) -> dict[str, Lost]:
    """Draw these figures of a page; returns those that could not be drawn."""
    code = statements(page)
    chosen = [one for one in drawings(code) if one.name in names]
    scope: dict = {"__name__": page.stem}
    lost: dict[str, Lost] = {}
    for place in sorted(set().union(*(one.slice for one in chosen))):
        waiting = [one.name for one in chosen if place in one.slice and one.name not in lost]
        if waiting and (found := _run(code[place], page, scope)):
            lost |= dict.fromkeys(waiting, found)
    return lost


def _run(statement: ast.stmt, page: Path, scope: dict) -> Lost | None:
    """Run a statement of a page without a sound; nothing, or what went wrong."""
    code = compile(ast.Module([statement], []), str(page), "exec")
    train_each = mock.patch("hrgradlib.experiments.campaign.train_each", _refuse)
    try:
        with train_each, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            exec(code, scope)
    except Exception as error:  # of whatever a page does
        return Lost(f"{type(error).__name__}: {error}", isinstance(error, NotTrained))
    return None


def _refuse(runs: dict, *_: object) -> Iterator:
    """In place of :func:`hrgradlib.experiments.campaign.train_each`."""
    if runs:
        raise NotTrained(f"{len(runs)} networks are not in the run store")
    return iter(())


def redraw(names: frozenset[str], jobs: int) -> dict[str, Lost]:
    """Draw these figures, ``jobs`` pages at a time; returns those that could not be drawn."""
    of_page = {page: names.intersection(own) for page, own in shown().items()}
    of_page = {BOOK / f"{page}.md": own for page, own in of_page.items() if own}
    lost: dict[str, Lost] = {}
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(draw, of_page, of_page.values()):
            lost |= found
    return lost


def main() -> int:
    """Exit status: 1 if a figure failed that did not just lack its networks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="FIGURE", help="such as ch09-scales")
    parser.add_argument("--jobs", type=at_least_one, default=2, help="pages at once")
    args = parser.parse_args()
    begin, lists = time.perf_counter(), listed()
    known = [name for own in lists.values() for name in own]
    if unknown := sorted(set(args.names) - set(known)):
        say(f"error: no figure {', '.join(unknown)} in {LISTS.name}")
        return 1
    asked = args.names or [*lists["redrawn"], *lists["networks"]]
    # Pages are many small matrices: threads would only wait for each other.
    os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    try:
        lost = redraw(frozenset(asked), args.jobs)
    except BookError as error:
        say(f"error: {error}")
        return 1
    say(f"{len(asked) - len(lost)} figures drawn in {time.perf_counter() - begin:.0f} s")
    untrained = [name for name, found in lost.items() if found.untrained]
    failed = [name for name, found in lost.items() if not found.untrained]
    later = [] if args.names else lists["costly"]
    for why, left in (
        ("their networks are missing; `make train` trains them", untrained),
        ("what they show is costly; `make book` draws them", later),
    ):
        if left:
            say(f"not drawn, {why}: {', '.join(left)}")
    for name in failed:
        say(f"error: {name}: {lost[name].why}")
    return bool(failed)


if __name__ == "__main__":
    from redraw import main  # its processes find `draw` there, whatever a page makes of __main__

    sys.exit(main())
