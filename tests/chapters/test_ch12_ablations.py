"""The ablations of chapter 12: what a table says, complete or not."""

from types import SimpleNamespace

import pytest

from hrgradlib.chapters import ch12_ablation_figures as figures
from hrgradlib.chapters import ch12_ablations as ablations
from hrgradlib.experiments.ablation_studies import ABLATIONS, BASE
from hrgradlib.experiments.store import Table

COSTLESS = {"untrained ansatz": 0.3, "best limit equation": 0.1}


def _curve(level):
    return {"judged_eps": [1.0, 0.1, 0.05, 0.01], "judged": [level, level, 10 * level, level]}


def _store(monkeypatch, rows):
    table = SimpleNamespace(rows=rows)
    monkeypatch.setattr(Table, "named", classmethod(lambda cls, name: table))


@pytest.fixture
def stored(monkeypatch):
    """Some rows of the study: the base, one change that is worse and one that is not."""
    levels = {BASE: 1.0, "encoding-none": 8.0, "tasks-5": 1.02, "unseen-gap": 1.5}
    rows = [
        {"label": cell, "max_error": 1e-4 * level * (1 + 0.01 * seed)}
        for cell, level in levels.items()
        for seed in range(5)
    ]
    curves = {cell: {str(s): _curve(level) for s in range(5)} for cell, level in levels.items()}
    monkeypatch.setattr(ablations, "read_study", lambda name: (rows, {"curves": curves}))
    monkeypatch.setattr(
        Table, "named", classmethod(lambda cls, name: type("T", (), {"rows": rows}))
    )
    return rows


def test_every_change_is_a_cell_of_a_family_and_the_other_way_round():
    _, cells = ABLATIONS["ablations"]
    shown = {BASE, *ablations.HIDDEN, *ablations.CHANGES}
    assert shown == set(cells)
    assert {c.split("-")[0] for c in ablations.CHANGES} == set(ablations.FAMILIES)


def test_each_change_is_judged_against_the_base(stored):
    found = ablations.load()
    words = {e.cell: e.verdict and e.verdict.word for e in found.effects}
    assert words["encoding-none"] == "higher" and words["tasks-5"] == "undecided"
    assert words["axis-rays"] is None and (found.there, found.wanted) == (20, 215)
    said = ablations.table(found, COSTLESS)
    assert said.endswith(
        "costs no training: untrained ansatz 3.0e-01, best limit equation 1.0e-01\n"
        "the least median is 0.001 times the lesser of these"
    )
    assert "not at all" in said and "8.00" in said and "higher" in said
    assert ablations.which(found, "higher") == "not at all (how the network is told ε)"
    assert ablations.which(found, "lower") == "no change"
    assert all(text in said for text in ablations.FAMILIES.values())


def test_fewer_runs_than_a_verdict_needs_get_none(stored):
    stored[:] = [r for r in stored if r["label"] != "encoding-none"] + [
        {"label": "encoding-none", "max_error": error} for error in (9e-4, 8e-4, 7e-4)
    ]
    found = ablations.load()
    (few,) = [e for e in found.effects if e.cell == "encoding-none"]
    assert few.verdict.word == "higher" and few.word == ""  # five of the base alone are no more
    (line,) = [x for x in ablations.table(found, COSTLESS).splitlines() if "not at all" in x]
    assert line.split()[3] == "3" and line.endswith("–")
    axis = figures.effects(found).axes[0]
    assert "too few runs" in [t.get_text() for t in axis.get_legend().get_texts()]


def test_errors_by_eps(stored):
    seen = ablations.by_eps("unseen-gap")
    assert seen.errors.shape == (5, 4)
    assert seen.within(0.03, 0.09) == pytest.approx(15.0) and seen.within(0.1, 1) == 1.5
    assert ablations.by_eps("unseen-ends") is None
    curves = {BASE: ablations.by_eps(BASE), "unseen-gap": seen, "unseen-ends": None}
    said = ablations.unseen_table(curves, {"unseen-gap": [(0.03, 0.09)], "unseen-ends": [(0.1, 1)]})
    assert said.splitlines()[1].split()[-3:] == ["1.0e+01", "1.5e+01", "1.5"]
    assert said.splitlines()[2].split()[-1] == "1.0e+00"


def test_figures_draw_what_is_there(stored):
    fig = figures.effects(ablations.load())
    labels = [t.get_text() for t in fig.axes[0].get_yticklabels()]
    assert len(labels) == len(ablations.CHANGES) + len(ablations.FAMILIES)
    curves = {c: ablations.by_eps(c) for c in (BASE, *ablations.HIDDEN)}
    costless = {"untrained ansatz": curves[BASE].eps, "best limit equation": curves[BASE].eps}
    fig = figures.unseen(curves, ablations.HIDDEN, costless)
    assert [len(a.lines) for a in fig.axes] == [4, 1] and fig.axes[0].get_yscale() == "log"
    assert len(fig.legends) == 1 and not any(a.get_legend() for a in fig.axes)


def test_nothing_stored_is_said(monkeypatch):
    _store(monkeypatch, [])
    found = ablations.load()
    assert found.there == 0 and ablations.table(found, COSTLESS) == "no run is stored yet"
    assert not any(e.verdict for e in found.effects)
    figures.effects(found)
