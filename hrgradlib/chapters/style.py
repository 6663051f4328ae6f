"""One style sheet for every figure of the book, and the one way to show and keep a figure.

Colours are in :mod:`hrgradlib.chapters.palette`, looks of methods in `looks`; the Knudsen number,
a quantity with an order, has a sequential map instead (`eps_colour`).
"""

from __future__ import annotations

import io
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from hrgradlib._files import write_atomically, write_json
from hrgradlib.chapters.opened import opened, watch
from hrgradlib.chapters.palette import CYCLE, SEQUENTIAL
from hrgradlib.chapters.panels import panels, shown_alone
from hrgradlib.chapters.slim_svg import slim
from hrgradlib.paths import home
from hrgradlib.provenance import collect

__all__ = [
    "EPS_CMAP", "eps_colour", "eps_label", "figures_dir", "log_ticks", "shared_legend", "show",
    "subplots", "use_style",
]  # fmt: skip

watch()  # before a page opens what its figures show

#: Sequential map for the Knudsen number: viridis without its pale end, which is lost on white.
EPS_CMAP = LinearSegmentedColormap.from_list(
    "eps", matplotlib.colormaps["viridis"](np.linspace(0.0, 0.88, 256))
)

_RC = {
    "figure.figsize": (6.4, 3.8),
    "figure.dpi": 110,
    "figure.facecolor": "white",  # a white card, readable in the book's dark mode too
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "savefig.dpi": 160,  # only rasterised parts of an SVG
    "svg.hashsalt": "hrgrad",  # element names do not change from run to run
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "image.cmap": SEQUENTIAL,
    "mathtext.fontset": "cm",
}


# Kinds that a figure is kept as beside its SVG; neither holds a date.
_PRINTED: dict[str, dict] = {"pdf": {"metadata": {"CreationDate": None}}, "png": {"dpi": 200}}


def use_style() -> None:
    """Make the book's style that of every figure drawn from now on."""
    matplotlib.rcParams.update(_RC)


def subplots(*grid: int, **options: Any) -> tuple[Figure, Any]:
    """A figure in the book's style and its panels; arguments as of `matplotlib.pyplot.subplots`."""
    use_style()
    return plt.subplots(*grid, **options)


def shared_legend(fig: Figure, axis: Axes, place: str, **options: Any) -> None:
    """One legend for all panels, outside them, of what one of them has labelled.

    Args:
        fig: the figure.
        axis: the panel.
        place: such as "upper center".
        options: of the legend, such as ``ncols``.
    """
    fig.legend(*axis.get_legend_handles_labels(), loc=f"outside {place}", **options)


def log_ticks(axis: Axes) -> None:
    """Few and short labels on a logarithmic axis of x that is not many decades long."""
    low, high = axis.get_xlim()
    parts = (1, 2, 5) if high > 8 * low else (1, 1.5, 2, 3, 5, 7)
    axis.xaxis.set_major_locator(LogLocator(subs=parts if high < 30 * low else (1,)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(
        lambda value, _: f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    )


def eps_colour(eps: float, low: float = 1e-4, high: float = 1.0) -> str:
    """The colour of a Knudsen number, by its logarithm: dark at `low`, light at `high`.

    Args:
        eps: Knudsen number; outside [low, high] it takes the colour of the nearer end.
        low, high: the range that the whole map spans.

    Raises:
        ValueError: ``eps ≤ 0``.
    """
    if not eps > 0:
        raise ValueError(f"Found eps = {eps}; expected a positive number.")
    place = np.log(eps / low) / np.log(high / low)
    return to_hex(EPS_CMAP(float(np.clip(place, 0.0, 1.0))))


def eps_label(eps: float) -> str:
    """A Knudsen number as legends write it: `ε = 0.03`, and `ε = 10⁻³` for powers below 0.01."""
    power = np.log10(eps)
    if eps < 0.01 and abs(power - round(power)) < 1e-12:
        return rf"$\varepsilon = 10^{{{round(power)}}}$"
    return rf"$\varepsilon = {eps:g}$"


def figures_dir(profile: str) -> Path:
    """Where figures are kept; made if it does not exist.

    The book's own profile has ``figures/`` to itself, so that no figure of another is among them.
    """
    folder = home() / "figures"
    folder = folder if profile == "quick" else folder / profile
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def show(fig: Figure, name: str, profile: str, device: str = "cpu") -> None:
    """Keep a figure as `figures/<name>.svg` beside its provenance, show it once, and close it.

    The SVG holds no date and no random names: the same data give the same file. What made it
    stands in `figures/<name>.json`. Outside a notebook the figure is kept and not shown. A figure
    of the profile "smoke" is a test; others are kept as PDF and PNG, too, for papers and slides,
    and each of several panels by itself as `<name>-panel-<number>`.

    Args:
        fig: the figure.
        name: file name without its ending, such as "ch01-profiles".
        profile: "smoke", "quick" or "full", recorded in the sidecar.
        device: the device that computed the data, recorded in the sidecar.
    """
    svg = _svg(fig)
    folder = figures_dir(profile)
    write_atomically(folder / f"{name}.svg", lambda part: part.write_text(svg, encoding="utf-8"))
    if profile != "smoke":
        _print(fig, folder, name)
        _print_panels(fig, folder, name)
    sidecar = {"figure": name, "profile": profile, "provenance": collect(device)}
    write_json(folder / f"{name}.json", sidecar)
    plt.close(fig)
    _display(svg, {"hrgrad": {"figure": name, "profile": profile, "opened": opened()}})


def _print(fig: Figure, folder: Path, name: str, **options: Any) -> None:
    for kind, usual in _PRINTED.items():
        save = partial(fig.savefig, format=kind, **usual, **options)
        write_atomically(folder / f"{name}.{kind}", save)


def _print_panels(fig: Figure, folder: Path, name: str) -> None:
    """Each of several panels by itself, numbered as they were made; none that it had before."""
    for old in folder.glob(f"{name}-panel-*"):
        old.unlink()
    if len(found := panels(fig)) > 1:
        for number, panel in enumerate(found, 1):
            with shown_alone(fig, panel) as place:
                _print(fig, folder, f"{name}-panel-{number}", bbox_inches=place)


def _svg(fig: Figure) -> str:
    # The salt is set here too, so that a figure drawn without the style is as reproducible.
    with matplotlib.rc_context({"svg.hashsalt": _RC["svg.hashsalt"]}):
        buffer = io.StringIO()
        fig.savefig(buffer, format="svg", metadata={"Date": None})
    return slim(buffer.getvalue())


def _display(svg: str, told: dict) -> None:
    """Show a picture, with what is told of it in the output's metadata."""
    with suppress(ImportError):
        from IPython import get_ipython
        from IPython.display import SVG, display

        if get_ipython() is not None:
            display(SVG(svg), metadata=told)
