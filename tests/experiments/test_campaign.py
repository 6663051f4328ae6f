"""Sets of runs, and what counts as a failure."""

from pathlib import Path

import numpy as np
import pytest

from hrgradlib.experiments.campaign import book_runs
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.results import Run, failure
from hrgradlib.experiments.specs import PROFILES, make_spec
from hrgradlib.experiments.studies import STUDIES, study_runs


@pytest.mark.parametrize("profile", PROFILES)
def test_book_runs_differ_only_where_they_should(profile):
    specs = list(book_runs(profile, "transport-periodic").values())
    assert len(specs) == 4 * len(CASES["transport-periodic"].reported_seeds)
    specs = [s for s in specs if s.method in ("hrgrad", "sum")]
    shared = [
        {
            k: v
            for k, v in s.to_dict().items()
            if k not in ("method", "rule", "seed", "steps", "lr", "beta2")
        }
        for s in specs
    ]
    assert all(s == shared[0] for s in shared)


@pytest.mark.parametrize("problem", CASES)
def test_the_book_shows_every_problem(problem):
    """By runs of its own, or by a stored study."""
    names = [name for name in STUDIES if not name.endswith("-grid")]
    stored = [s for name in names for s in study_runs(name).values()]
    shown = list(book_runs("quick", problem).values())
    specs = shown if CASES[problem].book else [s for s in stored if s.problem == problem]
    assert {s.problem for s in specs} == {problem}
    if not problem.endswith("-split"):  # which is asked about its form, under one method
        others = {"hrgrad-gn", "hrgrad-soap", "sum-soap"}
        assert {s.method for s in specs} & others  # not Adam's metric alone
    assert {s.seed for s in specs} <= set(CASES[problem].reported_seeds)
    assert set(book_runs("quick", problem)) <= set(book_runs("quick"))


def test_folders_are_distinct():
    """Of whatever study, and of the runs that chapters show."""
    runs = [folder for name in STUDIES for folder in study_runs(name)] + list(book_runs("quick"))
    assert len(set(runs)) == len(runs)


def fake_run(error: float, losses: np.ndarray) -> Run:
    spec = make_spec("transport-periodic", "sum", "smoke")
    one = np.array([1.0])
    errors = np.array([[error]])
    return Run(
        Path("none"),
        spec,
        one,
        one,
        errors,
        one,
        errors,
        {"density": errors},
        None,
        1.0,
        {"losses": losses},
    )


@pytest.mark.parametrize(
    ("error", "ends", "failed"),
    [
        (0.05, (1e-3, 1e-3), False),
        (0.2, (1e-3, 1e-3), True),  # final error above 10 %
        (float("nan"), (1e-3, 1e-3), True),
        (0.05, (0.5, 1e-3), True),  # one regime stalls while the other falls a thousandfold
        (0.05, (0.5, 0.05), False),  # the other falls only twentyfold
    ],
)
def test_failure(error, ends, failed):
    losses = np.ones((100, 2))
    losses[50:] = ends
    assert (failure(fake_run(error, losses)) is not None) == failed
