"""Sphinx extension: what answers at addresses that hold no page, a renamed one's or a wrong one.

The names that pages had are in `_config.yml`, under `redirects`: old name → new name, each without
`.html`.
"""

import html
import os
import posixpath
from pathlib import Path

from sphinx.util import logging

MISSING = "404"
ANSWER = """\
<section>
<h1>There is no such page</h1>
<p>The address may be mistyped, or the page may have gone. The <a href="{first}">first page</a> and
the table of contents beside this text lead to every page there is; so does
<a href="{search}">the search</a>.</p>
</section>
"""
MOVED = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="robots" content="noindex">
<link rel="canonical" href="{target}">
<meta http-equiv="refresh" content="0; url={target}">
<script>location.replace("{target}" + location.search + location.hash)</script>
</head>
<body><p>This page has moved: <a href="{target}">{title}</a>.</p></body>
</html>
"""


def pages(app):
    """The page that a server shows in place of one that it does not find."""
    first = f"{app.config.root_doc}.html"
    body = ANSWER.format(first=first, search="search.html")
    yield MISSING, {"title": "There is no such page", "body": body}, "page.html"


def check(app, env) -> list[str]:
    """A redirect leads to a page that exists, from one that does not."""
    logger = logging.getLogger(__name__)
    for old, new in app.config.redirects.items():
        if new not in env.found_docs:
            logger.warning("redirects: %s leads to %s, which is no page", old, new)
        if old in env.found_docs:
            logger.warning("redirects: %s is a page, and cannot lead elsewhere", old)
    return []


def write(app, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    for old, new in app.config.redirects.items():
        path = Path(app.outdir) / f"{old}.html"
        os.makedirs(path.parent, exist_ok=True)
        target = posixpath.relpath(f"{new}.html", posixpath.dirname(old) or ".")
        title = html.escape(app.env.titles[new].astext())
        path.write_text(MOVED.format(target=target, title=title), encoding="utf-8")


def setup(app) -> dict:
    app.add_config_value("redirects", {}, "html")
    app.connect("html-collect-pages", pages)
    app.connect("env-check-consistency", lambda app, env: check(app, env))
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
