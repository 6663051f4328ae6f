"""Rates of failure: the settings are those of the grid, the rows those of the definition."""

import pytest

from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.failure_studies import (
    BEST,
    CELLS,
    DIVISIONS,
    FAILURES,
    FINER,
    SOAP_WEIGHT,
    WEIGHTS,
)
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study, study_runs
from hrgradlib.experiments.verdicts import judge

GRID = Table.named("failure-grid").rows


def errors(rung):
    """Of the grid, by learning rate and weight."""
    cells = FAILURES["failure-grid"][1]
    return {
        (cells[r["label"]]["lr"], cells[r["label"]]["initial_weight"]): r["max_error"]
        for r in read_study("failure-grid")[0]
        if r["label"].startswith(f"{rung}-lr")
    }


@pytest.mark.skipif(not GRID, reason="no row is stored yet")
@pytest.mark.parametrize("rung", BEST)
def test_the_grid_decides_rate_and_weight(rung):
    found = errors(rung)
    finer = FINER if rung == "published" else ()
    assert {weight for _, weight in found} == {*WEIGHTS, *finer}
    assert (BEST[rung]["lr"], BEST[rung]["weight"]) == min(found, key=found.__getitem__)


@pytest.mark.skipif(not GRID, reason="no row is stored yet")
def test_the_grid_decides_the_weight_under_soap():
    cells = FAILURES["failure-grid"][1]
    found = {
        cells[r["label"]]["initial_weight"]: r["max_error"]
        for r in read_study("failure-grid")[0]
        if r["label"].startswith("published-soap-")
    }
    assert set(found) == {*WEIGHTS, *FINER}
    assert min(found, key=found.__getitem__) == SOAP_WEIGHT


@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=list(ELSEWHERE))
def test_the_grid_of_another_problem_decides_rate_and_weights(place):
    _, cells = ELSEWHERE_FAILURES[place.grid]
    if not Table.named(place.grid).rows:
        pytest.skip("no row is stored yet")
    found = {r["label"]: r["max_error"] for r in read_study(place.grid)[0]}
    assert set(found) == set(cells)
    adam, soap = (
        min((label for label in found if label.startswith(kind)), key=found.__getitem__)
        for kind in ("lr", "soap")
    )
    best = cells[adam]["lr"], cells[adam]["initial_weight"], cells[soap]["initial_weight"]
    assert best == place.best


def test_a_cell_of_other_tasks_differs_in_nothing_else():
    """From the rung of the ladder, in the same metric: its points, steps, sizes and rate."""
    _, cells = FAILURES["failure-terms"]
    _, ladder = FAILURES["failure"]
    for division, methods in DIVISIONS.items():
        for method in methods:
            ours = dict(cells[f"{division}-{method}"])
            base = dict(ladder["published-sum-soap" if "soap" in method else "published-sum"])
            weight = ours.pop("initial_weight", 1.0)
            assert (weight != 1.0) == method.endswith("-weighted")
            for settings in (ours, base):
                del settings["segmentation"], settings["method"]
            assert ours == base


@pytest.mark.skipif(not Table.named("failure").rows, reason="no row is stored yet")
def test_rows_that_err_too_much_have_failed_and_seeds_are_balanced():
    rows = read_study("failure")[0]
    assert all(row["failure"] for row in rows if not row["max_error"] <= FAILED_ERROR)
    counts = [sum(row["label"] == label for row in rows) for label in CELLS]
    assert max(counts) - min(counts) <= 1


def test_budgets_are_equal_but_for_the_jacobian():
    specs = [s for s in study_runs("failure").values() if s.kind.needs == "gradients"]
    assert len({(s.steps, s.tasks, s.per_task, s.width, s.depth) for s in specs}) == 1
    assert len({(s.warmup, s.hold) for s in specs}) == 1


def errors_of(study, label):
    return [r["max_error"] for r in read_study(study)[0] if r["label"] == label]


WHOLE = len(Table.named("failure-terms").rows) == 10 * sum(map(len, DIVISIONS.values()))


@pytest.mark.skipif(not WHOLE, reason="not every row is stored yet")
def test_what_chapter_5_says_of_tasks_is_so():
    """In words that no glue holds: what repairs, what does not, and what is a rival."""
    failed = {}
    for row in read_study("failure-terms")[0]:
        failed.setdefault(row["label"], []).append(bool(row["failure"]))
    share = {label: sum(runs) / len(runs) for label, runs in failed.items()}
    # With Knudsen numbers for tasks no method of either table repairs anything at weight one ...
    weight_one = [c for c in CELLS if c.startswith("published-") and c != "published-sum-weighted"]
    for label in weight_one:
        runs = [bool(r["failure"]) for r in read_study("failure")[0] if r["label"] == label]
        assert sum(runs) >= 0.5 * len(runs), label
    for method in ("hrgrad", "hrgrad-soap"):
        base = "sum-sum-soap" if method.endswith("soap") else "sum-sum"
        assert share[f"regimes-{method}"] >= share[base] >= 0.5
        assert (
            share[f"terms-{method}"] == share[f"both-{method}"] == 0
        )  # ... and with terms it does
        ours = errors_of("failure-terms", f"terms-{method}")
        assert judge(ours, errors_of("failure-terms", f"{base}-weighted")).word != "higher"
    for ours, rival in (("hrgrad-soap", "unit-soap"), ("hrgrad", "config")):
        found = [errors_of("failure-terms", f"terms-{method}") for method in (ours, rival)]
        assert judge(*found).word == "undecided"
    assert share["terms-log-soap"] == share["terms-hrgrad-reported"] == 1  # not every rule does


@pytest.mark.skipif(not Table.named("failure").rows, reason="no row is stored yet")
def test_what_chapter_5_says_of_other_limits_is_so():
    """Its last exercise but one: PINNs fail at every limit, few do with the layer coordinate."""
    rows = read_study("failure")[0]
    for limit in (0.05, 0.1, 0.2):
        above = {
            form: [r["label"] for r in rows
                   if r["label"].startswith(f"{form}-") and r["max_error"] > limit]
            for form in ("pinn", "layer", "regimes")
        }  # fmt: skip
        pinns = sum(r["label"].startswith("pinn-") for r in rows)
        assert len(above["pinn"]) > 0.5 * pinns
        layered = above["layer"] + above["regimes"]
        if limit > 0.05:
            assert not layered
        else:
            configs = sum("-config" in label for label in layered)
            assert 0.8 * len(layered) < configs <= len(layered) < 0.1 * len(rows)
