"""Chapter 15: claims on directions, each counted on random gradients where the page is made.

Gradients are independent and normal, K of them in eight dimensions; few tasks have room, eight
crowd each other.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hrgradlib.chapters.ch07_rules import tally
from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.optim._harmonize import harmonize_array
from hrgradlib.optim._rays import extreme_rays
from hrgradlib.optim._reported import Reported, reported_weights

__all__ = [
    "equal_cosines", "is_config", "keeps_norms", "length_follows_conflict", "opposes_originals",
    "opposes_rotated", "rays_explode", "rotates_as_worded",
]  # fmt: skip

_DIMENSION, _CASES, _TASKS = 8, 50, (2, 3, 4, 6)
_MANY = 500  # cases of each number of tasks, for a correlation: 50 leave ±0.25
_EPS = float(np.finfo(float).eps)
_ROUNDING = 1e-6  # of a cosine: what an inversion of nearly dependent gradients leaves
_EXPLODED = 1000  # rays
_FOLLOWS = 0.5  # rank correlation from which one thing follows another
# Products of finite matrices raise flags of the processor now and then that mean nothing.
_QUIET = np.errstate(invalid="ignore", divide="ignore", over="ignore")


class _Case(NamedTuple):
    """[K, n] gradients, their unit vectors, their Gramian."""

    gradients: NDArray
    units: NDArray
    gramian: NDArray


@cache
def _random(cases: int = _CASES) -> tuple[_Case, ...]:
    """Of each number of tasks so many."""
    source = np.random.default_rng(0)
    found = []
    for count in _TASKS:
        for _ in range(cases):
            gradients = source.normal(size=(count, _DIMENSION))
            units = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
            found.append(_Case(gradients, units, gradients @ gradients.T))
    return tuple(found)


@cache
def _rotated() -> tuple[Reported, ...]:
    """The reading under which something is rotated, its angles as far as they go; by case."""
    return tuple(reported_weights(case.gramian, spread=float("inf")) for case in _random())


@cache
def _worded() -> tuple[Reported, ...]:
    """As worded; by case."""
    return tuple(reported_weights(case.gramian, "anchor") for case in _random())


def _ours(case: _Case, harmony: float = 0.5, axis: str = "maxmin") -> NDArray:
    """[K] weights, the library's defaults if nothing else is said."""
    return harmonize_array(case.gramian, harmony, axis, _EPS).weights


def _cosines(update: NDArray, units: NDArray) -> NDArray:
    return units @ update / np.linalg.norm(update)


def config_of_vectors(gradients: NDArray) -> NDArray:
    """[n] ConFIG's update of [K, n] gradients, as its authors write it (arXiv 2408.11104).

    ``u = U⁺1`` with the unit gradients as rows of U, made a unit vector; its length is the sum of
    the gradients' projections on it. Vectors and a pseudo-inverse: nothing of the library's.
    """
    units = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
    along = np.linalg.pinv(units) @ np.ones(len(units))
    along /= np.linalg.norm(along)
    return (gradients @ along).sum() * along


@_QUIET
def rotates_as_worded(reading: Reading) -> Finding:
    """Confirmed if the wording rotates something in some case, refuted if in none."""
    count = sum(bool(found.angles.any()) for found in _worded())
    word: Word = "confirmed" if count else "refuted"
    return Finding(word, f"rotates in {count} of {len(_worded())} cases")


@_QUIET
def is_config(reading: Reading) -> Finding:
    """Confirmed if the method as worded gives ConFIG's update, to rounding.

    The method works on the Gramian; ConFIG is computed here from the vectors, by its own formula.
    """
    worst = 0.0
    for case, found in zip(_random(), _worded(), strict=True):
        ours = found.weights @ case.gradients
        theirs = config_of_vectors(case.gradients)
        worst = max(worst, float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)))
    word: Word = "confirmed" if worst < _ROUNDING else "refuted"
    return Finding(word, f"largest relative difference {worst:.0e}")


@_QUIET
def keeps_norms(reading: Reading) -> Finding:
    """Confirmed if rotated unit gradients have the length 1, to rounding."""
    worst = 0.0
    for case, found in zip(_random(), _rotated(), strict=True):
        lengths = np.linalg.norm(found.rotated @ case.units, axis=1)
        worst = max(worst, np.abs(lengths - 1).max())
    word: Word = "confirmed" if worst < _ROUNDING else "refuted"
    return Finding(word, f"lengths change by at most {worst:.0e}")


@_QUIET
def opposes_rotated(reading: Reading) -> Finding:
    """Confirmed if the update has one positive cosine with all *rotated* gradients."""
    least, spread = 1.0, 0.0
    for case, found in zip(_random(), _rotated(), strict=True):
        cosines = _cosines(found.weights @ case.gradients, found.rotated @ case.units)
        least, spread = min(least, cosines.min()), max(spread, np.ptp(cosines))
    word: Word = "confirmed" if least > 0 and spread < _ROUNDING else "refuted"
    return Finding(word, f"least cosine {least:.2f}, cosines differ by at most {spread:.0e}")


@_QUIET
def opposes_originals(reading: Reading) -> Finding:
    """Confirmed if the update opposes no gradient as it was; refuted if it opposes one."""
    found = tally(8, _CASES)
    word: Word = "refuted" if found.opposed else "confirmed"
    return Finding(
        word, f"opposes one of eight gradients in {100 * found.opposed:.0f} % of the cases"
    )


@_QUIET
def rays_explode(reading: Reading) -> Finding:
    """Confirmed if ten nearly orthogonal gradients have more than a thousand extreme rays."""
    source = np.random.default_rng(0)
    counts = {}
    for tasks in (5, 10):
        units = source.normal(size=(tasks, 1000))
        units /= np.linalg.norm(units, axis=1, keepdims=True)
        counts[tasks] = len(extreme_rays(units @ units.T, 1e-12))
    word: Word = "confirmed" if counts[10] > _EXPLODED else "refuted"
    return Finding(word, f"{counts[5]} rays for five tasks, {counts[10]} for ten")


@_QUIET
def equal_cosines(reading: Reading) -> Finding:
    """Confirmed if all cosines are equal by default, refined if only at κ = 1, else refuted."""
    spread, ratios = 0.0, []
    for case in _random():
        full = _ours(case, 1.0, "equiangular") @ case.gradients
        spread = max(spread, np.ptp(_cosines(full, case.units)))
        usual = _ours(case) @ case.gradients
        cosines = _cosines(usual, case.units)
        ratios.append(cosines.max() / cosines.min())
    ratio = float(np.median(ratios))
    equal = spread < _ROUNDING
    word: Word = "refuted" if not equal else "refined" if ratio > 1.01 else "confirmed"
    return Finding(
        word,
        f"κ = 1 about the equiangular axis: cosines differ by at most {spread:.0e}; the default: "
        f"largest over smallest {ratio:.1f} in the median",
    )


@_QUIET
def length_follows_conflict(reading: Reading) -> Finding:
    """Is a direction the shorter beside the sum, the more its worst pair of gradients conflicts?

    Rank correlation of the relative length with the worst pair's cosine, for each number of tasks
    apart: with more tasks both fall. Confirmed if every 95 % interval lies above ½, refined if
    above 0, refuted if none does; else undecided.
    """
    ranks = [_follows([c for c in _random(_MANY) if len(c.units) == tasks]) for tasks in _TASKS]
    word: Word = "undecided"
    if all(rank.low > _FOLLOWS for rank in ranks):
        word = "confirmed"
    elif all(rank.low > 0 for rank in ranks):
        word = "refined"
    elif not any(rank.low > 0 for rank in ranks):
        word = "refuted"
    told = ", ".join(f"{r.rho:.2f} [{r.low:.2f}, {r.high:.2f}]" for r in ranks)
    return Finding(word, f"rank correlation {told}")


class _Rank(NamedTuple):
    """Spearman's correlation and its 95 % interval, by Fisher's transform."""

    rho: float
    low: float
    high: float


def _follows(cases: list[_Case]) -> _Rank:
    lengths = [
        np.linalg.norm(_ours(case) @ case.gradients) / np.linalg.norm(case.gradients.sum(0))
        for case in cases
    ]
    worst = [float((case.units @ case.units.T).min()) for case in cases]
    if np.ptp(lengths) < _ROUNDING:
        return _Rank(0.0, -1.0, 1.0)  # one length for all: it follows nothing
    # Lengths that differ by rounding are one length, and share a rank.
    rho = float(stats.spearmanr(np.round(lengths, 9), worst).statistic)
    wide = 1.96 * np.sqrt((1 + rho**2 / 2) / (len(cases) - 3))  # Bonett and Wright 2000
    low, high = np.tanh(np.arctanh(rho) + wide * np.array([-1, 1]))
    return _Rank(rho, float(low), float(high))
