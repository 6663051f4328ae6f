"""Longer runs of the published form: what is said follows the rows, there or not."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrgradlib.chapters import ch05_longer as longer
from hrgradlib.chapters.ch05_failure import Cell, Failures
from hrgradlib.experiments.failure_studies import FAILURES, LONG_METHODS, LONGER
from hrgradlib.experiments.store import Row, Table

EPS = np.array([1e-3, 1e-1, 1.0])
SHORT = Failures(
    {("published", m): Cell(np.full(4, 0.13), np.ones(4, bool), np.ones((4, 3))) for m in ("sum",)},
    *(EPS, 4, 4),
)


def rows(*, failing):
    return {
        f"published-{method}-long-s{seed}": {
            "seed": seed,
            "max_error": 0.2 if method in failing else 0.02 * (1 + seed),
            "failure": "error" if method in failing else "",
            "settings": {},
            "curve": {"judged_eps": [*EPS], "judged": [0.01, 0.02 * (1 + seed), 0.015]},
        }
        for method in LONG_METHODS
        for seed in range(3)
    }


@pytest.fixture
def put(monkeypatch):
    def put(values):
        table = SimpleNamespace(rows={k: Row(k, v, None) for k, v in values.items()})
        monkeypatch.setattr(Table, "named", lambda name: table)

    return put


def test_nothing_stored_is_said(put):
    put({})
    assert longer.table(SHORT, longer.cells()) == "no longer run is stored yet"
    assert "not known" in longer.what_it_gives(longer.cells())


def test_a_line_per_method_with_its_worst_eps(put):
    put(rows(failing=()))
    lines = longer.table(SHORT, longer.cells()).splitlines()[1:]
    assert len(lines) == len(LONG_METHODS)
    assert all("4.0e-02" in line and "0 of 3" in line and line.endswith("0.1") for line in lines)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        ((), "no method fails any more in the median: the median errors are 4.0e-02 to 4.0e-02"),
        (("sum-soap",), "SOAP still fails in the median"),
        (LONG_METHODS, "every method still fails in the median"),
    ],
)
def test_the_sentence_follows_the_rows(put, failing, words):
    put(rows(failing=failing))
    assert words in longer.what_it_gives(longer.cells())


def test_only_the_steps_are_longer():
    short, long = FAILURES["failure"][1], FAILURES["failure-long"][1]
    for method in LONG_METHODS:
        base, more = short[f"published-{method}"], long[f"published-{method}-long"]
        assert more == base | {"steps": LONGER * base["steps"]}
