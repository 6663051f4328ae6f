"""Chapter 15: the claims as tables for its page and for the README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hrgradlib.chapters.ch15_verdicts import Judged
from hrgradlib.experiments.catalogue import RESULTS, describe
from hrgradlib.experiments.store import Table

__all__ = ["claims_table", "missing_table", "readme_table", "rests_on", "studies_table"]

_NOTHING = "There is none."


def claims_table(lines: Iterable[Judged]) -> str:
    """Markdown (MyST): claim and its grade, experiment and rule, what was found and the verdict."""
    rows = [
        [
            f"{line.claim.text} {_grade(line)}",
            f"{line.claim.test} ({_place(line)}). *{_sentence(line.claim.rule)}*",
            f"**{_sentence(line.verdict)}** {_sentence(line.number) if line.number != '–' else ''}",
        ]
        for line in lines
    ]
    return _table(["claim", "experiment; *rule*", "verdict; what was found"], rows)


def studies_table(lines: Iterable[Judged]) -> str:
    """Markdown: stored results that are missing, not whole or of earlier code, and who waits."""
    waiting: dict[str, list[str]] = {}
    for line in lines:
        if line.lacking or line.earlier:
            for table in line.claim.tables:
                if _state(table) != "fresh":
                    waiting.setdefault(table, []).append(f"*{line.claim.name}*")
    rows = [
        [
            f"`{table}`",
            _state(table),
            f"{RESULTS[table].minutes:g}",
            f"`hrgrad results {table}`",
            ", ".join(names),
        ]
        for table, names in sorted(waiting.items())
    ]
    return _table(["stored result", "state", "minutes", "command", "claims"], rows)


def missing_table(lines: Iterable[Judged]) -> str:
    """Markdown: experiments that are nowhere in the store, and the claims they would decide."""
    wanted: dict[str, list[str]] = {}
    for line in lines:
        if line.claim.missing and not line.lacking:
            wanted.setdefault(line.claim.missing, []).append(f"*{line.claim.name}*")
    rows = [[experiment, ", ".join(names)] for experiment, names in wanted.items()]
    return _table(["experiment", "claims"], rows)


def readme_table(lines: Iterable[Judged]) -> str:
    """Markdown as GitHub reads it: claim, its grade, verdict, figure, chapter, command."""
    rows = [
        [
            line.claim.text,
            line.claim.grade,
            line.verdict,
            line.number,
            f"[{line.claim.chapter}]({_file(line)})",
            f"`{_command(line)}`",
        ]
        for line in lines
    ]
    return _table(["claim", "grade", "verdict", "found", "where", "command"], rows)


def rests_on(lines: Iterable[Judged]) -> Mapping[str, str]:
    """By name of a stored result that some claim reads: rows, state."""
    names = {table for line in lines for table in line.claim.tables}
    return {name: _state(name) for name in sorted(names)}


def _grade(line: Judged) -> str:
    """Who says it, as the legend of chapter 15 marks it; a review has no badge."""
    grade = line.claim.grade
    return "*(review)*" if grade == "review" else f"[{grade}]{{.grade-{grade}}}"


def _place(line: Judged) -> str:
    claim = line.claim
    stored = ", ".join(f"`{table}`" for table in claim.tables)
    words = [f"{{ref}}`{claim.label}`", f"stored: {stored}" if stored else ""]
    if claim.command:
        words.append(f"`{claim.command}`")
    return "; ".join(word for word in words if word)


def _file(line: Judged) -> str:
    folder = "chapters" if line.claim.page[0].isdigit() else "appendices"
    return f"book/{folder}/{line.claim.page}.md"


def _command(line: Judged) -> str:
    if line.claim.tables:
        return " ".join(["hrgrad results", *line.claim.tables[:1]])
    return line.claim.command


def _state(table: str) -> str:
    stored = Table.named(table)
    return describe(RESULTS[table], stored) or ("fresh" if stored.rows else "no rows yet")


def _sentence(words: str) -> str:
    first = words[:1]
    text = (first.upper() if first.isascii() else first) + words[1:]  # κ and ε are symbols
    return text if text.endswith((".", "–")) else f"{text}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return _NOTHING
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |" for row in lines)
