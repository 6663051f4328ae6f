"""One folder that holds what is published: pages, notebooks to run, trained networks.

Its top is the web site. `notebooks/` in it is the content of the branch that Colab and Binder open;
`networks/` holds what `load_solution("book:…")` downloads.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import links
from failure import BookError
from imprint import CARD, NOTEBOOKS
from install_cell import FOLDER, requirement

from hrgradlib.experiments import networks

MOVED = 'http-equiv="refresh"'  # only redirects have it
RELATIVE = re.compile(r"""(\s(?:href|src|action|data-content_root)=")(?![a-z]+:|/|#)(?:\./)?""")
README = """\
# Notebooks of the book

Made by `make site` of {repository} at {pin}, executed, with a first cell that installs
that release where the library is not installed. Do not change them here: their texts are in `book/`
there.
"""
POST_BUILD = """\
#!/bin/sh
# The same commit's files: stored results are among them, and the library is used from there.
set -e
git clone --quiet {repository} {folder}
git -C {folder} checkout --quiet {pin}
python -m pip install --quiet --no-deps -e {folder}
"""
TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu"  # Binder has no GPU


def missing_pages(html: Path, names: Iterable[str]) -> list[str]:
    """Names of pages that were not built, or have no heading."""
    return [
        name
        for name in names
        if not (html / f"{name}.html").is_file()
        or not links.Page((html / f"{name}.html").read_text(encoding="utf-8")).headings
    ]


def count(html: Path, names: list[str]) -> str:
    """How many pages there are; one of the table of contents that is not there is an error."""
    if missing := missing_pages(html, names):
        words = ", ".join(missing)
        raise BookError(f"{len(missing)} of {len(names)} pages were not built: {words}")
    found = len(links.read(html))
    return f"{len(names)} pages of the table of contents, {found - len(names)} others"


def sitemap(site: Path, address: str) -> str:
    """Every page that a search engine should know, by its whole address."""
    pages = [
        name
        for name in links.read(site)
        if name not in ("404.html", "search.html", "genindex.html")
        and not name.startswith(f"{NOTEBOOKS}/")
        and MOVED not in (site / name).read_text(encoding="utf-8")
    ]
    lines = "".join(f"  <url><loc>{escape(f'{address}/{name}')}</loc></url>\n" for name in pages)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">\n{lines}</urlset>\n'


def add_for_searchers(site: Path, address: str) -> None:
    """robots.txt, and a sitemap where whole addresses are known."""
    rules = "User-agent: *\nAllow: /\nDisallow: /_sources/\n"
    if address:
        (site / "sitemap.xml").write_text(sitemap(site, address), encoding="utf-8")
        rules += f"Sitemap: {address}/sitemap.xml\n"
    (site / "robots.txt").write_text(rules, encoding="ascii")


def settle_missing_page(site: Path, address: str) -> None:
    """A server shows 404.html at any depth: its links begin at the top of the book."""
    page = site / "404.html"
    top = f"{urlsplit(address).path}/" if address else "/"
    text = page.read_text(encoding="utf-8")
    page.write_text(RELATIVE.sub(rf"\g<1>{top}", text), encoding="utf-8")


def add_notebooks(site: Path, chapters: list[str], imprint: dict[str, str]) -> None:
    """The notebooks as executed, at the places that the buttons name; how Binder runs them."""
    folder = site / NOTEBOOKS
    for name in chapters:
        source = site / "_static" / "notebooks" / f"{Path(name).name}.executed.ipynb"
        target = folder / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if not imprint["repository"]:
        return
    told = {**imprint, "folder": FOLDER}
    (folder / "README.md").write_text(README.format(**told), encoding="utf-8")
    binder = folder / ".binder"
    binder.mkdir()
    (binder / "requirements.txt").write_text(f"{TORCH}\n{requirement(imprint)}\n", encoding="utf-8")
    (binder / "runtime.txt").write_text("python-3.11\n", encoding="ascii")
    script = binder / "postBuild"
    script.write_text(POST_BUILD.format(**told), encoding="utf-8")
    script.chmod(0o755)


def build(
    html: Path,
    target: Path,
    imprint: dict[str, str],
    chapters: list[str],
    static: list[str],
    runs: Path,
) -> list[str]:
    """Make the folder anew from built pages and trained runs.

    Returns:
        What is in it, in lines for people.
    """  # fmt: skip
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(html, partial, ignore=shutil.ignore_patterns(".buildinfo"))
    told = [count(partial, [*static, *chapters])]
    add_notebooks(partial, chapters, imprint)
    named = networks.publish(runs, partial / "networks")
    told.append(f"{len(chapters)} notebooks, {len(named)} trained networks")
    if not (partial / "_static" / CARD).is_file():
        raise BookError(f"the pages lack _static/{CARD}; build them again")
    add_for_searchers(partial, imprint["site"])
    (partial / ".nojekyll").touch()  # else GitHub leaves out folders such as _static
    if dead := links.dead(partial):
        raise BookError("links that lead nowhere:\n" + "\n".join(dead))
    settle_missing_page(partial, imprint["site"])
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    where = imprint["repository"] or "none (no buttons, no sitemap)"
    return [*told, f"repository: {where}", f"published at: {imprint['site'] or 'unknown'}"]
