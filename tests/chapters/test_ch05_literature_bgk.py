"""BGK in the literature's setting on the page: what is said follows the rows, there or not."""

import numpy as np
import pytest

from hrgradlib.chapters import ch05_literature_bgk as setting
from hrgradlib.chapters.ch05_failure import Cell


def cell(error, failed, runs=5):
    errors = error * np.linspace(0.9, 1.1, runs)
    return Cell(errors, np.arange(runs) < failed, errors[:, None])


@pytest.fixture
def bases(monkeypatch):
    monkeypatch.setattr(setting, "base_of", lambda label: cell(0.3, 10, 10))


def test_lines_stand_below_what_they_change(bases):
    found = {"sum-split": cell(0.02, 0), "sum-finer": cell(0.3, 5), "jump-split": cell(0.9, 5)}
    lines = setting.table(found).splitlines()
    assert [line.strip().split(":")[0][:8] for line in lines[1:]] == [
        *("smooth d", "as above", "micro an", "64 veloc", "a jump, ", "as above", "micro an")
    ]
    assert lines[3].endswith("0.02, 0.02–0.02; lower") and lines[4].endswith("undecided")
    assert lines[7].endswith("higher") and max(map(len, lines)) <= 100
    assert setting.stored(found) == (15, 30)
    assert setting.against(found, "sum-split").startswith("lower (0.07 times")


def test_what_repairs_is_named(bases, monkeypatch):
    found = {"sum-split": cell(0.02, 0), "sum-finer": cell(0.3, 5)}
    said = setting.repaired(found)
    assert said == "Yes: micro and macro parts (smooth data, the sum at weight one)."
    every = setting.repaired({"sum-finer": cell(0.3, 5)})
    assert every == "No: every run fails with and without them."
    monkeypatch.setattr(setting, "base_of", lambda label: cell(0.3, 0, 10))
    assert setting.repaired({"sum-finer": cell(0.3, 0)}) == "No: no change does."


def test_nothing_is_said_of_nothing(monkeypatch):
    monkeypatch.setattr(setting, "cells_of", lambda name: {})
    assert setting.table({}) == "no run is stored yet"
    assert setting.repaired({}) == "No run is stored yet."
    assert setting.against({}, "sum-split") == "no run is stored yet"
    assert setting.cells() == {} and setting.base_of("sum-split") is None
