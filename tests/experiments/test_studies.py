"""Studies: what they run, and that their stored tables are complete and decide the settings."""

import pytest

from hrgradlib import Inner
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.comparison_studies import RATES
from hrgradlib.experiments.inner_studies import CHANGES, METHOD
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.scale_rival_studies import RIVALS, SCALE_RIVALS
from hrgradlib.experiments.scale_studies import SCALES, STEPS_PER_SECOND
from hrgradlib.experiments.specs import SpecError, make_spec
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import MORE_RUNS, STUDIES, study_runs
from hrgradlib.training import METHODS
from hrgradlib.training.reported import Reported

PLACE = {"problem": "transport-periodic", "profile": "quick"}


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_has_a_folder_of_its_own(name):
    runs = study_runs(name)
    seeds, cells = STUDIES[name]
    more, finalists = MORE_RUNS.get(name, ((), ()))
    assert set(finalists) <= set(cells) and not set(more) & set(seeds)
    assert len(runs) == len(seeds) * len(cells) + len(more) * len(finalists)
    assert len({spec.fingerprint() for spec in runs.values()}) == len(runs)


def test_each_inner_number_is_a_fifth_and_five_times_its_own_and_all_else_is_the_finalists():
    usual, runs = Inner(), study_runs("inner")
    control = next(s for s in study_runs("finalists").values() if s.method == METHOD)
    for name, (less, more) in CHANGES.items():
        assert (5 * less, more) == pytest.approx((getattr(usual, name), 5 * getattr(usual, name)))
    assert [spec.seed for spec in runs.values()] == [s for s in range(7) for _ in range(10)]
    places = [(name, value) for name, values in CHANGES.items() for value in values]
    for spec, (name, value) in zip(runs.values(), 7 * places, strict=True):
        assert spec == control.with_(seed=spec.seed, **{name: value})


@pytest.mark.parametrize("method", METHODS)
def test_inner_numbers_are_of_the_method_as_reported_alone(method):
    plain = make_spec(PLACE["problem"], method, "smoke")
    assert plain.with_(a_min=5, margin=0.1).fingerprint() == plain.fingerprint()
    if issubclass(plain.kind, Reported):
        changed = plain.with_(margin=0.5)
        assert changed.settings.inner == Inner(margin=0.5)
        assert changed.fingerprint() != plain.fingerprint()
    else:
        with pytest.raises(SpecError, match=f"found k_std, margin for {method}; expected it for"):
            plain.with_(k_std=0.5, margin=0.5)


GRIDS = [name for name in STUDIES if name.endswith("-grid")]


@pytest.mark.parametrize("name", GRIDS)
def test_tuning_seeds_are_reported_nowhere_else(name):
    seeds = set(STUDIES[name][0])
    others = {s for other, (seeds, _) in STUDIES.items() if other not in GRIDS for s in seeds}
    reported = {s for case in CASES.values() for s in case.reported_seeds}
    assert seeds and not seeds & (others | reported)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_of_every_method_makes_a_row(method, tmp_path):
    spec = make_spec(PLACE["problem"], method, "smoke", steps=3, decades=3.0)
    run(spec, tmp_path / "run", "cpu", quiet=True)
    values, origin = row_of(tmp_path / "run", spec)
    assert values["max_error"] > 0 and values["settings"]["decades"] == 3
    assert 0 <= values.get("uphill", 0) <= 1 and origin.spec == spec.fingerprint()


@pytest.mark.parametrize("name", SCALES | SCALE_RIVALS)
def test_runs_go_seed_by_seed_and_a_draw_at_a_time(name):
    """So that a part of the table is balanced between the methods."""
    places = [(s.seed, s.decades > 0, s.draw) for s in study_runs(name).values()]
    assert places == sorted(places)


def test_rivals_under_unknown_scales_keep_the_rate_of_their_tuning():
    runs = study_runs("scales-rivals").values()
    assert {spec.method for spec in runs} == set(RIVALS)
    finalists = {s.method: (s.lr, s.beta2) for s in study_runs("finalists").values()}
    usual = make_spec(PLACE["problem"], "sum", PLACE["profile"])
    errors = {
        key: row.values["max_error"] for key, row in Table.named("comparison-grid").rows.items()
    }
    for spec in runs:
        assert spec.steps == usual.steps
        if spec.method in finalists:
            assert (spec.lr, spec.beta2) == finalists[spec.method]
            continue
        tried = {lr: errors[f"{spec.method}-lr{lr:g}-beta0.99-s100"] for lr in RATES}
        assert (spec.lr, spec.beta2) == (min(tried, key=tried.__getitem__), usual.beta2)


def test_what_is_compared_at_equal_time_takes_about_that_time():
    for spec in study_runs("metrics").values():
        seconds = spec.steps / STEPS_PER_SECOND[spec.problem][spec.method]
        assert min(abs(seconds / budget - 1) for budget in (10, 40, 160)) < 0.06
        assert spec.warmup < spec.steps
