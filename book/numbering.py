"""Sphinx extension: what stands for the number of a page, and how a reference to it reads.

Sphinx numbers the pages and sections of numbered toctrees, and sphinx-multitoc-numbering counts on
from part to part. Here appendices get letters instead, a page within a chapter has no number of
its own, and a reference to a page or section reads "chapter 5", "section 5.2", "appendix B" in
place of the title. What has no number keeps its title, and so does ``{doc}``, with the number
before it.
"""

from collections.abc import Iterable
from functools import cache
from string import ascii_uppercase

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

APPENDICES = "appendices/"
Number = tuple[int | str, ...]


def number_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give letters to appendices, and no number to what lies within a chapter."""
    own = {name: numbers.get("") or () for name, numbers in env.toc_secnumbers.items()}
    lettered = sorted(n[0] for name, n in own.items() if len(n) == 1 and _is_appendix(name))
    letter = dict(zip(lettered, ascii_uppercase, strict=False))
    for name, number in own.items():
        if len(number) != 1:
            env.toc_secnumbers[name] = {}
            _number_titles(env, name, letter, keep=False)
        elif _is_appendix(name):
            numbers = env.toc_secnumbers[name].items()
            env.toc_secnumbers[name] = {key: _lettered(n, letter) for key, n in numbers}
            for kind in env.toc_fignumbers.get(name, {}).values():
                kind.update({key: _lettered(n, letter) for key, n in kind.items()})
            _number_titles(env, name, letter)
    return []


def _is_appendix(name: str) -> bool:
    return name.startswith(APPENDICES)


def _lettered(number: Iterable | None, letter: dict[int, str]) -> Number | None:
    """A number whose first part is a letter."""
    first, *rest = number or (None,)
    return None if first is None else (letter[first], *rest)


def _number_titles(
    env: BuildEnvironment, name: str, letter: dict[int, str], keep: bool = True
) -> None:
    """The same for what is printed: the title, and its lines in tables of contents."""
    references = env.tocs[name].findall(nodes.reference)
    for node in (env.titles[name], env.longtitles[name], *references):
        number = node.get("secnumber")
        if number and isinstance(number[0], int):  # title and long title can be one node
            node["secnumber"] = _lettered(number, letter) if keep else None


def number_of(env: BuildEnvironment, page: str, anchor: str = "") -> Number:
    """Number of a page or of a section in it; empty if it has none."""
    return (env.toc_secnumbers.get(page) or {}).get(f"#{anchor}" if anchor else "") or ()


def numbered_title(env: BuildEnvironment, page: str) -> list[nodes.Node]:
    """The title of a page as it stands in the table of contents."""
    number = number_of(env, page)
    head = [nodes.Text(f"{_joined(number)}. ")] if number else []
    return [*head, *env.titles[page].deepcopy().children]


def _joined(number: Number) -> str:
    return ".".join(map(str, number))


@cache  # a page is read from disk each time
def sections(env: BuildEnvironment, page: str) -> dict[str, list[str]]:
    """For the ids of every section of a page: that section's first id, then those around it.

    The page's title counts as nothing around.
    """
    found: dict[str, list[str]] = {}
    for section in env.get_doctree(page).findall(nodes.section):
        own = [section["ids"][0]] if isinstance(section.parent, nodes.section) else []
        around = found[section.parent["ids"][0]] if own else []
        found |= dict.fromkeys(section["ids"], own + around)
    return found


class ReferencesInWords(SphinxPostTransform):
    """Words in place of titles, before references are resolved (priority 10)."""

    default_priority = 8

    def run(self, **kwargs) -> None:
        for node in self.document.findall(addnodes.pending_xref):
            if node.get("refdomain") != "std" or node.get("refexplicit"):
                continue
            if node["reftype"] == "ref":
                words = self.words(node["reftarget"])
                if words and _begins(node):
                    words = words[0].upper() + words[1:]
                if words:
                    self.say(node, [nodes.Text(words)])
            elif node["reftype"] == "doc":
                page, _ = self.env.relfn2path(node["reftarget"], node["refdoc"])
                if page in self.env.titles and number_of(self.env, page):
                    self.say(node, numbered_title(self.env, page))

    def words(self, label: str) -> str:
        """Such as "chapter 5" for a label of its title, "section 5.2" for one further down."""
        page, anchor, _ = self.env.get_domain("std").labels.get(label, ("", "", ""))
        within = sections(self.env, page).get(anchor) if page else None
        if within is None:
            return ""
        for part in within:
            if number := number_of(self.env, page, part):
                return f"section {_joined(number)}"
        number = number_of(self.env, page)
        kind = "appendix" if _is_appendix(page) else "chapter"
        return f"{kind} {_joined(number)}" if number else ""

    @staticmethod
    def say(node: addnodes.pending_xref, words: list[nodes.Node]) -> None:
        node["refexplicit"] = True
        node[0].children = []
        node[0] += words


def _begins(node: nodes.Node) -> bool:
    """Whether a sentence begins at ``node``: nothing before it, or the end of another."""
    before = ""
    while isinstance(node.parent, nodes.Inline | nodes.TextElement):
        siblings = node.parent.children[: node.parent.index(node)]
        before = "".join(part.astext() for part in siblings) + before
        node = node.parent
    ending = before.rstrip().rstrip("\"')”*")
    return not before.strip() or (before[-1].isspace() and ending.endswith((".", "?", "!")))


def setup(app: Sphinx) -> dict:
    app.connect("env-get-updated", number_pages, priority=900)  # after Sphinx's own numbers
    app.add_post_transform(ReferencesInWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
