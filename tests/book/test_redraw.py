"""`make figures`: every figure is listed; of a page only what a figure needs is run."""

import ast
import re

import pytest
import redraw
import slices

PAGE = """\
---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{name: python3, display_name: Python 3, language: python}}
---
# A page

```{{code-cell}} ipython3
{code}
```
"""
DRAWN = """\
from hrgradlib.chapters.style import show, subplots
fig, axis = subplots()
axis.plot([0, 1], [0, 1])
show(fig, "tried", profile)
"""


def needed(code):
    """Lines that the only figure of a page needs."""
    page = ast.parse(code).body
    (one,) = slices.drawings(page)
    return [ast.unparse(page[place]) for place in sorted(one.slice)]


def page(folder, code):
    path = folder / "page.md"
    path.write_text(PAGE.format(code=code), encoding="utf-8")
    return path


def test_every_figure_of_the_book_is_in_one_list():
    shown = [name for names in redraw.shown().values() for name in names]
    listed = [name for names in redraw.listed().values() for name in names]
    assert sorted(shown) == sorted(listed)
    assert len(set(listed)) == len(listed)
    assert set(redraw.listed()) == {"redrawn", "networks", "costly"}


def test_a_figure_needs_what_its_names_stand_for_and_no_more():
    lines = needed("a = 1\nb = a + 1\nc = 2\nglue('b', b)\nshow(draw(b), 'x', profile)")
    assert lines == ["a = 1", "b = a + 1", "show(draw(b), 'x', profile)"]


def test_the_last_of_two_bindings_counts():
    assert needed("a = slow()\na = 2\nshow(a, 'x')") == ["a = 2", "show(a, 'x')"]


@pytest.mark.parametrize(
    "change",
    ["a[0] = b", "a.name = b", "a.append(b)", "a += b", "for a.x in b:\n    pass",
     "for i in b:\n    a.add(i)", "if b:\n    a = b", "with b as a:\n    pass"],
)  # fmt: skip
def test_what_changes_an_object_is_needed(change):
    lines = needed(f"b = 1\na = []\n{change}\nshow(a, 'x')")
    assert len(lines) == 4


def test_names_inside_functions_are_needed_and_their_own_are_not():
    code = "scale = 2\nx = 9\ndef f(x):\n    return [scale * y for y in x]\nshow(f(1), 'n')"
    assert [line.split(" ")[0] for line in needed(code)] == ["scale", "def", "show(f(1),"]


def test_a_loop_binds_what_its_body_uses():
    code = "i = slow()\nj = [1]\na = []\nfor i in j:\n    a.append(i)\nshow(a, 'x')"
    assert "i = slow()" not in needed(code) and len(needed(code)) == 4
    code = "i = [1]\na = []\nfor i in i:\n    a.append(i)\nshow(a, 'x')"
    assert len(needed(code)) == 4


def test_who_draws_random_numbers_moves_the_generator():
    code = "g = np.random.default_rng(0)\na = f(g)\nb = h(g)\nc = f(1)\nshow(b, 'x')"
    assert [line[0] for line in needed(code)] == list("gabs")


def test_another_figure_is_not_needed():
    code = "import style\nstyle.show(1, 'a')\nstyle.show(2, 'b')"
    assert [sorted(one.slice) for one in slices.drawings(ast.parse(code).body)] == [[0, 1], [0, 2]]


def test_a_name_that_is_computed_is_refused():
    with pytest.raises(slices.BookError, match="expected a name in quotes"):
        slices.drawings(ast.parse("show(fig, f'a-{i}')").body)


def test_a_figure_is_drawn_without_the_rest_of_its_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    path = page(tmp_path, f"profile = 'smoke'\n1 / 0\nprint('heard')\n{DRAWN}")
    assert redraw.draw(path, frozenset(["tried"])) == {}
    svg = (tmp_path / "figures" / "smoke" / "tried.svg").read_text(encoding="utf-8")
    assert "<path" in svg and not capsys.readouterr().out


def test_one_figure_that_fails_does_not_keep_others_from_being_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    path = page(tmp_path, f"profile = 'smoke'\nx = 1 / 0\n{DRAWN}show(x, 'lost', profile)")
    lost = redraw.draw(path, frozenset(["tried", "lost"]))
    assert lost == {"lost": redraw.Lost("ZeroDivisionError: division by zero", False)}
    assert (tmp_path / "figures" / "smoke" / "tried.svg").is_file()


def test_nothing_is_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    code = (
        "from hrgradlib.chapters.style import show\n"
        "from hrgradlib.experiments.results import book_results\n"
        "show(book_results('smoke'), 'lost', 'smoke')"
    )
    lost = redraw.draw(page(tmp_path, code), frozenset(["lost"]))
    assert lost["lost"].untrained
    assert re.search("[0-9]+ networks are not in the run store", lost["lost"].why)
    assert not list(tmp_path.rglob("model.pt"))
