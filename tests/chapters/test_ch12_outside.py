"""Chapter 12: the run of an optimizer of others stands beside ours."""

import numpy as np

from hrgradlib.chapters import ch12_outside as outside
from hrgradlib.chapters.ch12_comparison import Arm
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Table

ROW = {
    "method": "ssbroyden",
    "max_error": 0.25,
    "steps": 40,
    "seconds": 30.0,
    "versions": {"jax": "0.10.2", "optimistix": "0.1.0"},
}


def test_a_line_per_run_and_ours_with_its_processor_time(monkeypatch):
    errors = np.array([1e-4, 2e-4, 3e-4])
    ours = Arm("hrgrad-gn", np.arange(3), errors, errors, errors, np.full(3, 125.0), errors > 1)
    monkeypatch.setattr(outside, "milliseconds", lambda: {"hrgrad-gn": 80.0})
    head, theirs, last = outside.table([ROW], {"hrgrad-gn": ours}).splitlines()
    assert theirs.startswith("SSBroyden (jax)") and theirs.split()[-4:] == [
        "1", "2.5e-01", "40", "30.0",
    ]  # fmt: skip
    assert last.split()[-4:] == ["3", "2.0e-04", "125", "10.0"]
    assert outside.versions([ROW]) == "jax 0.10.2, optimistix 0.1.0"


def test_without_a_run_pages_say_so():
    assert outside.table([], {}) == "not measured yet"
    assert outside.said([], "points") == "no" and outside.said([ROW], "seconds") == "30"
    assert outside.versions([]) == "not recorded yet"


def test_stored_runs_are_judged_where_ours_are():
    judged = CASES["transport-periodic"].judged_eps("quick")
    for row in Table.named(outside.NAME).rows.values():
        np.testing.assert_allclose(row.values["curve"]["judged_eps"], judged, rtol=1e-3)
        assert row.values["max_error"] == max(row.values["curve"]["judged"])
        assert row.values["steps"] > 1 and "jax" in row.values["versions"]
