"""A page says where its stored numbers come from."""

import re

import pytest

from hrgradlib.chapters.origin import origin, show_origin
from hrgradlib.experiments import store
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.store import Origin, Row, Table


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch):
    monkeypatch.setattr(store, "_READ", set())


def test_a_line_per_result_that_the_page_shows(capsys):
    store.read("pinn")
    show_origin("pinn", "points")
    first, second = capsys.readouterr().out.splitlines()
    assert first == origin("pinn") and second == origin("points")
    assert re.match(r"pinn: \d+ rows of 20\d\d-\d\d-\d\d, commits? [0-9a-f]{7}", first)


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_of_the_book_has_a_line(name):
    assert origin(name).startswith(f"{name}: ")


def test_over_how_many_knudsen_numbers_an_error_is_the_largest(monkeypatch):
    origin_of = Origin("", "", "", "2026-01-02T03:04:05", {})
    settings = {"problem": "transport-inflow"}
    few = {"max_error": 0.1, "settings": settings}
    many = few | {"curve": {"judged_eps": [0.1] * 41}}
    rows = {str(i): Row(str(i), v, origin_of) for i, v in enumerate((few, many, {"order": 2.0}))}
    monkeypatch.setattr(Table, "named", lambda name: type("T", (), {"rows": rows}))
    assert "errors the largest over 7 or 41 ε" in origin("literature-step")
    del rows["0"], rows["1"]
    assert "largest over" not in origin("literature-step")


@pytest.mark.parametrize("named", [(), ("points",), ("pinn", "nobody")])
def test_a_page_names_all_that_it_has_read_and_nothing_else(named):
    store.read("pinn")
    with pytest.raises(ValueError, match="expected all results this page has read"):
        show_origin(*named)


def test_what_is_wrong_with_rows_is_said(monkeypatch):
    commit = "abcdef0" + "0" * 33
    rows = [Row("points", {}, Origin("", "", commit + "+", "2026-01-02T03:04:05", {}))]
    monkeypatch.setattr(Table, "named", lambda name: type("T", (), {"rows": {"x": rows[0]}}))
    said = origin("literature-step")
    assert said == (
        "literature-step: 1 row of 2026-01-02, commit abcdef0; 1 stale (code not "
        "recorded), 1 from an unclean tree; made by: python benchmarks/literature_step.py "
        "--json book/results/literature-step.json"
    )


def test_of_a_partial_result_the_line_says_how_much_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "results_folder", lambda profile: tmp_path)
    assert origin("points") == "points: no rows; 20 missing; made by: hrgrad study points"
    table = Table.named("points")
    table.put("layer-drawn-s10", {}, Origin("", "", "", "2026-01-02T03:04:05", {}))
    assert "19 missing" in origin("points")
