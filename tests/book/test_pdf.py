"""The printed book: widths of its tables, what it refuses, and a small book set by LaTeX."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from docutils import nodes
from failure import BookError
from printed import macros, narrow, sign
from printed_tables import GAP, LINE, Cell, fit, measured, widths

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pdf(make):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make", make)
        spec = importlib.util.spec_from_file_location("book_pdf", make.BOOK / "pdf.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("commits", [(), ("a" * 40, "b" * 40)])
def test_the_first_page_tells_in_sentences_how_chapters_were_executed(commits):
    usual = {"date": "2026-01-01", "profile": "quick", "device": "cpu"}
    editions = {f"chapters/{commit[0]}": {**usual, "commit": commit} for commit in commits}
    builder = SimpleNamespace(name="latex", context={})
    config = SimpleNamespace(editions=editions, imprint={"version": "1.2"})
    sign(SimpleNamespace(builder=builder, config=config))
    told = builder.context["date"]
    assert [told.count(commit[:10] + ".") for commit in commits] == [1] * len(commits)
    assert ";" not in told and told.count("Chapters executed 2026-01-01,") == len(commits)


# --- tables -------------------------------------------------------------------------------------


def column(*texts):
    return [Cell(len(text), max(map(len, text.split()))) for text in texts]


def test_columns_that_fit_are_as_wide_as_their_text():
    assert widths([column("a", "bcd"), column("two words")]) == [3 + GAP, 9 + GAP]


def test_much_text_gets_what_short_columns_leave():
    short, long, longer = widths([column("yes"), column("word " * 30), column("word " * 60)])
    assert short == 3 + GAP
    assert longer > long > 4 + GAP
    assert short + long + longer == pytest.approx(LINE, abs=0.5)


def test_no_word_is_cut_where_there_is_room():
    word = "x" * 40
    found = widths([column(word), column("word " * 200), column("word " * 200)])
    assert found[0] == 40 + GAP


def test_words_too_long_for_the_line_share_it_by_their_lengths():
    assert widths([column("x" * 80), column("y" * 60)]) == [80 + GAP, 60 + GAP]


def table(*rows):
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in rows[0]), cols=len(rows[0]))
    entries = [[nodes.entry("", nodes.paragraph("", text)) for text in row] for row in rows]
    group += nodes.tbody("", *(nodes.row("", *row) for row in entries))
    return nodes.table("", group)


def test_a_small_table_is_left_to_latex():
    small = table(["a", "b"], ["c", "d"])
    fit(small)
    assert small["classes"] == []


def test_a_wide_table_has_widths_and_a_long_one_may_be_broken():
    wide, long = table(["yes", "word " * 40]), table(*[["a", "b"]] * 60)
    fit(wide)
    fit(long)
    first, second = (spec["colwidth"] for spec in wide.findall(nodes.colspec))
    assert wide["classes"] == ["colwidths-given"] and second > 5 * first
    assert long["classes"] == ["longtable"]


def test_a_formula_is_as_long_as_what_it_shows_and_code_is_wider():
    formula = nodes.entry("", nodes.paragraph("", "", nodes.math("", r"\varepsilon")))
    assert measured(formula).word == 1
    code = nodes.entry("", nodes.paragraph("", "", nodes.literal("", "abcd")))
    assert measured(code).word > 4


@pytest.mark.parametrize(
    ("letters", "size"), [(80, ""), (120, "scriptsize"), (150, "tiny"), (300, "")]
)
def test_columns_stay_below_each_other_where_a_smaller_type_can_do_it(letters, size):
    cell = nodes.container("", nodes.literal_block("", "short\n" + "x" * letters))
    narrow(next(cell.findall(nodes.literal_block)))
    assert (f"fontsize=\\{size}" in cell.children[0].astext()) == bool(size)
    assert len(list(cell.findall(nodes.literal_block))) == 1


# --- what is said when something is wrong -------------------------------------------------------


def test_a_missing_tool_is_one_line_that_says_what_to_install(pdf, monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None if name == "latexmk" else name)
    with pytest.raises(BookError, match=r"^no latexmk; .*apt-get install .*latexmk") as caught:
        pdf.check_tools()
    assert "\n" not in str(caught.value) and "no xelatex" not in str(caught.value)


def test_make_looks_for_latex_before_it_trains():
    (rule,) = (line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
               if line.startswith("pdf:"))  # fmt: skip
    assert rule.split("##")[0].split() == ["pdf:", "latex", "chapters"]


LOG = """\
This is XeTeX
LaTeX Warning: Reference `a:b' on page 1 undefined on input line 7.
LaTeX Warning: Reference `a:b' on page 1 undefined on input line 7.
LaTeX Warning: Label `c' multiply defined.
LaTeX Warning: Marginpar on page 3 moved.
Missing character: There is no ℓ (U+2113) in font X!
Overfull \\hbox (5.8158pt too wide) in paragraph at lines 1--2
Overfull \\hbox (58.158pt too wide) in paragraph at lines 3--4
! Undefined control sequence.
"""


def test_what_latex_complains_of(pdf):
    lines = LOG.splitlines()
    assert pdf.complaints(LOG) == [lines[1], lines[3], lines[5], lines[7], lines[8]]


def test_formulas_have_the_macros_of_the_pages():
    class Config:
        mathjax3_config = {"tex": {"macros": {"R": r"\mathbb{R}", "avg": [r"\langle #1", 1]}}}

    lines = macros(Config).splitlines()
    assert r"\renewcommand{\R}[0]{\mathbb{R}}" in lines
    assert r"\renewcommand{\avg}[1]{\langle #1}" in lines


# --- a small book, by LaTeX ---------------------------------------------------------------------

INTRO = "(first)=\n# A book\n\nIts chapter is {ref}`ch-limit`; {ref}`ex-one` is there.\n"
CHAPTER = r"""
(ch-limit)=
# The limit $\eps\to0$

```{prf:theorem}
:label: th-one
For $\eps\in\R$ the mean is $\avg{f}$.
```

```{prf:proof}
By inspection.
```

```{exercise}
:label: ex-one
Find it.
```

```{solution} ex-one
HiddenUntilTheEnd, by {prf:ref}`th-one`.
```

## After it

| word | meaning |
|---|---|
| one | a table |

```{figure} ../static/chapter-graph.svg
A drawing.
```

```
WIDE
```

LastOfTheChapter.
""".replace("WIDE", "0123456789" * 17)


APPENDIX = r"""
# More

```{figure} ../static/chapter-graph.svg
:name: fig-more
Another drawing.
```

$$
x = 1
$$ (eq-more)

Seen in {numref}`fig-more`, written in {eq}`eq-more`.
"""


@pytest.fixture
def stage(tmp_path, make):
    """What Sphinx reads of a book with one chapter, in a path with a space."""
    folder = tmp_path / "small book"
    for name in ("chapters", "appendices"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(make.BOOK / "static", folder / "static")
    for source in make.BESIDE:
        shutil.copyfile(source, folder / source.name)
    exercises = "ex-one: {minutes: 5, level: 1, by: pencil, topic: losses}\n"
    (folder / "exercises.yml").write_text(exercises)
    (folder / "intro.md").write_text(INTRO)
    (folder / "chapters" / "limit.md").write_text(CHAPTER)
    (folder / "appendices" / "more.md").write_text(APPENDIX)
    part = {"caption": "The part", "numbered": True, "chapters": [{"file": "chapters/limit"}]}
    more = {"caption": "More", "numbered": True, "chapters": [{"file": "appendices/more"}]}
    toc = {"format": "jb-book", "root": "intro", "parts": [part, more]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    configuration = yaml.safe_load((ROOT / "_config.yml").read_text())
    configuration["sphinx"]["config"]["redirects"] = {}
    for name in ("about", "glossary_terms", "whole_book"):  # whose pages this book has not
        del configuration["sphinx"]["local_extensions"][name]
    (folder / "_config.yml").write_text(yaml.safe_dump(configuration))
    return folder


@pytest.mark.slow
def test_a_small_book(pdf, stage, tmp_path):
    folder = pdf.write_latex(stage, tmp_path / "out")
    text = (folder / "hrgrad.tex").read_text(encoding="utf-8")
    assert text.index(r"\part{The part}") < text.index("LastOfTheChapter")
    assert text.index("LastOfTheChapter") < text.index("HiddenUntilTheEnd")
    if missing := [tool for tool in pdf.TOOLS if not shutil.which(tool)]:
        pytest.skip(f"the LaTeX is right, but there is no {', '.join(missing)} to set it")
    made = pdf.typeset(folder)
    assert made.read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        words = subprocess.run(["pdftotext", made, "-"], capture_output=True, text=True).stdout
        assert "0123456789" * 17 in words  # in one line
        assert (
            "Theorem 1.1" in words and "Solution to Exercise 1.1" in words and "Chapter 1" in words
        )
        assert "Fig. 1.1: A drawing" in words and "Fig. A.1: Another drawing" in words
        assert "Seen in Fig. A.1, written in (A.1)" in words
