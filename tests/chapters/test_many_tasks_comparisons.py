"""Cells of stored studies: those that are there, in words, judged by the book's rule."""

import numpy as np
import pytest

from hrgradlib.chapters import many_tasks_comparisons as comparisons
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.verdicts import judge


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Cells of a small study in a folder of its own, of which one run failed."""
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    table = Table(tmp_path / "gauss-newton.json")
    errors = {"hrgrad": [3.0, 1.0], "sum": [4.0, 4.0], "hrgrad-gn": [np.inf, 1.0]}
    for label, own in errors.items():
        for seed in (1, 0):
            row = {"method": label, "seed": seed, "settings": {"method": label, "steps": 7}}
            if np.isfinite(own[seed]):
                row |= {"max_error": own[seed], "seconds": 2.0, "failure": ""}
                row |= {"curve": {"seconds": [0.5, 1.0], "error": [5.0, 1.0]}}
            else:
                row |= {"failure": "NaN or inf"}
            if label == "hrgrad":
                row |= {"uphill": 0.25}
            table.put(f"{label}-s{seed}", row, Origin("", "", "", "", {}))
    return comparisons.cells_there("gauss-newton", *errors, "none")


def test_cells_are_sorted_by_seed_and_what_is_not_there_is_left_out(named):
    assert set(named) == {"hrgrad", "sum", "hrgrad-gn"}
    cell = named["hrgrad"]
    assert (cell.study, cell.label, cell.median) == ("gauss-newton", "hrgrad", 2.0)
    assert list(cell.seeds) == [0, 1] and list(cell.errors) == [3.0, 1.0]
    assert comparisons.cells_there("bgk", "smooth") == {}


def test_cells_are_judged_by_all_their_runs_whatever_the_seeds(named):
    ours, summed, lost = named["hrgrad"], named["sum"], named["hrgrad-gn"]
    found = comparisons.compare(ours, summed)
    assert found == judge(ours.errors, summed.errors) and found.counts == (2, 2)
    assert found.ratio == pytest.approx(3**0.5 / 4) and found.word == "undecided"
    other = ours._replace(seeds=ours.seeds + 7, errors=np.tile(ours.errors / 100, 5))
    many = summed._replace(errors=np.tile(summed.errors, 5))
    assert comparisons.told({"a": other, "b": many}, "a", "b").startswith("lower (")
    assert comparisons.compare(lost, ours).ratio == np.inf


def test_what_has_no_runs_yet_is_said(named):
    assert comparisons.told(named, "hrgrad", "sum-gn") == "not measured yet"
    assert comparisons.reached(named, "sum-gn") == "not measured yet"
    assert comparisons.uphill(named, "sum") == "not measured yet"
    assert comparisons.uphill(named, "hrgrad") == "25.0 %"
    alone = named["hrgrad"]._replace(settings={"method": "sum-gn"})
    assert comparisons.uphill({"sum-gn": alone}, "sum-gn") == "not measured yet"
    assert "4.0e+00 in the median of 2 runs after 2 s" in comparisons.reached(named, "sum")


def test_the_table_has_a_line_for_each_and_for_what_costs_nothing(named):
    lines = {"untrained ansatz": np.array([2.0, 1.0]), "best limit": np.array([0.5, 3.0])}
    head, *rows = comparisons.table(named, lines).splitlines()
    assert len(rows) == 5 and rows[0].startswith("untrained ansatz") and "2.0e+00" in rows[0]
    ours = next(row for row in rows if "HRGrad" in row)
    assert ours.split()[-2:] == ["%", "2"]  # the better of the lines errs by 1 at worst
