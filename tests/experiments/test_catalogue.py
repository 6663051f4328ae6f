"""Every stored result has a line; what is stale is said; only what has to be made is made."""

import dataclasses
import re

import pytest

from hrgradlib import paths
from hrgradlib.experiments import catalogue, studies
from hrgradlib.experiments.campaign import CampaignError
from hrgradlib.experiments.catalogue import RESULTS, Stored, describe, overview, remake, states
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.store import StoreError, Table, here
from hrgradlib.experiments.studies import STUDIES, row_key
from hrgradlib.training.loop import TrainingFailed

BOOK = paths.checkout() / "book"
ORIGIN_CELL = re.compile(r"^show_origin\(([^)]*)\)", re.MULTILINE)


def test_every_stored_file_has_a_line_and_the_other_way_round():
    found = {path.stem for path in (BOOK / "results").iterdir()}
    assert {name for name, line in RESULTS.items() if not line.partial} <= found <= set(RESULTS)


def test_every_page_that_shows_a_result_is_listed_and_the_other_way_round():
    shown = {}
    for page in (*(BOOK / "chapters").glob("*.md"), *(BOOK / "appendices").glob("*.md")):
        for call in ORIGIN_CELL.findall(page.read_text(encoding="utf-8")):
            for name in re.findall(r'"([^"]+)"', call):
                shown.setdefault(name, set()).add(page.stem)
    assert shown == {name: set(line.chapters) for name, line in RESULTS.items()}


def test_commands_name_what_is_there():
    for line in RESULTS.values():
        if line.script:
            assert (paths.checkout() / line.script).is_file()
        elif line.module:
            assert (paths.checkout() / (line.module.replace(".", "/") + ".py")).is_file()
        else:
            found, wanted = set(Table.named(line.name).rows), set(map(row_key, line.runs("quick")))
            assert found <= wanted if line.partial else found == wanted
        assert line.minutes > 0 and (line.name in STUDIES or line.runs("quick") or line.code())


@pytest.mark.parametrize("name", [n for n in RESULTS if n in STUDIES])
def test_minutes_are_those_of_the_stored_trainings(name):
    rows = Table.named(name).rows
    if not rows or len(rows) < len(RESULTS[name].runs("quick")):
        return  # of a whole table; that others are whole is tested above
    minutes = sum(row.values.get("seconds", 0.0) for row in rows.values()) / 60
    # Rows hold the time on the clock: of a machine that had other work it is an upper bound.
    assert minutes / 4 <= RESULTS[name].minutes <= 1.1 * minutes


def test_overview_says_where_each_row_stands():
    lines = {line["name"]: line for line in overview(RESULTS)}
    assert list(lines) == list(RESULTS)
    for name, line in lines.items():
        found = states(RESULTS[name], Table.named(name))
        assert ("stale" in line["state"]) == bool({"stale", "unknown"} & set(found.values()))
        assert line["command"] and line["chapters"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A study of three trainings of a few steps, in a book of its own; what was trained."""
    cells = {label: dict(method="sum", steps=3, lr=lr) for label, lr in (("a", 0.1), ("b", 0.2))}
    cells["lost"] = dict(method="sum", steps=3, lr=1e30)
    monkeypatch.setitem(STUDIES, "tiny", ((0,), cells))
    monkeypatch.setitem(RESULTS, "tiny", Stored("tiny", 1, ("01_kinetic_equations",)))
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path / "home"))
    book = lambda profile: tmp_path / "book" / profile  # noqa: E731
    monkeypatch.setattr("hrgradlib.experiments.store.results_folder", book)
    trained = []

    def train_each(runs, device, jobs, quiet):
        for folder, spec in runs.items():
            catalogue.fresh(folder)
            try:
                run(spec, folder, "cpu", quiet=True)
            except TrainingFailed as error:
                yield folder, str(error)
            else:
                trained.append(studies.row_key(folder))
                yield folder, ""

    monkeypatch.setattr(studies, "train_each", train_each)
    return trained


def do(**how):
    return remake("tiny", "smoke", device="cpu", quiet=True, **how)


def test_a_study_is_made_once(tiny):
    assert "3 rows written" in do()
    rows = Table.named("tiny", "smoke").rows
    assert list(rows) == ["a-s0", "b-s0", "lost-s0"] and tiny == ["a-s0", "b-s0"]
    assert rows["a-s0"].values["max_error"] > 0 and rows["a-s0"].values["settings"]["lr"] == 0.1
    assert len(rows["a-s0"].origin.code) == 16
    assert "finite" in rows["lost-s0"].values["failure"]
    assert "max_error" not in rows["lost-s0"].values  # a failed training is a result, too
    assert "nothing to be done" in do() and len(tiny) == 2


def test_a_study_that_was_killed_goes_on(tiny, monkeypatch):
    whole = studies.train_each

    def killed(*arguments):
        for number, found in enumerate(whole(*arguments)):
            if number == 1:
                raise KeyboardInterrupt  # the second has ended, its row is not put
            yield found

    monkeypatch.setattr(studies, "train_each", killed)
    with pytest.raises(KeyboardInterrupt):
        do()
    assert list(Table.named("tiny", "smoke").rows) == ["a-s0"]
    monkeypatch.setattr(studies, "train_each", whole)
    do()
    assert tiny == ["a-s0", "b-s0"]  # none of them twice
    assert list(Table.named("tiny", "smoke").rows) == ["a-s0", "b-s0", "lost-s0"]


def test_stale_rows_are_replaced_only_when_asked(tiny, monkeypatch):
    do()
    monkeypatch.setattr(catalogue, "code_behind", lambda spec: "changed")
    table = Table.named("tiny", "smoke")
    assert set(states(RESULTS["tiny"], table, "smoke").values()) == {"stale"}
    assert "3 stale (code or settings changed)" in describe(RESULTS["tiny"], table, "smoke")
    said = do(replace=False)
    assert "nothing to be done; 3 stale: `hrgrad results tiny`" in said and len(tiny) == 2
    assert "3 to be made, 3 of them in place of what is there" in do(dry_run=True)
    assert len(tiny) == 2
    del STUDIES["tiny"][1]["lost"]  # no longer asked for
    do(force=True)
    assert tiny == ["a-s0", "b-s0"] * 2
    assert list(Table.named("tiny", "smoke").rows) == ["a-s0", "b-s0"]


def test_other_settings_are_stale_and_missing_rows_are_named(tiny):
    do()
    STUDIES["tiny"][1]["a"]["lr"] = 0.3
    STUDIES["tiny"][1]["new"] = dict(method="sum", steps=3)
    found = states(RESULTS["tiny"], Table.named("tiny", "smoke"), "smoke")
    assert found == {"a-s0": "stale", "b-s0": "fresh", "lost-s0": "fresh", "new-s0": "missing"}
    do(replace=False)
    assert tiny == ["a-s0", "b-s0", "new-s0"]


def test_unknown_code_and_unclean_trees_are_marked(tiny):
    do()
    table = Table.named("tiny", "smoke")
    clean = {"commit": "a" * 40}
    for key, changes in {
        "a-s0": clean,
        "b-s0": {"code": "", "commit": "a" * 40 + "+"},
        "lost-s0": clean,
    }.items():
        row = table.rows[key]
        table.put(key, row.values, dataclasses.replace(row.origin, **changes))
    assert states(RESULTS["tiny"], table, "smoke")["b-s0"] == "unknown"
    said = describe(RESULTS["tiny"], table, "smoke")
    assert said == "1 stale (code not recorded), 1 from an unclean tree"


def test_what_leaves_no_result_is_an_error_and_the_rest_is_kept(tiny, monkeypatch):
    whole = studies.train_each

    def one_lost(runs, *arguments):
        first = next(iter(runs))
        yield first, "no memory"
        yield from whole({f: s for f, s in runs.items() if f != first}, *arguments)

    monkeypatch.setattr(studies, "train_each", one_lost)
    with pytest.raises(CampaignError, match="a-s0: no memory"):
        do()
    assert list(Table.named("tiny", "smoke").rows) == ["b-s0", "lost-s0"]


def test_a_smoke_study_leaves_the_books_table_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    assert Table.named("points", "smoke").path.is_relative_to(tmp_path)
    assert "20 to be made, 0 of them in place" in remake("points", "smoke", dry_run=True)
    assert "nothing to be done" in remake("points", replace=False)


def test_on_an_installed_copy_tables_lie_in_the_home(tiny, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setitem(STUDIES, "tiny", ((0,), {"a": dict(method="sum", steps=3)}))
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site-packages" / "hrgradlib")
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    table = Table.named("tiny")
    table.put("a-s0", {"method": "sum", "seed": 0, "failure": "", "settings": {}},
              here(roots=["hrgradlib.experiments.evaluation"]))  # fmt: skip
    assert (tmp_path / "results" / "tiny.json").is_file()
    assert studies.read_study("tiny")[0][0]["label"] == "a"
    with pytest.raises(StoreError, match="no part of the installed package; use a checkout"):
        remake("step-time", dry_run=True)
