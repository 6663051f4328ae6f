"""Named sets of runs behind the book's longer comparisons; their results are kept as small tables.

A study is data: labels, and for each label the settings in which it departs from the profile, and
the problem and profile where they are not the usual ones. Every label runs on the same seeds, some
on more.
``hrgrad study NAME`` trains what is missing; the stored table has a row per run: numbers, the error
against time and ε, settings, origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from hrgradlib.experiments import ablation_studies, comparison_studies, failure_studies
from hrgradlib.experiments.apart_studies import APART
from hrgradlib.experiments.beyond_studies import BEYOND
from hrgradlib.experiments.bgk_studies import BGK_STUDIES
from hrgradlib.experiments.campaign import has_ended, train_each
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE_FAILURES
from hrgradlib.experiments.failure_rung_studies import RUNG_FAILURES
from hrgradlib.experiments.finalist_studies import FINALIST_STUDIES
from hrgradlib.experiments.inner_studies import INNER
from hrgradlib.experiments.literature_bgk_studies import LITERATURE_BGK
from hrgradlib.experiments.literature_studies import LITERATURE
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run_folder
from hrgradlib.experiments.scale_rival_studies import SCALE_RIVALS
from hrgradlib.experiments.scale_studies import SCALES, TIMES
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.store import Table, read
from hrgradlib.experiments.term_studies import TERM_STUDIES
from hrgradlib.experiments.weight_studies import WEIGHTED

__all__ = ["MORE_RUNS", "STUDIES", "complete", "read_study", "row_key", "study_runs"]

PROBLEM = "transport-periodic"

STUDIES: dict[str, tuple[tuple[int, ...], Mapping[str, dict]]] = {
    # Appendix on many tasks: what does harmonisation add in the Gauss–Newton metric?
    "gauss-newton": (
        (0, 1, 2, 3, 4),
        {
            "hrgrad-gn": dict(method="hrgrad-gn"),
            "harmony-half": dict(method="hrgrad-gn", harmony=0.5),
            "sum-gn": dict(method="sum-gn"),
            "within": dict(method="hrgrad-gn", beyond=1.0),
        },
    ),
    # Chapters 10 and 11: the other problems, in other metrics and another formulation.
    "inflow": (
        CASES["transport-inflow"].reported_seeds,
        {
            "quick": dict(method="hrgrad-gn", problem="transport-inflow"),
            "micro-macro": dict(
                method="hrgrad-gn", problem="transport-inflow", formulation="micro-macro"
            ),
            "adam": dict(method="hrgrad", problem="transport-inflow"),
            "soap": dict(method="hrgrad-soap", problem="transport-inflow"),
        },
    ),
    "bgk": (
        CASES["bgk-smooth"].reported_seeds,
        {
            name: dict(method="hrgrad-gn", problem=f"bgk-{name}")
            for name in ("smooth", "layer", "riemann")
        }
        | {"smooth-soap": dict(method="hrgrad-soap", problem="bgk-smooth")},
    ),
    # Chapters 10 and 11: are points chosen by residual better than points as they are drawn?
    "points": (
        CASES["bgk-layer"].reported_seeds,
        {
            f"{name}-{choice}": dict(method="hrgrad-gn", problem=problem) | settings
            for name, problem in (("inflow", "transport-inflow"), ("layer", "bgk-layer"))
            for choice, settings in (("chosen", {}), ("drawn", dict(candidates=1)))
        },
    ),
    # Chapter 9: two dimensions.
    "transport-2d": (
        CASES["transport-2d"].reported_seeds,
        {
            method: dict(method=method, problem="transport-2d")
            for method in ("hrgrad-gn", "hrgrad-soap")
        },
    ),
    # Chapter 6: how often do the gradients of two tasks have a negative product?
    "conflict": (
        (10, 11, 12, 13, 14),
        {
            problem: dict(method="sum", problem=problem, steps=2000)
            for problem in ("transport-periodic", "transport-inflow", "bgk-smooth")
        },
    ),
    **ablation_studies.ABLATIONS,
    **failure_studies.FAILURES,
    **ELSEWHERE_FAILURES,
    **RUNG_FAILURES,
    **LITERATURE,
    **LITERATURE_BGK,
    **BGK_STUDIES,
    **APART,
    **TERM_STUDIES,
    **WEIGHTED,
    **BEYOND,
    **SCALES,
    **SCALE_RIVALS,
    **TIMES,
    **comparison_studies.COMPARISONS,
    **FINALIST_STUDIES,
    **INNER,
}

#: Cells with more runs than the others, by study: the seeds they have besides.
MORE_RUNS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "ablations": ablation_studies.TWENTY_RUNS,
    "comparison": comparison_studies.TWENTY_RUNS,
    "comparison-grid": comparison_studies.MORE_TUNING_RUNS,
    "failure-long": failure_studies.TEN_RUNS,
    "points": ((13, 14, 15, 16), ("layer-chosen", "layer-drawn")),
}


def study_runs(name: str, profile: str = "quick") -> dict[Path, Spec]:
    """Every run of a study, by folder; seed by seed, so that a part of them is balanced.

    Raises:
        KeyError: no such study.
    """  # noqa: DOC502
    seeds, asked = STUDIES[name]
    cells = dict(asked.items())  # some are looked up in a stored grid: once
    more, asked_more = MORE_RUNS.get(name, ((), ()))
    places = [(seed, label) for seed in seeds for label in cells]
    places += [(seed, label) for seed in more for label in asked_more if label in cells]
    runs = {}
    for seed, label in places:
        settings = {"problem": PROBLEM, "profile": profile} | cells[label]
        spec = make_spec(seed=seed, **settings)
        runs[run_folder(spec, f"{name}--{label}")] = spec
    return runs


def complete(
    table: Table, runs: dict[Path, Spec], device: str, jobs: int, quiet: bool
) -> dict[str, str]:
    """Train these runs of a table, and put their rows as they come, in place of earlier ones.

    What is finished in its folder already is not trained again, if this code made it.

    Returns:
        Last words by row of the runs that left no result.
    """
    ended = {f: s for f, s in runs.items() if has_ended(f, s)}
    for folder, spec in ended.items():
        table.put(row_key(folder), *row_of(folder, spec))
    lost, missing = {}, {f: s for f, s in runs.items() if f not in ended}
    with closing(train_each(missing, device, jobs, quiet)) as trained:
        for folder, words in trained:
            if has_ended(folder, missing[folder]):  # of a failed training too: a result as well
                table.put(row_key(folder), *row_of(folder, missing[folder]))
            else:
                lost[row_key(folder)] = words
    return lost


def row_key(folder: Path) -> str:
    """Name in its table of the row that a run makes."""
    return folder.name.split("--", 1)[-1]


_COLUMNS = (
    *("label", "method", "seed", "max_error", "mean_error", "seconds", "uphill"),
    *("guarded", "stationary", "failure"),  # problems differ in what comes then
)


def read_study(name: str) -> tuple[list[dict], dict]:
    """Rows of a stored study, and its ``settings`` and ``curves`` by label (and seed).

    A number that a row lacks is nan; the errors of a training that failed are inf.
    """
    found = [{"label": row.key.rsplit("-s", 1)[0]} | row.values for row in read(name)]
    more = (n for row in found for n in row if n not in ("curve", "settings"))
    names = dict.fromkeys((*_COLUMNS, *more))
    rows = [{n: row.get(n, np.nan) for n in names} for row in found]
    for row in rows:
        if row["failure"] and np.isnan(row["max_error"]):
            row |= {"max_error": np.inf, "mean_error": np.inf}
    content: dict[str, dict] = {
        "settings": {row["label"]: row["settings"] for row in found},
        "curves": {},
    }
    for row in found:
        content["curves"].setdefault(row["label"], {})[str(row["seed"])] = row.get("curve", {})
    return rows, content
