"""The comparison: everybody's settings come from the grid, by code; work is equal."""

import numpy as np
import pytest

from hrgradlib.experiments import comparison_studies as comparison
from hrgradlib.experiments.comparison_studies import (
    BETAS,
    COMPARED,
    COMPARISONS,
    GRID_OF,
    INFLOW,
    PERIODIC,
    RATES,
    VARIANTS,
    choices,
    tuned,
)
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.training import METHODS

ORIGIN = Origin("", "", "", "", {})


def grid_rows(best):
    """A whole grid in which the choice of that place is the best, by label."""
    rows = {}
    for label in COMPARED:
        names = [*choices(label, PERIODIC)]
        for place, name in enumerate(names):
            error = 1e-3 if place == best % len(names) else 1e-2
            rows[f"{label}-{name}-s100"] = {"max_error": error}
    return rows


def chosen(label, rows):
    return tuned(label, rows, PERIODIC)


@pytest.mark.parametrize("place", [0, 2, 7])
def test_the_least_error_on_the_tuning_seed_decides(place):
    rows = grid_rows(place)
    betas = BETAS[PERIODIC]
    lr, beta2 = RATES[place // len(betas)], betas[place % len(betas)]
    assert chosen("upgrad", rows) == dict(method="upgrad", lr=lr, beta2=beta2, steps=2000)
    assert chosen("sum-soap", rows)["method"] == "sum-soap-watched"
    assert chosen("hrgrad-guard", rows) == chosen("hrgrad", rows) | dict(guard=True)
    assert chosen("sum-time", rows)["lr"] == chosen("sum", rows)["lr"]
    assert chosen("lbfgs", rows)["per_task"] == (64, 128, 256)[place % 3]
    assert chosen("hrgrad-gn", rows)["steps"] == comparison.SECOND_ORDER_STEPS


def test_a_failed_run_wins_no_grid():
    rows = grid_rows(0)
    rows["sum-lr0.005-beta0.9-s100"] = {"failure": "not finite"}
    assert chosen("sum", rows)["beta2"] != 0.9


def test_a_grid_that_is_not_whole_decides_nothing():
    rows = grid_rows(1)
    del rows["sum-lr0.04-beta0.99-s100"]
    with pytest.raises(LookupError, match=r"sum-lr0\.04-beta0\.99-s100"):
        chosen("sum-time", rows)


def test_cells_appear_as_the_grid_fills(monkeypatch, tmp_path):
    table = Table(tmp_path / "grid.json")
    monkeypatch.setattr(Table, "named", classmethod(lambda cls, name: cls(tmp_path / "grid.json")))
    cells = COMPARISONS["comparison"][1]
    assert len(cells) == 0 and "sum" not in cells
    for key, values in grid_rows(1).items():
        if key.startswith(("sum-lr", "hrgrad-lr")):
            table.put(key, values, ORIGIN)
    assert set(cells) == {"sum", "sum-time", "hrgrad", "hrgrad-0", "hrgrad-1", "hrgrad-guard"}
    assert dict(cells.items())["sum"] == cells["sum"]
    assert cells["sum"]["problem"] == "transport-periodic"


def test_every_compared_method_exists_and_every_variant_has_a_base():
    assert {settings["method"] for settings in COMPARED.values()} <= set(METHODS)
    assert {base for base, _ in VARIANTS.values()} <= set(COMPARED)
    assert not set(VARIANTS) & set(COMPARED)


@pytest.mark.parametrize(
    ("problem", "grid"), [(PERIODIC, "comparison-grid"), (INFLOW, "comparison-inflow-grid")]
)
def test_everybody_under_adam_and_soap_has_the_same_grid(problem, grid):
    tried = {}
    for cell in COMPARISONS[grid][1].values():
        place = (cell.get("lr"), cell.get("beta2"), cell["steps"])
        tried.setdefault(cell["method"], []).append(place)
    own = {tried.pop("hrgrad-gn")[0], tried.pop("lbfgs")[0]}
    assert len(own) == 2 and len({tuple(choices) for choices in tried.values()}) == 1
    assert {place[:2] for place in tried["sum"]} == {
        (lr, b) for lr in RATES for b in BETAS[problem]
    }


def test_lbfgs_gets_as_many_gradients_of_points_as_the_others():
    for choice in choices("lbfgs", PERIODIC).values():
        cell = comparison._cell("lbfgs", choice, short=False)
        work = cell["per_task"] * cell["steps"] * comparison._ITERATIONS
        assert work == pytest.approx(2000 * 64, rel=0.03)


@pytest.mark.parametrize(("study", "grid"), GRID_OF.items())
def test_grid_and_final_runs_share_no_seed(study, grid):
    assert not set(COMPARISONS[study][0]) & set(COMPARISONS[grid][0])
    for settings in COMPARISONS[grid][1].values():
        spec = make_spec(seed=100, **settings)
        assert np.isfinite(spec.lr) and spec.steps > 10


def test_a_row_of_lbfgs_says_how_many_gradients_it_took(tmp_path):
    spec = make_spec("transport-periodic", "lbfgs", "smoke", steps=3)
    run(spec, tmp_path / "run", "cpu", quiet=True)
    values, _ = row_of(tmp_path / "run", spec)
    assert 30 <= values["evaluations"] <= 3 * 35 and 0 <= values["uphill"] <= 1
