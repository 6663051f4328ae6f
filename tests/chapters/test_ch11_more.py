"""Two more problems of chapter 11: stored errors, whatever part is there, and figures."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch11_more as more
from hrgradlib.experiments import store
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.studies import row_key, study_runs

EPS = np.array(CASES["bgk-sod"].judged_eps("quick"))
OWN = more.Errors(EPS, np.stack([0.01 + 0 * EPS, 0.02 + 0 * EPS]), np.array([9.0, 11.0]), 0)


class Flight:
    """In the place of a reference: what starts at rest drifts by its own time."""

    def __init__(self, name):
        self.problem = CASES[name].problem

    def moments(self, t, x, eps):
        rho, u, temperature = np.moveaxis(self.problem.initial_moments(np.asarray(x))[0], -1, 0)
        return np.stack([rho + t * (1 if eps > 1e3 else 3), u + t, temperature])


@pytest.fixture
def no_tables(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "results_folder", lambda profile: tmp_path)
    monkeypatch.setattr(store, "_READ", set())


@pytest.mark.parametrize("problem", ["bgk-sod", "bgk-mixed"])
def test_rows_come_by_method_and_a_failure_is_counted(no_tables, problem):
    assert more.runs_words(problem) == "0 of 9"
    assert more.stored(problem) == {} and more.table(problem, {}) == "not measured yet"
    kept, dense = Table.named(problem), CASES[problem].judged_eps("quick")
    for folder, spec in study_runs(problem).items():
        settings = {k: v for k, v in spec.to_dict().items() if k != "seed"}
        values = dict(method=spec.method, seed=spec.seed, failure="", settings=settings)
        if spec.seed == 12:
            values["failure"] = "the loss is not finite"
        else:
            judged = [1e-3 * spec.seed] * len(dense)
            values["failure"] = (
                "error 0.2" if (spec.method, spec.seed) == ("hrgrad-soap", 10) else ""
            )
            values |= dict(max_error=max(judged), mean_error=1e-3, seconds=60.0)
            values["curve"] = {"judged_eps": list(dense), "judged": judged}
        kept.put(row_key(folder), values, Origin("", "", "", "2026-01-02", {}))
    found = more.stored(problem)
    assert more.runs_words(problem) == "9 of 9"
    assert list(found) == ["hrgrad-gn", "hrgrad-soap", "sum-soap"]
    assert found["sum-soap"].failed == 1 and found["sum-soap"].errors.shape == (2, 41)
    np.testing.assert_allclose(found["hrgrad-gn"].errors[:, 7], [0.010, 0.011])
    # A run that has an error and failed by the definition is counted, and is in the table.
    assert found["hrgrad-soap"].failed == 2 and found["hrgrad-soap"].errors.shape == (2, 41)


def test_table_and_words_are_of_the_median():
    text = more.table("bgk-sod", {"hrgrad-gn": OWN})
    assert "1.50e-02  1.00e-02  2.00e-02" in text and "untrained ansatz" in text
    lines = more.lines_of("bgk-sod")
    best = 0.015 / np.min(list(lines.values()), 0)
    words = more.skill_words("bgk-sod", OWN)
    assert f"skill {best.min():.2g} to {best.max():.2g}" in words
    assert ("nowhere" in words) == (best <= 1).all()


def test_share_that_free_flight_misses():
    """Of ρ it misses two of three parts, of ρu what u carries of that."""
    share = more.changed_share(Flight("bgk-sod"), 0.05)
    assert share[0] == pytest.approx(2 / 3) and 0 < share[1] < 1


def test_draws():
    drawn = {
        "sod_profiles": lambda: more.sod_profiles(Flight("bgk-sod"), (1.0, 1e-3)),
        "mixed_profiles": lambda: more.mixed_profiles(Flight("bgk-mixed"), (0.1, 1e-3)),
        "errors_figure": lambda: more.errors_figure(
            {"bgk-sod": {"hrgrad-gn": OWN, "sum-soap": OWN}, "bgk-mixed": {}}
        ),
    }
    others = {"Errors", "changed_share", "lines_of", "skill_words", "stored", "table"}
    others |= {"runs_words"}
    assert untried(more, drawn) == others
    for figure in drawn.values():
        check(figure)
