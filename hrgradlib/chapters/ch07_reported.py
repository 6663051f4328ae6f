"""The method as reported, drawn for three gradients: anchor, planes, angles, result."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch07_cone import Preset, cosines_with, unit_rows
from hrgradlib.chapters.ch07_space import TASKS, Space, arc, around, listed
from hrgradlib.chapters.palette import BLACK, GREY, PURPLE
from hrgradlib.chapters.style import subplots
from hrgradlib.optim._rays import extreme_rays
from hrgradlib.optim._reported import reported_weights

__all__ = ["TORN", "stages"]

#: Unit gradients so much in conflict that the reported update opposes one of them.
TORN = Preset("two all but opposed", ((85, 0), (85, 150), (85, 215)), (1, 1, 1))


def stages(preset: Preset = TORN) -> Figure:
    """Four panels: harmonised cone and anchor, the arcs, the angles, and ConFIG of the rotated.

    Args:
        preset: three independent gradients of which some oppose each other.
    """
    gradients = preset.gradients()
    units = unit_rows(gradients)
    found = reported_weights(gradients @ gradients.T, spread=float("inf"))
    anchor, rotated = found.anchor @ units, found.rotated @ units
    fig, axes = subplots(2, 2, figsize=(8.6, 8.4))
    spaces = [Space(axis, elevation=32.0) for axis in axes.flat]
    _cone(spaces[0], units, anchor)
    for space in spaces[1:3]:
        space.arrow(anchor, BLACK, 1.4, "$\\boldsymbol{d}^*$")
    _arcs(spaces[1], units, anchor)
    _turned(spaces[2], units, rotated)
    update = unit_rows(found.weights @ gradients)
    _result(spaces[3], units, rotated, update)
    worst = np.rad2deg(found.angles).round()
    axes.flat[0].set_title("1  harmonised cone and anchor")
    axes.flat[1].set_title("2  planes of the rotations")
    axes.flat[2].set_title(f"3  angles {', '.join(f'{a:.0f}°' for a in worst)}")
    shown = listed(cosines_with(update, gradients))
    axes.flat[3].set_title(f"4  cosines with the gradients {shown}")
    return fig


def _name(k: int) -> str:
    return rf"$\hat{{\boldsymbol{{u}}}}_{k + 1}$"


def _cone(space: Space, units: NDArray, anchor: NDArray) -> None:
    """The extreme rays in their order about the anchor, and the faces between them."""
    rays = around(unit_rows(extreme_rays(units @ units.T, 1e-12) @ units), anchor)
    rim = np.vstack([arc(a, b) for a, b in zip(rays, np.roll(rays, -1, 0), strict=True)])
    space.fan(rim, PURPLE, 0.22)
    space.line(rim, PURPLE, 1.2)
    for ray in rays:
        space.arrow(ray, PURPLE, 1.2)
    space.arrow(anchor, BLACK, 2.4, "$\\boldsymbol{d}^*$")
    for k, (colour, unit) in enumerate(zip(TASKS, units, strict=True)):
        space.arrow(unit, colour, 2.4, _name(k))


def _arcs(space: Space, units: NDArray, anchor: NDArray) -> None:
    """Where a gradient may go: a quarter of the circle through it and the anchor."""
    for k, (colour, unit) in enumerate(zip(TASKS, units, strict=True)):
        across = unit_rows(anchor - (anchor @ unit) * unit)
        space.line(arc(unit, across), colour, 1.6, (0, (4, 2)))
        space.arrow(unit, colour, 2.4, _name(k))


def _turned(space: Space, units: NDArray, rotated: NDArray) -> None:
    for k, colour in enumerate(TASKS):
        space.arrow(units[k], colour, 1.2, _name(k), 0.4)
        space.line(arc(units[k], rotated[k]), colour, 1.4, (0, (2, 1.5)))
        space.arrow(rotated[k], colour, 2.4)


def _result(space: Space, units: NDArray, rotated: NDArray, update: NDArray) -> None:
    for k, colour in enumerate(TASKS):
        space.arrow(units[k], colour, 1.2, _name(k), 0.5)
        space.arrow(rotated[k], colour, 1.8)
        space.line(arc(update, rotated[k]), GREY, 0.9, (0, (2, 2)))
    space.arrow(update, BLACK, 3.2, "$\\boldsymbol{g}$")
