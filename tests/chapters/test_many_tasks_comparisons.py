"""Cells of stored studies: found by their settings, judged by the book's rule."""

import numpy as np
import pytest

from hrgradlib.chapters import many_tasks_comparisons as comparisons
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.verdicts import judge


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Two small studies in a folder of their own."""
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    settings = dict(formulation="layer", guard=False, beta1=0.9, beyond=1.15, harmony=0.5, lr=0.01)
    table = {
        "rules": {"trial-root": dict(method="trial-root")},
        "gauss-newton": {
            "hrgrad": dict(method="hrgrad"),
            "sum": dict(method="sum"),
            "lost": dict(method="hrgrad-gn", harmony=0.0),
        },
    }
    errors = {
        "trial-root": [3.0, 1.0],
        "hrgrad": [2.0, 4.0],
        "sum": [4.0, 4.0],
        "lost": [np.inf, 1.0],
    }
    for study, labels in table.items():
        stored = Table(tmp_path / f"{study}.json")
        for label, own in labels.items():
            for seed in (1, 0):
                row = {"method": own["method"], "seed": seed, "settings": settings | own}
                if np.isfinite(errors[label][seed]):
                    row |= {"max_error": errors[label][seed], "seconds": 1.0, "uphill": 0.0}
                    row |= {"curve": {"seconds": [0.5, 1.0], "error": [5.0, 1.0]}, "failure": ""}
                else:
                    row |= {"failure": "NaN or inf"}
                stored.put(f"{label}-s{seed}", row, Origin("", "", "", "", {}))
    return comparisons


def test_cells_are_found_by_their_settings(stored):
    cell = stored.find(("missing", "rules"), **stored.IDEAS["root"])
    assert (cell.study, cell.label, cell.median) == ("rules", "trial-root", 2.0)
    assert list(cell.seeds) == [0, 1] and list(cell.errors) == [3.0, 1.0]
    assert stored.reference(cell, "sum").label == "sum"
    with pytest.raises(LookupError, match="no stored run with .*trial-log"):
        stored.find(("rules",), **stored.IDEAS["log"])


def test_cells_are_judged_by_all_their_runs_whatever_the_seeds(stored):
    root, summed, lost = (
        stored.find(("rules", "gauss-newton"), method=m) for m in ("trial-root", "sum", "hrgrad-gn")
    )
    found = stored.compare(root, summed)
    assert found == judge(root.errors, summed.errors) and found.counts == (2, 2)
    assert found.ratio == pytest.approx(3**0.5 / 4) and found.word == "undecided"
    other = root._replace(seeds=root.seeds + 7, errors=np.tile(root.errors / 100, 5))
    assert stored.compare(other, summed._replace(errors=np.tile(summed.errors, 5))).word == "lower"
    assert stored.compare(lost, root).ratio == np.inf


def test_cells_that_are_not_there_yet_are_left_out(monkeypatch):
    assert set(comparisons.cells_there("gauss-newton", "sum", "no such")) == {"sum"}
    monkeypatch.setattr(comparisons.Table, "named", lambda name: type("T", (), {"rows": {}}))
    assert comparisons.cells_there("gauss-newton", "sum") == {}
