"""Chapter 14: the best of ours is a tenth of ConFIG's error, or less, on three of four problems."""

import pytest

from hrgradlib.chapters.ch14_peers import (
    METHODS,
    OURS,
    PROBLEMS,
    PROMISE,
    THEIRS,
    UNDER_ADAM,
    stored,
)

MISSED = {"beltrami": 0.11}  # by little, over five seeds; the page says so


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_promise_is_kept_where_the_page_says_so(problem):
    found = stored().compare(problem, OURS, THEIRS)
    assert found is not None
    assert found.verdict.ratio <= MISSED.get(problem, PROMISE), found
    assert stored().kept()[problem] == (problem not in MISSED)
    assert found.verdict.word == "lower"


def test_where_a_step_of_gauss_newton_is_worth_a_dozen_of_soap():
    peers = stored()
    for problem in PROBLEMS:
        found = peers.compare(problem, ["hrgrad-gn"], ["hrgrad-soap"])
        assert found is not None
        assert found.verdict.word == ("higher" if problem == "burgers" else "lower")
        assert 8 < peers.steps(problem, "hrgrad-soap") / peers.steps(problem, "hrgrad-gn") < 16


def test_under_adam_the_stored_runs_do_not_find_schroedingers_solution():
    peers = stored()
    there = [m for m in UNDER_ADAM if peers.errors("schroedinger", m)]
    assert set(THEIRS) <= set(there)
    assert all(peers.median("schroedinger", method) > 0.8 for method in there)


def test_methods_had_the_same_time_and_no_test_seed_was_tuned_on():
    peers = stored()
    for run in peers.runs:
        assert run["method"] in METHODS and run["problem"] in PROBLEMS
        assert 30 <= run["seconds"] < 32 and run["seed"] < 5
        tried = {t["lr"] for t in peers.trials if t["method"] == run["method"]}
        assert len(tried) == 3 and run["lr"] in tried
    assert {t["seed"] for t in peers.trials} <= {100}
