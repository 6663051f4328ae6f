"""WCAG 2.1 A and AA on every page, in both themes, by axe-core."""

from importlib import resources

import pytest
from visiting import settle

pytestmark = pytest.mark.book

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
RUN = """async only => (await axe.run(document, {runOnly: only, resultTypes: ['violations']}))
  .violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""
# Of formulas, tens of thousands of elements that MathJax makes, what the keyboard needs is asked for
# here; to axe they are empty.
EMPTY = """() => document.querySelectorAll('mjx-container').forEach(e => {
  e.style.display = 'inline-block'; e.style.width = '3em'; e.replaceChildren(); })"""
OUT_OF_REACH = """() => [...document.querySelectorAll('mjx-container[display="true"]')]
  .filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length"""
DARK = "document.documentElement.dataset.theme = document.documentElement.dataset.mode = 'dark'"


def test_no_violation_in_either_theme(page, site, page_name):
    page.goto(f"{site}/{page_name}.html")
    settle(page)
    assert page.evaluate(OUT_OF_REACH) == 0
    page.evaluate(EMPTY)
    page.evaluate(AXE)
    assert page.evaluate(RUN, {"type": "tag", "values": LEVELS}) == []
    page.evaluate(DARK)  # of the theme only the colours depend
    assert page.evaluate(RUN, {"type": "rule", "values": ["color-contrast"]}) == []


def test_the_check_sees_what_is_wrong(page, site):
    page.goto(f"{site}/intro.html")
    settle(page)
    page.evaluate(AXE)
    page.evaluate(
        """() => document.querySelector('article').insertAdjacentHTML('beforeend',
           '<img src="x.png"><p style="color: #999; background: #fff">pale</p>')"""
    )
    found = page.evaluate(RUN, {"type": "tag", "values": LEVELS})
    assert {name for name, *_ in found} == {"image-alt", "color-contrast"}
