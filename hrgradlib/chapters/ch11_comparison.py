"""Chapter 11: the stored runs of every method on every problem, complete or not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hrgradlib.chapters.looks import label_of
from hrgradlib.chapters.trivial_lines import trivial_lines
from hrgradlib.experiments.comparison_studies import COMPARED, GRID_OF, VARIANTS, scores
from hrgradlib.experiments.store import Table, read
from hrgradlib.experiments.studies import STUDIES, read_study
from hrgradlib.experiments.verdicts import Verdict, failure_rate, judge

__all__ = [
    "PROBLEMS",
    "SURGERY",
    "WEIGHTINGS",
    "Arm",
    "Worth",
    "against_sum",
    "arms",
    "at_edges",
    "best",
    "common_seeds",
    "failures",
    "family",
    "guards",
    "mean_ranks",
    "profile",
    "rates",
    "rates_table",
    "runs_missing",
    "standings",
    "trivial",
    "verdicts",
    "worth",
]

#: Studies by the problem that they are of.
PROBLEMS = {"transport-periodic": "comparison", "transport-inflow": "comparison-inflow"}
_ORDER = (*COMPARED, *VARIANTS)
#: What is called gradient surgery: it changes directions, under Adam.
SURGERY = (
    *("graddrop", "pcgrad", "cagrad", "mgda", "imtl-g", "nash-mtl", "aligned-mtl", "upgrad"),
    *("dcgd", "config", "m-config", "harmonic", "hrgrad-reported", "harmonise-first"),
)
#: What weighs losses, under Adam.
WEIGHTINGS = ("log-sum", "geometric-mean", "first-norm", "uw", "dwa", "rlw", "famo")
_TIMES = 2000  # resamples of an interval


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
            the steps.
        uphill: [S] share of (step, task) pairs in which the applied step did not descend; nan
            where a run has none recorded.
        work: [S] gradients of the total batch that were computed.
    """

    label: str
    seeds: NDArray
    errors: NDArray
    seconds: NDArray
    uphill: NDArray
    work: NDArray

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
            found[label] = Arm._make([label, *columns, np.array(work, float)])
    return found


def _or(value: float, other: float) -> float:
    return other if np.isnan(value) else value


def runs_missing(problem: str) -> tuple[int, int]:
    """Final runs that are there, and that are wanted."""
    there = sum(len(arm.seeds) for arm in arms(problem).values())
    return there, len(STUDIES[PROBLEMS[problem]][0]) * len(_ORDER)


def rates(problem: str) -> dict[str, dict[str, float]]:
    """Errors on the tuning seed by choice, of every label whose grid is complete."""
    name = GRID_OF[PROBLEMS[problem]]
    if not Table.named(name).rows:
        return {}
    rows = {row.key: row.values for row in read(name)}
    seed, found = STUDIES[name][0][0], {}
    for label in COMPARED:
        try:
            found[label] = scores(label, rows, seed)
        except LookupError:
            continue
    return found


def at_edges(found: dict[str, dict[str, float]]) -> tuple[list[str], list[str]]:
    """Labels whose best choice is the first, and those whose best is the last."""
    places = {label: list(tried).index(min(tried, key=tried.__getitem__))
              for label, tried in found.items()}  # fmt: skip
    low = [label for label, place in places.items() if place == 0]
    return low, [label for label, place in places.items() if place == len(found[label]) - 1]


def rates_table(found: dict[str, dict[str, float]]) -> str:
    """Errors on the tuning seed, a line per method; a star at the choice."""
    lines = []
    for label, tried in found.items():
        chosen = min(tried, key=tried.__getitem__)
        cells = [f"{name} {error:.1e}{'*' * (name == chosen)}" for name, error in tried.items()]
        lines.append(f"{label_of(label):42s}" + "".join(f" {cell:17s}" for cell in cells))
    return "\n".join(lines) or "not measured yet"


def trivial(problem: str) -> dict[str, float]:
    """Errors of what costs no training, the largest over ε and t, by name."""
    eps = _judged_eps(problem)
    if eps is None:
        return {}
    return {name: float(line.max()) for name, line in trivial_lines(problem, eps).items()}


def _judged_eps(problem: str) -> NDArray | None:
    for row in Table.named(PROBLEMS[problem]).rows.values():
        if "curve" in row.values:
            return np.array(row.values["curve"]["judged_eps"])
    return None


def against_sum(found: dict[str, Arm], label: str, other: str = "sum") -> Verdict | None:
    """A method's errors judged by those of another; None before both have runs."""
    if label not in found or other not in found:
        return None
    return judge(found[label].errors, found[other].errors)


def standings(found: dict[str, Arm]) -> str:
    """A line per method, the best median first: errors, against the sum, work, time, uphill."""
    head = f"{'':42s} runs   median      least    largest  over the sum [95 %]       "
    lines = [head + "gradients seconds uphill"]
    for arm in sorted(found.values(), key=lambda arm: arm.median):
        verdict = against_sum(found, arm.label)
        told = "" if verdict is None or arm.label == "sum" else _told(verdict)
        share = f"{100 * np.nanmean(arm.uphill):5.1f}%" if not np.isnan(arm.uphill).all() else "–"
        lines.append(
            f"{label_of(arm.label):42s} {len(arm.seeds):4d} {arm.median:8.1e}"
            f"   {arm.errors.min():8.1e}  {arm.errors.max():8.1e}  {told:26s}"
            f" {np.median(arm.work):8.0f} {np.median(arm.seconds):7.0f} {share:>6s}"
        )
    return "\n".join(lines) if found else "not measured yet"


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
        if (verdict := against_sum(found, label)) is not None:
            told[verdict.word].append(label)
    return told


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
    """Performance profile (Dolan and Moré): share of problems within a factor of the best.

    Args:
        found: arms by problem, all of which have the method.
        label: the method.

    Returns:
        Factors, ascending, and the share of problems on which the method's median is at most so
        many times the least median.
    """
    least = {p: min(arm.median for arm in own.values()) for p, own in found.items()}
    factors = np.sort([own[label].median / least[p] for p, own in found.items()])
    return factors, np.arange(1, len(factors) + 1) / len(factors)


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
    """What a run's uphill share tells of its error, over all runs of these methods (or of all)."""
    pairs = [
        np.stack([arm.uphill, arm.errors])[:, ~np.isnan(arm.uphill)]
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
        if (verdict := against_sum(found, guarded, label)) is None:
            lines.append(f"{label_of(label):16s} not measured yet")
            continue
        shares = [100 * np.nanmean(found[name].uphill) for name in (label, guarded)]
        lines.append(
            f"{label_of(label):16s} uphill {shares[0]:.2f} % without, {shares[1]:.2f} % with the "
            f"guard; its error {verdict}"
        )
    return "\n".join(lines)


def failures(arm: Arm, bound: float = 0.1) -> str:
    """Share of an arm's runs whose error is above the bound, with its interval."""
    return str(failure_rate(int((~(arm.errors <= bound)).sum()), len(arm.errors)))
