"""Rates of failure on the page: what is said follows the rows, complete or not."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from hrgradlib.chapters import ch05_failure as failure
from hrgradlib.chapters.ch05_failure_figure import failures
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_studies import CELLS, FAILURES, LADDER, METHODS
from hrgradlib.experiments.store import Row, Table

EPS = [float(f"{e:.3e}") for e in CASES["transport-periodic"].judged_eps("quick")]
RUNS = 10


def rows_of(rung, method, error, failed):
    return {
        f"{rung}-{method}-s{seed}": {
            "seed": seed,
            "max_error": error * (1 + 0.01 * seed),
            "failure": f"error {error:.2g}" if seed < failed else "",
            "settings": {},
            "curve": {"judged_eps": EPS, "judged": [error] * 10 + [2 * error] * 31},
        }
        for seed in range(RUNS)
    }


@pytest.fixture
def store(monkeypatch):
    named = Table.named

    def put(values):
        rows = {key: Row(key, value, None) for key, value in values.items()}
        table = SimpleNamespace(rows=rows)
        monkeypatch.setattr(Table, "named", lambda n: table if n == failure.NAME else named(n))
        return failure.load()

    return put


def ladder(store):
    return store(
        rows_of("pinn", "sum", 0.5, 10)
        | rows_of("published", "sum", 0.15, 9)
        | rows_of("published", "hrgrad-soap", 0.02, 0)
        | rows_of("layer", "sum", 0.01, 0)
        | rows_of("regimes", "sum", 0.01, 1)
        | rows_of("each", "sum", 0.03, 0)
    )


def test_rates_are_those_of_the_rows(store):
    found = ladder(store)
    assert (found.there, found.wanted) == (60, len(CELLS) * len(FAILURES["failure"][0]))
    assert found.cells["pinn", "sum"].rate.share == 1 and found.cells["pinn", "sum"].rate.low > 0.6
    assert found.pooled("published", METHODS) == (9, 20)
    said = failure.table(found)
    assert all(name in said for name in failure.NAMES.values()) and "90 % [55, 100]" in said


def test_steps_of_the_ladder_follow_the_numbers(store):
    found = ladder(store)
    assert "from 10 of 10 failed to 9 of 10 failed" in failure.step(found, "parity")
    assert "may be chance (fewer under 1 of 1 methods); error lower" in failure.step(
        found, "parity"
    )
    assert failure.step(found, "layer").startswith("from 9 of 10 failed to 0 of 10 failed")
    assert "it repairs (fewer under 1 of 1 methods); error lower" in failure.step(found, "layer")
    assert "under 0 of 1 methods); error undecided" in failure.step(found, "regimes")
    worse = store(rows_of("layer", "sum", 0.01, 0) | rows_of("regimes", "sum", 0.2, 10))
    assert "it does harm (fewer under 0 of 1 methods); error h" in failure.step(worse, "regimes")
    assert failure.step(found, "apart").startswith("from 9 of 10 failed to 0 of 10 failed")
    alone = store(rows_of("published", "sum", 0.1, 0) | rows_of("each", "sum-soap", 0.1, 0))
    assert failure.step(alone, "apart") == "no runs are stored yet"  # no method in common


def test_none_and_all_are_said_so(store):
    none = store(rows_of("layer", "sum", 0.01, 0) | rows_of("regimes", "sum", 0.01, 0))
    said = failure.step(none, "regimes")
    assert said.startswith("none failed in either, of 10 and 10 runs; error undecided")
    every = store(rows_of("pinn", "sum", 0.5, 10) | rows_of("published", "sum", 0.5, 10))
    assert failure.step(every, "parity").startswith("all failed in both, 10 and 10 runs (fewer")


def test_methods_beside_the_sum(store):
    found = ladder(store)
    said = failure.beside_the_sum(found, "published")
    assert said.startswith("9 of 10 runs of the sum failed; less often: HRGrad, SOAP")
    assert failure.beside_the_sum(found, "layer") == "no runs are stored yet"
    alike = store(rows_of("layer", "sum", 0.01, 0) | rows_of("layer", "hrgrad", 0.01, 1))
    assert "no method differs" in failure.beside_the_sum(alike, "layer")


def test_networks_of_one_eps_by_their_own(store):
    said = failure.at_own_eps(ladder(store)).splitlines()
    assert [line.split()[2] for line in said[1:]] == ["1", "0.1", "0.01", "0.001", "0.0001"]
    assert "3.0e-02" in said[1] and all("6.0e-02" in line for line in said[2:])


def test_the_published_order_is_reached_or_it_is_said_by_how_much_it_is_missed(store):
    missed = failure.own_order(ladder(store))
    assert missed.startswith("The medians here are 3.0e-02 to 6.0e-02, up to 1.2 times")
    assert "or better" in failure.own_order(store(rows_of("each", "sum", 0.02, 0)))
    assert failure.own_order(store({})) == "No run is stored yet."


def test_where_most_methods_err_most(store):
    found = ladder(store)
    said = failure.where_it_errs(found, "published")
    assert said.startswith("ε = 0.1 is the worst for 2 of 2 methods")
    assert said.endswith("4.0e-02 to 3.0e-01")


def test_no_eps_is_named_that_is_the_worst_for_half_or_less(store):
    rows = rows_of("layer", "sum", 0.02, 0) | rows_of("layer", "hrgrad", 0.02, 0)
    for seed in range(RUNS):
        rows[f"layer-hrgrad-s{seed}"]["curve"]["judged"] = [0.04] + [0.02] * 40
    said = failure.where_it_errs(store(rows), "layer")
    assert said == "no ε is the worst for most of the 2 methods; the worst lie between 0.1 and 1"


def test_sizes_and_seconds_are_those_of_the_runs(store):
    tasks = FAILURES["failure"][1]["each-sum"]["tasks"]
    assert tasks * failure.size("published-hrgrad-gn") < failure.size("each-sum")
    assert failure.size("each-sum") < tasks * failure.size("published-sum")  # no ε among inputs
    rows = rows_of("layer", "sum", 0.01, 0) | rows_of("layer", "hrgrad-gn", 0.01, 0)
    store({k: v | {"seconds": 3.0 if "gn" in k else 6.0} for k, v in rows.items()})
    assert failure.times_the_sums_seconds("hrgrad-gn") == "0.5 to 0.5"
    store({})
    assert failure.times_the_sums_seconds("hrgrad-gn") == "an unknown number of"


def test_the_gauss_newton_row_does_not_claim_what_was_not_seen():
    assert "inactive" not in failure.method_label("hrgrad-gn")


def test_a_run_without_a_number_is_a_failure(store):
    rows = rows_of("pinn", "sum", 0.5, 10)
    rows["pinn-sum-s0"] = {"seed": 0, "failure": "not finite", "settings": {}}
    cell = store(rows).cells["pinn", "sum"]
    assert cell.rate.share == 1 and np.isinf(cell.errors).sum() == 1 and len(cell.own) == RUNS - 1
    assert failure.table(store(rows))


def test_nothing_stored_is_said(store):
    found = store({})
    assert failure.table(found) == failure.at_own_eps(found) == "no run is stored yet"
    assert failure.where_it_errs(found, "pinn") == "no run is stored yet"
    assert {failure.step(found, name) for name in failure.STEPS_OF_LADDER} == {
        "no runs are stored yet"
    }
    assert failure.beside_the_sum(found, "pinn") == "no runs are stored yet"
    plt.close(failures(found))


def test_the_figure_has_a_column_a_formulation_and_draws_what_is_there(store):
    fig = failures(ladder(store))
    fig.canvas.draw()
    assert len(fig.axes) == 2 * len(LADDER)
    drawn = [len(axis.lines) for axis in fig.axes[: len(LADDER)]]
    assert drawn == [2, 2, 4, 2, 2]  # an interval and a dot a cell
    assert len(fig.axes[0].get_yticklabels()) == len(METHODS)
    plt.close(fig)
