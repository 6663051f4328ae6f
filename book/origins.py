"""Where the numbers of every figure come from: noted in a notebook once it has been executed.

While a page runs, `hrgradlib/chapters/opened.py` notes which files its statements open. A figure
rests on what was opened by the statements that it needs (`slices.py`).
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from slices import drawings

from hrgradlib.chapters.origin import kept
from hrgradlib.experiments.campaign import book_runs
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.folder import FolderError, read_spec
from hrgradlib.experiments.specs import SETTINGS, Spec, make_spec
from hrgradlib.experiments.store import Table
from hrgradlib.paths import home

TOLD = "hrgrad"  # of a figure, in the metadata of its output; of a page, in the notebook's
_RUN = re.compile(r"(.+)-s(\d+)$")
_SEED = re.compile(r"-s(\d+)(?:-|$)")


def note(notebook: NotebookNode) -> None:
    """Keep in the notebook what each of its figures shows and rests on."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    placed = [(cell.execution_count, one) for cell in cells for one in ast.parse(cell.source).body]
    needs = {one.name: one.slice for one in drawings([statement for _, statement in placed])}
    figures = []
    for cell, told in _shown(cells):
        needed = [placed[place] for place in needs.get(told["figure"], ())]
        sources = {source for count, line, source in told["opened"]
                   if any(at == count and one.lineno <= line <= one.end_lineno
                          for at, one in needed)}  # fmt: skip
        label = cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")
        figures.append({"name": told["figure"], "label": label, "profile": told["profile"],
                        "sources": list(_described(sources))})  # fmt: skip
    notebook.metadata[TOLD] = {"figures": figures}


def _shown(cells: list[NotebookNode]) -> Iterator[tuple[NotebookNode, dict]]:
    """What was told of every figure, which is taken out of the outputs, and its cell."""
    for cell in cells:
        for output in cell.outputs:
            if told := output.get("metadata", {}).pop(TOLD, None):
                yield cell, told


def _described(sources: Iterable[str]) -> Iterator[dict[str, str]]:
    """A line for every stored result, and for the runs of one kind over their seeds."""
    kinds: dict[str, list[tuple[int, Path]]] = {}
    for source in sorted(sources):
        if source.startswith("results/"):
            name = source.removeprefix("results/")
            if name in RESULTS and Table.named(name).rows:  # an empty one shows nothing
                yield stored(name)
        elif found := _RUN.fullmatch(source):
            kinds.setdefault(found[1], []).append((int(found[2]), home() / source))
    for kind, runs in kinds.items():
        yield trained(kind, dict(sorted(runs)))


def stored(name: str) -> dict[str, str]:
    """Of a stored result: its file, what made it, its seeds, and the commits of its rows."""
    rows = Table.named(name).rows
    return {
        "file": f"book/results/{name}.json",
        "command": RESULTS[name].command,
        "seeds": spans({int(n) for key in rows for n in _SEED.findall(key)}),
        "made": kept(list(rows.values()), most=len(rows)) if rows else "no rows",
    }


def trained(kind: str, runs: dict[int, Path]) -> dict[str, str]:
    """Of trained runs, by seed: their folders below the run store's home."""
    try:
        command = command_of(read_spec(next(iter(runs.values()))))
    except FolderError:
        command = ""
    return {
        "file": f"{kind}-s{'N' if len(runs) > 1 else next(iter(runs))}",
        "command": command,
        "seeds": spans(runs),
        "made": made(runs.values()),
    }


def made(folders: Iterable[Path]) -> str:
    """Day and commit of runs, as their folders tell."""
    records = []
    for folder in folders:
        try:
            records.append(json.loads((folder / "provenance.json").read_bytes()))
        except (OSError, ValueError):
            continue
    if not records:
        return "not trained here"
    days = sorted({record["time"][:10] for record in records})
    commits = sorted({_short(record["commit"]) for record in records})
    return f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, commit {', '.join(commits)}"


def _short(commit: str) -> str:
    name = commit.removesuffix("+")
    return commit if " " in name else name[:7] + "+" * commit.endswith("+")


def command_of(spec: Spec) -> str:
    """What trains a run, with the settings that are not its method's and profile's own."""
    usual = make_spec(spec.problem, spec.method, spec.profile, spec.seed)
    words = ["hrgrad", "run", spec.problem, "--method", spec.method, "--profile", spec.profile,
             "--seed", str(spec.seed)]  # fmt: skip
    for name, kind in SETTINGS.items():
        if (value := getattr(spec, name)) != getattr(usual, name):
            words.append(f"--{name.replace('_', '-')}")
            words += [] if kind is bool else [str(value)]
    return " ".join(words)


def noted(path: Path, page: str) -> list[dict]:
    """What was noted of the figures of an executed page."""
    told = nbformat.read(path, as_version=4).metadata.get(TOLD, {"figures": []})
    return [{**one, "page": page} for one in told["figures"]]


def everything(figures: list[dict], profiles: Iterable[str]) -> dict[str, list[dict]]:
    """Figures, runs of the profiles that pages were executed with, and stored results."""
    runs = [one for profile in dict.fromkeys(profiles) for one in every_run(profile)]
    return {"figures": figures, "runs": runs, "results": every_result()}


def every_run(profile: str) -> list[dict[str, str]]:
    """Every run that the book trains and shows."""
    return [
        {"name": f"{folder.parent.name}-{folder.name}", "file": f"runs/{profile}/{spec.problem}/"
         f"{folder.name}", "command": command_of(spec), "made": made([folder])}
        for folder, spec in book_runs(profile).items()
    ]  # fmt: skip


def every_result() -> list[dict[str, str]]:
    """Every stored result, and the pages that show it."""
    return [
        {"name": name, "pages": list(line.chapters), **stored(name)}
        for name, line in RESULTS.items()
    ]


def spans(numbers: Iterable[int]) -> str:
    """Numbers as a reader writes them: ``0–4, 7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}–{r[-1]}" for r in runs)
