"""Chapter 14: on every problem of others the best of ours is a tenth of ConFIG's error, or less."""

import pytest

from hrgradlib.chapters.ch14_peers import METHODS, OURS, PROBLEMS, PROMISE, THEIRS, stored


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_promise_is_kept_on_what_is_stored(problem):
    """On the seeds that all of the methods compared have; where there is none, nothing is said."""
    found = stored().compare(problem, OURS, THEIRS)
    assert found is None or found.verdict.ratio <= PROMISE, found


def test_methods_had_the_same_time_and_no_test_seed_was_tuned_on():
    peers = stored()
    for run in peers.runs:
        assert run["method"] in METHODS and run["problem"] in PROBLEMS
        assert 30 <= run["seconds"] < 32 and run["seed"] < 5
        tried = {t["lr"] for t in peers.trials if t["method"] == run["method"]}
        assert len(tried) == 3 and run["lr"] in tried
    assert {t["seed"] for t in peers.trials} <= {100}
