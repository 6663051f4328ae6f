"""Stored shares of conflict: what is told of them follows the rows, there or not."""

import numpy as np
import pytest
from drawing import check
from matplotlib import pyplot as plt

from hrgradlib.chapters import ch06_shares as shared
from hrgradlib.chapters.ch15_measures import conflict_share
from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Origin, Row


def rows(**raw):
    """Two runs of each problem, named with underscores, with this share in the raw gradients."""
    return [
        {"label": name.replace("_", "-"), "seed": seed, "failure": "error 0.2" * (x > 0.35)}
        | {"conflict": {"raw": [0.5 * x, x, 1.5 * x], "adam": [0.3, 0.2, 0.1]}}
        for name, x in raw.items()
        for seed in (0, 1)
    ]


MANY = rows(transport_periodic=0.2, transport_inflow=0.3, bgk_smooth=0.4)


def test_table_and_words_tell_means_of_all_runs():
    found = shared.gather(MANY)
    lines = shared.table(found).splitlines()
    assert len(lines) == 1 + 2 * len(found)
    assert "10.0 %" in lines[1] and "30.0 %" in lines[1] and "20.0–20.0 %" in lines[1]
    assert shared.told(found, "raw").startswith("20.0 % on transport-periodic (20.0 to 20.0 %, 2 r")
    assert shared.failing(found) == "2 of 2 on bgk-smooth"
    assert (shared.growing(found, "raw"), shared.growing(found, "adam")) == (3, 0)


def test_a_run_that_was_broken_off_has_no_shares_and_nothing_is_said():
    assert shared.gather([{"label": "bgk-smooth", "conflict": np.nan}, {"label": "x"}]) == {}
    assert shared.table({}) == "no run is stored yet"
    assert shared.failing({}) == "none"
    assert shared.told({}, "raw") == "nothing is stored yet"


@pytest.mark.parametrize("found", [shared.gather(MANY), shared.gather(MANY[:2])])
def test_figure_has_a_line_per_problem_and_all_runs(found):
    check(lambda: shared.thirds(found))
    fig = shared.thirds(found)
    for axis in fig.axes:
        assert len(axis.lines) == len(found) * (1 + 2) + 1
    plt.close(fig)


@pytest.mark.parametrize(
    ("raw", "word"),
    [((0.2, 0.3, 0.4), "confirmed"), ((0.05, 0.3, 0.4), "refined"), ((0, 0, 0), "refuted")],
)
def test_the_rule_asks_for_a_tenth_of_the_pairs_on_every_problem(raw, word):
    named = dict(zip((p.replace("-", "_") for p in shared.PROBLEMS), raw, strict=True))
    assert conflict_share(reading(rows(**named))).word == word


def test_a_problem_without_a_finished_run_is_lacking():
    failed = [row | {"conflict": None} if row["label"] == "bgk-smooth" else row for row in MANY]
    with pytest.raises(Lacking, match="without a finished run"):
        conflict_share(reading(failed))


def reading(found):
    origin = Origin("", "", "", "", {})
    kept = {f"{row['label']}-s{row['seed']}": Row("", row, origin) for row in found}
    return Reading(lambda name: kept, lambda name: dict.fromkeys(kept, "fresh"))


@pytest.mark.parametrize(("method", "has"), [("sum", True), ("hrgrad", False)])
def test_rows_of_the_sum_hold_shares(method, has, tmp_path):
    spec = make_spec("transport-periodic", method, "smoke", steps=60)
    run(spec, tmp_path / "run", "cpu", quiet=True)
    values, _ = row_of(tmp_path / "run", spec)
    assert ("conflict" in values) == has
    if has:
        assert all(0 <= x <= 1 for thirds in values["conflict"].values() for x in thirds)
