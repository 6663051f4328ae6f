"""Sphinx extension: a caption folds out how its figure was made; a page lists figures and runs.

`book/make.py` writes `figures.json`, from what `origins.py` noted in the executed chapters. The
directives `figure-list`, `run-list` and `result-list` show all of them. Other builders than HTML
leave captions as they are.
"""

import html
import json
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from exercise_index import tabled
from numbering import numbered_title
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

EMPTY: dict[str, list[dict]] = {"figures": [], "runs": [], "results": []}
SUMMARY = "How this figure was made"
NOTHING = (
    "What it shows was computed by this page; it rests on no stored result and no trained run."
)


class list_here(nodes.General, nodes.Element):
    """Where a list will stand, once every page is known."""


class FigureList(SphinxDirective):
    """`{figure-list}`: every figure of the book; `{run-list}` and `{result-list}` alike."""

    def run(self) -> list[nodes.Node]:
        return [list_here(kind=self.name.removesuffix("-list"))]


def fold_out(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put under every figure where it comes from."""
    told = {one["label"]: one for one in app.config.figure_origins["figures"]}
    if app.builder.format != "html" or not told:
        return
    for figure in doctree.findall(nodes.figure):
        for one in filter(None, map(told.get, figure["ids"])):
            figure += nodes.legend("", nodes.raw("", fold(one), format="html"))


def fold(one: dict) -> str:
    """The fold-out of a figure, as HTML."""
    lines = [f"File <code>{kept_as(one)}</code>, drawn again by <code>python book/redraw.py "
             f"{one['name']}</code>."]  # fmt: skip
    lines += map(source_line, one["sources"])
    if not one["sources"]:
        lines.append(NOTHING)
    listed = "".join(f"<li>{line}</li>" for line in lines)
    return f'<details class="figure-origin"><summary>{SUMMARY}</summary><ul>{listed}</ul></details>'


def kept_as(one: dict) -> str:
    """Where `hrgradlib/chapters/style.py` keeps a figure, by its profile."""
    folder = "figures" if one["profile"] == "quick" else f"figures/{one['profile']}"
    endings = "svg" if one["profile"] == "smoke" else "{svg,pdf,png}"
    return f"{folder}/{one['name']}.{endings}"


def source_line(source: dict[str, str]) -> str:
    """Data of a figure: file, seeds, day and commit, command."""
    told = {key: html.escape(value) for key, value in source.items()}
    seeds = f" seeds {told['seeds']};" if told["seeds"] else ""
    command = f"; made by <code>{told['command']}</code>" if told["command"] else ""
    return f"Data <code>{told['file']}</code>:{seeds} {told['made']}{command}."


class FillLists(SphinxPostTransform):
    """Put the tables in place, before references are resolved (priority 5 and above)."""

    default_priority = 2

    def run(self, **kwargs) -> None:
        for place in list(self.document.findall(list_here)):
            told = self.app.config.figure_origins
            rows = list(getattr(self, f"{place['kind']}_rows")(told[f"{place['kind']}s"]))
            head = [[nodes.Text(word)] for word in HEADS[place["kind"]]]
            place.replace_self(tabled(head, rows) if rows else nodes.paragraph("", "None."))

    def figure_rows(self, figures: list[dict]) -> Iterator[list[list[nodes.Node]]]:
        for one in figures:
            data = [Path(source["file"]).name if "results" in source["file"] else source["file"]
                    for source in one["sources"]]  # fmt: skip
            yield [[self.number(one["label"])], [literal(one["name"])], [self.page(one["page"])],
                   separated(map(literal, data)) or [nodes.Text("this page")]]  # fmt: skip

    def run_rows(self, runs: list[dict]) -> Iterator[list[list[nodes.Node]]]:
        for one in runs:
            yield [[literal(one["name"])], [nodes.Text(one["made"])], [literal(one["command"])]]

    def result_rows(self, results: list[dict]) -> Iterator[list[list[nodes.Node]]]:
        for one in results:
            shown = [found for name in one["pages"] if (found := self.named(name))]
            seeds = f"; seeds {one['seeds']}" if one["seeds"] else ""
            yield [[literal(one["name"])], [nodes.Text(one["made"] + seeds)],
                   separated(map(self.page, shown)), [literal(one["command"])]]  # fmt: skip

    def named(self, name: str) -> str:
        """A page by the last part of its name."""
        return next((page for page in self.env.found_docs if Path(page).name == name), "")

    def number(self, label: str) -> nodes.Node:
        if label not in self.env.get_domain("std").labels:
            return nodes.Text("–")
        return pending_xref("", nodes.inline("", label), refdomain="std", reftype="numref",
                            reftarget=label, refexplicit=False, refwarn=True,
                            refdoc=self.env.docname)  # fmt: skip

    def page(self, name: str) -> nodes.Node:
        uri = self.app.builder.get_relative_uri(self.env.docname, name)
        title = numbered_title(self.env, name)
        return nodes.reference("", "", *title, internal=True, refuri=uri)


HEADS = {"figure": ("figure", "file in figures/", "page", "data"),
         "run": ("network", "made", "command"),
         "result": ("file in book/results/", "made", "pages", "command")}  # fmt: skip


def literal(text: str) -> nodes.literal:
    return nodes.literal("", text)


def separated(parts) -> list[nodes.Node]:
    """Nodes in a row, with commas."""
    found: list[nodes.Node] = []
    for part in parts:
        found += [nodes.Text(", "), part] if found else [part]
    return found


def read(app: Sphinx, config) -> None:
    path = Path(app.confdir) / "figures.json"
    config.figure_origins = json.loads(path.read_text("utf-8")) if path.is_file() else EMPTY


def setup(app: Sphinx) -> dict:
    app.add_config_value("figure_origins", EMPTY, "env")
    app.add_node(list_here)
    for name in ("figure-list", "run-list", "result-list"):
        app.add_directive(name, FigureList)
    app.add_post_transform(FillLists)
    app.connect("config-inited", read)
    app.connect("doctree-resolved", fold_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
