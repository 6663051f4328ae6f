"""The comparison: everybody's settings come from the grid, by code; work is equal."""

import numpy as np
import pytest

from hrgradlib.experiments import comparison_studies as comparison
from hrgradlib.experiments.comparison_studies import COMPARED, COMPARISONS, GRID_OF, VARIANTS, tuned
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
        names = [*comparison._choices(label, 800, 50)]
        for place, name in enumerate(names):
            error = 1e-3 if place == best % len(names) else 1e-2
            rows[f"{label}-{name}-s100"] = {"max_error": error}
    return rows


@pytest.mark.parametrize("place", [0, 2])
def test_the_least_error_on_the_tuning_seed_decides(place):
    rows = grid_rows(place)
    assert tuned("upgrad", rows) == dict(method="upgrad", lr=comparison.RATES[place], steps=2000)
    assert tuned("sum-soap", rows)["method"] == "sum-soap-watched"
    assert tuned("hrgrad-guard", rows) == tuned("hrgrad", rows) | dict(guard=True)
    assert tuned("sum-time", rows)["lr"] == tuned("sum", rows)["lr"]
    assert tuned("lbfgs", rows)["per_task"] == (64, 128, 256)[place]


def test_a_failed_run_wins_no_grid():
    rows = grid_rows(0)
    rows["sum-lr0.005-s100"] = {"failure": "not finite"}
    assert tuned("sum", rows)["lr"] != 5e-3


def test_a_grid_that_is_not_whole_decides_nothing():
    rows = grid_rows(1)
    del rows["sum-lr0.04-s100"]
    with pytest.raises(LookupError, match=r"sum-lr0\.04-s100"):
        tuned("sum-time", rows)


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


def test_everybody_under_adam_and_soap_has_the_same_grid():
    tried = {}
    for cell in COMPARISONS["comparison-grid"][1].values():
        tried.setdefault(cell["method"], []).append((cell.get("lr"), cell["steps"]))
    own = {tried.pop("hrgrad-gn")[0], tried.pop("lbfgs")[0]}
    assert len(own) == 2 and len({tuple(choices) for choices in tried.values()}) == 1


def test_lbfgs_gets_as_many_gradients_of_points_as_the_others():
    for choice in comparison._choices("lbfgs", 2000, 125).values():
        work = choice["per_task"] * choice["steps"] * comparison._ITERATIONS
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
