"""The built book as a reader meets it: every page opened in a browser that has no network."""

import re
from urllib.parse import unquote, urldefrag

import pytest
from visiting import settle

pytestmark = pytest.mark.book

RAW_TEX = re.compile(r"\\\(|\\\[|\$\$|\\[a-zA-Z]{2,}")
FINISHED = "/did not match|found/i.test(document.querySelector('#search-results').innerText)"
FILE_NAME = re.compile(r"\.(png|svg|jpe?g)$")


@pytest.fixture
def seen(visits, page_name):
    return visits[f"{page_name}.html"]


def test_formulas_are_rendered(seen):
    assert seen.rendered == seen.formulas
    assert seen.broken == []


def test_no_raw_tex(seen):
    assert RAW_TEX.findall(seen.prose) == []


def test_no_raw_markup(seen):
    """A text that comes from a run is shown as it is: no mark-up of MyST is read in it."""
    assert re.findall(r"`[^`\n]+`|\{\w+\}`", seen.prose) == []


def test_no_text_is_one_that_python_fills_in(seen):
    assert "Alias for field number" not in seen.prose


def test_no_console_error(seen):
    assert seen.console == []


def test_everything_comes_from_the_book(seen):
    assert seen.external == []
    assert seen.failed == []


def test_images_load_and_are_described(seen):
    for image in seen.images:
        assert image["width"] > 0, image
        # The notebook converter's fallback for a missing description is the file's name.
        assert image["alt"].strip() and not FILE_NAME.search(image["alt"]), image


def test_chapter_shows_formulas_and_figures(visits, make, chapter_name):
    """The checks above would pass on an empty page."""
    chapter = visits[f"{chapter_name}.html"]
    assert chapter.formulas > 0
    source = (make.BOOK / f"{chapter_name}.md").read_text(encoding="utf-8")
    drawn = any("_images/" in image["source"] for image in chapter.images)
    assert drawn == ("mystnb:" in source)  # a page that only computes has no figure


def test_a_page_and_its_pictures_are_at_most_a_megabyte_and_a_half(html, page_name):
    text = (html / f"{page_name}.html").read_text(encoding="utf-8")
    pictures = {html / "_images" / name for name in re.findall(r"_images/([\w.-]+)", text)}
    total = len(text.encode()) + sum(picture.stat().st_size for picture in pictures)
    assert total <= 1.5 * 2**20


def local(link, site):
    """Page (or file) and anchor of a link into the book; None for a link to elsewhere."""
    address, anchor = urldefrag(link)
    if not address.startswith(site):
        return None
    return unquote(address.removeprefix(f"{site}/").split("?")[0]), unquote(anchor)


def test_internal_links_and_anchors(visits, site, html):
    dead = []
    for name, seen in visits.items():
        for target, anchor in filter(None, (local(link, site) for link in seen.links)):
            page = visits.get(target)
            alive = anchor in page.ids | {""} if page else (html / target).is_file()
            if not alive:
                dead.append(f"{name} -> {target}#{anchor}")
    assert dead == []


def test_every_address_in_the_pages_leads_somewhere(make, html):
    """What the browser does not follow, too: images, scripts, redirects, downloads."""
    assert make.publish.links.dead(html) == []


def test_every_page_is_reachable(visits, site, make):
    links = (local(link, site) for seen in visits.values() for link in seen.links)
    linked = {target for target, _ in filter(None, links)}
    chapters, static = make.pages()
    assert {f"{name}.html" for name in [*chapters, *static]} <= linked


def test_front_page_leads_into_the_book(page, site):
    page.goto(site)
    page.wait_for_url("**/intro.html")


def results_of(page, site, word):
    """Type a word into the search field, as a reader does, and return the addresses found."""
    page.goto(f"{site}/intro.html")
    page.keyboard.press("Control+k")
    page.locator("input[type=search]:focus").fill(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?**")
    page.wait_for_function(FINISHED)
    return page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")


def test_search_finds_a_word(page, site, visits):
    found = results_of(page, site, "Knudsen")
    assert found
    assert {local(link, site)[0] for link in found} <= set(visits)


def test_search_does_not_find_nonsense(page, site):
    assert results_of(page, site, "xqzzyv") == []


def test_the_search_quotes_words(page, site):
    results_of(page, site, "diffusion")
    page.wait_for_function("document.querySelectorAll('#search-results p.context').length > 3")
    told = page.locator("#search-results").inner_text()
    assert "diffusion" in told.lower() and RAW_TEX.findall(told) == []


def test_a_formula_is_found_as_it_is_shown(page, site):
    assert any("02_reference_solvers" in found for found in results_of(page, site, "ε"))


def test_a_page_shows_what_was_found_there_once(page, site):
    results_of(page, site, "Knudsen")
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("article span.highlighted")
    settle(page)
    words = page.locator("article span.highlighted").all_inner_texts()
    assert {word.lower() for word in words} == {"knudsen"}
    assert page.locator("mjx-merror").count() == 0
    page.reload()
    settle(page)
    assert page.locator("span.highlighted").count() == 0


def test_one_search_field(page, site):
    page.goto(f"{site}/intro.html")
    assert page.locator(".search-button__button:visible, .search-button-field:visible").count() == 1


def test_dark_mode(page, site):
    page.goto(f"{site}/intro.html")
    shades = {}
    for _ in range(3):  # the button cycles through light, dark and the system's own
        page.locator(".theme-switch-button:visible").first.click()
        theme = page.evaluate("document.documentElement.dataset.theme")
        shades[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert {"light", "dark"} <= set(shades)
    assert shades["light"] != shades["dark"]


def test_solutions_are_hidden_until_asked_for(page, site, chapter_name):
    page.goto(f"{site}/{chapter_name}.html")
    settle(page)
    solution = page.locator(".solution.dropdown").first
    content = solution.locator("> :not(.admonition-title):not(button)").first
    assert not content.is_visible()
    solution.locator("button").first.click()
    content.wait_for(state="visible")
