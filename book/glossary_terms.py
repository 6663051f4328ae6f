"""Sphinx extension: the first use of every glossary term on a page shows its meaning.

The word becomes a link to the glossary that carries the definition; `static/glossary.js` shows it
while the word is pointed at or has the focus. Nothing is marked in titles, links, code or formulas.
Other builders than HTML leave the text as it is.
"""

import html
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

GLOSSARY = "appendices/glossary"
ELSEWHERE = {GLOSSARY, "appendices/references", "appendices/exercises", "appendices/notation"}
# Words that also mean something else in the book, such as the profile of a density.
AMBIGUOUS = {"profile"}
CLOSED = (nodes.title, nodes.subtitle, nodes.rubric, nodes.reference, nodes.literal, nodes.raw,
          nodes.literal_block, nodes.math, nodes.math_block, nodes.term, nodes.thead,
          addnodes.pending_xref, addnodes.desc)  # fmt: skip


def definitions(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Anchor and meaning of every term, by its name in lower case."""
    if GLOSSARY not in env.found_docs:
        return {}
    found = {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        meaning = " ".join(next(item.findall(nodes.definition)).astext().split())
        for term in item.findall(nodes.term):
            found[term.astext().lower()] = (term["ids"][0], meaning)
    return found


def pattern(names: list[str]) -> re.Pattern:
    """Any of the names as a word of its own, or in the plural; the longest first."""
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest))})(?=s?(?![\w-]))", re.I)


def is_open(text: nodes.Text) -> bool:
    """Whether a text may carry links: prose, and not inside a title, a link, code or a formula."""
    node = text.parent
    while node is not None:
        if isinstance(node, CLOSED) or "exercise-effort" in getattr(node, "attributes", {}).get(
            "classes", ()
        ):
            return False
        node = node.parent
    return True


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Mark the first use of every term on a page."""
    if app.builder.format != "html" or page in ELSEWHERE:
        return
    known = {k: v for k, v in definitions(app.env).items() if k not in AMBIGUOUS}
    if not known:
        return
    uri = app.builder.get_relative_uri(page, GLOSSARY)
    for text in [t for t in doctree.findall(nodes.Text) if is_open(t)]:
        if known and (pieces := split(text, known, uri)):
            text.parent.replace(text, pieces)


def split(text: nodes.Text, known: dict[str, tuple[str, str]], uri: str) -> list[nodes.Node]:
    """The text with marked terms, which are then no longer known; empty if it has none."""
    pieces: list[nodes.Node] = []
    rest = str(text)
    while known and (hit := pattern(list(known)).search(rest)):
        anchor, meaning = known.pop(hit[1].lower())
        pieces += [nodes.Text(rest[: hit.start()]), link(hit[1], f"{uri}#{anchor}", meaning)]
        rest = rest[hit.end() :]
    return [*pieces, nodes.Text(rest)] if pieces else []


def link(word: str, uri: str, meaning: str) -> nodes.raw:
    """The word as a link that carries its meaning."""
    return nodes.raw("", f'<a class="glossary-term" href="{html.escape(uri)}" '
                         f'data-meaning="{html.escape(meaning)}">{html.escape(word)}</a>',
                     format="html")  # fmt: skip


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Load what shows the meanings, where there are any."""
    if doctree is not None and page not in ELSEWHERE:
        app.add_js_file("glossary.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", mark, priority=900)  # after all references
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
