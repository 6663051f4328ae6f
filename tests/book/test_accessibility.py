"""Every page for every reader: WCAG 2.1 AA in both themes, nothing cut, figures that open."""

import pytest
from visiting import DARK, PHONE, barriers, settle

pytestmark = pytest.mark.book


@pytest.fixture
def seen(visits, page_name):
    return visits[f"{page_name}.html"]


def test_no_violation_in_either_theme(seen):
    """By axe-core."""
    assert seen.barriers == []


def test_wide_formulas_are_reached_by_the_keyboard(seen):
    assert seen.out_of_reach == 0


def test_no_code_and_no_formula_is_cut_at_a_desk(seen):
    assert seen.cut == []


def test_no_line_of_code_and_no_printed_line_is_broken_at_a_desk(seen):
    assert seen.long == []


def test_no_page_scrolls_sideways_on_a_phone(seen):
    assert seen.wider <= 0


def test_on_a_phone_what_is_wide_has_a_bar_of_its_own(seen):
    assert seen.beyond == []


def test_on_a_phone_every_figure_opens(seen):
    assert seen.fixed == []


def test_the_check_sees_what_is_wrong(page, site):
    page.goto(f"{site}/intro.html")
    settle(page)
    page.evaluate(
        """() => document.querySelector('article').insertAdjacentHTML('beforeend',
           '<img src="x.png"><p style="color: #999; background: #fff">pale</p>')"""
    )
    assert {name for name, *_ in barriers(page)} == {"image-alt", "color-contrast"}


# Colour of the text and of the first ground behind it that is not clear.
COLOURS = """e => {
  const ground = at => {
    const colour = getComputedStyle(at).backgroundColor;
    return colour === 'rgba(0, 0, 0, 0)' ? ground(at.parentElement) : colour;
  };
  return [getComputedStyle(e).color, ground(e)]
    .map(colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number));
}"""


@pytest.mark.parametrize(
    ("name", "picture"),
    [("09_linear_transport", ".eps-slider"), ("07_harmonised_rotation", ".cone")],
)
def test_a_picture_to_move_is_read_in_the_dark(page, site, name, picture):
    """Axe calls text in the very colour of its ground undecided."""
    page.goto(f"{site}/chapters/{name}.html")
    page.evaluate(DARK)
    text, ground = page.locator(picture).first.evaluate(COLOURS)
    assert min(text) > 128 > 64 > max(ground)


PALE = {
    "a word of a kind that code has already": """() => {
      const word = document.querySelector('.bd-article pre > span[class]');
      const again = word.cloneNode(true);
      again.style.color = '#999';
      word.after(again);
    }""",
    "a word of code in the dark alone": """() => {
      const word = document.querySelector('.bd-article pre > span[class]');
      const again = word.cloneNode(true), style = document.createElement('style');
      again.classList.add('planted');
      style.textContent = 'html[data-theme="dark"] .planted {color: #333 !important}';
      document.head.append(style);
      word.after(again);
    }""",
    "what is kept in a line": """() => document.querySelector('.bd-article')
      .insertAdjacentHTML('beforeend', '<p style="color: #999; background: #fff">'
      + '<span class="together">1e-3</span></p>')""",
    "a part of what is kept in a line": """() => document.querySelector('.bd-article')
      .insertAdjacentHTML('beforeend', '<p style="background: #fff"><span class="together">'
      + '<b style="color: #999">pale</b>,</span></p>')""",
}


@pytest.mark.parametrize("planted", PALE)
def test_what_is_pale_is_seen_wherever_it_stands(page, site, planted):
    page.goto(f"{site}/chapters/first_apnn.html")
    settle(page)
    page.evaluate(PALE[planted])
    assert [(name, count) for name, count, _ in barriers(page)] in (
        [("color-contrast", 1)], [("color-contrast", 1)] * 2,  # in one theme, or in both
    )  # fmt: skip


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
