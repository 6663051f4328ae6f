"""Which chapter needs which: the picture of the introduction.

    python -m hrgradlib.chapters.intro_graph book/static/chapter-graph.svg

The introduction says the same as a list; a test compares the three.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from hrgradlib.chapters import style

__all__ = ["PAGES", "Page", "draw", "main"]


class Page(NamedTuple):
    """A page and what it rests on.

    Attributes:
        name: file name of the page, without folder and ending.
        box: what stands in its box: number or letter, if it has one, and a few words.
        place: (column, row) of the box; rows count downwards.
        needs: names of the pages that must be read before.
        helps: names of pages that make it easier.
    """

    name: str
    box: str
    place: tuple[float, float]
    needs: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()


PAGES = (
    Page("01_kinetic_equations", "1  kinetic\nequations", (1, 0)),
    Page("02_reference_solvers", "2  references:\ntransport", (0, 1), ("01_kinetic_equations",)),
    Page("03_micro_macro", "3  micro–macro\nform", (1, 1), ("01_kinetic_equations",)),
    Page("bgk_references", "A  references:\nBGK", (-1, 2), ("03_micro_macro",),
         ("02_reference_solvers",)),
    Page("first_apnn", "your first\nAPNN", (2, 1), ("03_micro_macro",)),
    Page("04_pinn_and_apnn", "4  PINN and\nAPNN", (2, 2), ("03_micro_macro",),
         ("first_apnn",)),
    Page("05_one_network", "5  one\nnetwork", (1, 2), ("03_micro_macro",)),
    Page("06_gradient_conflict", "6  gradient\nconflict", (2, 3), (), ("05_one_network",)),
    Page("07_harmonised_rotation", "7  harmonised\nrotation", (2, 4), ("06_gradient_conflict",)),
    Page("08_convergence", "8  convergence", (3, 4), ("07_harmonised_rotation",)),
    Page("09_linear_transport", "9  linear\ntransport", (1, 5),
         ("05_one_network", "07_harmonised_rotation"), ("02_reference_solvers",)),
    Page("13_what_it_costs", "13  what it\ncosts", (3, 5), ("07_harmonised_rotation",)),
    Page("many_tasks", "B  many tasks,\nGauss–Newton", (2, 6),
         ("07_harmonised_rotation", "09_linear_transport")),
    Page("12_what_matters", "12  what\nmatters", (2, 7), ("09_linear_transport",),
         ("many_tasks",)),
    Page("10_inflow", "10  inflow", (0, 6), ("09_linear_transport", "02_reference_solvers")),
    Page("11_bgk", "11  BGK", (-1, 6), ("09_linear_transport", "bgk_references")),
    Page("14_beyond_kinetics", "14  beyond\nkinetics", (3, 6), ("07_harmonised_rotation",),
         ("many_tasks",)),
    Page("15_claims_and_verdicts", "15  claims and\nverdicts", (1, 7), ("09_linear_transport",),
         ("many_tasks",)),
)  # fmt: skip

WIDTH, HEIGHT = 0.78, 0.56  # of a box, in columns and rows


def draw() -> Figure:
    """Boxes, solid arrows from what is needed, dashed ones from what helps."""
    style.use_style()
    fig, ax = plt.subplots(figsize=(8.4, 7))
    at = {page.name: page.place for page in PAGES}
    for page in PAGES:
        for other in page.needs:
            _arrow(ax, at[other], page.place, "-")
        for other in page.helps:
            _arrow(ax, at[other], page.place, (0, (4, 3)))
        _box(ax, page)
    ax.set(xlim=(-1.5, 3.5), ylim=(7.4, -0.4))
    ax.set_axis_off()
    return fig


def _box(ax: Axes, page: Page) -> None:
    x, y = page.place
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    rounded = "round,pad=0,rounding_size=0.06"
    ax.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=rounded, facecolor="white",
                                edgecolor="#0072B2", zorder=3))  # fmt: skip
    ax.text(x, y, page.box, ha="center", va="center", fontsize=9, zorder=4)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], dashes: object) -> None:
    """From border to border of two boxes, along the line between their centres."""
    (x, y), (u, v) = start, end
    share = min(WIDTH / 2 / abs(u - x) if u != x else 1, HEIGHT / 2 / abs(v - y) if v != y else 1)
    dx, dy = share * (u - x), share * (v - y)
    ax.add_patch(
        FancyArrowPatch((x + dx, y + dy), (u - dx, v - dy), arrowstyle="-|>", mutation_scale=10,
                        shrinkA=0, shrinkB=0, color="#3b4754", linestyle=dashes, zorder=2)
    )  # fmt: skip


def main(path: str) -> None:
    """Write the picture; the same file every time."""
    fig = draw()
    with plt.rc_context({"svg.hashsalt": "chapters"}):
        fig.savefig(Path(path), format="svg", metadata={"Date": None})
    plt.close(fig)


if __name__ == "__main__":
    main(*sys.argv[1:])
