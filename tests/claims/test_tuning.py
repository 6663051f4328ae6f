"""Tuned settings are those that the stored grids decide."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from hrgradlib.experiments.campaign import best_settings
from hrgradlib.experiments.specs import GRID
from hrgradlib.experiments.studies import STUDIES, read_grid, read_study
from hrgradlib.training import METHODS


@pytest.mark.parametrize("problem", ["transport-periodic"])
def test_stored_grid_is_complete_and_decides_the_settings(problem):
    rows = read_grid(problem)
    cells = {(r["method"], r["lr"], r["beta2"], int(r["seed"])) for r in rows}
    assert cells == set(product(GRID["method"], GRID["lr"], GRID["beta2"], GRID["seeds"]))
    assert len(rows) == len(cells)
    best = best_settings(rows)
    assert {m: (METHODS[m].tuned["lr"], METHODS[m].tuned["beta2"]) for m in GRID["method"]} == best


@pytest.mark.parametrize("problem", ["transport-periodic"])
def test_best_settings_lie_inside_the_grid(problem):
    """A best value at the edge would mean that the grid is too small."""
    for lr, beta2 in best_settings(read_grid(problem)).values():
        assert min(GRID["lr"]) < lr < max(GRID["lr"])
        assert min(GRID["beta2"]) < beta2 < max(GRID["beta2"])


def scores(name):
    """Geometric mean over the tuning seeds of the final error, by label."""
    errors = defaultdict(list)
    for row in read_study(name)[0]:
        errors[row["label"]].append(row["max_error"])
    return {label: np.exp(np.log(e).mean()) for label, e in errors.items()}


def test_the_gauss_newton_grid_decides_its_settings():
    best = min(scores("gauss-newton-grid").items(), key=lambda item: item[1])[0]
    cell = STUDIES["gauss-newton-grid"][1][best]
    assert {k: METHODS["hrgrad-gn"].tuned[k] for k in ("lr", "damping")} == {
        k: cell[k] for k in ("lr", "damping")
    }


def test_the_rules_grid_decides_their_learning_rates():
    found = scores("rules-grid")
    for label, settings in STUDIES["rules"][1].items():
        cells = {c: e for c, e in found.items() if c.rsplit("-lr", 1)[0] == label}
        best = STUDIES["rules-grid"][1][min(cells, key=cells.get)]
        assert best["lr"] == settings["lr"], label


def test_the_plain_grid_decides_the_sums_weight():
    found = {c: e for c, e in scores("plain-grid").items() if c.startswith("sum")}
    best = STUDIES["plain-grid"][1][min(found, key=found.get)]
    chosen = STUDIES["plain"][1]["sum"]
    assert {k: best[k] for k in ("initial_weight", "lr")} == {
        k: chosen[k] for k in ("initial_weight", "lr")
    }
