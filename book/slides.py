"""Slides for a lecture, taken out of the built pages: figures, captions, lists of verdicts.

    python book/slides.py --html book/_build/html --out book/_build/slides

`book/slides.yml` names them. The deck is one HTML file with its pictures inside, beside the
book's own MathJax; it needs no network. Arrow keys, space and the buttons turn it; printing gives
one slide a page; without JavaScript the slides stand below each other.
"""

import argparse
import base64
import html
import mimetypes
import shutil
import sys
from functools import cache
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag

BOOK = Path(__file__).resolve().parent
DECK = BOOK / "slides.yml"
FRAME = BOOK / "slides.html"
KEYS = {"title", "page", "figure", "section", "points", "live"}


class SlideError(Exception):
    """A slide asks for what is not there; shown as one line."""


@cache
def opened(path: Path) -> BeautifulSoup:
    if not path.is_file():
        raise SlideError(f"{path} is not there; `make html` builds it")
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def found(path: Path, name: str) -> Tag:
    """The element of that id."""
    element = opened(path).find(id=name)
    if element is None:
        raise SlideError(f"{path.name} has no element {name!r}")
    return element


def inlined(picture: Path) -> str:
    """A picture as an address that holds it."""
    kind = mimetypes.guess_type(picture.name)[0] or "image/png"
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"


def without_links(element: Tag) -> str:
    """What is inside, with the text of links in place of the links."""
    copy = BeautifulSoup(str(element), "html.parser")
    for folded in copy.find_all("details"):  # how a figure was made: a slide has no room for it
        folded.decompose()
    for link in copy.find_all("a"):
        if "headerlink" in link.get("class", []):
            link.decompose()
        else:
            link.unwrap()
    (root,) = copy.find_all(recursive=False)
    return root.decode_contents()


def figure(path: Path, name: str) -> str:
    """A figure and its caption."""
    element = found(path, name)
    image, caption = element.find("img"), element.find("figcaption")
    if image is None or caption is None:
        raise SlideError(f"{path.name}: {name!r} is no figure with a caption")
    address = inlined((path.parent / image["src"]).resolve())
    alternative = html.escape(image.get("alt", ""), quote=True)
    words = f'<div class="caption">{without_links(caption)}</div>'
    return f'<img src="{address}" alt="{alternative}">{words}'


def lists(path: Path, name: str) -> str:
    """The lists of a section."""
    kept = found(path, name).find_all("ul", recursive=False)
    if not kept:
        raise SlideError(f"{path.name}: section {name!r} has no list")
    return "".join(f'<ul class="dense">{without_links(one)}</ul>' for one in kept)


def made(path: Path) -> str:
    """How the page came about, which must not be lost on the way; empty for a page of text."""
    line = opened(path).find("p", class_="edition")
    return f'<p class="made">{html.escape(line.get_text())}</p>' if line else ""


def slide(entry: dict, pages: Path) -> str:
    """One slide.

    Raises:
        SlideError: it has a field that is not known, or asks for what a page does not have.
    """
    if unknown := sorted(set(entry) - KEYS):
        raise SlideError(f"{DECK.name}: {entry['title']!r} has {', '.join(unknown)}")
    parts = [f"<h2>{html.escape(entry['title'])}</h2>"]
    path = pages / f"{entry.get('page', '')}.html"
    if "figure" in entry:
        parts.append(figure(path, entry["figure"]))
    if "section" in entry:
        parts.append(lists(path, entry["section"]))
    if "points" in entry:  # HTML as it stands in the file, formulas between \( and \)
        parts.append("<ul>" + "".join(f"<li>{point}</li>" for point in entry["points"]) + "</ul>")
    if entry.get("live"):
        parts.append(f'<p class="live">To turn and drag: page <code>{entry["page"]}</code>.</p>')
    if "page" in entry:
        parts.append(made(path))
    return f"<section>{''.join(parts)}</section>"


def deck(pages: Path) -> str:
    """The HTML of all slides."""
    plan = yaml.safe_load(DECK.read_text(encoding="utf-8"))
    title = html.escape(plan["title"])
    slides = [f'<section class="first"><h1>{title}</h1></section>']
    slides += [slide(entry, pages) for entry in plan["slides"]]
    frame = FRAME.read_text(encoding="utf-8")
    return frame.replace("{{title}}", title).replace("{{slides}}", "\n".join(slides))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--html", type=Path, required=True, help="the built pages")
    parser.add_argument("--out", type=Path, required=True, help="folder of the deck")
    args = parser.parse_args()
    try:
        text = deck(args.html)
    except SlideError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "index.html").write_text(text, encoding="utf-8")
    shutil.copytree(args.html / "_static" / "mathjax", args.out / "mathjax", dirs_exist_ok=True)
    print(args.out / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
