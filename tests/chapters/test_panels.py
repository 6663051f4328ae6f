"""Each panel of a figure by itself, with what the figure says once for all of them."""

import pytest
from matplotlib import pyplot as plt

from hrgradlib.chapters import style
from hrgradlib.chapters.panels import panels, shown_alone


@pytest.fixture
def figure():
    """Two panels that share an axis, a legend outside them and a colour bar."""
    fig, axes = style.subplots(1, 2, sharey=True)
    for axis in axes:
        axis.plot([0, 1], [0, 1], color="C0", label="ours")
        image = axis.scatter([0, 1], [0, 1], c=[0, 1])
    axes[1].plot([0, 1], [1, 0], color="C1", label="theirs")
    axes[0].set_ylabel("error")
    fig.legend(*axes[1].get_legend_handles_labels(), loc="outside upper center")
    fig.colorbar(image, ax=axes)
    fig.draw_without_rendering()
    yield fig
    plt.close(fig)


def test_colour_bars_are_no_panels(figure):
    assert panels(figure) == figure.axes[:2]


def test_a_panel_takes_with_it_what_is_said_once(figure):
    left, right, bar = figure.axes
    before = bar.get_position().bounds
    for panel, names in ((left, ["ours"]), (right, ["ours", "theirs"])):
        with shown_alone(figure, panel) as place:
            seen = [axes for axes in figure.axes if axes.get_visible()]
            assert seen == [panel, bar] and not figure.legends[0].get_visible()
            assert panel.get_ylabel() == "error"
            assert any(tick.label1.get_visible() for tick in panel.yaxis.get_major_ticks())
            assert [text.get_text() for text in panel.get_legend().get_texts()] == names
            assert panel.get_position().x1 < bar.get_position().x0
            assert 0 < place.width < figure.get_figwidth() * 1.2
        assert panel.get_legend() is None
    assert bar.get_position().bounds == pytest.approx(before)
    assert all(artist.get_visible() for artist in (*figure.axes, *figure.legends))


def everything(axis, colour, said):
    """A line, its band, error bars, points and a bar of one colour; named or not."""
    label = "{}".format if said else "_{}".format
    axis.plot([0, 1], [0, 1], color=colour, label=label("line"))
    axis.fill_between([0, 1], [0, 1], [1, 2], color=colour, alpha=0.2, label=label("band"))
    axis.errorbar([0, 1], [2, 3], yerr=0.1, fmt="s", color=colour, label=label("bars"))
    axis.scatter([0, 1], [3, 4], color=colour, label=label("points"))
    axis.bar([0, 1], [1, 1], facecolor=colour, hatch="//", label=label("bar"))


@pytest.mark.parametrize("said", [True, False])
def test_every_kind_of_a_shared_legend_comes_with_the_panel_that_draws_it(said):
    """Whether the panel labels it, too, or shares its look with the one that does."""
    fig, (left, right, other) = style.subplots(1, 3)
    everything(left, "C0", True)
    everything(right, "C0", said)
    everything(other, "C1", False)
    handles, labels = left.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center")
    fig.draw_without_rendering()
    with shown_alone(fig, right):
        alone = right.get_legend()
        assert [text.get_text() for text in alone.get_texts()] == labels
        kinds = [type(handle) for handle in fig.legends[0].legend_handles]
        assert [type(handle) for handle in alone.legend_handles] == kinds
    with shown_alone(fig, other):
        assert other.get_legend() is None
    plt.close(fig)


def test_a_panel_without_such_things_is_cut_out():
    fig, (left, right) = style.subplots(1, 2)
    left.plot([0, 1], [0, 1], label="own")
    left.legend()
    right.plot([0, 1], [5, 5], color="C3")
    right.set_ylabel("another")
    fig.draw_without_rendering()
    with shown_alone(fig, right) as place:
        assert place.x0 > fig.get_figwidth() / 3
        assert right.get_legend() is None
    with shown_alone(fig, left):
        assert left.get_ylabel() == ""
    plt.close(fig)


def test_panels_are_kept_beside_the_figure_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    kept = {}
    for count in (2, 1):
        fig, _ = style.subplots(1, count)
        style.show(fig, "ch00-line", "quick")
        kept[count] = {path.name for path in (tmp_path / "figures").glob("*-panel-*")}
    names = {f"ch00-line-panel-{n}.{kind}" for n in (1, 2) for kind in ("pdf", "png")}
    assert kept == {2: names, 1: set()}
