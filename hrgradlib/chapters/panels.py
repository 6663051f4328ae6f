"""Each panel of a figure by itself, as a slide has room for.

A panel takes with it what the figure says once for several: labels and numbers of a shared axis, a
shared colour bar, and of a legend outside it the entries of its own lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

__all__ = ["panels", "shown_alone"]

_GAP, _PAD = 0.03, 0.06  # between panel and colour bar, of the figure's width; around both, inches


def panels(fig: Figure) -> list[Axes]:
    """The axes that are panels of their own: all that are seen, but colour bars."""
    return [axes for axes in fig.axes if axes.get_visible() and not _is_bar(axes)]


@contextmanager
def shown_alone(fig: Figure, panel: Axes) -> Iterator[Bbox]:
    """The figure with one panel, as long as the context lasts, and where that is (inches).

    The figure's layout is that of its last drawing, and stays so.
    """
    fig.set_layout_engine("none")
    bars = _bars(fig, panel)
    others = [axes for axes in fig.axes if axes is not panel and axes not in bars]
    hidden: list[Artist] = [a for a in (*others, *fig.legends, *fig.texts) if a.get_visible()]
    places = [(bar, bar.get_position(original=True), bar.get_position()) for bar in bars]
    for bar in bars:
        _move_beside(bar, panel)
    legend = _legend(fig, panel)
    for artist in hidden:
        artist.set_visible(False)
    _say_what_is_shared(panel)
    parts = [panel, *bars, *([legend] if legend else [])]
    boxes = [box for part in parts if (box := part.get_tightbbox())]
    yield Bbox.union(boxes).transformed(fig.dpi_scale_trans.inverted()).padded(_PAD)
    for artist in hidden:
        artist.set_visible(True)
    for bar, original, active in places:
        bar.set_position(original, which="original")
        bar.set_position(active, which="active")
    if legend:
        legend.remove()


def _is_bar(axes: Axes) -> bool:
    return hasattr(axes, "_colorbar")


def _parents(bar: Axes) -> list[Axes]:
    """The panels that a colour bar belongs to."""
    return getattr(bar, "_colorbar_info", {}).get("parents", [])


def _move_beside(bar: Axes, panel: Axes) -> None:
    """A colour bar of several panels comes to this one."""
    if len(_parents(bar)) > 1:
        place, width = panel.get_position(), bar.get_position().width
        bar.set_position((place.x1 + _GAP, place.y0, width, place.height))


def _say_what_is_shared(panel: Axes) -> None:
    """Numbers and labels of axes that only the outer ones of a row or column have."""
    for name in ("x", "y"):
        siblings = getattr(panel, f"get_shared_{name}_axes")().get_siblings(panel)
        if len(siblings) == 1:
            continue
        panel.tick_params(axis=name, **{"labelbottom" if name == "x" else "labelleft": True})
        said = getattr(panel, f"get_{name}label")()
        words = [getattr(axes, f"get_{name}label")() for axes in siblings]
        if not said and (others := [word for word in words if word]):
            getattr(panel, f"set_{name}label")(others[0])


def _legend(fig: Figure, panel: Axes) -> Legend | None:
    """A legend of the panel's own lines, where another one's or the figure's names them."""
    if panel.get_legend() is not None:
        return None
    elsewhere = [axes.get_legend() for axes in fig.axes if axes.get_visible()]
    looks = {_look(line) for line in panel.get_lines()}
    named: dict[str, Artist] = {}
    for legend in (*fig.legends, *filter(None, elsewhere)):
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            if isinstance(handle, Line2D) and _look(handle) in looks:
                named.setdefault(text.get_text(), handle)
    if not named:
        return None
    right = max(axes.get_position().x1 for axes in (panel, *_bars(fig, panel)))
    place = panel.get_position()
    beside = (right - place.x0) / place.width + 0.02 + 0.15 * bool(_bars(fig, panel))
    return panel.legend(
        list(named.values()), list(named), loc="center left", bbox_to_anchor=(beside, 0.5)
    )


def _bars(fig: Figure, panel: Axes) -> list[Axes]:
    return [axes for axes in fig.axes if _is_bar(axes) and panel in _parents(axes)]


def _look(line: Line2D) -> tuple[str, object, object]:
    return to_hex(line.get_color()), line.get_linestyle(), line.get_marker()
