"""The one rule by which a set of final errors is called lower or higher than another.

Runs are unpaired: two methods on one seed share their starting weights and their points, and yet
errors of one method scatter between roundings of one seed as they do between seeds. So the rule
knows two sets of numbers and no pairs. Its false alarms and its power are measured
(``hrgradlib/chapters/protocol_rates.py``), not presumed.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from hrgradlib.experiments._medians import median_interval

__all__ = ["LEVEL", "Rate", "Verdict", "Word", "failure_rate", "judge", "rank_test", "word_of"]

LEVEL = 0.05  # of the rank test, and what the interval leaves out
_ENUMERATED = 20_000  # ways to divide the runs that an exact test with ties may go through

Word = Literal["lower", "higher", "undecided"]


class Verdict(NamedTuple):
    """The first set of errors against the second.

    Attributes:
        word: what may be said of the first.
        ratio: of the medians, first over second.
        low, high: 95 % bootstrap interval of the ratio; 0 and inf if a set has a single run.
        p: of the two-sided rank test.
        counts: runs in the first and in the second.
    """

    word: Word
    ratio: float
    low: float
    high: float
    p: float
    counts: tuple[int, int]

    @property
    def interval(self) -> str:
        """Its ends for a page."""
        return f"{self.low:.2f} to {self.high:.2f}"

    def __str__(self) -> str:
        first, second = self.counts
        return (
            f"{self.word} ({self.ratio:.2f} times, 95 % interval {self.interval}, "
            f"p = {self.p:.2g}, {first} against {second} runs)"
        )


class Rate(NamedTuple):
    """A share of runs, and its 95 % interval of Clopper and Pearson."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.share:.0f} % [{100 * self.low:.0f}, {100 * self.high:.0f}]"


def judge(first: ArrayLike, second: ArrayLike) -> Verdict:
    """Is the first set of errors lower than the second?

    "lower" or "higher" if the rank test gives p ≤ 0.05 *and* the whole interval of the ratio lies
    on that side of 1; else "undecided", which is no proof of equality. Of three runs against three
    nothing can be said: the least p is 0.1.

    A median of an even number of errors is the geometric mean of the middle two. Failed runs count
    as worse than every other and equal to one another.

    Args:
        first: [n] final errors, relative, one per run; inf where a run failed.
        second: [m] of the other method.

    Raises:
        ValueError: a set is empty or no vector, or an error is not a positive number or inf.

    Example:
        >>> ours, theirs = [1.0e-3, 1.2e-3, 0.9e-3, 1.1e-3], [2.2e-3, 1.9e-3, 2.0e-3, float("inf")]
        >>> print(judge(ours, theirs))
        lower (0.50 times, 95 % interval 0.00 to 0.59, p = 0.029, 4 against 4 runs)
    """  # noqa: DOC502 (raised by _logs)
    a, b = (_logs(errors, name) for errors, name in ((first, "first"), (second, "second")))
    low, high = (np.exp(end) for end in median_interval(a, b, LEVEL))
    p = float(rank_test(a, b))
    with np.errstate(over="ignore"):
        ratio = float(np.exp(_difference(_median(a), _median(b))))
    word = word_of(low, high, p)
    return Verdict(word, ratio, float(low), float(high), p, (len(a), len(b)))


def word_of(low: float, high: float, p: float) -> Word:
    """The rule itself: what an interval of the ratio of errors and a rank test allow to say."""
    if p <= LEVEL and high < 1:
        return "lower"
    return "higher" if p <= LEVEL and low > 1 else "undecided"


def rank_test(first: NDArray, second: NDArray) -> NDArray:
    """Two-sided p of the test of Mann and Whitney along the last axis; [...].

    Exact, unless there are ties and more ways to divide the runs than can be gone through: then
    by the normal approximation with its correction for ties.

    Args:
        first, second: [..., n] and [..., m] errors or their logarithms, which may be inf.
    """
    n, m = first.shape[-1], second.shape[-1]
    # Ranks within both sets do what the errors would: inf has one, and ties stay ties.
    ranks = stats.rankdata(np.concatenate([first, second], -1), axis=-1).reshape(-1, n + m)
    a, b = ranks[:, :n], ranks[:, n:]
    tied = (np.diff(np.sort(ranks), axis=1) == 0).any(1)
    p = np.empty(len(ranks))
    p[~tied] = stats.mannwhitneyu(a[~tied], b[~tied], axis=1, method="exact").pvalue
    p[tied] = [_with_ties(*row) for row in zip(a[tied], b[tied], strict=True)]
    return p.reshape(first.shape[:-1])


def _with_ties(a: NDArray, b: NDArray) -> float:
    if np.ptp(np.concatenate([a, b])) == 0:
        return 1.0
    if comb(len(a) + len(b), len(a)) > _ENUMERATED:
        return float(stats.mannwhitneyu(a, b, method="asymptotic").pvalue)
    # Every way to divide these ranks; SciPy's exact distribution is that without ties.
    sums = np.array(list(combinations([*a, *b], len(a)))).sum(1)
    return min(1.0, 2 * float(min((sums <= a.sum()).mean(), (sums >= a.sum()).mean())))


def failure_rate(failed: int, runs: int) -> Rate:
    """Share of failed runs and its exact (Clopper–Pearson) 95 % interval.

    Args:
        failed: how many failed, by :func:`hrgradlib.experiments.results.failure`.
        runs: of how many, at least one.

    Raises:
        ValueError: no runs, or more failures than runs.

    Example:
        >>> print(failure_rate(0, 5))
        0 % [0, 52]
    """
    if not 0 <= failed <= runs or runs < 1:
        raise ValueError(
            f"found {failed} failures in {runs} runs; expected 0 ≤ failures ≤ runs, ≥ 1"
        )
    ends = stats.binomtest(failed, runs).proportion_ci(1 - LEVEL, method="exact")
    return Rate(failed / runs, float(ends.low), float(ends.high))


def _logs(errors: ArrayLike, name: str) -> NDArray:
    found = np.asarray(errors, float)
    if found.ndim != 1 or not found.size:
        raise ValueError(
            f"{name} errors have shape {found.shape}; expected one per run, at least one"
        )
    if not (found > 0).all():
        raise ValueError(
            f"{name} errors are {found}; expected positive numbers, inf for a failed run"
        )
    return np.log(found)


def _median(logs: NDArray) -> float:
    return float(np.median(logs))


def _difference(a: float, b: float) -> float:
    return 0.0 if a == b else a - b  # two failures are equal
