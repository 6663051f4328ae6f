"""Rungs of the ladder elsewhere: words follow the cells that are there."""

import numpy as np

from hrgradlib.chapters import ch05_rungs as page
from hrgradlib.chapters.ch05_failure import Cell
from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.failure_rung_studies import CELLS, METHODS, RUNG_FAILURES, RUNGS
from hrgradlib.experiments.specs import make_spec


def cell(error, failed, runs=10):
    errors = error * np.linspace(0.9, 1.1, runs)
    own = errors[:, None] * np.where(np.arange(41) == 3, 1.0, 0.5)  # an ε that no network has
    return Cell(errors, np.arange(runs) < failed, own)


FOUND = {
    ("bgk-smooth", "pinn", "sum"): cell(0.8, 10),
    ("bgk-smooth", "published", "sum"): cell(0.4, 10),
    ("bgk-smooth", "each", "sum"): cell(0.04, 1),
    ("bgk-smooth", "each", "sum-soap-weighted"): cell(0.02, 0, 4),
}


def test_words_follow_the_cells():
    assert page.runs(FOUND) == (24, 120)
    assert page.failed(FOUND, "each") == "1 of 14 on bgk-smooth"
    assert page.beside(FOUND, "each") == "0.2 on bgk-smooth"  # SOAP has nothing beside it
    assert page.beside(FOUND, "pinn") == "2 on bgk-smooth"
    lines = page.table("bgk-smooth", FOUND).splitlines()
    assert len(lines) == 8 and lines[1] == "plain PINN:" and max(map(len, lines)) <= 100
    assert "100 %" in lines[2] and lines[-1].startswith("  sum, SOAP, best weight")


def test_nothing_is_said_of_nothing():
    assert page.table("bgk-smooth", {}) == "bgk-smooth: no run is stored yet"
    assert page.failed({}, "pinn") == page.beside({}, "pinn") == "no run is stored yet"


def test_a_rung_changes_its_formulation_and_nothing_else():
    for label, (problem, rung, method) in CELLS.items():
        cells = ELSEWHERE_FAILURES[ELSEWHERE[problem].study][1]
        base = make_spec(**cells[f"sum-{method}"])
        own = make_spec(**RUNG_FAILURES["failure-rungs"][1][label])
        same = ("method", "steps", "lr", "initial_weight", "tasks", "per_task", "width", "depth")
        assert [getattr(own, n) for n in same] == [getattr(base, n) for n in same]
        wanted = "pinn" if rung == "pinn" else "published-each"
        assert own.formulation == wanted and own.problem.startswith(problem)
    assert {m for *_, m in CELLS.values()} == set(METHODS) and set(RUNGS) == {"pinn", "each"}
