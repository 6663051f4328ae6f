"""Sphinx extension: every page says how it came about, and offers itself as a notebook.

`book/make.py` writes `editions.json`: profile, device, commit and date of every executed chapter.
"""

import html
import json
from pathlib import Path

from sphinx.application import Sphinx

USUAL = "quick"  # the profile that the text is written for
DOWNLOADS = (
    (".executed.ipynb", "Notebook with results"),
    (".ipynb", "Notebook without results"),
    (".md", "Source text"),
)


def caveats(edition: dict[str, str]) -> list[str]:
    """What a reader must know before believing a number of the page."""
    found = []
    if edition["profile"] != USUAL:
        found.append(
            f"Executed with the profile {edition['profile']}. The text is written "
            f"for the profile {USUAL}; sentences about results may not fit the numbers."
        )
    if edition["commit"].endswith("+"):
        found.append("Executed from files that differ from the commit that is named.")
    return found


def told(edition: dict[str, str]) -> str:
    """The line at the end of a page."""
    commit = edition["commit"]
    where = f"commit {commit[:10]}{'+' * commit.endswith('+')}" if commit else "no repository"
    return (
        f"Executed {edition['date']}, profile {edition['profile']}, device {edition['device']}, "
        f"{where}."
    )


def of_the_book(editions: list[dict[str, str]]) -> str:
    """The line at the end of a page that was not executed, of the chapters that the book has."""
    days = sorted({one["date"] for one in editions})
    lines = sorted({told({**one, "date": " to ".join(dict.fromkeys((days[0], days[-1])))})
                    for one in editions})  # fmt: skip
    return " ".join(line.replace("Executed", "Chapters executed", 1) for line in lines)


def add_edition(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Around the body of a page: what must be known, and how it was made.

    A page without cells may quote chapters, as the first one does, and tells of all of them.
    """
    every = [*app.config.editions.values()]
    if doctree is None or not every:
        return
    own = app.config.editions.get(pagename)
    line = told(own) if own else of_the_book(every)
    warnings = dict.fromkeys(text for one in ([own] if own else every) for text in caveats(one))
    before = "".join(
        f'<div class="admonition warning edition-caveat"><p>{html.escape(text)}</p></div>'
        for text in warnings
    )
    after = f'<p class="edition">{html.escape(line)}</p>'
    context["body"] = before + context["body"] + after


def add_downloads(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """A button with the three forms of a chapter, where the theme keeps its own."""
    if pagename not in app.config.editions or "header_buttons" not in context:
        return
    name = Path(pagename).name
    buttons = [
        {
            "type": "link",
            "url": context["pathto"](f"_static/notebooks/{name}{ending}", 1),
            "text": text,
            "tooltip": text,
            "icon": "fas fa-file",
            "label": f"download-{ending.strip('.').replace('.', '-')}",
        }
        for ending, text in DOWNLOADS
    ]
    context["header_buttons"].insert(0, {
        "type": "group", "tooltip": "Download this chapter", "icon": "fas fa-download",
        "buttons": buttons, "label": "download-chapter",
    })  # fmt: skip


def read(app: Sphinx, config) -> None:
    path = Path(app.confdir) / "editions.json"
    config.editions = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def setup(app: Sphinx) -> dict:
    app.add_config_value("editions", {}, "html")
    app.connect("config-inited", read)
    app.connect("html-page-context", add_edition)
    app.connect(
        "html-page-context", add_downloads, priority=900
    )  # after the theme has made its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
