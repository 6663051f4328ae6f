"""The setting of the literature on the page: what is said follows the rows, there or not."""

from types import SimpleNamespace

import pytest

from hrgradlib.chapters import ch05_literature as setting
from hrgradlib.experiments.literature_studies import BASES, LITERATURE
from hrgradlib.experiments.store import Row, Table

SEEDS, CELLS = LITERATURE["literature"]


def rows_of(label, error, failed=0, seeds=SEEDS):
    return {
        f"{label}-s{seed}": {
            "seed": seed,
            "max_error": error * (1 + 0.1 * seed),
            "failure": "error" if seed < failed else "",
            "settings": {},
            "curve": {"judged_eps": [1e-3, 1.0], "judged": [error, error * (1 + 0.1 * seed)]},
        }
        for seed in seeds
    }


BASE = {
    # A run of another seed, far better: it must not count.
    "failure": rows_of("each-sum", 0.03)
    | rows_of("published-sum", 0.2, 3)
    | rows_of("published-sum", 1e-6, seeds=(7,)),
    "failure-long": rows_of("published-sum-long", 0.05),
}


@pytest.fixture
def put(monkeypatch):
    def put(values, base=BASE):
        tables = {**base, "literature": values}
        monkeypatch.setattr(
            Table,
            "named",
            lambda name: SimpleNamespace(
                rows={k: Row(k, v, None) for k, v in tables.get(name, {}).items()}
            ),
        )
        return setting.cells()

    return put


def test_nothing_stored_is_said(put):
    found = put({})
    assert setting.stored(found) == (0, len(SEEDS) * len(CELLS))
    assert setting.table(found) == setting.against(found, "each-theirs") == "no run is stored yet"
    assert setting.judgement(found).startswith("No such run is stored yet")
    alone = put(rows_of("published-theirs", 0.1), base={})  # with nothing to stand beside
    assert setting.against(alone, "published-theirs") == "no run is stored yet"
    assert setting.judgement(alone).startswith("No such run is stored yet")
    assert "stairs from 0.001" in setting.table(alone)


def test_a_line_per_cell_that_has_runs(put):
    found = put(rows_of("each-theirs", 0.2, 3) | rows_of("published-nodes", 0.15, 3))
    said = setting.table(found)
    assert setting.stored(found) == (6, 27)
    names = [line for line in said.splitlines() if line.endswith(":")]
    assert names == [f"{setting.GROUPS[group]}:" for group in ("each", "published")]
    assert "cosine from 0.01 (as above)       0 of 3  3.3e-02  3.0e-02–3.6e-02" in said
    assert "stairs from 0.001                 3 of 3  2.2e-01  2.0e-01–2.4e-01" in said
    assert "cosine from 0.01, 30 points in v" in said


def test_every_cell_is_told_apart_and_fits(put):
    cells = put({k: v for label in CELLS for k, v in rows_of(label, 0.1).items()})
    lines = setting.table(cells).splitlines()
    assert len(lines) == 1 + len(setting.GROUPS) + len(CELLS) + len(BASES) - 1
    assert max(map(len, lines)) <= 75


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0.01, "1.1e-02 against 2.2e-01, better in every run"),
        (0.21, "2.3e-01 against 2.2e-01, the runs overlap"),
        (0.4, "4.4e-01 against 2.2e-01, worse in every run"),
    ],
)
def test_a_cell_stands_beside_what_it_changes(put, error, words):
    found = put(rows_of("published-theirs", error))
    assert setting.against(found, "published-theirs") == words


def test_codes_stand_beside_networks_of_one_eps(put):
    found = put(rows_of("codes-ours", 0.3))
    assert setting.against(found, "codes-ours").startswith("3.3e-01 against 3.3e-02, worse")
    assert setting.by_codes(found) == "0 of 3 runs fail, of one network for all ε 3 of 3"
    assert setting.by_codes({}) == "no run is stored yet"


def test_the_judgement_of_failures_is_qualified_where_their_setting_is_better(put):
    worse = put(rows_of("published-theirs", 0.4, 3) | rows_of("each-theirs", 1e-3))
    assert setting.judgement(worse).startswith("For one network for all ε nothing")
    assert "(1 of 6 changes are stored)" in setting.judgement(worse)
    assert "on this problem, and for the sum under Adam" in setting.judgement(worse)
    better = put(rows_of("published-stairs", 0.05) | rows_of("published-theirs", 0.4, 3))
    said = setting.judgement(better)
    assert said.startswith(
        "Better in every run than ours: stairs from 0.01 (short runs, 0 of 3 failed, with ours 3 "
        "of 3)."
    )
    assert "with our settings" in said and "0.001" not in said
