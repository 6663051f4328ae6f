"""Longer runs of the published form: what is said follows the rows, there or not."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrgradlib.chapters import ch05_longer as longer
from hrgradlib.chapters.ch05_failure import Cell, Failures
from hrgradlib.experiments.failure_studies import FAILURES, LADDER, LONG_CELLS, LONGER
from hrgradlib.experiments.store import Row, Table

EPS = np.array([1e-3, 1e-1, 1.0])
SHORT = Failures(
    {("published", m): Cell(np.full(4, 0.13), np.ones(4, bool), np.ones((4, 3))) for m in ("sum",)},
    *(EPS, 4, 4),
)


def rows(*, failing):
    return {
        f"{'-'.join(cell)}-long-s{seed}": {
            "seed": seed,
            "max_error": 0.2 if cell in failing else 0.02 * (1 + seed),
            "failure": "error" if cell in failing else "",
            "settings": {},
            "curve": {"judged_eps": [*EPS], "judged": [0.01, 0.02 * (1 + seed), 0.015]},
        }
        for cell in LONG_CELLS
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
    assert longer.table(SHORT, {}, longer.cells()) == "no longer run is stored yet"
    assert "not known" in longer.what_it_gives(longer.cells())


def test_a_line_per_method_with_its_worst_eps(put):
    put(rows(failing=()))
    lines = longer.table(SHORT, {}, longer.cells()).splitlines()[1:]
    assert len(lines) == len(LONG_CELLS) and max(map(len, lines)) <= 80
    assert all("4.0e-02" in line and "0 of 3" in line and line.endswith("0.1") for line in lines)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        ((), "no method fails any more in the median: the median errors are 4.0e-02 to 4.0e-02"),
        ((("published", "sum-soap"),), "sum, SOAP (drawn ε) still fails in the median"),
        (LONG_CELLS, "every method still fails in the median"),
    ],
)
def test_the_sentence_follows_the_rows(put, failing, words):
    put(rows(failing=failing))
    assert words in longer.what_it_gives(longer.cells())


def test_only_the_steps_are_longer():
    short = FAILURES["failure"][1] | FAILURES["failure-terms"][1]
    long = FAILURES["failure-long"][1]
    for cell in LONG_CELLS:
        base, more = short["-".join(cell)], long[f"{'-'.join(cell)}-long"]
        assert more == base | {"steps": LONGER * base["steps"]}
        assert (cell[0] in LADDER) == (base["segmentation"] == "drawn")


def test_runs_of_a_cell_are_counted(put):
    put(rows(failing=()))
    assert longer.runs(longer.cells()) == "3"
    put({key: row for key, row in rows(failing=()).items() if not key.endswith("long-s2")
         or "terms" in key})  # fmt: skip
    assert longer.runs(longer.cells()) == "2 to 3"
    put({})
    assert longer.runs(longer.cells()) == "no"
