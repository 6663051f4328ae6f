"""The stored study of formulations and metrics: whole, in part or not there."""

import numpy as np
import pytest

from hrgradlib.chapters import ch10_study as study
from hrgradlib.experiments.store import Origin, Table

LINES = {"untrained ansatz": np.array([0.3, 0.2])}
WHOLE = {"untrained ansatz": np.array([0.5, 0.2])}


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Two of the four kinds, one run without a result."""
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    table = Table(tmp_path / "inflow.json")
    for label, errors in {"quick": (0.01, 0.02, 0.03), "adam": (0.04, None, 0.06)}.items():
        for seed, error in enumerate(errors):
            row = {"method": label, "seed": seed, "settings": {}, "failure": ""}
            if error is None:
                row |= {"failure": "not finite"}
            else:
                row |= {"final_error": error, "limit_density": error / 2, "seconds": 9.0}
                row |= {"max_error": 3 * error, "failure": "error" if 3 * error > 0.1 else ""}
            table.put(f"{label}-s{seed}", row, Origin("", "", "", "", {}))


def test_what_is_there_is_grouped_and_a_run_without_a_result_is_the_worst(stored):
    found = study.groups()
    assert list(found) == ["even-odd", "adam"]
    assert list(found["even-odd"].far) == [0.005, 0.01, 0.015]
    assert sorted(found["adam"].errors) == [0.04, 0.06, np.inf]
    assert found["even-odd"].failed == 0 and found["adam"].failed == 3
    told = "2.0e-02 at T after 9 s (6.0e-02 over the four times)"
    assert study.reached(found, "even-odd") == told
    assert study.reached(found, "adam").endswith(
        "(1.8e-01 over the four times; 3 of 3 runs failed)"
    )
    assert study.times_the_first(found, "adam") == "3.0"
    assert study.seconds(found) == "9 to 9 s each"
    assert study.reached(found, "soap") == study.times_the_first(found, "soap")
    assert study.reached(found, "soap") == "not measured yet"
    _, quick, adam, nothing = study.table(found, LINES, WHOLE).splitlines()
    assert "6.0e-02  0 of 3" in quick and adam.endswith("3 of 3")
    assert nothing.split()[-2:] == ["3.0e-01", "5.0e-01"]


def test_without_a_row_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    assert study.groups() == {} and study.seconds({}) == "not measured yet"
    assert "not measured yet" in study.table({}, LINES, WHOLE)
