"""The lecture's slides ask for what the pages have, and the deck holds all of it."""

import importlib.util
import re
import sys

import pytest
import yaml


@pytest.fixture(scope="module")
def slides(make):
    spec = importlib.util.spec_from_file_location("book_slides", make.BOOK / "slides.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plan(slides):
    return yaml.safe_load(slides.DECK.read_text(encoding="utf-8"))["slides"]


def slug(title):
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def test_what_is_asked_for_is_in_the_sources(make, slides, plan):
    for entry in plan:
        assert set(entry) <= slides.KEYS and ("page" in entry) != ("points" in entry)
        if "page" in entry:
            text = (make.BOOK / f"{entry['page']}.md").read_text(encoding="utf-8")
            if "figure" in entry:
                assert f"name: {entry['figure']}\n" in text
            else:
                assert entry["section"] in map(slug, re.findall(r"^#+ (.*)$", text, re.MULTILINE))


PAGE = """\
<figure id="fig-a"><img src="../_images/a.svg" alt="a &quot;b&quot;"><figcaption><p>Fig. 1 See
<a href="#x">there</a>.<a class="headerlink" href="#fig-a">#</a></p>
<details>File a</details></figcaption></figure>
<section id="end"><h2>End</h2><ul><li>one</li></ul></section><p class="edition">Executed today</p>
"""


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "_images").mkdir()
    (tmp_path / "chapters" / "x.html").write_text(PAGE)
    (tmp_path / "_images" / "a.svg").write_text("<svg/>")
    return tmp_path


def test_a_figure_comes_with_caption_description_and_origin(slides, pages):
    found = slides.slide({"title": "A < B", "page": "chapters/x", "figure": "fig-a"}, pages)
    assert "<h2>A &lt; B</h2>" in found and "data:image/svg+xml;base64,PHN2Zy8+" in found
    assert 'alt="a &quot;b&quot;"' in found and "Executed today" in found
    assert re.sub(r"\s+", " ", found).count("Fig. 1 See there.") == 1 and "#</a>" not in found
    assert "File a" not in found  # folded out on the page alone


def test_a_section_gives_its_lists(slides, pages):
    found = slides.slide({"title": "A", "page": "chapters/x", "section": "end"}, pages)
    assert "<li>one</li>" in found and "End" not in found


@pytest.mark.parametrize(
    "entry, word",
    [
        ({"page": "chapters/x", "figure": "fig-b"}, "fig-b"),
        ({"page": "chapters/y", "figure": "fig-a"}, "not there"),
        ({"page": "chapters/x", "figure": "end"}, "no figure"),
        ({"page": "chapters/x", "section": "fig-a"}, "no list"),
        ({"notes": "x"}, "notes"),
    ],
)
def test_what_is_not_there_is_named(slides, pages, entry, word):
    with pytest.raises(slides.SlideError, match=word):
        slides.slide({"title": "A"} | entry, pages)


@pytest.mark.book
def test_the_deck_of_the_built_book_turns_and_typesets(slides, html, tmp_path, page):
    (tmp_path / "index.html").write_text(slides.deck(html), encoding="utf-8")
    (tmp_path / "mathjax").symlink_to(html / "_static" / "mathjax")
    page.goto((tmp_path / "index.html").as_uri())
    shown = page.locator("section:visible")
    first = shown.inner_text()
    page.keyboard.press("ArrowRight")
    assert shown.count() == 1 and shown.inner_text() != first
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('mjx-container') !== null")
    assert page.locator("nav span").inner_text().startswith(f"{page.locator('section').count()} /")
