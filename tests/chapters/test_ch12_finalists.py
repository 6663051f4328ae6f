"""The finalists: what their grid decides, and what is said of them, follow the rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrgradlib.chapters import ch12_finalists as finalists
from hrgradlib.experiments import finalist_studies as studies
from hrgradlib.experiments.comparison_studies import STEPS
from hrgradlib.experiments.store import Row, Table

SEEDS = len(studies.FINALIST_STUDIES[studies.NAME][0])
BEST = {
    "sum": (1e-2, 0.9),
    "hrgrad": (5e-3, 0.99),
    "sum-soap": (2e-2, 0.999),
    "hrgrad-reported": (1e-2, 0.99),
}

COSTLESS = {"untrained ansatz": 0.3, "best limit equation": 0.1}


def grid(without=()):
    """Errors of the grid: one at every choice but the best of a method, where it is a tenth."""
    return {
        f"{key}-s{seed}": {"label": key, "seed": seed, "failure": "", "max_error": error}
        for key, error in (
            (studies._key(label, lr, beta2), 0.1 if (lr, beta2) == BEST.get(label) else 1.0)
            for label, lr, beta2 in studies._PLACES
            if label not in without
        )
        for seed in studies.TUNING_SEEDS
    }


def runs(**errors):
    return {
        f"{label}-s{seed}": {"seed": seed, "failure": "", "max_error": error, "settings": {}}
        for label, many in errors.items()
        for seed, error in enumerate(many)
    }


@pytest.fixture
def store(monkeypatch):
    def put(**tables):
        def named(name):
            values = tables.get(name.replace("-", "_"), {})
            return SimpleNamespace(rows={key: Row(key, v, None) for key, v in values.items()})

        monkeypatch.setattr(Table, "named", named)

    return put


def test_the_grid_is_the_same_for_all_at_the_steps_of_the_final_runs():
    seeds, cells = studies.FINALIST_STUDIES[studies.GRID]
    final, _ = studies.FINALIST_STUDIES[studies.NAME]
    assert not {*seeds} & {*final} and len(final) == 20
    assert all(settings["steps"] == STEPS for settings in cells.values())
    for label in studies.METHODS:
        own = [(c["lr"], c["beta2"]) for key, c in cells.items() if key.startswith(f"{label}-lr")]
        assert sorted(own) == sorted((lr, b) for lr in studies.RATES for b in studies.BETAS)


def test_the_least_geometric_mean_decides_and_the_timed_sum_takes_the_sums(store):
    store(finalists_grid=grid())
    cells = dict(studies.FINALIST_STUDIES[studies.NAME][1].items())
    for label, (lr, beta2) in BEST.items():
        assert (cells[label]["lr"], cells[label]["beta2"]) == (lr, beta2)
    timed, plain = cells["sum-time"], cells["sum"]
    assert timed | {"steps": 0} == plain | {"steps": 0} and timed["steps"] > plain["steps"]


def test_one_lucky_seed_does_not_decide(store):
    rows = grid()
    rows["sum-lr0.02-beta0.9-s100"]["max_error"] = 0.05  # and 1.0 on the other seed
    assert studies.chosen("sum", rows) == BEST["sum"]


def test_a_failed_choice_is_not_taken_and_a_missing_one_is_waited_for():
    rows = grid()
    for seed in studies.TUNING_SEEDS:
        del rows[f"sum-lr0.01-beta0.9-s{seed}"]["max_error"]
    assert studies.chosen("sum", rows) != BEST["sum"]
    del rows["sum-lr0.01-beta0.9-s100"]
    with pytest.raises(LookupError, match="sum-lr0.01-beta0.9-s100 is not in the grid yet"):
        studies.chosen("sum", rows)


def test_methods_without_a_whole_grid_are_left_out(store):
    store(finalists_grid=grid(without=("hrgrad-soap",)))
    assert set(studies.FINALIST_STUDIES[studies.NAME][1]) == {*BEST, "sum-time"}
    assert set(finalists.tried()) == set(BEST)


def test_the_table_says_what_was_chosen_and_marks_the_ends(store):
    store(finalists_grid=grid(), finalists=runs(sum=[0.1, 0.2, 0.3], sum_time=[]))
    lines = finalists.table(finalists.load(), COSTLESS).splitlines()[1:]
    assert len(lines) == 7 and max(map(len, lines)) <= 80
    assert (
        "0.01" in lines[0] and "0.9" in lines[0] and lines[0].endswith("2.0e-01  1.0e-01–3.0e-01")
    )
    assert lines[-1] == "the least median is 2 times the lesser of these"
    assert "0.999*" in lines[2] and "0.02*" not in lines[2] and "*" not in lines[0] + lines[1]


def test_a_grid_that_has_begun_is_counted(store):
    store(finalists_grid=dict(list(grid().items())[:3]))
    said = finalists.table(finalists.load(), COSTLESS)
    assert said == "3 of 200 runs of the grid are stored, of no method all"


def test_nothing_stored_is_said(store):
    store()
    assert finalists.table(finalists.load(), COSTLESS) == "the grid is not stored yet"
    assert finalists.pairs({}) == "no final run is stored yet"
    assert finalists.at_other_choices() == "not known yet"


def test_pairs_are_judged_and_few_runs_are_not():
    spread = np.geomspace(0.9, 1.1, SEEDS)
    found = {"hrgrad-soap": 0.1 * spread, "sum-soap": 0.3 * spread, "hrgrad": 0.2 * spread}
    said = finalists.pairs(found)
    assert said.startswith("SOAP's metric, equal steps: lower (0.33 times") and "Adam" not in said
    few = {label: errors[:3] for label, errors in found.items()}
    assert finalists.pairs(few).endswith("of too few runs for a verdict")


def test_how_much_the_choice_matters(store):
    store(finalists_grid=grid())
    assert "sum, Adam 10" in finalists.at_other_choices()
