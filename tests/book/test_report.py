"""The replication report: its text has no number, and what it calls is what the store says."""

import importlib.util
import re
import shutil
import subprocess
import sys

import pytest

from hrgradlib.chapters.ch15_claims import everything
from hrgradlib.chapters.ch15_verdicts import Claim, Finding, Judged


@pytest.fixture(scope="module")
def report(make):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make", make)
        patch.delitem(sys.modules, "pdf", raising=False)
        spec = importlib.util.spec_from_file_location("book_report", make.BOOK / "report.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def values(report):
    return report.values()


def body(report):
    text = report.TEXT.read_text(encoding="utf-8")
    return text.split(r"\begin{document}")[1]


def test_the_text_types_no_number(report):
    prose = [line for line in body(report).splitlines() if line[:1].isalpha()]
    assert len(prose) > 15
    assert not [line for line in prose if re.search(r"\d", line)]


def test_every_value_is_called_and_every_call_has_a_value(report, values):
    called = set(re.findall(r"\\([A-Z][A-Za-z]+)\b", body(report))) - {"Large"}
    assert called == set(values)


def test_every_important_claim_is_there_once(report, values):
    decided = values["Verdicts"].splitlines()
    waiting = values["Open"].splitlines()
    front = [line for line in everything().values() if line.claim.front]
    assert len(front) > 10
    for line in front:
        text = report.escaped(line.claim.text)
        rows = decided if report.stands(line) else waiting
        assert len([row for row in [*decided, *waiting] if text in row]) == 1
        assert [row for row in rows if text in row]


def test_counts_are_those_of_the_claims(values):
    numbers = [int(n) for n in re.findall(r"& (\d+)", values["Counts"])]
    assert sum(numbers) == len(everything()) == int(values["Claims"])


def line(word, **kwargs):
    claim = Claim("a", "ours", "A claim.", "01_x", "x", "a test", "a rule", Finding(word))
    return Judged(claim, Finding(word), **kwargs)


def test_what_earlier_code_said_is_no_verdict(report):
    assert report.stands(line("refuted"))
    assert not report.stands(line("refuted", earlier=True))
    assert not report.stands(line("not tested", lacking="no rows yet"))
    assert not report.stands(line("could not be checked"))


def test_signs_of_latex_and_code(report):
    assert report.escaped("5 % of `a_b` & #1") == r"5 \% of \texttt{a\_b} \& \#1"
    assert report.escaped("a~b^2") == r"a\textasciitilde{}b\textasciicircum{}2"


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("xelatex") and shutil.which("latexmk")), reason="no LaTeX")
def test_it_is_at_most_two_pages(report, tmp_path):
    made = report.build(tmp_path)
    if shutil.which("pdfinfo"):
        told = subprocess.run(["pdfinfo", made], capture_output=True, text=True).stdout
        assert int(re.search(r"Pages: +(\d+)", told)[1]) <= 2
