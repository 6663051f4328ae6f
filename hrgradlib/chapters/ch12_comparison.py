"""Chapter 12: the stored runs of every method on every problem, complete or not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hrgradlib.chapters.ch12_step_cost import stored
from hrgradlib.chapters.looks import in_column, label_of
from hrgradlib.chapters.trivial_lines import UNTRAINED, trivial_lines
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.comparison_studies import COMPARED, VARIANTS
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import MORE_RUNS, STUDIES, read_study
from hrgradlib.experiments.verdicts import Verdict, judge

__all__ = [
    "LEAST_RUNS",
    "PROBLEMS",
    "RIVALS",
    "SURGERY",
    "WEIGHTINGS",
    "Arm",
    "against",
    "arms",
    "best",
    "champions",
    "common_seeds",
    "family",
    "mean_ranks",
    "method_factor",
    "mostly_silent",
    "names",
    "place",
    "prices",
    "profile",
    "rank_table",
    "runs_missing",
    "silent",
    "standings",
    "trivial",
    "verdicts",
]

#: Studies by the problem that they are of.
PROBLEMS = {"transport-periodic": "comparison", "transport-inflow": "comparison-inflow"}
_ORDER = (*COMPARED, *VARIANTS)
LEAST_RUNS = 4  # of each of two methods: of three against three the rule can say nothing
#: Gradient surgery of others: it changes directions, under Adam.
RIVALS = (
    *("graddrop", "pcgrad", "cagrad", "mgda", "imtl-g", "nash-mtl", "aligned-mtl", "upgrad"),
    *("dcgd", "config", "m-config", "harmonic"),
)
#: With HRGrad's own ideas done in that way, which are no rivals of HRGrad.
SURGERY = (*RIVALS, "hrgrad-reported", "harmonise-first")
#: What weighs losses, under Adam.
WEIGHTINGS = ("log-sum", "geometric-mean", "first-norm", "uw", "dwa", "rlw", "famo")

_SAME = 5e-3  # relative difference up to which two errors are one to three digits
_WIDEST = 30  # letters of a table's first column


def family(label: str) -> str:
    """What kind of method a label is; figures show kinds."""
    if label in WEIGHTINGS:
        return "loss weighting, Adam"
    if label in SURGERY:
        return "gradient surgery, then Adam"
    if label in ("sum", "sum-time"):
        return "the sum, Adam"
    if label.startswith("hrgrad-soap"):
        return "SOAP, HRGrad"
    if label.endswith("-soap"):
        return "SOAP, a sum"
    return "second order" if label.startswith(("hrgrad-gn", "lbfgs")) else "HRGrad, Adam"


class Arm(NamedTuple):
    """The final runs of a method on a problem, by seed.

    Attributes:
        label: in the study.
        seeds: [S]
        errors, seconds: [S] final error, the largest over ε and t (inf where it failed); time of
            the steps on a machine that was shared, which compares nothing.
        uphill: [S] share of (step, task) pairs in which the applied step did not descend; nan
            where a run has none recorded.
        work: [S] gradients of the total batch that were computed.
        failed: [S] whether the run counts as failed, by the book's one definition.
    """

    label: str
    seeds: NDArray
    errors: NDArray
    seconds: NDArray
    uphill: NDArray
    work: NDArray
    failed: NDArray

    @property
    def median(self) -> float:
        """Of the final errors."""
        return float(np.exp(np.median(np.log(self.errors))))


def arms(problem: str) -> dict[str, Arm]:
    """Methods that have runs of a problem yet, in the order of the study."""
    study = PROBLEMS[problem]
    if not Table.named(study).rows:
        return {}
    rows, content = read_study(study)
    found = {}
    for label in _ORDER:
        own = sorted((r for r in rows if r["label"] == label), key=lambda r: r["seed"])
        if own:
            steps = content["settings"][label]["steps"]
            work = [_or(r.get("evaluations", np.nan), steps) for r in own]
            columns = [
                np.array([r[n] for r in own], float)
                for n in ("seed", "max_error", "seconds", "uphill")
            ]
            failed = np.array([bool(r["failure"]) for r in own])
            found[label] = Arm._make([label, *columns, np.array(work, float), failed])
    return found


def _or(value: float, other: float) -> float:
    return other if np.isnan(value) else value


def runs_missing(problem: str) -> tuple[int, int]:
    """Final runs that are there, and that are wanted."""
    there = sum(len(arm.seeds) for arm in arms(problem).values())
    seeds = STUDIES[PROBLEMS[problem]][0]
    more, finalists = MORE_RUNS.get(PROBLEMS[problem], ((), ()))
    return there, len(seeds) * len(_ORDER) + len(more) * len(finalists)


def silent(errors: NDArray, problem: str = "transport-periodic") -> NDArray:
    """Which runs ended with the error of the untrained ansatz, to three digits; [runs]."""
    return abs(errors / trivial(problem)[UNTRAINED] - 1) < _SAME


def mostly_silent(errors: NDArray, problem: str = "transport-periodic") -> bool:
    """Whether half of the runs or more did: then their rate is judged, and not their method."""
    return bool(2 * silent(errors, problem).sum() >= len(errors))


def method_factor(found: dict[str, Arm], labels: tuple[str, ...]) -> float:
    """The third quartile of these methods' medians over the first."""
    medians = [found[label].median for label in labels if label in found]
    if not medians:
        return np.nan
    low, high = np.quantile(np.log(medians), [0.25, 0.75])
    return float(np.exp(high - low))


def trivial(problem: str) -> dict[str, float]:
    """Errors of what costs no training, the largest over ε and t, by name."""
    lines = trivial_lines(problem, CASES[problem].judged_eps("quick"))
    return {name: float(line.max()) for name, line in lines.items()}


def against(found: dict[str, Arm], label: str, other: str = "sum") -> Verdict | None:
    """A method's errors judged by those of another; None before both have runs."""
    if label not in found or other not in found:
        return None
    return judge(found[label].errors, found[other].errors)


def standings(found: dict[str, Arm]) -> str:
    """A line per method, the best median first: its errors, and against the sum."""
    lines = [f"{'':{_WIDEST}s}runs failed   median    least  largest  over the sum [95 %]"]
    for arm in _ordered(found):
        verdict = against(found, arm.label)
        told = "" if verdict is None or arm.label == "sum" else _told(verdict)
        lines.append(
            f"{in_column(label_of(arm.label), _WIDEST)}{len(arm.seeds):4d} {arm.failed.sum():6d}"
            f"  {arm.median:7.1e}  {arm.errors.min():7.1e}  {arm.errors.max():7.1e}  {told}"
        )
    return "\n".join(lines) if found else "not measured yet"


def prices(found: dict[str, Arm]) -> str:
    """A line per method in the order of :func:`standings`: work, time of a step, uphill share."""
    lines, cost = [f"{'':{_WIDEST}s}gradients  ms/step  uphill"], stored()
    for arm in _ordered(found):
        lines.append(
            f"{in_column(label_of(arm.label), _WIDEST)}{np.median(arm.work):9.0f} "
            f"{cost.get(arm.label, np.nan):8.1f}  {_percent(arm.uphill):>6s}"
        )
    return "\n".join(lines) if found else "not measured yet"


def _ordered(found: dict[str, Arm]) -> list[Arm]:
    return sorted(found.values(), key=lambda arm: arm.median)


def _percent(shares: NDArray) -> str:
    there = shares[~np.isnan(shares)]
    return f"{100 * there.mean():.1f}%" if there.size else "–"


def _told(found: Verdict) -> str:
    mark = {"lower": "lower", "higher": "higher", "undecided": ""}[found.word]
    if not np.isfinite(found.high) or found.low == 0:
        return f"{found.ratio:5.2f}  {mark}"
    return f"{found.ratio:5.2f} [{found.low:.2f}, {found.high:.2f}] {mark}"


def best(found: dict[str, Arm], labels: tuple[str, ...]) -> str:
    """Of these the one with the lowest median; empty if none of them has run."""
    there = [label for label in labels if label in found]
    return min(there, key=lambda label: found[label].median) if there else ""


def verdicts(found: dict[str, Arm], labels: tuple[str, ...]) -> dict[str, list[str]]:
    """Labels by what the rule says of them against the sum."""
    told: dict[str, list[str]] = {"lower": [], "higher": [], "undecided": []}
    for label in labels:
        if (verdict := against(found, label)) is not None:
            told[verdict.word].append(label)
    return told


def names(labels: list[str]) -> str:
    """What pages call these methods, in a row; "no method" of none."""
    return "; ".join(label_of(label) for label in labels) or "no method"


def place(found: dict[str, Arm], label: str) -> int:
    """Rank of a method by its median, 1 the best; 0 if it has no run."""
    order = sorted(found, key=lambda name: found[name].median)
    return order.index(label) + 1 if label in found else 0


def rank_table(found: dict[str, dict[str, Arm]]) -> str:
    """Mean ranks over the problems, the best first, and over how many."""
    ranks = mean_ranks(found)
    if not ranks:
        return "not measured yet"
    count = sum(bool(own) for own in found.values())
    lines = [f"mean rank of {len(ranks)} methods over {count} problem{'s' * (count > 1)}"]
    for label in sorted(ranks, key=ranks.__getitem__):
        lines.append(f"{label_of(label):46s} {ranks[label]:5.1f}")
    return "\n".join(lines)


def common_seeds(found: dict[str, Arm]) -> int:
    """The least number of seeds of any method; 0 without any."""
    return min((len(arm.seeds) for arm in found.values()), default=0)


def mean_ranks(found: dict[str, dict[str, Arm]]) -> dict[str, float]:
    """Mean over the problems of a method's rank by its median, 1 the best.

    Args:
        found: arms by problem; methods that a problem lacks are left out of all of them.
    """
    there = [problem for problem in found if found[problem]]
    shared = [label for label in _ORDER if there and all(label in found[p] for p in there)]
    ranks = [stats.rankdata([found[p][label].median for label in shared]) for p in there]
    return dict(zip(shared, np.mean(ranks, 0), strict=True)) if shared else {}


def profile(found: dict[str, dict[str, Arm]], label: str) -> tuple[NDArray, NDArray]:
    """Performance profile (after Dolan and Moré): share of runs within a factor of the best.

    Args:
        found: arms by problem; problems that lack the method are left out.
        label: the method.

    Returns:
        [R] factors, ascending: a run's error over the least median of its problem; and [R] the
        share of runs with at most that factor.
    """
    factors = [
        own[label].errors / min(arm.median for arm in own.values())
        for own in found.values()
        if label in own
    ]
    ranked = np.sort(np.concatenate(factors)) if factors else np.empty(0)
    return ranked, np.arange(1, len(ranked) + 1) / max(1, len(ranked))


def champions(found: dict[str, dict[str, Arm]]) -> tuple[str, ...]:
    """The sum and the best of every kind, by the mean rank over the problems.

    For surgery stand the rules of others: :data:`RIVALS`.
    """
    ranks = mean_ranks(found)
    kinds: dict[str, str] = {}
    for label in sorted(ranks, key=ranks.__getitem__):
        if label not in SURGERY or label in RIVALS:
            kinds.setdefault(family(label), label)
    return tuple(dict.fromkeys([*(["sum"] if "sum" in ranks else []), *kinds.values()]))
