"""The student's version holds every exercise and no solution."""

import importlib.util
import re
import sys

import jupytext
import pytest
from small_book import CHAPTER, run, small_book

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


# Two exercises with their solutions, one of them in cells, and one more exercise after them.
HIDDEN = "quagga"  # which the search index holds as it is, not by its stem
TAUGHT = f"""{CHAPTER.replace("print(1)", "seen = 1")}
```{{exercise}} First
:label: ex-first
Ask.
```

````{{solution-start}} ex-first
:class: dropdown
````

Words, {HIDDEN}.

```{{code-cell}} ipython3
{HIDDEN} = 1
```

````{{solution-end}}
````

```{{exercise}} Second
:label: ex-second
Ask again.
```

```{{solution}} ex-second
:class: dropdown
Words, {HIDDEN}.
```

```{{exercise}} Third
:label: ex-third
Ask for the last time, after {{numref}}`ex-second`.
```
"""
TITLE = re.compile(r'class="admonition-title">\s*<span class="caption-number">([^<]*)<')


def built(folder, make, *options):
    """Folder of the pages of a small book with exercises."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRGRAD_REPOSITORY", "https://github.com/owner/hrgrad")
        work = small_book(folder, make, patch, TAUGHT)
        assert run(make, patch, "html", *options, "--work", work, "--out", folder) == 0
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def teachers(tmp_path_factory, make):
    return built(tmp_path_factory.mktemp("teachers"), make)


@pytest.fixture(scope="module")
def students(tmp_path_factory, make):
    return built(tmp_path_factory.mktemp("students"), make, "--student")


def holding(html, word):
    """Files of a built book in which a word is found: pages, downloads, sources, search index."""
    files = (path for path in html.rglob("*") if path.is_file())
    return {path.relative_to(html).as_posix() for path in files if word in path.read_bytes()}


def test_no_file_that_students_are_given_holds_a_solution(students, teachers):
    shown = holding(teachers, HIDDEN.encode())
    assert {"searchindex.js", "chapters/limit.html", "_static/notebooks/limit.md"} < shown
    assert holding(students, HIDDEN.encode()) == set()


def test_exercises_keep_their_numbers(students, teachers):
    page = "chapters/limit.html"
    numbers, all_numbers = (
        TITLE.findall((html / page).read_text(encoding="utf-8")) for html in (students, teachers)
    )
    assert len(numbers) == 3
    assert numbers == [n for n in all_numbers if n.startswith("Exercise")]
