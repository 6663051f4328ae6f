"""The picture of the introduction, its list and the table of contents say the same."""

import re

import yaml

from hrgradlib.chapters import intro_graph
from hrgradlib.paths import checkout

BOOK = checkout() / "book"


def test_the_list_is_the_picture():
    text = (BOOK / "intro.md").read_text(encoding="utf-8")
    block = re.search(r"```\{dropdown\} The same as a list\n(.*?)```", text, re.DOTALL)[1]
    name = re.compile(r"\{doc\}`\w+/(\w+)`")
    found = {}
    for line in block.strip().splitlines():
        page, *rest = name.findall(line)
        helped = name.findall(line.partition(";")[2])
        found[page] = (tuple(n for n in rest if n not in helped), tuple(helped))
    assert found == {page.name: (page.needs, page.helps) for page in intro_graph.PAGES}


def test_every_chapter_is_in_it_and_rests_on_earlier_ones():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    files = [one["file"] for part in toc["parts"] for one in part["chapters"]]
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
