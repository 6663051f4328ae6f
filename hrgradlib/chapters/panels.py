"""Each panel of a figure by itself, as a slide has room for.

A panel takes with it what the figure says once for several: labels and numbers of a shared axis, a
shared colour bar, and of a legend outside it the entries of what is drawn in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import Container, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

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
    """A legend of what the panel draws, where another one's or the figure's names it."""
    if panel.get_legend() is not None or not (named := _named(fig, panel)):
        return None
    right = max(axes.get_position().x1 for axes in (panel, *_bars(fig, panel)))
    place = panel.get_position()
    beside = (right - place.x0) / place.width + 0.02 + 0.15 * bool(_bars(fig, panel))
    return panel.legend(
        list(named.values()), list(named), loc="center left", bbox_to_anchor=(beside, 0.5)
    )


def _named(fig: Figure, panel: Axes) -> dict[str, Artist | Container]:
    """What the panel draws, by the names that legends elsewhere have for it.

    What has no such label itself, as only one of the panels needs it, is known by its look.
    """
    handles, labels = panel.get_legend_handles_labels()
    labelled = dict(zip(labels, handles, strict=True))
    drawn = _drawn(panel)
    elsewhere = [axes.get_legend() for axes in fig.axes if axes.get_visible()]
    named: dict[str, Artist | Container] = {}
    for legend in (*fig.legends, *filter(None, elsewhere)):
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            name, look = text.get_text(), _look(handle)
            if found := labelled.get(name) or (drawn.get(look) if look else None):
                named.setdefault(name, found)
    return named


def _drawn(panel: Axes) -> dict[tuple, Artist | Container]:
    """Lines, points, fills and error bars of a panel by their look; a bar stands for its whole."""
    wholes = {
        bar: whole
        for whole in panel.containers
        if isinstance(whole, ErrorbarContainer)
        for bar in whole.lines[2]
    }
    artists = [*panel.get_lines(), *panel.collections, *panel.patches]
    return {look: wholes.get(a, a) for a in artists if (look := _look(a))}


def _bars(fig: Figure, panel: Axes) -> list[Axes]:
    return [axes for axes in fig.axes if _is_bar(axes) and panel in _parents(axes)]


def _look(artist: Artist) -> tuple | None:
    """What one sees an artist by; a legend's sample has the same. None for maps and the like."""
    if isinstance(artist, Line2D):
        return to_hex(artist.get_color()), artist.get_linestyle(), artist.get_marker()
    if isinstance(artist, LineCollection):
        return "bars", *_first(artist.get_color())
    if isinstance(artist, PathCollection):
        return "points", len(artist.get_paths()[0]), *_first(artist.get_facecolor())
    if isinstance(artist, PolyCollection):
        return "fill", artist.get_hatch(), *_first(artist.get_facecolor())
    if isinstance(artist, Patch):
        return "fill", artist.get_hatch(), *artist.get_facecolor()
    return None


def _first(colours: NDArray) -> tuple[float, ...]:
    return tuple(colours[0]) if len(colours) else ()
