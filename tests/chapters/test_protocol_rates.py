"""False alarms and power of the rule, measured: small here, in full for the stored table."""

import numpy as np
import pytest
from scipy.stats import binom

from hrgradlib.chapters import protocol_rates as rates
from hrgradlib.experiments.verdicts import judge

TRIALS = 1500


@pytest.mark.parametrize("runs", rates.ASKED_RUNS)
@pytest.mark.parametrize("population", ["normal", "stored", "uneven"])
def test_false_alarms(population, runs):
    """At most 5 %: more than this many would have probability 1e-4 even at 5 %."""
    found = rates.measure(rates.POPULATIONS[population], runs, 1.0, TRIALS, seed=7)
    assert (found.lower + found.higher) * TRIALS <= binom.isf(1e-4, TRIALS, 0.05)
    assert (found.lower + found.higher > 0) == (runs > 3)
    assert found.covered > 0.85


def test_false_alarms_where_runs_fail():
    found = rates.measure(rates.POPULATIONS["failing"], 5, 1.0, 400, seed=7)
    assert 0 < found.lower + found.higher <= 0.05


def test_power_grows_with_runs_and_with_the_factor():
    sampler = rates.POPULATIONS["normal"]
    at_five = [rates.measure(sampler, 5, f, 300).lower for f in rates.FACTORS]
    at_ten = [rates.measure(sampler, 10, f, 300).lower for f in rates.FACTORS]
    assert at_five == sorted(at_five) and at_ten == sorted(at_ten)
    assert all(ten > five for ten, five in zip(at_ten, at_five, strict=True))
    assert at_ten[-1] > 0.95 and rates.measure(sampler, 10, 1.5, 300).higher == 0


def test_what_is_measured_is_the_rule():
    """Pair by pair the same words as of `judge`."""
    generator = np.random.default_rng(3)
    a, b = rates.POPULATIONS["failing"](generator, 60, 6)
    words = [judge(np.exp(x - np.log(2)), np.exp(y)).word for x, y in zip(a, b, strict=True)]
    again = rates.measure(rates.POPULATIONS["failing"], 6, 2.0, 60, seed=3)
    assert again.lower == words.count("lower") / 60 > 0
    assert again.higher == words.count("higher") / 60


def test_the_stored_scatter():
    pool = rates.scatter()
    assert len(pool) >= 2 * max(rates.ASKED_RUNS) and 0.1 < pool.std() < 0.6
    assert len(np.unique(pool)) == len(pool)


def test_table_has_every_asked_number_of_runs():
    shares = {"lower": 0.25, "higher": 0.01, "rank": 0.3, "covered": 0.94}
    lines = rates.table({cell: shares for cell in rates.cells()}).splitlines()
    assert [int(line.split()[0]) for line in lines[2:]] == list(rates.ASKED_RUNS)
    assert lines[2].split()[1:] == ["26.0"] * 4 + ["94"] + ["25"] * 4
    assert len({len(line) for line in lines[1:]}) == 1
