"""The picture of the introduction, its list and the table of contents say the same."""

import re

import yaml

from hrgradlib.chapters import intro_graph
from hrgradlib.paths import checkout

BOOK = checkout() / "book"


def test_the_list_is_the_picture():
    pages = {}
    for path in (*BOOK.glob("chapters/*.md"), *BOOK.glob("appendices/*.md")):
        if label := re.search(
            r"^\(([\w-]+)\)=\n# ", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            pages[label[1]] = path.stem
    text = (BOOK / "intro.md").read_text(encoding="utf-8")
    block = re.search(r"```\{dropdown\} The same as a list\n(.*?)```", text, re.DOTALL)[1]
    found = {}
    for line in block.strip().splitlines():
        page, *rest = (pages[label] for label in re.findall(r"\{ref\}`([\w-]+)`", line))
        helped = re.findall(r"\{ref\}`([\w-]+)`", line.partition(";")[2])
        helps = tuple(pages[label] for label in helped)
        found[page] = (tuple(n for n in rest if n not in helps), helps)
    assert found == {page.name: (page.needs, page.helps) for page in intro_graph.PAGES}


def test_every_chapter_is_in_it_and_rests_on_earlier_ones():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    top = [one for part in toc["parts"] for one in part["chapters"]]
    files = [one["file"] for page in top for one in (page, *page.get("sections", ()))]
    chapters = [name.split("/")[1] for name in files if name.startswith("chapters/")]
    names = [page.name for page in intro_graph.PAGES]
    assert set(chapters) <= set(names)
    assert set(names) - set(chapters) <= {name.split("/")[1] for name in files}
    for page in intro_graph.PAGES:
        for other in (*page.needs, *page.helps):
            assert names.index(other) < names.index(page.name)


def test_arrows_go_down_or_across_and_boxes_do_not_touch():
    at = {page.name: page.place for page in intro_graph.PAGES}
    for page in intro_graph.PAGES:
        for other in (*page.needs, *page.helps):
            assert at[other][1] <= page.place[1]
    assert len(set(at.values())) == len(at)


def test_the_picture_is_the_one_drawn(tmp_path):
    intro_graph.main(str(tmp_path / "graph.svg"))
    words, kept = (
        re.findall(r"<!-- (.*) -->", path.read_text(encoding="utf-8"))
        for path in (tmp_path / "graph.svg", BOOK / "static" / "chapter-graph.svg")
    )
    assert words == kept == [line for page in intro_graph.PAGES for line in page.box.split("\n")]
