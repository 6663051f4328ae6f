"""Codes at other Knudsen numbers on the page: words follow the rows; a row is what was measured."""

import numpy as np
import pytest

from hrgradlib import Solution
from hrgradlib.chapters import ch05_codes as page
from hrgradlib.experiments import code_table as measured
from hrgradlib.experiments.code_fitting import code_between
from hrgradlib.experiments.specs import make_spec

EPS = np.geomspace(1e-4, 1.0, 41)
TRAINED = np.geomspace(1e-4, 1.0, 5)


def network(scale=1.0):
    hard = np.where(EPS > 0.05, 5.0, 1.0)  # where no code was trained near
    at_own = np.isclose(EPS, 0.1) | np.isclose(EPS, 1.0)
    nearest = 0.02 * scale * np.where(at_own, 1.0, hard)
    fitted = np.where(at_own, nearest, 0.8 * nearest)
    errors = {"nearest": nearest, "between": 1.1 * nearest, "fitted": fitted}
    losses = {kind: (0.5 if kind == "fitted" else 1.0) * np.ones(41) for kind in errors}
    middle = np.sqrt(TRAINED[1:] * TRAINED[:-1])
    return page.Codes(EPS, TRAINED, errors, losses, middle, np.full(4, 0.01 * scale), 2.5)


def test_words_follow_the_rows():
    found = [network(), network(1.5), network(0.5)]
    assert page.own(found[0], found[0].errors["nearest"]) == pytest.approx(0.02)
    assert page.gain(found) == "0.80 times its error (0.80 to 0.80)"
    said = page.by_loss(found)
    assert said == (
        "its loss is 0.50 to 0.50 times that of the nearest code, its error 0.80 to 0.80 times"
    )
    assert page.misled(found).startswith("At 0 of the 41 judged ε")
    assert page.not_found(found).startswith("in no network")
    worse = network()
    worse.errors["fitted"][3] *= 2
    assert page.misled([worse, *found]).startswith("At 0 to 1 of the 41")
    worse.losses["fitted"][:] = 2.0
    assert page.not_found([worse, *found]).startswith("in 1 of 4 networks")
    assert page.misled([worse]).startswith("At 0 of the 41")
    assert page.whole(found).startswith("1.0e-02 against 8.0e-02 with a fitted code, for 2.5 s")
    lines = page.table(found).splitlines()
    assert len(lines) == 4 and max(map(len, lines)) <= 100
    assert "2.0e-02" in lines[1] and lines[1].endswith("5.0e-02–1.5e-01")


def test_nothing_is_said_of_nothing():
    words = (page.gain, page.by_loss, page.whole, page.table, page.misled, page.not_found)
    assert {say([]) for say in words} == {"not measured yet"}


def test_a_row_holds_what_the_page_reads(monkeypatch):
    spec = make_spec("transport-periodic-published", "sum", "smoke", formulation="published-codes")
    monkeypatch.setattr(measured, "fit_codes", lambda s, eps, network: code_between(s, eps))
    monkeypatch.setitem(measured.KINDS, "fitted", code_between)
    row = measured._measured(Solution(spec, spec.build_model(), {}), quiet=True)
    count = len(spec.case.judged_eps("smoke"))
    assert len(row["eps"]) == len(row["fitted"]) == len(row["nearest_loss"]) == count
    assert len(row["middle"]) == len(row["whole"]) == spec.tasks - 1
    assert np.isfinite(row["whole"]).all() and row["nearest"] == row["between"]


def test_stored_networks_are_those_of_the_study():
    for codes in page.load():
        np.testing.assert_allclose(codes.eps, EPS, rtol=1e-3)
        assert codes.whole.max() < codes.errors["fitted"].max()
