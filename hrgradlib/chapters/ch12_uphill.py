"""Chapter 12: steps that go uphill for some task, and what a positive product is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hrgradlib.chapters.ch12_comparison import SURGERY, WEIGHTINGS, Arm, against
from hrgradlib.chapters.looks import label_of

__all__ = ["GROUPS", "Worth", "guard_words", "guards", "worth", "worth_table"]

_TIMES = 2000  # resamples of an interval
#: Methods among which the share is asked to tell the error: a metric moves both at once.
GROUPS: dict[str, tuple[str, ...]] = {
    "all methods": (),
    "under Adam": (
        *("sum", "sum-time", *WEIGHTINGS, *SURGERY),
        *("hrgrad", "hrgrad-0", "hrgrad-1", "hrgrad-guard"),
    ),
    "under SOAP": (
        *("sum-soap", "log-soap", "unit-soap", "first-soap"),
        *("hrgrad-soap", "hrgrad-soap-0", "hrgrad-soap-1", "hrgrad-soap-guard"),
    ),
}


class Worth(NamedTuple):
    """Rank correlation of a run's uphill share and its final error.

    Attributes:
        rho: Spearman's; nan if fewer than three methods have a share.
        low, high: 95 % interval, methods resampled as a whole.
        runs, methods: it rests on.
    """

    rho: float
    low: float
    high: float
    runs: int
    methods: int

    @property
    def words(self) -> str:
        """What may be said of it."""
        if np.isnan(self.rho):
            return "not measured yet"
        if self.low > 0:
            return "the more of a run's steps go uphill for some task, the larger is its error"
        if self.high < 0:
            return "the more of a run's steps go uphill for some task, the smaller is its error"
        return "the share of uphill steps does not tell the error"

    def __str__(self) -> str:
        if np.isnan(self.rho):
            return "not measured yet"
        return f"{self.rho:+.2f} [{self.low:+.2f}, {self.high:+.2f}] ({self.runs} runs)"


def worth(found: dict[str, Arm], labels: tuple[str, ...] = ()) -> Worth:
    """What a run's uphill share tells of its error, over runs of these methods (or of all).

    Of every method at most as many as most have: those with more seeds would weigh more.
    """
    count = int(np.median([len(arm.seeds) for arm in found.values()])) if found else 0
    pairs = [
        np.stack([arm.uphill, arm.errors])[:, :count][:, ~np.isnan(arm.uphill[:count])]
        for arm in found.values()
        if (not labels or arm.label in labels) and not np.isnan(arm.uphill).all()
    ]
    runs = sum(pair.shape[1] for pair in pairs)
    if len(pairs) < 3:
        return Worth(np.nan, np.nan, np.nan, runs, len(pairs))
    generator = np.random.default_rng(0)
    draws = generator.integers(len(pairs), size=(_TIMES, len(pairs)))
    ranked = np.sort([rho for draw in draws if not np.isnan(rho := _rho([pairs[i] for i in draw]))])
    outside = int(0.025 * len(ranked))
    return Worth(_rho(pairs), ranked[outside], ranked[-1 - outside], runs, len(pairs))


def _rho(pairs: list[NDArray]) -> float:
    shares, errors = np.concatenate(pairs, 1)
    if np.ptp(shares) == 0 or (errors == errors[0]).all():
        return np.nan
    return float(stats.spearmanr(shares, errors).statistic)


def guards(found: dict[str, Arm]) -> str:
    """A line for every metric: uphill share without and with the guard, and what it costs."""
    lines = []
    for label in ("hrgrad", "hrgrad-soap"):
        guarded = f"{label}-guard"
        if (verdict := against(found, guarded, label)) is None:
            lines.append(f"{label_of(label):16s} not measured yet")
            continue
        shares = [100 * np.nanmean(found[name].uphill) for name in (label, guarded)]
        lines.append(
            f"{label_of(label):16s} uphill {shares[0]:.2f} % without, {shares[1]:.2f} % with the "
            f"guard; its error\n    {verdict}"
        )
    return "\n".join(lines)


def guard_words(found: dict[str, Arm]) -> str:
    """What the rule says of the error with the guard, by metric."""
    words = []
    for label in ("hrgrad", "hrgrad-soap"):
        verdict = against(found, f"{label}-guard", label)
        words.append(f"{label_of(label)}: {'not measured yet' if verdict is None else verdict}")
    return "; ".join(words)


def worth_table(found: dict[str, Arm]) -> str:
    """The correlation among all methods and within a metric, and what it says."""
    lines = []
    for name, labels in GROUPS.items():
        told = worth(found, labels)
        lines.append(f"{name:12s} {told}")
        if not np.isnan(told.rho):
            lines.append(f"    {told.words}")
    return "\n".join(lines)
