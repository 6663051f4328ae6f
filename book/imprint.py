"""Whose book this is, which version, and where it lies on the web; and what pages tell of that.

`book/make.py` writes `imprint.json`. As a Sphinx extension this module puts version and commit
into every footer, and into every head what search engines and shared links show.
"""

import html
import json
import subprocess
import tomllib
from contextlib import suppress
from pathlib import Path

from docutils import nodes

NOTEBOOKS = "notebooks"  # the branch whose notebooks Colab and Binder open
CARD = "card.png"
SIZE = (1200, 630)  # pixels of the card, the form that networks ask for
LENGTH = 200  # characters of a description
EMPTY = {"repository": "", "branch": "main", "site": "", "version": "", "commit": "", "pin": ""}


def commit(root: Path, unless: str = ":!book/results") -> str:
    """The commit of a checkout, with ``+`` if tracked files differ; empty where there is none.

    A repository that merely surrounds an unpacked archive is not asked.
    """
    git = ["git", "-C", str(root)]
    with suppress(OSError, subprocess.CalledProcessError):
        asked = subprocess.run([*git, "rev-parse", "--show-toplevel", "HEAD"],
                               capture_output=True, text=True, check=True)  # fmt: skip
        top, found = asked.stdout.split("\n")[:2]
        if Path(top).resolve() == root:
            unclean = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", unless])
            return found + "+" * bool(unclean.returncode)
    return ""


def pin(root: Path, version: str, commit: str) -> str:
    """What names this very release to git: its tag, else its commit."""
    tag = f"v{version}"
    if not commit:
        return tag  # an archive of a release
    git = ["git", "-C", str(root), "tag", "--points-at", "HEAD", "--list", tag]
    tagged = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return tag if tagged else commit.removesuffix("+")


def collect(root: Path, configuration: dict) -> dict[str, str]:
    """What pages tell of the book; a repository that was named and is none is an error."""
    from hrgradlib.address import published  # Sphinx reads this module without it

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found, site = published(configuration, root)
    branch = (configuration.get("repository") or {}).get("branch")
    at = commit(root)
    return {
        "repository": found.url if found else "",
        "branch": branch or EMPTY["branch"],
        "site": site,
        "version": project["version"],
        "commit": at,
        "pin": pin(root, project["version"], at),
    }


def told(imprint: dict[str, str]) -> str:
    """The line in every footer."""
    if not imprint["version"]:
        return ""
    at = imprint["commit"]
    where = f", commit {at[:10]}{'+' * at.endswith('+')}" if at else ""
    return f"Version {imprint['version']}{where}."


def description(doctree: nodes.document | None) -> str:
    """The first words of a page, without its formulas and cells."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if any(isinstance(part, nodes.Element) and "admonition" in part.get("classes", [])
               or isinstance(part, nodes.Admonition | nodes.list_item)
               for part in ancestors(paragraph)):  # fmt: skip
            continue
        copy = paragraph.deepcopy()
        for formula in list(copy.findall(nodes.math)):
            formula.parent.remove(formula)
        words = " ".join(copy.astext().split())
        if len(words) > 40:
            return words if len(words) <= LENGTH else words[:LENGTH].rsplit(" ", 1)[0] + " …"
    return ""


def ancestors(node: nodes.Node):
    while node.parent is not None:
        node = node.parent
        yield node


def add_to_page(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """The footer's line, and what a search engine or a shared link shows of the page."""
    imprint = app.config.imprint
    if line := told(imprint):
        extra = context.get("theme_extra_footer") or ""
        context["theme_extra_footer"] = f'{extra}<p class="imprint">{html.escape(line)}</p>'
    book = app.config.html_title
    title = context.get("pagetitle") or context.get("title") or book
    properties = {"og:title": title, "og:site_name": book, "og:type": "article"}
    names = {}
    if words := description(doctree):
        properties["og:description"] = names["description"] = words
    if imprint["site"]:  # a shared link needs whole addresses
        properties["og:url"] = f"{imprint['site']}/{pagename}.html"
        properties["og:image"] = f"{imprint['site']}/_static/{CARD}"
        properties["og:image:width"], properties["og:image:height"] = map(str, SIZE)
        properties["og:image:alt"] = f"{book}: the logo, three gradients and their harmonic axis"
        names["twitter:card"] = "summary_large_image"
    tags = [("property", *item) for item in properties.items()]
    tags += [("name", *item) for item in names.items()]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{key}" content="{html.escape(value)}">' for kind, key, value in tags
    )


def read(app, config) -> None:
    path = Path(app.srcdir) / "imprint.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    config.imprint = EMPTY | stored
    if config.imprint["site"]:
        config.html_baseurl = f"{config.imprint['site']}/"  # Sphinx names the page's true address


def setup(app) -> dict:
    app.add_config_value("imprint", EMPTY, "html")
    app.connect("config-inited", read)
    app.connect("html-page-context", add_to_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
