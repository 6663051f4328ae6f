"""Losses whose scales nobody knows: what is left of every method, and how sure that is.

Stored studies hold each method without scaling, and under several draws of the regimes' scales, on
the same seeds. A table that is not complete yet gives what its rows can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.costless import in_words
from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.scale_rival_studies import RIVALS
from hrgradlib.experiments.scale_studies import DRAWS
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import STUDIES, read_study

__all__ = [
    "ASKED",
    "OURS",
    "Arm",
    "Asked",
    "Blind",
    "Found",
    "against_division",
    "arms",
    "asked",
    "asked_table",
    "beside_rivals",
    "blind",
    "blind_in_words",
    "failing",
    "in_every_metric",
    "outcome",
    "ratio",
    "table",
]

OURS = "hrgrad-soap"
_SUM_OF = {
    "sum": "sum",
    "hrgrad": "sum",
    "hrgrad-1": "sum",
    "sum-soap": "sum-soap",
    "hrgrad-soap-0": "sum-soap",
    "hrgrad-soap": "sum-soap",
    "hrgrad-soap-1": "sum-soap",
    "sum-gn": "sum-gn",
    "hrgrad-gn": "sum-gn",
}
# Under such factors κ = 0 may well rotate: not the name it has where that was seen not to happen.
_CALLED = {"hrgrad-gn": "hrgrad-gn-0"}
_BESIDE_RIVALS = ("hrgrad", "hrgrad-1", "sum")
_TIMES = 2000  # resamples of an interval


class Arm(NamedTuple):
    """A method's final errors (max over ε and t); nan where there is no run, inf where it failed.

    Attributes:
        plain: [S] by seed, without scaling.
        scaled: [D, S] by draw of the scales, and seed.
        failed: runs with scaling that failed by the book's definition, with an error or without.
    """

    plain: NDArray
    scaled: NDArray
    failed: int = 0

    @property
    def runs(self) -> int:
        """Runs with scaling that are there."""
        return int((~np.isnan(self.scaled)).sum())

    @property
    def median(self) -> float:
        """Over all runs with scaling; nan if there is none."""
        return _median(self.scaled)


class Found(NamedTuple):
    """A ratio of medians with its 95 % interval; nan if nothing is there to compare."""

    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.ratio):
            return "not measured yet"
        return f"{self.ratio:.2f} [{self.low:.2f}, {self.high:.2f}]"


class Asked(NamedTuple):
    """What was asked of our method's error, before it was measured.

    Attributes:
        of: the method it is compared with under the same scales; ours without scaling if that.
        bound: on the ratio of the medians.
    """

    of: str
    bound: float

    @property
    def words(self) -> str:
        """In a table's first column."""
        rival = "its own without scaling" if self.of == OURS else f"that of {label_of(self.of)}"
        return f"at most {self.bound:g} × {rival}"

    def verdict(self, found: Found) -> str:
        """Kept, kept by the median alone, or not kept."""
        if np.isnan(found.ratio):
            return "open"
        if found.ratio > self.bound:
            return "not kept"
        return "kept" if found.high <= self.bound else "kept by the median alone"


#: The bounds that were set for the default before any of it was measured.
ASKED = (Asked(OURS, 1.5), Asked("log-soap", 0.5), Asked("unit-soap", 0.5), Asked("sum-soap", 0.1))


def arms(study: str, seeds: tuple[int, ...] = ()) -> dict[str, Arm]:
    """Methods of a stored study by their label; empty if it has no rows yet.

    Args:
        study: its name.
        seeds: only these; all if empty.
    """
    if not Table.named(study).rows:
        return {}
    errors: dict[str, dict[tuple[int, int], float]] = {}
    failed: Counter[str] = Counter()
    order = [seed for seed in STUDIES[study][0] if not seeds or seed in seeds]
    rows, content = read_study(study)
    for row in rows:
        settings = content["settings"][row["label"]]
        draw = settings["draw"] if settings["decades"] else -1
        label = row["label"].removesuffix(f"-d{draw}")
        errors.setdefault(label, {})[draw, row["seed"]] = row["max_error"]
        failed[label] += draw >= 0 and row["seed"] in order and bool(row["failure"])
    return {
        label: Arm(
            np.array([cell.get((-1, s), np.nan) for s in order]),
            np.array([[cell.get((d, s), np.nan) for s in order] for d in DRAWS]),
            failed[label],
        )
        for label, cell in errors.items()
    }


def ratio(found: dict[str, Arm], first: str, second: str, plain: bool = False) -> Found:
    """Median error of one method over another's on their common runs, and its interval.

    Draws and seeds are resampled, each as a whole (Owen 2007, the pigeonhole
    bootstrap): runs that share either are not independent. Percentiles of 2000 resamples.

    Args:
        found: of :func:`arms`.
        first, second: labels.
        plain: take the second without scaling.
    """
    nothing = Found(np.nan, np.nan, np.nan)
    if first not in found or second not in found:
        return nothing
    above = found[first].scaled
    below = np.broadcast_to(found[second].plain, above.shape) if plain else found[second].scaled
    missing = np.isnan(above) | np.isnan(below)
    if missing.all():
        return nothing
    kept = np.ix_(~missing.all(1), ~missing.all(0))
    above, below = (np.where(missing, np.nan, errors)[kept] for errors in (above, below))
    generator = np.random.default_rng(0)
    draws, seeds = (generator.integers(n, size=(_TIMES, n)) for n in above.shape)
    ratios = [
        _median(above[np.ix_(*chosen)]) / _median(below[np.ix_(*chosen)])
        for chosen in zip(draws, seeds, strict=True)
    ]
    ranked = np.sort([r for r in ratios if not np.isnan(r)])  # a resample may miss every run
    outside = int(0.025 * len(ranked))
    return Found(_median(above) / _median(below), ranked[outside], ranked[-1 - outside])


def asked(found: dict[str, Arm]) -> list[tuple[str, Found, str]]:
    """Every line of :data:`ASKED`: what was asked, what was found, the verdict."""
    lines = []
    for line in ASKED:
        measured = ratio(found, OURS, line.of, plain=line.of == OURS)
        lines.append((line.words, measured, line.verdict(measured)))
    return lines


def outcome(found: dict[str, Arm]) -> str:
    """All verdicts in a clause, with the share of the runs that it rests on."""
    verdicts = [verdict for *_, verdict in asked(found)]
    runs = [arm.runs for arm in found.values()]
    wanted = sum(arm.scaled.size for arm in found.values())
    so_far = f" (so far: {sum(runs)} of {wanted} runs with scaling)" if sum(runs) < wanted else ""
    if "open" in verdicts:
        return f"not all of it is measured yet{so_far}"
    kept = sum(verdict != "not kept" for verdict in verdicts)
    doubtful = sum(verdict.startswith("kept by") for verdict in verdicts)
    words = f"{kept} of the {len(verdicts)} bounds {'is' if kept == 1 else 'are'} kept"
    return words + (f", {doubtful} of them by the median alone" if doubtful else "") + so_far


def against_division(found: dict[str, Arm]) -> str:
    """What dividing every loss by its first value does to the case for rotation, in words."""
    measured = ratio(found, OURS, "first-soap")
    if np.isnan(measured.ratio):
        return "whether one division by the first value does as well is not measured yet"
    if measured.low > 1:
        return "one division by the first value did better than the rotation"
    if measured.high < 1:
        return "the rotation did better than one division by the first value"
    return "one division by the first value did about as well as the rotation"


def asked_table(found: dict[str, Arm]) -> str:
    """The lines of :func:`asked` for a page, and the :func:`outcome` below them."""
    lines = [f"{words:46s} {measured!s:20s} {verdict}" for words, measured, verdict in asked(found)]
    return "\n".join([*lines, outcome(found)])


def table(found: dict[str, Arm], costless: Mapping[str, float], ours: str = OURS) -> str:
    """A line for every method: runs, medians, ratio to its own without scaling and to ours.

    Args:
        found: of :func:`arms`; may be empty.
        costless: by name, errors of what costs no training.
        ours: the label that the others are compared with.
    """
    wide = max([26, *(len(label_of(label)) + 1 for label in found)])
    head = f"{'':{wide}s}{'runs':>5s} {'median':>9s} {'unscaled':>9s}  {'ours over it [95 %]':20s}"
    lines = [head + "  over its own unscaled"]
    for label, arm in found.items():
        rival = "" if label == ours else str(ratio(found, ours, label))
        own = ratio(found, label, label, plain=True)
        lines.append(
            f"{label_of(label):{wide}s}{arm.runs:5d} {_number(arm.median)}"
            f" {_number(_median(arm.plain))}  {rival:20s}  {'' if np.isnan(own.ratio) else own}"
        )
    lines += [failing(found), in_words(costless, [arm.median for arm in found.values()])]
    return "\n".join(lines) if found else "not measured yet"


def failing(found: dict[str, Arm]) -> str:
    """Of which methods runs failed with factors, by the book's definition, and how many."""
    said = [
        f"{label_of(_CALLED.get(x, x))} {arm.failed} of {arm.runs}"
        for x, arm in found.items()
        if arm.failed
    ]
    return f"failed with factors: {', '.join(said) or 'none'}"


def in_every_metric(
    found: dict[str, Arm], unscaled: dict[str, float], costless: Mapping[str, float]
) -> str:
    """A line for every method of several metrics: medians, and harmonised over its own sum.

    Args:
        found: of :func:`arms`, of one or more studies on the same seeds.
        unscaled: medians without scaling, by label, where they are known.
        costless: by name, errors of what costs no training.
    """
    lines = [f"{'':30s}{'runs':>5s} {'median':>9s} {'unscaled':>9s}  over its metric's sum [95 %]"]
    for label, other in _SUM_OF.items():
        if label not in found:
            continue
        arm = found[label]
        plain = unscaled.get(label, _median(arm.plain))
        rival = "" if label == other else str(ratio(found, label, other))
        lines.append(
            f"{label_of(_CALLED.get(label, label)):30s}{arm.runs:5d} {_number(arm.median)} "
            f"{_number(plain)}  {rival}"
        )
    own = {label: arm for label, arm in found.items() if label in _SUM_OF}
    lines += [failing(own), in_words(costless, [arm.median for arm in own.values()])]
    return "\n".join(lines) if found else "not measured yet"


def beside_rivals() -> dict[str, Arm]:
    """HRGrad and the sum under Adam, and others' rules there; empty without the latter."""
    rivals = arms("scales-rivals")
    own = arms("scales-adam", STUDIES["scales-rivals"][0]) if rivals else {}
    return {label: own[label] for label in _BESIDE_RIVALS if label in own} | rivals


class Blind(NamedTuple):
    """Rivals, by what HRGrad's error is against theirs.

    Attributes:
        below, above: lower or higher, with the whole interval of the ratio.
        level: the interval holds one.
        untested: they fail without factors already, which says nothing of factors.
    """

    below: list[str]
    above: list[str]
    level: list[str]
    untested: list[str]


def blind(found: dict[str, Arm], ours: str = "hrgrad") -> Blind:
    """Others' rules against ours, as far as they have runs."""
    sorted_out = Blind([], [], [], [])
    for label in RIVALS:
        measured = ratio(found, ours, label)
        if np.isnan(measured.ratio):
            continue
        if _median(found[label].plain) > FAILED_ERROR:
            sorted_out.untested.append(label)
        elif measured.high < 1:
            sorted_out.below.append(label)
        else:
            (sorted_out.above if measured.low > 1 else sorted_out.level).append(label)
    return sorted_out


def blind_in_words(found: dict[str, Arm]) -> str:
    """What :func:`blind` finds, in a clause."""
    words = (
        "lower than that of {}",
        "higher than that of {}",
        "level with that of {}",
        "no test of {}, above 10 % without factors as well",
    )
    named = [" and ".join(f"“{label_of(x)}”" for x in part) for part in blind(found)]
    told = [text.format(names) for text, names in zip(words, named, strict=True) if names]
    return "; ".join(told) or "not measured yet"


def _median(errors: NDArray) -> float:
    there = errors[~np.isnan(errors)]
    with np.errstate(invalid="ignore"):  # between two failed runs
        return float(np.median(there)) if there.size else np.nan


def _number(value: float) -> str:
    return f"{value:9.2e}" if not np.isnan(value) else f"{'–':>9s}"
