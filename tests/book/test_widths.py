"""Nothing is cut: code and formulas at 1280 px, the page and its figures on a phone."""

import pytest
from visiting import settle

pytestmark = pytest.mark.book

CUT = """query => [...document.querySelectorAll(query)]
  .filter(e => e.offsetParent !== null && e.scrollWidth > e.clientWidth + 1)
  .map(e => [e.scrollWidth - e.clientWidth, e.innerText.slice(0, 80)])"""
WIDER = "document.documentElement.scrollWidth - window.innerWidth"
PHONE = {"width": 390, "height": 844}


def test_nothing_is_cut(page, site, page_name):
    page.goto(f"{site}/{page_name}.html")
    settle(page)
    assert page.evaluate(CUT, ".bd-article pre") == []
    assert page.evaluate(CUT, 'mjx-container[display="true"]') == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(WIDER) <= 0


def test_a_figure_opens_and_closes_by_the_keyboard(page, site, visits, make):
    chapters, _ = make.pages()
    drawn = [
        n for n in chapters if any("_images/" in i["source"] for i in visits[f"{n}.html"].images)
    ]
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/{drawn[0]}.html")
    settle(page)
    image = page.locator(".bd-article figure img").first
    small = image.bounding_box()["width"]
    image.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog.enlarged img")
    assert large.bounding_box()["width"] > 2 * small
    assert large.get_attribute("alt") == image.get_attribute("alt") != ""
    page.keyboard.press("Enter")  # on the button, which has the focus
    assert page.locator("dialog.enlarged").count() == 0
    assert image.evaluate("e => e === document.activeElement")
