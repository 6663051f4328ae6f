"""The stored study of the BGK problems: whole, in part or not there."""

import numpy as np

from hrgradlib.chapters import ch11_study as study
from hrgradlib.experiments.store import Origin, Table


def put(folder, monkeypatch, **errors):
    """A study with these errors by label, three moments alike; None is a run that failed."""
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: folder)
    table = Table(folder / "bgk.json")
    for label, own in errors.items():
        for seed, error in enumerate(own):
            row = {"method": label, "seed": seed, "settings": {}, "failure": ""}
            if error is None:
                row |= {"failure": "not finite"}
            else:
                row |= {f"final_{name}": error for name in study.QUANTITIES}
                row |= {"max_error": error, "seconds": 9.0, "uphill": 0.25}
                row |= {"curve": {"seconds": [1.0, 9.0], "error": [1.0, error]}}
            table.put(f"{label.replace('_', '-')}-s{seed}", row, Origin("", "", "", "", {}))


def test_what_is_there_is_told_in_words(tmp_path, monkeypatch):
    put(tmp_path, monkeypatch, smooth=[0.01, 0.02], smooth_soap=[0.04, None])
    rows = study.stored()
    assert list(study.named(rows)) == ["smooth", "smooth-soap"]
    _, smooth, soap, known = study.table(rows, {"known": np.ones(3)}).splitlines()
    assert smooth.count("1.5e-02/2.0e-02") == 4 and soap.count("inf") >= 4
    assert smooth.endswith("0 of 2") and soap.endswith("1 of 2")
    assert known.split()[1:] == ["1.0e+00"] * 3
    assert study.uphill(rows, "smooth") == "25.0 %"
    assert study.uphill(rows, "layer") == "not measured yet"
    assert study.soap_in_words(rows).startswith("undecided (")
    assert len(study.curves("smooth")) == 2 and len(study.curves("smooth-soap")) == 1


def test_without_a_row_nothing_is_claimed(tmp_path, monkeypatch):
    put(tmp_path, monkeypatch)
    assert study.stored() == [] and study.named([]) == {} and study.curves("smooth") == []
    assert "not measured yet" in study.table([], {})
    assert study.soap_in_words([]) == "not measured yet"
