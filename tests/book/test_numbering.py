"""Numbers of chapters: the table of contents gives them, pages type none, code types true ones."""

import re
import subprocess
import sys

import pytest
import yaml

from hrgradlib.chapters import intro_graph
from hrgradlib.paths import checkout

ROOT = checkout()
TYPED = re.compile(r"\b(?:[Cc]hapters?|[Ss]ections?|[Aa]ppendi(?:x|ces))\s+(?:\d+b?|[A-Z]\b(?!\w))")
LISTED = re.compile(r"\b[Cc]hapters?\s+(\d+b?(?:(?:, | and | to | or |–)\d+b?)*)")
FOLDERS = ("hrgradlib", "tests", "tools", "benchmarks", "examples")


@pytest.fixture(scope="module")
def parts():
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    return {part["caption"]: [one["file"] for one in part["chapters"]] for part in toc["parts"]}


@pytest.fixture(scope="module")
def chapters(parts):
    return [n for files in parts.values() for n in files if n.startswith("chapters/")]


def test_chapters_are_numbered_from_one_without_a_gap(chapters):
    numbers = [name.removeprefix("chapters/").split("_")[0] for name in chapters]
    assert numbers == [f"{n:02d}" for n in range(1, len(chapters) + 1)]


def prose(text: str) -> str:
    """What is read: without code cells and what heads a notebook."""
    return re.sub(r"^```\{code-cell\}.*?^```$|\A---\n.*?^---$", "", text, flags=re.M | re.S)


def test_no_page_types_a_number(page_name, make):
    text = prose((make.BOOK / f"{page_name}.md").read_text(encoding="utf-8"))
    assert TYPED.findall(text) == []
    assert not re.search(r"^# .*(?:Chapter|Appendix) ", text, re.M)


def test_a_typed_number_is_found():
    assert TYPED.findall("In {ref}`chapter 9 <x>`, chapters 1 to 3 and Appendix B, section 2.") == [
        "chapter 9", "chapters 1", "Appendix B", "section 2"]  # fmt: skip
    assert TYPED.findall(prose("---\na: chapter 1\n---\n```{code-cell}\n# chapter 2\n```\n")) == []


def sources():
    """Name and text of all that is no page of the book."""
    code = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    book = [p for end in ("*.py", "static/*.js", "static/*.css") for p in (ROOT / "book").glob(end)]
    for path in (*code, *book, *ROOT.glob("*.md"), ROOT / "Makefile"):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_numbers_that_code_types_are_those_of_chapters(chapters):
    known = {str(n) for n in range(1, len(chapters) + 1)}
    wrong = {
        name: numbers - known
        for name, text in sources()
        if name != "tests/book/test_numbering.py"
        and (numbers := {n for m in LISTED.findall(text) for n in re.findall(r"\d+b?", m)}) - known
    }
    assert wrong == {}


def test_a_chapter_s_module_and_link_say_its_number():
    for name, text in sources():
        if (
            file := re.fullmatch(r"(?:hrgradlib|tests)/chapters/(?:test_)?ch(\d\d)_\w+\.py", name)
        ) and (said := LISTED.search(text.split('"""')[1].split("\n")[0])):
            assert int(file[1]) in map(int, re.findall(r"\d+", said[1])), name
        for number, page in re.findall(r"\[chapter (\d+)\]\(\S*?chapters/(\d\d)_", text):
            assert int(number) == int(page), name


def test_the_picture_of_the_introduction_has_the_same(parts):
    heads = {page.name: page.box.split()[0] for page in intro_graph.PAGES}
    for name, head in heads.items():
        if name[0].isdigit():
            assert head == name.split("_")[0].lstrip("0")
        elif f"appendices/{name}" in parts["Appendices"]:
            assert "ABCDEFGHIJ"[parts["Appendices"].index(f"appendices/{name}")] == head
        else:
            assert head == "your"


SMALL = {
    "index": "# Book\n\n{doc}`chapters/one`\n",
    "chapters/one": (
        "(one)=\n# One\n\n$$ a $$ (eq-one)\n\n(one-b)=\n## Deep\n\n(one-c)=\n### Deeper\n\n"
        "{ref}`one-b` says, {ref}`one-c` says. See {ref}`two`. {ref}`within` *({ref}`app`)* "
        "{ref}`one`\n"
    ),
    "chapters/within": "(within)=\n# Within\n\n## Here\n\n$$ b $$ (eq-within)\n\n{eq}`eq-one`\n",
    "chapters/two": "(two)=\n# Two\n\n{ref}`my words <one>`, {ref}`one`: {numref}`%s <app>`\n",
    "appendices/app": "(app)=\n# App\n\n## Part\n\n$$ c $$ (eq-app)\n\n{eq}`eq-within`\n",
    "appendices/last": "(last)=\n# Last\n\nIn {ref}`last` of {doc}`app`. {ref}`app` too.\n",
}
SMALL_TOC = """\
format: jb-book
root: index
parts:
  - {caption: A, numbered: 2, chapters: [{file: chapters/one, sections: [{file: chapters/within}]}]}
  - {caption: B, numbered: 2, chapters: [{file: chapters/two}]}
  - {caption: C, numbered: 2, chapters: [{file: appendices/app}]}
  - {caption: D, chapters: [{file: appendices/last}]}
"""
SMALL_CONF = """\
import sys; sys.path.insert(0, %r)
extensions = ["myst_parser", "sphinx_external_toc", "sphinx_multitoc_numbering", "numbering"]
myst_enable_extensions = ["dollarmath"]
html_theme, numfig, math_eqref_format = "basic", True, "({number})"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory, make):
    """Words of every page of a small book, and titles as its table of contents has them."""
    folder = tmp_path_factory.mktemp("numbers")
    for name, text in {**{f"{n}.md": t for n, t in SMALL.items()}, "_toc.yml": SMALL_TOC,
                       "conf.py": SMALL_CONF % str(make.BOOK)}.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "-n", str(folder),
                    str(folder / "out")], check=True, capture_output=True)  # fmt: skip
    return {name: words((folder / "out" / f"{name}.html").read_text("utf-8")) for name in SMALL}


def words(page: str) -> str:
    body = re.search(r'<div class="body" role="main">(.*?)<div class="clearer">', page, re.S)[1]
    body = re.sub(r'<a class="headerlink".*?</a>|<div class="math.*?</div>', "", body, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)).strip()


def test_references_read_as_words(small):
    assert (
        "Section 1.1 says, section 1.1 says. See chapter 2. Within (appendix A) chapter 1"
        in small["chapters/one"]
    )
    assert "my words, chapter 1: A" in small["chapters/two"]


def test_titles_have_numbers_and_letters(small):
    assert (
        small["chapters/one"].startswith("1. One") and "1.1. Deep Deeper" in small["chapters/one"]
    )
    assert small["chapters/within"].startswith("Within Here")
    assert small["chapters/two"].startswith("2. Two")
    assert small["appendices/app"].startswith("A. App A.1. Part")
    assert "1. One" in small["index"]


def test_equations_are_numbered_by_chapter_and_a_page_within_counts_on(small):
    assert small["chapters/within"].endswith("(1.1)")
    assert small["appendices/app"].endswith("(1.2)")


def test_a_page_without_number_keeps_its_title(small):
    assert small["appendices/last"] == "Last In Last of A. App. Appendix A too."
