"""What is left of every method where nobody knows the scales of the losses."""

import numpy as np
import pytest
from drawing import check

from hrgradlib.chapters import ch09_scales as scales
from hrgradlib.chapters.ch09_figures import errors_by_draw
from hrgradlib.chapters.ch09_scales import Arm, Found
from hrgradlib.experiments import store
from hrgradlib.experiments.scale_rival_studies import RIVALS
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.studies import STUDIES, row_key, study_runs

RIVAL_CELLS = dict(STUDIES["scales-rivals"][1].items())  # as the stored grids decide
RNG = np.random.default_rng(0)


def arm(level: float, plain: float = np.nan, spread: float = 0.1) -> Arm:
    noise = np.exp(spread * RNG.standard_normal((6, 5)))
    return Arm(plain * noise[0], level * noise[1:])


COSTLESS = {"untrained ansatz": 0.3, "best limit equation": 0.1}
FULL = {
    "hrgrad-soap": arm(1e-3, 9e-4),
    "sum-soap": arm(5e-2, 9e-4),
    "log-soap": arm(4e-3),
    "unit-soap": arm(1.9e-3),
}


@pytest.fixture
def table(monkeypatch, tmp_path):
    """Put the first rows of a study, with errors that say where they stand."""
    monkeypatch.setattr(store, "results_folder", lambda profile: tmp_path)
    monkeypatch.setattr(store, "_READ", set())

    def put(name: str, count: int) -> None:
        stored = Table.named(name)
        for folder, spec in list(study_runs(name).items())[:count]:
            error = 1e-3 * (1 + spec.seed + 10 * spec.draw + 100 * (spec.decades > 0))
            settings = {k: v for k, v in spec.to_dict().items() if k != "seed"}
            values = dict(method=spec.method, seed=spec.seed, failure="", settings=settings)
            if spec.method == "log-soap":
                values["failure"] = "the loss is not finite"
            else:
                values |= dict(max_error=error, mean_error=error, seconds=1.0)
            stored.put(row_key(folder), values, Origin("", "", "", "2026-01-02", {}))

    return put


def test_rows_are_put_where_draw_and_seed_say(table):
    table("scales", 37)
    found = scales.arms("scales")
    assert list(found) == ["hrgrad-soap", "sum-soap", "log-soap", "unit-soap", "first-soap"]
    own = found["hrgrad-soap"]
    assert own.scaled.shape == (5, 5) and own.plain.shape == (5,)
    np.testing.assert_allclose(own.scaled[:, 0], 0.101 + 0.01 * np.arange(5))
    np.testing.assert_allclose(own.plain[:2], [1e-3, 2e-3])
    assert own.runs == 7 and np.isnan(own.scaled[2:, 1]).all() and np.isnan(own.scaled[:, 2:]).all()
    assert found["log-soap"].failed == found["log-soap"].runs > 0 == own.failed
    assert np.isinf(found["log-soap"].median)  # a run that failed is the worst, not a missing one
    assert scales.arms("scales", (1,))["sum-soap"].scaled.shape == (5, 1)


def test_of_no_rows_everything_says_so(table):
    found = scales.arms("scales")
    assert found == {} and scales.table(found, COSTLESS) == "not measured yet"
    assert scales.in_every_metric(found, {}, COSTLESS) == "not measured yet"
    assert scales.outcome(found) == "not all of it is measured yet"
    assert {verdict for *_, verdict in scales.asked(found)} == {"open"}
    assert store.names_read() == set()


def test_of_a_part_the_outcome_says_how_much_it_is(table):
    table("scales", 12)
    assert "(so far: 10 of 125 runs with scaling)" in scales.outcome(scales.arms("scales"))


def test_rivals_stand_beside_ours_on_their_seeds(table, monkeypatch):
    monkeypatch.setitem(STUDIES, "scales-rivals", ((0, 1), RIVAL_CELLS))
    assert scales.beside_rivals() == {}
    table("scales-adam", 58)
    assert scales.beside_rivals() == {}
    table("scales-rivals", 60)
    found = scales.beside_rivals()
    assert list(found) == ["hrgrad", "hrgrad-1", "sum", *RIVALS]
    assert {arm.runs for arm in found.values()} == {10}
    lines = scales.table(found, COSTLESS, ours="hrgrad").splitlines()
    assert "[" in lines[3].split("HRGrad")[-1] and "sum, Adam" in lines[3]
    ends = {line.index(f"{' 10 '}") for line in lines[1:9]}
    assert len(ends) == 1 and max(map(len, lines)) <= 100  # the longest name fits its column
    # equal errors by construction: nobody is lower, and the interval holds one
    assert scales.blind(found) == ([], [], [*RIVALS], [])
    assert scales.blind_in_words(found).startswith(
        "level with that of “sum of log losses, Adam” and “un"
    )
    found["uw"] = found["uw"]._replace(plain=np.array([0.2, 0.3]))  # fails without factors too
    assert scales.blind(found).untested == ["uw"]
    assert "no test of “uncertainty weights, Adam”, above" in scales.blind_in_words(found)
    assert scales.blind_in_words({}) == "not measured yet"


def test_ratio_is_of_medians_and_its_interval_holds_it():
    found = scales.ratio(FULL, "hrgrad-soap", "sum-soap")
    medians = [np.median(FULL[m].scaled) for m in ("hrgrad-soap", "sum-soap")]
    assert found.ratio == pytest.approx(medians[0] / medians[1])
    assert found.low <= found.ratio <= found.high and found.low < found.high
    own = scales.ratio(FULL, "hrgrad-soap", "hrgrad-soap", plain=True)
    assert own.ratio == pytest.approx(medians[0] / np.median(FULL["hrgrad-soap"].plain))
    assert str(own) == f"{own.ratio:.2f} [{own.low:.2f}, {own.high:.2f}]"


def test_only_common_runs_are_compared():
    part = FULL["sum-soap"].scaled.copy()
    part[3:] = np.nan
    part[0, 0] = np.nan
    found = FULL | {"sum-soap": Arm(FULL["sum-soap"].plain, part)}
    common = ~np.isnan(part)
    wanted = np.median(FULL["hrgrad-soap"].scaled[common]) / np.median(part[common])
    assert scales.ratio(found, "hrgrad-soap", "sum-soap").ratio == pytest.approx(wanted)


def test_interval_is_wider_where_draws_differ_than_where_runs_do():
    """Runs of a draw are not independent: an interval that took them so would be too narrow."""
    level = 10.0 ** np.linspace(-1, 1, 5)[:, None] * np.ones((5, 5))
    found = {
        "by draw": Arm(np.ones(5), level),
        "shuffled": Arm(np.ones(5), RNG.permutation(level.ravel()).reshape(5, 5)),
        "one": Arm(np.ones(5), np.ones((5, 5))),
    }
    wide, narrow = (scales.ratio(found, name, "one") for name in ("by draw", "shuffled"))
    assert wide.high / wide.low > narrow.high / narrow.low


def test_verdicts_follow_the_bounds():
    line = scales.ASKED[0]
    assert line.bound == 1.5 and "its own without scaling" in line.words
    assert line.verdict(Found(1.2, 1.1, 1.4)) == "kept"
    assert line.verdict(Found(1.2, 1.0, 1.6)).startswith("kept by the median")
    assert line.verdict(Found(1.6, 1.0, 2.0)) == "not kept"
    verdicts = [verdict for *_, verdict in scales.asked(FULL)]
    assert verdicts[:2] == ["kept", "kept"] and verdicts[2] == "not kept" and verdicts[3] == "kept"
    assert scales.outcome(FULL) == "3 of the 4 bounds are kept"


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (4e-4, "did better than the rotation"),
        (5e-3, "rotation did better"),
        (1e-3, "about as well"),
    ],
)
def test_one_division_is_judged_by_its_interval(level, words):
    assert words in scales.against_division(FULL | {"first-soap": arm(level)})
    assert "not measured yet" in scales.against_division(FULL)


def test_tables_hold_every_method():
    lines = scales.table(FULL, COSTLESS).splitlines()
    assert len(lines) == 8 and " 25 " in lines[1] and "HRGrad, SOAP" in lines[1]
    assert lines[-3] == "failed with factors: none"
    assert lines[-2].startswith("costs no training: untrained ansatz 3.0e-01, best limit")
    least = min(a.median for a in FULL.values())
    assert lines[-1].endswith(f"the least median is {least / 0.1:.2g} times the lesser of these")
    broken = FULL | {"sum-soap": FULL["sum-soap"]._replace(failed=3)}
    assert scales.table(broken, COSTLESS).splitlines()[-3].endswith(" 3 of 25")
    both = FULL | {"sum": arm(6e-2), "hrgrad-1": arm(3e-3)}
    text = scales.in_every_metric(both, {"sum": 2e-3}, COSTLESS)
    assert "2.00e-03" in text and text.count("\n") == 7  # log and unit are of no metric's own


@pytest.mark.parametrize("found", [FULL, {"hrgrad-soap": FULL["hrgrad-soap"]}, {}], ids=len)
def test_draws(found):
    if found:
        check(lambda: errors_by_draw(found, COSTLESS))
    else:
        axis = errors_by_draw({}, COSTLESS).axes[0]
        assert "not measured yet" in [text.get_text() for text in axis.texts]
