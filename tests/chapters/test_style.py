"""What figures share: names and colours of Knudsen numbers, and how a figure is kept."""

import json

import pytest
from matplotlib import pyplot as plt

from hrgradlib.chapters import palette, style


def test_names_of_knudsen_numbers():
    assert style.eps_label(0.03) == r"$\varepsilon = 0.03$"
    assert style.eps_label(1e-3) == r"$\varepsilon = 10^{-3}$"
    assert style.eps_label(1.0) == r"$\varepsilon = 1$"


def test_colours_of_knudsen_numbers_end_where_the_range_does():
    assert style.eps_colour(1e-8) == style.eps_colour(1e-4) != style.eps_colour(1e-3)
    assert style.eps_colour(7.0) == style.eps_colour(1.0)
    with pytest.raises(ValueError, match=r"Found eps = 0; expected a positive number\."):
        style.eps_colour(0)


def test_a_kept_figure_is_the_same_file_again(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    kept, others = [], plt.get_fignums()
    for _ in range(2):
        fig, axis = style.subplots()
        axis.plot([0, 1], [1, 0], color=palette.BLUE, label="line")
        style.shared_legend(fig, axis, "upper center")
        style.show(fig, "ch00-line", "smoke")
        kept.append((tmp_path / "figures" / "smoke" / "ch00-line.svg").read_bytes())
        assert plt.get_fignums() == others  # it is closed
    assert kept[0] == kept[1]
    folder = tmp_path / "figures" / "smoke"
    sidecar = json.loads((folder / "ch00-line.json").read_text(encoding="utf-8"))
    assert sidecar["figure"] == "ch00-line" and sidecar["profile"] == "smoke"
    assert sidecar["provenance"]
    assert sorted(p.name for p in folder.iterdir()) == ["ch00-line.json", "ch00-line.svg"]


def test_figures_of_profiles_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    for profile in ("smoke", "quick", "full"):
        fig, _ = style.subplots()
        style.show(fig, "ch00-line", profile)
    for folder, profile in ((".", "quick"), ("smoke", "smoke"), ("full", "full")):
        sidecar = tmp_path / "figures" / folder / "ch00-line.json"
        assert json.loads(sidecar.read_text(encoding="utf-8"))["profile"] == profile
    kinds = {p.suffix for p in (tmp_path / "figures").glob("ch00-line.*")}
    assert kinds == {".svg", ".json", ".pdf", ".png"}


def test_figures_are_white_cards():
    fig, _ = style.subplots()
    assert fig.get_facecolor() == (1, 1, 1, 1)  # readable where the page is dark
    plt.close(fig)
