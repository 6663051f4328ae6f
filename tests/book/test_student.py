"""The student's version holds every exercise and no solution."""

import importlib.util
import re
import sys

import jupytext
import pytest

EXERCISE = re.compile(r"^`{3,}\{exercise\}.*\n(?::label: *(\S+))", re.MULTILINE)


@pytest.fixture(scope="module")
def student(make):
    spec = importlib.util.spec_from_file_location("student", make.BOOK / "student.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(make, chapter_name):
    return (make.BOOK / f"{chapter_name}.md").read_text(encoding="utf-8")


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def test_no_solution_is_left(student, source):
    assert "{solution" in source
    cut = student.text_without_solutions(source)
    assert "{solution" not in cut
    assert EXERCISE.findall(cut) == EXERCISE.findall(source) != []


def test_notebook_and_text_are_cut_alike(student, source):
    by_text = jupytext.reads(student.text_without_solutions(source), fmt="md:myst")
    by_cells = student.without_solutions(jupytext.reads(source, fmt="md:myst"))
    assert [c.source for c in by_cells.cells if c.cell_type == "code"] == [
        c.source for c in by_text.cells if c.cell_type == "code"
    ]
    assert text_of(by_cells).split() == text_of(by_text).split()


SAMPLE = """\
before
````{solution-start} one
:class: dropdown
````
hidden
```{code-cell}
hidden
```
````{solution-end}
````
between
```{solution} two
hidden
```
after
"""


def test_a_gated_and_a_plain_solution(student):
    assert student.text_without_solutions(SAMPLE) == "before\nbetween\nafter\n"


def test_a_solution_that_does_not_end_is_an_error(student):
    for end in ("````{solution-end}\n````\n", "hidden\n```\n"):
        with pytest.raises(ValueError, match="does not end"):
            student.text_without_solutions(SAMPLE.split(end)[0])
