"""Chapter 14: runs are compared on the seeds that both have; what is missing is said."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch14_figures as figures
from hrgradlib.chapters.ch14_peers import (
    OURS,
    PROBLEMS,
    THEIRS,
    Peers,
    against,
    in_numbers,
    metric_and_treatment,
    under_adam,
)
from hrgradlib.experiments.store import Origin, Row

ERRORS = {
    ("burgers", "hrgrad-gn"): [0.5, 0.4, 0.6],
    ("burgers", "hrgrad-soap"): [0.01, 0.02, 9.0],
    ("burgers", "config"): [0.2, 0.3, None],
    ("burgers", "m-config"): [0.4, 0.4],
    ("kovasznay", "config"): [0.1, 0.2],
    ("beltrami", "sum"): [0.1],
}


def row(problem, method, seed, error, tuning=False):
    values = {
        "problem": problem, "method": method, "seed": seed, "lr": 0.01, "error": error,
        "mse": error, "seconds": 30.1, "steps": 100 + seed, "tuning": tuning,
        "curve": [[10.0, 0.9], [20.0, None]],
    }  # fmt: skip
    return Row(f"{problem} {method} {seed}", values, Origin("", "", "", "", {}))


ROWS = [row(*cell, s, e) for cell, errors in ERRORS.items() for s, e in enumerate(errors)]
PEERS = Peers([*ROWS, row("burgers", "config", 100, 1e-9, tuning=True)])


def test_a_run_that_broke_has_an_infinite_error_and_trials_count_for_nothing():
    assert PEERS.errors("burgers", "config") == {0: 0.2, 1: 0.3, 2: np.inf}
    assert PEERS.median("burgers", "config") == 0.3
    assert len(PEERS.trials) == 1 and PEERS.rates()["config"] == 0.01


def test_the_best_of_each_kind_meet_on_their_common_seeds():
    found = PEERS.compare("burgers", OURS, THEIRS)
    assert (found.mine, found.other) == ("hrgrad-soap", "config")
    assert found.verdict.counts == (2, 2) and found.verdict.word == "undecided"
    assert found.verdict.ratio == pytest.approx((0.01 * 0.02 / (0.2 * 0.3)) ** 0.5)
    lines = against(PEERS, OURS, THEIRS).splitlines()
    assert lines[0] == "Burgers      HRGrad, SOAP against ConFIG, then Adam"
    assert lines[1].split(None, 1)[0] == "undecided" and "(0.06 times" in lines[1]
    assert PEERS.kept() == {"burgers": True}


def test_a_method_whose_runs_have_only_begun_does_not_narrow_the_comparison():
    begun = Peers([*ROWS, *(row("burgers", "config", s, 0.3) for s in (3, 4)),
                   *(row("burgers", "hrgrad-gn", s, 0.3) for s in (3, 4)),
                   *(row("burgers", "m-config", s, 0.3) for s in (2, 3))])  # fmt: skip
    assert begun.compare("burgers", OURS, THEIRS).verdict.counts == (4, 4)  # of SOAP there are 3
    assert begun.compare("burgers", OURS, THEIRS).mine == "hrgrad-gn"


def test_methods_under_adam_are_told_with_what_is_missing():
    said = under_adam(PEERS, "beltrami")
    assert " 0.1; not run yet: " in said and "ConFIG" in said
    assert under_adam(PEERS, "schroedinger").startswith("none; not run yet: ")


def test_metric_and_treatment_are_set_against_the_same_error():
    errors = {"sum": 0.4, "sum-soap": 0.1, "hrgrad": 0.2}
    rows = [row("burgers", m, seed, e) for m, e in errors.items() for seed in range(5)]
    rows += [row("beltrami", m, seed, 1 / e) for m, e in errors.items() for seed in range(5)]
    assert metric_and_treatment(Peers(rows)) == (
        "Burgers 0.25 and 0.50; Beltrami 4.00 and 2.00. The metric does more on 1 of 2: Burgers"
    )
    assert metric_and_treatment(Peers([])) == "not measured yet"


def test_what_is_missing_is_said():
    assert "Kovasznay    not measured yet" in against(PEERS, OURS, THEIRS)
    assert PEERS.compare("schroedinger", OURS, THEIRS) is None
    assert PEERS.missing() == 4 * 8 * 5 - len(ROWS)
    lines = in_numbers(PEERS).splitlines()
    assert (
        len(lines) == 10 and max(map(len, lines)) < 100 and lines[0].split() == [*PROBLEMS.values()]
    )
    assert lines[2].endswith("-") and "5.0e-01 (3)" in lines[2]  # the name takes two lines
    assert np.isnan(Peers([]).median("burgers", "sum")) and not Peers([]).kept()


DRAWN = {
    "finals": lambda: figures.finals(PEERS),
    "against_time": lambda: figures.against_time(PEERS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)


@pytest.mark.parametrize("draw", [figures.finals, figures.against_time])
def test_draws_before_there_is_a_row(draw):
    draw(Peers([])).canvas.draw()
