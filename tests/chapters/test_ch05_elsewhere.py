"""Failures on other problems: table and words follow the rows, there or not."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrgradlib.chapters import ch05_elsewhere as elsewhere
from hrgradlib.chapters import ch05_terms as terms
from hrgradlib.chapters.ch05_failure import Cell
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_elsewhere_studies import CELLS, ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.store import Row, Table

INFLOW = ELSEWHERE["transport-inflow"]
EVERY = pytest.mark.parametrize("place", ELSEWHERE.values(), ids=list(ELSEWHERE))
EPS = len(CASES["transport-inflow"].judged_eps("quick"))


def cell(error, worst=0, count=10):
    errors = error * np.geomspace(0.9, 1.1, count)
    own = np.full((count, EPS), 0.5 * error)
    own[:, worst] = error
    return Cell(errors, errors > 0.1, own)


FOUND = {place: cell(0.05 if place[0] == "layer" else 0.9) for place in CELLS.values()}
ENDS = dict.fromkeys(FOUND, 0.5)


@EVERY
def test_a_line_per_cell_and_two_of_what_costs_nothing(place):
    lines = elsewhere.table(place, FOUND, ENDS).splitlines()[1:]
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == [f"{name}:" for name in (*elsewhere.NAMES.values(), "nothing trained")]
    own = [line for line in lines if line.startswith(" ")]
    assert len(own) == len(CELLS) + 2
    assert "100 %" in own[0] and "0 % [0, 31]" in own[-3] and own[-3].endswith("5.0e-01")
    assert len({line.index("e-0") for line in own[:-2]}) == 1  # columns
    assert len({len(line) for line in own}) == 1 and len(own[0]) <= 80


def test_a_part_of_the_cells_is_a_part_of_the_table():
    some = dict(list(FOUND.items())[:3])
    own = [
        line
        for line in elsewhere.table(INFLOW, some, ENDS).splitlines()
        if line.startswith("  sum")
    ]
    assert len(own) == 3 and elsewhere.runs(some) == (30, 10 * len(CELLS))


def test_nothing_stored_is_said():
    assert elsewhere.table(INFLOW, {}, {}) == "no run is stored yet"
    assert elsewhere.failed({}, elsewhere.PUBLISHED) == "no runs are stored yet"
    assert elsewhere.where_most_err(INFLOW, {}, elsewhere.PUBLISHED) == "no run is stored yet"
    assert elsewhere.ends_alike({}, {}) == "no comparison has runs on both problems yet"


def test_failures_of_a_part_in_words():
    published = elsewhere.failed(FOUND, elsewhere.PUBLISHED)
    assert published == "100 of 100 runs failed, at least half in every cell"
    assert (
        elsewhere.failed(FOUND, ["layer"]) == "0 of 30 runs failed, fewer than half in every cell"
    )
    one = FOUND | {("terms", "hrgrad"): cell(0.02)}
    assert elsewhere.failed(one, elsewhere.PUBLISHED) == (
        "90 of 100 runs failed, fewer than half with HRGrad, Adam (terms of the loss)"
    )


def test_where_most_cells_err_most():
    words = elsewhere.where_most_err(INFLOW, FOUND, elsewhere.PUBLISHED)
    assert words.startswith("ε = 1 is the worst for 10 of 10 cells")
    assert "9.0e-01 to 9.0e-01" in words


def test_verdicts_that_differ_between_the_problems_are_named():
    same = {place: c for place, c in FOUND.items() if place[0] != "layer"}
    assert elsewhere.ends_alike(FOUND, same) == "of 7 comparisons 7 have the same verdict on both"
    words = elsewhere.ends_alike(FOUND, same | {("terms", "config"): cell(2.0)})
    assert words == (
        "of 7 comparisons 6 have the same verdict on both; not so: "
        "HRGrad and ConFIG (Adam) over terms (undecided here, lower there)"
    )


@EVERY
def test_the_loss_has_one_term_more_than_without_ends(place):
    assert elsewhere.count(place) == 5 == terms.count() + 1


def row(seed, error, final):
    failed = "not finite" if error is None else ("error" if error > 0.1 else "")
    numbers = {} if error is None else {"max_error": error, "final_error": final}
    curve = {} if error is None else {"curve": {"judged": [error] * EPS}}
    return {"seed": seed, "failure": failed, "settings": {}} | numbers | curve


@pytest.fixture
def store(monkeypatch):
    def put(values):
        rows = {key: Row(key, value, None) for key, value in values.items()}
        monkeypatch.setattr(Table, "named", lambda name: SimpleNamespace(rows=rows))

    return put


def test_the_end_is_that_of_the_rows_and_a_lost_run_has_none(store):
    errors = [(0.9, 0.3), (0.8, 0.2), (0.7, 0.4)]
    rows = {f"sum-sum-s{k}": row(k, *pair) for k, pair in enumerate(errors)}
    lost = {f"sum-sum-soap-s{k}": row(k, None, None) for k in range(2)}
    store(rows | lost)
    found = elsewhere.load(INFLOW)
    ends = elsewhere.at_the_end(INFLOW, found)
    assert ends == {("sum", "sum"): pytest.approx(0.3), ("sum", "sum-soap"): np.inf}
    assert found["sum", "sum-soap"].rate.share == 1 and elsewhere.runs(found)[0] == 5


def test_the_grid_in_words_by_either_error(store):
    cells = ELSEWHERE_FAILURES["failure-inflow-grid"][1]
    rows = {f"{label}-s100": row(100, 1.5, 0.6) for label in cells}
    rows["lr0.02-w10-s100"] |= {"max_error": 0.5}
    rows["soap-w100-s100"] |= {"max_error": 0.7}
    rows["lr0.01-w1-s100"] |= {"final_error": 0.1}
    store(rows)
    assert elsewhere.chosen(INFLOW) == "rate 0.02 and weight 10 under Adam, weight 100 under SOAP"
    assert elsewhere.chosen(INFLOW, "final_error").startswith(
        "rate 0.01 and weight 1 under Adam, weight"
    )
    assert elsewhere.grid_errors(INFLOW) == "0.5 to 1.5"
    rows.popitem()
    store(rows)
    assert elsewhere.chosen(INFLOW) == "no whole grid is stored yet"
    store({})
    assert elsewhere.grid_errors(INFLOW) == "not known yet"


@EVERY
def test_cells_differ_from_the_periodic_ones_in_problem_rate_and_weight_alone(place):
    _, cells = ELSEWHERE_FAILURES[place.study]
    free = {"problem", "lr", "initial_weight"}
    for label, (division, _) in CELLS.items():
        if division != "layer":
            ours, theirs = cells[label], FAILURES["failure-terms"][1][label]
            assert set(ours) == set(theirs)
            assert {k for k in ours if ours[k] != theirs[k]} <= free


def test_three_runs_against_three_are_no_verdict():
    few = {place: type(cell)(*(part[:3] for part in cell)) for place, cell in FOUND.items()}
    assert elsewhere.ends_alike(few, FOUND).startswith("nothing can be said yet")
    assert "too few runs" in terms.against(few, ("terms", "hrgrad"), ("sum", "sum"))
    assert "too few runs" not in terms.against(FOUND, ("terms", "hrgrad"), ("sum", "sum"))
