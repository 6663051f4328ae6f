"""The stored study of two multiscale problems: whole, in part or not there; and its figures."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch14_multiscale as study
from hrgradlib.chapters import ch14_multiscale_figures as figures
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Origin, Table, results_folder

GOLDSTEIN, CONVECTION = study.PROBLEMS
EMPTY = {problem: {} for problem in study.PROBLEMS}
NOT_YET = "no run is stored yet"


def row(problem, error):
    values = {"method": "", "seed": 0, "settings": {}, "failure": "", "seconds": 12.0}
    if error is None:
        del values["seconds"]
        return values | {"failure": "not finite"}
    eps = CASES[problem].judged_eps("quick")
    judged = np.full(len(eps), error / 2)
    judged[3] = error
    values["failure"] = f"error {error}" if error > 0.1 else ""
    return values | {
        "max_error": error, "mean_error": error / 2,
        "curve": {"judged_eps": [float(f"{e:.3e}") for e in eps], "judged": judged.tolist()},
    }  # fmt: skip


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Some labels of both problems; one run without a result, one too bad to count."""
    trivial = results_folder("quick") / "trivial.json"
    (tmp_path / "trivial.json").write_text(trivial.read_text())
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    table = Table(tmp_path / "beyond.json")
    cells = {
        f"{GOLDSTEIN}-sum": (0.04, 0.05, 0.045, 0.042),
        f"{GOLDSTEIN}-hrgrad": (0.02, None, 0.021, 0.022),
        f"{CONVECTION}-hrgrad-soap": (1e-3, 2e-3, 1.5e-3),
        f"{CONVECTION}-plain-hrgrad-gn": (1.3,),
    }
    for label, errors in cells.items():
        for seed, error in enumerate(errors):
            problem = GOLDSTEIN if label.startswith(GOLDSTEIN) else CONVECTION
            values = row(problem, error) | {"seed": seed}
            table.put(f"{label}-s{seed}", values, Origin("", "", "", "", {}))
    return study.stored()


def test_runs_are_grouped_by_problem_and_a_run_without_a_result_is_the_worst(found):
    assert {p: list(cells) for p, cells in found.items()} == {
        GOLDSTEIN: ["sum", "hrgrad"],
        CONVECTION: ["hrgrad-soap", "plain-hrgrad-gn"],
    }
    broken = found[GOLDSTEIN]["hrgrad"]
    assert sorted(broken.errors) == [0.02, 0.021, 0.022, np.inf]
    assert broken.judged.shape == (3, 41) and broken.failed == 1 and broken.seconds == 12
    assert study.there(found) == (12, 80)


def test_every_label_of_the_study_has_a_name_of_its_own():
    for labels in study.LABELS.values():
        assert len(set(map(study.called, labels))) == len(labels) >= 7
    assert study.called("sum-soap-d0") == "sum, SOAP, scales unknown"
    assert study.called("plain-sum-soap") == "sum, SOAP, no layer coordinate"
    assert study.called("hrgrad-gn") == "HRGrad, Gauss–Newton, κ = 0"


def test_errors_are_told_beside_what_costs_nothing(found):
    lines = study.table(found[GOLDSTEIN], GOLDSTEIN).splitlines()
    assert lines[1].split()[2:] == ["4", "4.3e-02", "4.0e-02", "5.0e-02", "0", "12"]
    assert lines[2].split()[-3:] == ["inf", "1", "12"]
    assert lines[3].startswith("untrained ansatz") and lines[4].startswith("best limit equation")
    assert study.in_words(found[CONVECTION], "hrgrad-soap") == "1.5e-03"
    plain = study.in_words(found[CONVECTION], "plain-hrgrad-gn")
    assert plain.startswith("1.3e+00 (failed: 100 % [")


def test_comparisons_follow_the_rule_where_both_are_there(found):
    lines = study.against(found[GOLDSTEIN]).splitlines()
    assert lines[0] == "HRGrad, Adam against sum, Adam"
    assert lines[1].split()[0] == "undecided"  # one of four runs failed
    assert lines[3].strip() == NOT_YET
    assert len(lines) == 2 * len(study.ASKED)


def test_where_formulas_are_better_is_said(found):
    words = study.lost(found[GOLDSTEIN], GOLDSTEIN)
    assert words.startswith("ε ≤ 0.0") and NOT_YET not in words


def test_without_a_row_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", lambda profile: tmp_path)
    assert study.stored() == EMPTY and study.there(EMPTY)[0] == 0
    for problem in study.PROBLEMS:
        assert study.table({}, problem) == study.lost({}, problem) == NOT_YET
        assert study.in_words({}, "sum") == NOT_YET and NOT_YET in study.against({})


DRAWN = {
    "two_speeds": figures.two_speeds,
    "boundary_layers": figures.boundary_layers,
    "errors_over_eps": lambda: figures.errors_over_eps(EMPTY),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_draws_what_is_there(found):
    check(lambda: figures.errors_over_eps(found))


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)
