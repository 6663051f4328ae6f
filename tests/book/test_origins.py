"""Where a figure's numbers come from: noted in its notebook, told under its caption, listed."""

import json
import re
from pathlib import Path

import figure_origins
import origins
import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output
from visiting import settle

from hrgradlib.chapters import style
from hrgradlib.experiments.campaign import book_runs
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.specs import make_spec

# Two figures, each of what one of two statements of the first cell has opened.
READS = "one = read('scales')\ntwo = read('ablations')"
OPENED = [[1, 1, "results/scales"], [1, 2, "results/ablations"]]


def figure_cell(count, name, source):
    told = {origins.TOLD: {"figure": name, "profile": "quick", "opened": OPENED}}
    shown = new_output("display_data", data={"image/svg+xml": "<svg/>"}, metadata=told)
    metadata = {"mystnb": {"figure": {"name": f"fig-{name}"}}}
    return new_code_cell(source, execution_count=count, outputs=[shown], metadata=metadata)


@pytest.fixture
def noted():
    page = new_notebook(cells=[
        new_code_cell(READS, execution_count=1),
        figure_cell(2, "first", "style.show(draw(one), 'first', profile)"),
        figure_cell(3, "neither", "style.show(draw(3), 'neither', profile)"),
    ])  # fmt: skip
    origins.note(page)
    return page


def test_a_figure_rests_on_what_its_statements_opened(noted):
    first, neither = noted.metadata[origins.TOLD]["figures"]
    (source,) = first["sources"]
    assert source["file"] == "book/results/scales.json"
    assert source["command"] == RESULTS["scales"].command
    assert source["seeds"] and "commit" in source["made"]
    assert neither["sources"] == []
    assert first["label"] == "fig-first" and first["profile"] == "quick"


def test_what_was_told_of_a_figure_is_taken_out_of_its_output(noted):
    assert noted.cells[1].outputs[0].metadata == {}


def test_runs_are_told_by_kind_with_their_seeds(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    for seed in (0, 1, 2):
        folder = tmp_path / "runs" / "smoke" / "bgk-layer" / f"sum-s{seed}"
        folder.mkdir(parents=True)
        told = {"commit": "a" * 40, "time": f"2026-01-0{seed + 1}T00:00:00"}
        (folder / "provenance.json").write_text(json.dumps(told))
    (told,) = origins._described(f"runs/smoke/bgk-layer/sum-s{seed}" for seed in (2, 0, 1))
    assert told["file"] == "runs/smoke/bgk-layer/sum-sN" and told["seeds"] == "0–2"
    assert told["made"] == "2026-01-01 to 2026-01-03, commit aaaaaaa"


def test_a_command_names_what_is_not_usual():
    spec = make_spec("transport-periodic", "sum", "smoke", 3)
    words = "hrgrad run transport-periodic --method sum --profile smoke --seed 3"
    assert origins.command_of(spec) == words
    assert origins.command_of(spec.with_(steps=7)) == f"{words} --steps 7"


def test_numbers_in_a_row_are_a_span():
    assert origins.spans([7, 0, 1, 2, 4]) == "0–2, 4, 7"


def test_what_a_fold_out_says_is_text():
    told = {"file": "a<b", "command": "", "seeds": "", "made": "1 & 2"}
    assert figure_origins.source_line(told) == "Data <code>a&lt;b</code>: 1 &amp; 2."


@pytest.mark.parametrize("profile", ["smoke", "quick", "full"])
def test_a_fold_out_names_files_that_are_kept(profile, tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    fig, _ = style.subplots()
    style.show(fig, "ch00-line", profile)
    place, endings = figure_origins.kept_as({"name": "ch00-line", "profile": profile}).split(".")
    for ending in endings.strip("{}").split(","):
        assert (tmp_path / f"{place}.{ending}").is_file()


# --- the built book -----------------------------------------------------------------------------


@pytest.mark.book
def test_every_figure_of_a_chapter_folds_out_how_it_was_made(html, make):
    known = yaml.safe_load((make.BOOK / "figures.yml").read_text())
    names = {name for group in known.values() for name in group}
    seen = set()
    for page in make.pages()[0]:
        text = BeautifulSoup((html / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
        for figure in text.select("figure"):
            if figure.find("img") is None:
                continue
            folded = figure.select_one("figcaption details.figure-origin")
            assert folded, (page, figure.get("id"))
            seen.add(Path(folded.find("code").text).stem)
    assert seen == names


@pytest.mark.book
def test_a_page_lists_every_figure_run_and_result(html, make):
    name = "appendices/runs_and_figures"
    text = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    figures, runs, results = (
        [[cell.get_text(" ", strip=True) for cell in row.select("td")]
         for row in table.select("tbody tr")]
        for table in text.select("table")
    )  # fmt: skip
    known = yaml.safe_load((make.BOOK / "figures.yml").read_text())
    assert {row[1] for row in figures} == {name for group in known.values() for name in group}
    assert all(row[0].startswith("Fig. ") for row in figures)
    assert len({row[0] for row in figures}) == len(figures)
    assert {row[0] for row in results} == set(RESULTS)
    first = (html / "chapters/01_kinetic_equations.html").read_text(encoding="utf-8")
    profile = re.search(r"Executed [\d-]+, profile (\w+)", first)[1]
    shown = {f"{folder.parent.name}-{folder.name}" for folder in book_runs(profile)}
    assert {row[0] for row in runs} == shown


@pytest.mark.book
def test_a_fold_out_opens(page, site):
    page.goto(f"{site}/chapters/09_linear_transport.html")
    settle(page)
    folded = page.locator("details.figure-origin").first
    assert not folded.locator("li").first.is_visible()
    folded.locator("summary").click()
    assert folded.locator("li").first.is_visible()
