"""Which metric for what: stored errors against time, whatever part of them is there."""

import numpy as np
import pytest
from drawing import check
from matplotlib import pyplot as plt

from hrgradlib.chapters import ch13_metrics as metrics
from hrgradlib.chapters.ch13_metrics import Line
from hrgradlib.experiments import store
from hrgradlib.experiments.scale_studies import STEPS_PER_SECOND as MEASURED
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.studies import row_key, study_runs

LEVEL = {"sum": 4.0, "hrgrad": 3.0, "sum-soap": 2.0, "hrgrad-soap": 1.0, "hrgrad-gn": 1.5}


def line(level: float) -> Line:
    pair = np.array([0.9, 1.1])
    return Line([10, 40], [10 * pair, 40 * pair], [level * 1e-3 * pair, level * 5e-4 * pair])


FULL = {problem: {m: line(v) for m, v in LEVEL.items()} for problem in MEASURED}


@pytest.fixture
def no_tables(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "results_folder", lambda profile: tmp_path)
    monkeypatch.setattr(store, "_READ", set())


def test_rows_come_by_problem_method_and_budget(no_tables):
    table = Table.named("metrics")
    for folder, spec in list(study_runs("metrics").items())[:80]:  # 75 are one seed
        settings = {k: v for k, v in spec.to_dict().items() if k != "seed"}
        values = dict(method=spec.method, seed=spec.seed, failure="", settings=settings)
        values |= dict(max_error=1.0 / spec.steps, seconds=spec.steps / 100)
        table.put(row_key(folder), values, Origin("", "", "", "2026-01-02", {}))
    found = metrics.lines()
    assert list(found) == list(MEASURED) and all(set(own) == set(LEVEL) for own in found.values())
    first = found["transport-periodic"]["sum"]
    assert metrics.runs_words().startswith("80 of ")
    assert first.budgets == [10, 40, 160] and [len(e) for e in first.errors] == [2, 1, 1]
    np.testing.assert_allclose(first.errors[0] * first.seconds[0], 0.01)


def test_of_no_rows_everything_says_so(no_tables):
    found = metrics.lines()
    assert found == {problem: {} for problem in MEASURED} and store.names_read() == set()
    assert metrics.metric_table(found) == "not measured yet"
    assert metrics.regret_table(found) == "not measured on all problems yet"
    assert metrics.advice(found).startswith("nothing yet")
    assert metrics.runs_words().startswith("0 of ")
    fig = metrics.error_against_time(found)
    assert all("not measured yet" in a.texts[0].get_text() for a in fig.axes[:5])
    plt.close(fig)


def test_the_best_and_the_least_bad():
    assert metrics.best(FULL["bgk-smooth"], 40) == "hrgrad-soap"
    assert metrics.best({"sum": line(1.0)}, 40) == "" == metrics.best(FULL["bgk-smooth"], 160)
    assert metrics.regret(FULL, 10)["sum"] == pytest.approx((4.0, 4.0))
    assert metrics.regret_table(FULL).count("\n") == 9
    assert "at 40 s the safest choice is HRGrad, SOAP, at worst 1.00" in metrics.advice(FULL)
    sums = {problem: {"hrgrad-gn": line(1.0), "sum": line(4.0)} for problem in MEASURED}
    assert metrics.advice(sums).endswith("only gradients, it is sum, Adam, at worst 4.00 times it")
    poor = FULL | {"bgk-layer": FULL["bgk-layer"] | {"hrgrad-soap": line(9.0)}}
    assert "Gauss–Newton" in metrics.advice(poor)  # 1.5 at worst, against 6


def test_single_runs_are_called_so():
    single = Line([10], [np.array([10.0])], [np.array([1e-3])])
    assert metrics.runs_each({"bgk-smooth": {"sum": single}}).startswith("Every point is a single")
    assert "has 1 to 2 runs" in metrics.runs_each(FULL | {"x": {"sum": single}})
    assert "has 2 runs" in metrics.runs_each(FULL)
    assert metrics.runs_each({}) == "No point has a run yet"


def test_what_is_not_measured_everywhere_has_no_regret():
    part = FULL | {"bgk-layer": {m: line(v) for m, v in LEVEL.items() if m != "sum"}}
    assert set(metrics.regret(part, 10)) == set(LEVEL) - {"sum"}
    assert metrics.regret(FULL | {"bgk-layer": {}}, 10) == {}


def test_table_compares_harmonised_with_its_sum():
    lines = metrics.metric_table(FULL).splitlines()
    assert len(lines) == 1 + 4 * len(MEASURED)
    assert sum("costs no training" in line for line in lines) == len(MEASURED)
    assert "0.75" in lines[1] and "0.50" in lines[1]


def test_draws():
    check(lambda: metrics.error_against_time(FULL))
