"""The rule that calls errors lower or higher: what it must not depend on, and how often it errs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hrgradlib.experiments._medians import median_interval, resampled_medians
from hrgradlib.experiments.verdicts import LEVEL, failure_rate, judge, rank_test

ERROR = st.sampled_from([1e-4, 2e-4, 1e-3, 1.5e-3, 2e-3, 7e-3, 0.3, np.inf]) | st.floats(1e-5, 1)
ERRORS = st.lists(ERROR, min_size=1, max_size=7)
OPPOSITE = {"lower": "higher", "higher": "lower", "undecided": "undecided"}


@given(ERRORS, ERRORS)
def test_the_other_way_round_is_the_opposite(first, second):
    one, other = judge(first, second), judge(second, first)
    assert other.word == OPPOSITE[one.word] and other.counts == one.counts[::-1]
    assert other.p == pytest.approx(one.p)
    assert one.low <= one.ratio * (1 + 1e-9) and one.ratio <= one.high * (1 + 1e-9)
    for a, b in ((one.ratio, other.ratio), (one.low, other.high), (one.high, other.low)):
        assert b == pytest.approx(np.divide(1, a, where=a > 0, out=np.array(np.inf)))


@given(ERRORS, ERRORS, st.integers(-20, 20), st.randoms())
def test_unit_and_order_are_irrelevant(first, second, power, random):
    expected = judge(first, second)
    scaled = judge(*(np.array(x) * 2.0**power for x in (first, second)))
    assert scaled.word == expected.word and scaled.p == expected.p
    np.testing.assert_allclose(scaled[1:4], expected[1:4], rtol=1e-9)
    first, second = list(first), list(second)
    random.shuffle(first)
    random.shuffle(second)
    assert judge(first, second) == expected


@given(ERRORS)
def test_nothing_is_lower_than_itself(errors):
    found = judge(errors, errors)
    assert found.word == "undecided" and found.ratio == 1


@given(ERRORS, ERRORS)
def test_a_verdict_needs_both_the_interval_and_the_test(first, second):
    found = judge(first, second)
    if found.word == "lower":
        assert found.p <= LEVEL and found.high < 1 and found.ratio < 1
    assert (found.word == "undecided") == (found.p > LEVEL or found.low <= 1 <= found.high)


@pytest.mark.parametrize(
    ("counts", "decided"),
    [((3, 3), False), ((3, 4), False), ((4, 4), True), ((3, 5), True), ((1, 60), False)],
)
def test_what_so_many_runs_can_decide(counts, decided):
    """However far apart: the second method's errors are a thousand times the first's."""
    first, second = (np.linspace(1, 1.5, n) for n in counts)
    assert (judge(first, 1000 * second).word == "lower") == decided


def test_failed_runs_are_the_worst_and_equal():
    fine, lost = [1e-3, 1.1e-3, 1.2e-3, 1.3e-3, 1.4e-3], [np.inf] * 5
    assert judge(fine, lost)[:4] == ("lower", 0, 0, 0)
    assert judge(lost, lost).ratio == 1 and judge(lost, lost).word == "undecided"
    half = [1e-3, 1.1e-3, np.inf, np.inf, np.inf]
    assert judge(half, fine).ratio == np.inf and judge(half, fine).word == "undecided"
    # The same as any other number that is worse than all: only ranks and medians count.
    assert judge(fine, lost).p == judge(fine, [9.0] * 5).p


@pytest.mark.parametrize("errors", [[], [0.0], [-1.0, 1.0], [np.nan], [[1.0]]])
def test_refusals(errors):
    with pytest.raises(ValueError, match=r"first errors (have shape|are)"):
        judge(errors, [1.0])
    with pytest.raises(ValueError, match="second errors"):
        judge([1.0], errors)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_medians_of_all_resamples(n):
    """Against every resample, written out."""
    values = np.sort(np.random.default_rng(n).normal(size=n))
    every = [np.median(values[list(chosen)]) for chosen in product(range(n), repeat=n)]
    lower, upper, weights = resampled_medians(n)
    medians = (values[lower] + values[upper]) / 2
    for median in np.unique(np.round(every, 12)):
        found = weights[np.isclose(medians, median, atol=1e-9)].sum()
        assert found == pytest.approx(np.mean(np.isclose(every, median, atol=1e-9)), abs=1e-6)


@pytest.mark.parametrize("sizes", [(5, 5), (8, 6), (20, 9)])
def test_interval_is_that_of_scipy_by_drawing(sizes):
    generator = np.random.default_rng(1)
    a, b = (generator.normal(size=n) for n in sizes)
    drawn = stats.bootstrap(
        (a, b),
        lambda x, y, axis: np.median(x, axis) - np.median(y, axis),
        n_resamples=40_000,
        method="percentile",
        random_state=np.random.default_rng(2),
    ).confidence_interval
    np.testing.assert_allclose(median_interval(a, b, 0.05), drawn, atol=0.03)


def test_rank_test_is_exact_with_ties():
    """Share of all divisions of 1, 2, 2, 3, 4, 4 into threes whose rank sum is as far out."""
    assert rank_test(np.array([1.0, 2.0, 2.0]), np.array([3.0, 4.0, 4.0])) == pytest.approx(0.1)
    many, high = np.repeat([1.0, 2.0], 15), np.repeat([1.0, 3.0], [5, 25])
    expected = stats.mannwhitneyu(many, high, method="asymptotic").pvalue
    assert rank_test(many, high) == pytest.approx(expected)
    assert rank_test(np.ones(30), np.ones(30)) == 1
    both = rank_test(np.array([[1.0, 2, 2], [1, 2, 3]]), np.array([[3.0, 4, 4], [4, 5, 6]]))
    np.testing.assert_allclose(both, [0.1, 0.1])


def test_failure_rates():
    assert failure_rate(0, 3)[:2] == (0, 0) and failure_rate(3, 3)[::2] == (1, 1)
    found = failure_rate(2, 10)
    # Ends at which so few, or so many, failures have probability 2.5 %.
    assert stats.binom.cdf(2, 10, found.high) == pytest.approx(0.025)
    assert stats.binom.sf(1, 10, found.low) == pytest.approx(0.025)
    for failed, runs in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match=f"found {failed} failures in {runs} runs"):
            failure_rate(failed, runs)
