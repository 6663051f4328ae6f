"""Sphinx extension: how long an exercise takes and what it asks for, under it and in an index.

`book/exercises.yml` has one line per exercise. The directive `exercise-index` shows all of them, by
page and by topic, with the numbers and titles that the exercises themselves have. An exercise
without a line, or a line without an exercise, is a warning, which stops the build.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from docutils import nodes
from numbering import numbered_title
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.nodes import exercise_subtitle, is_exercise_node

TABLE = "exercises.yml"
LEVELS = {1: "warm-up", 2: "usual", 3: "long"}
WAYS = ("pencil", "code", "predict")
HEADINGS = ("exercise", "minutes", "level", "by", "topic")

log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A line of the table."""

    minutes: int
    level: int
    by: str
    topic: str

    def told(self) -> str:
        """As it stands under an exercise."""
        return f"{self.minutes} minutes · {LEVELS[self.level]} · {self.by}"


class index_here(nodes.General, nodes.Element):
    """Where the index will stand, once every exercise is known."""


def read_table(path: Path) -> dict[str, Entry]:
    """The lines by label.

    Raises:
        ValueError: a line that is not as the file's head says.
    """
    found = {}
    for label, line in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        if set(line) != set(Entry._fields):
            raise ValueError(f"{path.name}: {label} has {sorted(line)}; {Entry._fields} expected")
        entry = Entry(**line)
        if entry.level not in LEVELS or entry.by not in WAYS or not 0 < entry.minutes <= 120:
            raise ValueError(f"{path.name}: {label}: {entry}")
        found[label] = entry
    return found


class ExerciseIndex(SphinxDirective):
    """`{exercise-index}`: every exercise of the book."""

    def run(self) -> list[nodes.Node]:
        return [index_here()]


def exercises(env: BuildEnvironment) -> dict[str, tuple[str, nodes.Element]]:
    """Page and node of every exercise by its label, in the order of the book."""
    order = [env.config.root_doc, *pages_below(env, env.config.root_doc)]
    known = getattr(env, "sphinx_exercise_registry", {})
    kept = [(label, one) for label, one in known.items() if is_exercise_node(one["node"])]
    kept.sort(key=lambda item: order.index(item[1]["docname"]))  # stable: within a page as written
    return {label: (one["docname"], one["node"]) for label, one in kept}


def pages_below(env: BuildEnvironment, page: str) -> Iterator[str]:
    for name in env.toctree_includes.get(page, []):
        yield name
        yield from pages_below(env, name)


def show_under_exercises(app: Sphinx, doctree: nodes.document) -> None:
    """One line under the title of every exercise."""
    for node in doctree.findall(is_exercise_node):
        if entry := app.config.exercise_table.get(node["label"]):
            line = nodes.paragraph("", entry.told(), classes=["exercise-effort"])
            node.insert(1, line)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Say which exercises have no line, and which lines no exercise."""
    table, found = app.config.exercise_table, exercises(env)
    for label in [key for key in found if key not in table]:
        log.warning(f"exercise {label} has no line in {TABLE}", location=found[label][0])
    for label in [key for key in table if key not in found]:
        log.warning(f"{TABLE}: there is no exercise {label}")


class FillIndex(SphinxPostTransform):
    """Put the tables in place, before references are resolved (priority 5 and above)."""

    default_priority = 2

    def run(self, **kwargs) -> None:
        for place in list(self.document.findall(index_here)):
            table = self.app.config.exercise_table
            known = {k: v for k, v in exercises(self.env).items() if k in table}
            place.replace_self([*self.summary(known, table), *self.by_page(known, table),
                                *self.by_topic(known, table)])  # fmt: skip

    def summary(self, known: dict, table: dict[str, Entry]) -> list[nodes.Node]:
        hours = sum(table[label].minutes for label in known) / 60
        ways = [f"{sum(table[k].by == way for k in known)} {way}" for way in WAYS]
        levels = [f"{sum(table[k].level == n for k in known)} {name}" for n, name in LEVELS.items()]
        return [nodes.paragraph("", f"{len(known)} exercises, {hours:.0f} hours in all. By level: "
                                    f"{', '.join(levels)}. By what they ask for: "
                                    f"{', '.join(ways)}.")]  # fmt: skip

    def by_page(self, known: dict, table: dict[str, Entry]) -> Iterator[nodes.Node]:
        for page in dict.fromkeys(page for page, _ in known.values()):
            yield nodes.rubric("", "", self.to_page(page))
            rows = []
            for label, (where, node) in known.items():
                if where == page:
                    entry = table[label]
                    cells = [str(entry.minutes), LEVELS[entry.level], entry.by, entry.topic]
                    rows.append([self.to_exercise(label, node), *([nodes.Text(c)] for c in cells)])
            yield tabled([[nodes.Text(word)] for word in HEADINGS], rows)

    def by_topic(self, known: dict, table: dict[str, Entry]) -> Iterator[nodes.Node]:
        yield nodes.rubric("", "By topic")
        rows = []
        for topic in sorted({table[label].topic for label in known}):
            listed: list[nodes.Node] = []
            for label, (_, node) in known.items():
                if table[label].topic == topic:
                    listed += [nodes.Text(", " if listed else ""), *self.to_exercise(label, node)]
            rows.append([[nodes.Text(topic)], listed])
        yield tabled([[nodes.Text("topic")], [nodes.Text("exercises")]], rows)

    def to_page(self, page: str) -> nodes.Node:
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        title = numbered_title(self.env, page)
        return nodes.reference("", "", *title, internal=True, refuri=uri)

    def to_exercise(self, label: str, node: nodes.Element) -> list[nodes.Node]:
        """A reference, resolved as any other of the book, and the exercise's title."""
        link = pending_xref("", nodes.inline("", label, classes=["xref", "std", "std-ref"]),
                            refdomain="std", reftype="ref", reftarget=label, refexplicit=False,
                            refwarn=True, refdoc=self.env.docname)  # fmt: skip
        title = next(iter(node.findall(exercise_subtitle)), None)
        return [link, *([nodes.Text(" "), *title.deepcopy().children] if title else [])]


def tabled(head: list[list[nodes.Node]], rows: list[list[list[nodes.Node]]]) -> nodes.table:
    """A table of inline nodes."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", row_of(head))
    group += nodes.tbody("", *(row_of(row) for row in rows))
    return nodes.table("", group, classes=["exercise-index"])


def row_of(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def read(app: Sphinx, config) -> None:
    path = Path(app.confdir) / TABLE
    config.exercise_table = read_table(path) if path.is_file() else {}


def setup(app: Sphinx) -> dict:
    app.add_config_value("exercise_table", {}, "env")
    app.add_node(index_here)
    app.add_directive("exercise-index", ExerciseIndex)
    app.add_post_transform(FillIndex)
    app.connect("config-inited", read)
    app.connect("doctree-read", show_under_exercises)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
