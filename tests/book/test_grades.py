"""Every statement about the paper says how it is known: by a mark, or in words."""

import re

import pytest

from hrgradlib.paths import checkout

BOOK = checkout() / "book"
PAGES = sorted(str(page.relative_to(BOOK)) for page in (*BOOK.glob("*/*.md"), BOOK / "intro.md"))
OF_THE_PAPER = re.compile(r"liang2026hrgrad|\b[Tt]he paper\b|\b(?:the paper|abstract)'s\b")
GRADED = re.compile(r"\{\.grade-(?:abstract|reported|ours)\}|\babstract\b|\breported\b|\bnotes\b")
#: That say nothing of what stands in it.
NO_STATEMENT = (
    "The paper that this book reconstructs is",
    "The idea is the paper's",
    "liang2026hrgrad` for the claims themselves",
    "it is about the paper's text, which was not at hand",
    "What is about the paper's text could not be checked",
    "What was claimed, by the paper or by us",
    "What would follow if the paper is right",
    "Whoever has the paper at hand",
)


def pieces(page: str) -> list[str]:
    """Paragraphs, items and rows of tables, without cells of code."""
    text = re.sub(r"```\{code-cell\}.*?\n```", "", (BOOK / page).read_text("utf-8"), flags=re.S)
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        lines = paragraph.strip().startswith("|")
        found += paragraph.split("\n") if lines else re.split(r"\n(?=- )", paragraph)
    return [" ".join(piece.split()) for piece in found]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_of_the_paper_has_a_grade(page):
    bare = [
        piece
        for piece in pieces(page)
        if OF_THE_PAPER.search(piece)
        and not GRADED.search(piece)
        and not any(words in piece for words in NO_STATEMENT)
    ]
    assert not bare


def test_the_legend_stands_where_the_marks_are_explained():
    for page in ("intro.md", "chapters/07_harmonised_rotation.md"):
        for words in ("the paper's own words", "not checked against the paper"):
            assert any(words in piece for piece in pieces(page)), (page, words)
