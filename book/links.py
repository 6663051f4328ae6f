"""Where the links of a built book lead: those inside it to something, those outside to an answer.

python book/links.py book/_build/html             # every link and anchor inside the book
python book/links.py --external book/_build/html  # and every other machine's page
"""

import argparse
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

ADDRESSES = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src",
             "source": "src", "object": "data"}  # fmt: skip
HOST = "http://book.invalid/"
WHERE = f"{HOST}some/where/deep/"  # stands for wherever the book lies; what leaves it is dead
# Answers of machines that are there and want no scripts; a person has to look.
REFUSALS = (401, 403, 405, 418, 429, 503, 999)
# A preconnect is no page, and the repository's own is not there before it is published.
NOT_FOLLOWED = ("preconnect", "dns-prefetch", "canonical")
TIMEOUT = 20  # seconds


class Page(HTMLParser):
    """Addresses that a page leads to, and places in it that can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.headings = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        self.headings += tag == "h1"
        address = found.get(ADDRESSES.get(tag, ""))
        if address and found.get("rel") not in NOT_FOLLOWED:
            self.links.add(address)


def read(folder: Path) -> dict[str, Page]:
    """Every page of a built book, by its name below the folder."""
    return {
        path.relative_to(folder).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
        if "_static" not in path.relative_to(folder).parts
    }


def dead(folder: Path) -> list[str]:
    """``page -> address`` of every link inside the book to what is not there."""
    pages = read(folder)
    found = []
    for name, page in pages.items():
        for link in sorted(page.links):
            whole = urljoin(WHERE + name, link)
            if not whole.startswith(HOST):
                continue
            address, anchor = urldefrag(whole.removeprefix(WHERE))
            target = unquote(urlsplit(address).path) or "index.html"
            alive = whole.startswith(WHERE) and (folder / target).is_file()
            if alive and anchor and target in pages:
                alive = unquote(anchor) in pages[target].anchors
            if not alive:
                found.append(f"{name} -> {link}")
    return found


def external(folder: Path) -> dict[str, list[str]]:
    """Addresses on other machines, without anchors, and the pages that lead there."""
    found = defaultdict(list)
    for name, page in read(folder).items():
        for link in page.links:
            if link.startswith(("http://", "https://")):
                found[urldefrag(link)[0]].append(name)
    return dict(sorted(found.items()))


def ask(address: str) -> tuple[str, str]:
    """``answers``, ``refuses scripts`` or ``DEAD``, and why."""
    headers = {"User-Agent": "Mozilla/5.0 (link check of a book)"}
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return "answers", ""
    except urllib.error.HTTPError as error:
        return "refuses scripts" if error.code in REFUSALS else "DEAD", f"status {error.code}"
    except (OSError, ValueError) as error:
        return "DEAD", str(getattr(error, "reason", error))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--external", action="store_true", help="ask other machines, too")
    args = options.parse_args()
    if not (args.folder / "index.html").is_file():
        print(f"error: no book at {args.folder}; run `make book` first", file=sys.stderr)
        return 1
    found = dead(args.folder)
    print("\n".join(found) or "every link inside the book leads somewhere")
    failed = bool(found)
    if args.external:
        pages = external(args.folder)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, pages))
        for (address, names), (state, why) in zip(pages.items(), answers, strict=True):
            if state != "answers":
                print(f"{state}: {address} ({why}), from {', '.join(sorted(set(names)))}")
        count = sum(state == "DEAD" for state, _ in answers)
        print(f"{len(pages)} addresses on other machines, {count} dead")
        failed |= bool(count)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
