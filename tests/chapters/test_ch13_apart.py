"""One network or four: table, words and figure follow the rows, there or not."""

import numpy as np
import pytest
from drawing import check

from hrgradlib.chapters import ch13_apart as apart
from hrgradlib.experiments.apart_studies import APART
from hrgradlib.experiments.cases.periodic import DECADES
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.studies import study_runs

SPEC = make_spec("transport-periodic", "sum-soap", "quick")
ONE = apart.Choice("one network, 4,000 steps", 3, 1000, np.array([30.0]), np.array([1e-3]), SPEC)
FOUR = apart.Choice(
    "four of width 64, 1,000 steps each",
    1,
    4000,
    np.full(4, 5.0),
    np.array([1e-4, 1e-3, 5e-4, 9e-4]),
    SPEC,
)
DEAR = FOUR._replace(seconds=np.full(4, 20.0), errors=np.full(4, 1e-5))


def test_a_networks_decade_is_the_only_one_it_sees():
    specs = study_runs("apart").values()
    assert {spec.per_task * spec.tasks for spec in specs} == {640}
    assert {spec.unseen for spec in specs} == {"", *(f"but-{name}" for name in DECADES)}
    assert len(APART["apart"][1]) == 3 + 4 * len(DECADES)


def test_nothing_stored_is_said(monkeypatch):
    assert apart.table([]) == "no run is stored yet"
    assert "not known" in apart.break_even([]) and "not known" in apart.break_even([ONE])


def test_break_even_takes_the_cheapest_network_that_is_good_enough():
    words = apart.break_even([ONE, FOUR, DEAR])
    assert words.endswith("four take 20 s together: one pays from 6.0 decades on")
    cheap = ONE._replace(seconds=np.array([4.0]))
    assert apart.break_even([cheap, FOUR]).endswith("one pays even for a single decade")
    bad = FOUR._replace(errors=np.full(4, 1e-2))
    assert "four take 80 s" in apart.break_even([ONE, bad, DEAR])
    told = apart.break_even([ONE, bad])
    assert told.endswith("for 1.0e-03, not every decade has a network as good")
    assert told.startswith("of 1 run a network, no verdict: ")


def test_the_quickest_networks_that_err_no_more():
    slow = ONE._replace(seconds=np.array([60.0]), errors=np.array([1e-4]))
    (one,), four = apart.cheapest([slow, ONE, FOUR, DEAR], 9.5e-4)
    assert one.seconds == 60 and [network.seconds for network in four] == [5, 20, 5, 5]
    assert apart.cheapest([ONE, FOUR], 9.5e-4) == ([], [])
    assert apart.costs([ONE, FOUR._replace(errors=np.full(4, 1.0))]) == [(30.0, np.inf)]
    assert apart.costs([ONE]) == []


def test_table_has_the_sum_of_seconds_and_the_worst_decade():
    lines = apart.table([ONE, FOUR]).splitlines()
    _, one, four, *trivial = lines[:5]
    assert all("e-0" in line for line in trivial) and max(map(len, lines)) <= 80
    assert "30" in one and "1.0e-03" in one
    assert "20" in four and lines[-1].endswith("1.0e-04  1.0e-03  5.0e-04  9.0e-04")


@pytest.mark.parametrize("found", [[ONE, FOUR, DEAR], [ONE]], ids=["all", "one"])
def test_figures(found):
    check(lambda: apart.error_against_time(found))


def test_inference_times_are_positive():
    assert min(apart.inference(repeats=1).values()) > 0
