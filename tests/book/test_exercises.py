"""Every exercise of the book has its line in `book/exercises.yml`, and every line its exercise."""

import re

import pytest
import yaml

LABELLED = re.compile(r"^`{3,}\{exercise\}.*\n:label: *(\S+)", re.MULTILINE)
OPENED = re.compile(r"^`{3,}\{exercise(?:-start)?\}", re.MULTILINE)


@pytest.fixture(scope="module")
def table(make):
    return yaml.safe_load((make.BOOK / "exercises.yml").read_text(encoding="utf-8"))


def sources(make):
    chapters, static = make.pages()
    return {n: (make.BOOK / f"{n}.md").read_text(encoding="utf-8") for n in [*chapters, *static]}


def test_every_exercise_has_a_label(make):
    for name, text in sources(make).items():
        assert len(OPENED.findall(text)) == len(LABELLED.findall(text)), name


def test_exercises_and_table_are_the_same(make, table):
    found = [label for text in sources(make).values() for label in LABELLED.findall(text)]
    assert len(found) > 70 and len(set(found)) == len(found)
    assert set(found) == set(table)


def test_every_exercise_has_a_solution(make):
    for name, text in sources(make).items():
        solved = re.findall(r"^`{3,}\{solution(?:-start)?\} *(\S+)", text, re.MULTILINE)
        assert solved == LABELLED.findall(text), name
