"""Studies: what they run, and that their stored tables are complete and decide the settings."""

from collections import defaultdict
from dataclasses import fields

import numpy as np
import pytest

from hrgradlib.chapters.ch02_bgk_tables import read_tables
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.studies import STUDIES, TUNING, read_study, study_runs, write_study
from hrgradlib.training import METHODS

PLACE = {"problem": "transport-periodic", "profile": "quick"}
GRIDS = [name for name in STUDIES if name.endswith("-grid")]


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_has_a_folder_of_its_own(name):
    runs = study_runs(name)
    seeds, cells = STUDIES[name]
    assert len(runs) == len(seeds) * len(cells)
    assert len({spec.fingerprint() for spec in runs.values()}) == len(runs)


@pytest.mark.parametrize("name", STUDIES)
def test_stored_table_is_complete_and_of_these_settings(name):
    rows, content = read_study(name)
    seeds, cells = STUDIES[name]
    assert {(r["label"], r["seed"]) for r in rows} == {(c, s) for c in cells for s in seeds}
    for spec in study_runs(name).values():
        label = next(
            c
            for c in cells
            if content["settings"].get(c)
            and spec == make_spec(seed=spec.seed, **(PLACE | cells[c]))
        )
        # A setting that came later was at its default before.
        stored = {f.name: f.default for f in fields(Spec)} | content["settings"][label]
        assert spec.to_dict() == stored | {"seed": spec.seed}
    assert all(np.isfinite(r["max_error"]) or r["failure"] for r in rows)


@pytest.mark.parametrize("name", GRIDS)
def test_tuning_seeds_are_reported_nowhere_else(name):
    assert STUDIES[name][0] == TUNING[: len(STUDIES[name][0])]
    others = {s for other, (seeds, _) in STUDIES.items() if other not in GRIDS for s in seeds}
    assert not set(TUNING) & (others | set(CASES[PLACE["problem"]].reported_seeds))


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


def test_the_guard_leaves_no_step_uphill():
    """The claim of chapter 9, read from the stored trainings: every step of every seed."""
    rows = [r for r in read_study("guard")[0] if r["label"] == "hrgrad-guard"]
    assert len(rows) == 3 and all(r["uphill"] == 0 for r in rows)


def test_written_tables_are_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr("hrgradlib.experiments.studies.results_folder", lambda: tmp_path)
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    from hrgradlib.experiments import studies
    from hrgradlib.experiments.runner import run

    monkeypatch.setitem(STUDIES, "tiny", ((0,), {"one": dict(method="hrgrad-gn", steps=20)}))
    runs = studies.study_runs("tiny", "smoke")
    for folder, spec in runs.items():
        run(spec, folder, device="cpu", quiet=True)
    write_study("tiny", runs)
    rows, content = read_study("tiny")
    assert rows[0]["label"] == "one" and rows[0]["max_error"] > 0
    assert len(content["curves"]["one"]["0"]["error"]) == 10
    assert content["settings"]["one"]["steps"] == 20


@pytest.mark.parametrize("problem", ["bgk-smooth", "bgk-layer", "bgk-riemann"])
def test_references_err_by_less_than_a_tenth_of_the_errors_judged(problem):
    """Every stored error of the profile full, at every eps, against the reference's estimate."""
    own = {r["eps"]: r for r in read_tables()["estimates"] if r["problem"] == problem}
    curves = read_study("bgk")[1]["curves"][problem.removeprefix("bgk-") + "-full"]
    assert len(curves) == 3
    for curve in curves.values():
        assert len(curve["eps"]) == 7
        for name, errors in curve["final"].items():
            for eps, error in zip(curve["eps"], errors, strict=True):
                assert error >= 10 * own[eps][name], (name, eps)
