"""Where the stored numbers of a page come from, said on the page."""

from __future__ import annotations

from textwrap import TextWrapper

from hrgradlib.experiments.cases import CASES, FIRST
from hrgradlib.experiments.catalogue import RESULTS, describe
from hrgradlib.experiments.store import Row, Table, names_read

__all__ = ["kept", "origin", "show_origin"]

# A line of a page holds a hundred letters; commands and names of files stay whole.
_WRAP = TextWrapper(100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def show_origin(*names: str) -> None:
    """Print a line for every stored result that this page shows.

    Raises:
        ValueError: the page has read others, or names one that :data:`RESULTS` does not list.
    """
    if unlisted := sorted((names_read() - set(names)) | (set(names) - set(RESULTS))):
        raise ValueError(
            f"show_origin: found {', '.join(unlisted)}; expected all results this page has read, "
            "by their names in RESULTS"
        )
    for name in names:
        print(_WRAP.fill(origin(name)))


def origin(name: str) -> str:
    """Rows, day and commits of a stored result, and whether it is stale or of an unclean tree.

    Of trainings also how many Knudsen numbers an error is the largest over: few, in old rows.
    """
    table = Table.named(name)
    rows = list(table.rows.values())
    if not rows:
        noted = describe(RESULTS[name], table) or "none is asked for yet"
        return f"{name}: no rows; {noted}; made by: {RESULTS[name].command}"
    noted = describe(RESULTS[name], table)
    hint = f"; {noted}; made by: {RESULTS[name].command}" if noted else ""
    return f"{name}: {kept(rows)}{_judged(rows)}{hint}"


def kept(rows: list[Row], most: int = 3) -> str:
    """How many rows there are, of which days and commits; more commits than ``most`` are counted.

    Args:
        rows: one at least.
        most: commits that are named.
    """
    days = sorted({row.origin.time[:10] for row in rows})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    count = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    return f"{count} of {when}, commit {_commits(rows, most)}"


def _counts(rows: list[Row]) -> str:
    counts = {_knudsen_numbers(row.values) for row in rows if "max_error" in row.values}
    return " or ".join(map(str, sorted(counts)))


def _judged(rows: list[Row]) -> str:
    words = _counts(rows)
    return f", errors the largest over {words} ε" if words else ""


def _knudsen_numbers(values: dict) -> int:
    shown = CASES[values["settings"].get("problem", FIRST)].problem.eval_eps
    return len(values.get("curve", {}).get("judged_eps", shown))


def _commits(rows: list[Row], most: int) -> str:
    words = {word for row in rows for word in row.origin.commit.split()}
    commits = sorted({word[:7] for word in words if len(word) >= 40})
    return ", ".join(commits) if len(commits) <= most else f"one of {len(commits)}"
