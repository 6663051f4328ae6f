"""Chapter 7's pictures in space: unit vectors, arcs and cones on a ball. Dimensionless."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import Circle
from numpy.typing import NDArray

from hrgradlib.chapters.ch07_cone import unit_rows
from hrgradlib.chapters.palette import BLUE, GREEN, VERMILLION

__all__ = ["TASKS", "Space", "arc", "around", "listed", "ring"]

#: Colours of three tasks.
TASKS = (BLUE, VERMILLION, GREEN)


class Space:
    """Parallel projection of the unit ball, painted from the back to the front.

    Args:
        axes: the panel, which is emptied of ticks and frame.
        azimuth, elevation: of the eye, in degrees.
    """

    def __init__(self, axes: Axes, azimuth: float = 82.0, elevation: float = 22.0) -> None:
        a, e = np.radians([azimuth, elevation])
        toward = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
        right = np.array([-np.sin(a), np.cos(a), 0.0])
        self.frame = np.stack([right, np.cross(toward, right), toward])
        self.axes = axes
        axes.set(xlim=(-1.2, 1.2), ylim=(-1.03, 1.2), aspect="equal")
        axes.axis("off")
        axes.add_patch(Circle((0, 0), 1, facecolor="#F3F5F8", edgecolor="#9AA4B2", zorder=-5))
        for polar in (30, 60, 90, 120, 150):
            self.line(ring(np.array([0, 0, 1.0]), np.radians(polar)), "#C3CAD4", 0.6)
        for turn in np.radians([0, 45, 90, 135]):
            normal = np.array([np.cos(turn), np.sin(turn), 0.0])
            self.line(ring(normal, np.pi / 2), "#C3CAD4", 0.6)

    def see(self, points: NDArray) -> NDArray:
        """[..., 3] in space to (right, up, depth)."""
        return points @ self.frame.T

    def line(self, points: NDArray, color: str, width: float, style: object = "-") -> None:
        """A curve [m, 3] on the ball, pale where it is behind."""
        seen = self.see(points)
        segments = np.stack([seen[:-1, :2], seen[1:, :2]], 1)
        front = seen[:-1, 2] + seen[1:, 2] >= -1e-9
        for part, opacity, order in ((front, 1.0, 2), (~front, 0.4, -3)):
            chosen = LineCollection(
                segments[part], colors=color, linewidths=width, alpha=opacity, zorder=order
            )
            chosen.set_linestyle(style)
            chosen.set_capstyle("butt")
            self.axes.add_collection(chosen)

    def fan(self, rim: NDArray, color: str, opacity: float) -> None:
        """The surface of a cone from the centre to a closed curve."""
        seen = self.see(rim)[:, :2]
        middle = np.zeros_like(seen[:-1])
        triangles = np.stack([middle, seen[:-1], seen[1:]], 1)
        self.axes.add_collection(
            PolyCollection(triangles, facecolors=color, alpha=opacity, linewidths=0, zorder=1)
        )

    def arrow(
        self, tip: NDArray, color: str, width: float, label: str = "", opacity: float = 1.0
    ) -> None:
        """From the centre to a tip [3]."""
        x, y, depth = self.see(tip)
        style = {"arrowstyle": "-|>", "color": color, "lw": width, "alpha": opacity,
                 "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7 + 3.2 * width}  # fmt: skip
        self.axes.annotate("", (x, y), (0, 0), arrowprops=style, zorder=4 + depth)
        if label:
            self.text(tip, label, color)

    def text(self, point: NDArray, label: str, color: str, reach: float = 0.11) -> None:
        """A label outside a point [3]."""
        x, y, _ = self.see(point)
        away = np.array([x, y]) / max(np.hypot(x, y), 1e-9) * reach
        self.axes.text(
            x + away[0], y + away[1], label, color=color, ha="center", va="center", zorder=9,
            fontsize=11,
        )  # fmt: skip


def ring(axis: NDArray, angle: float, count: int = 120) -> NDArray:
    """[count + 1, 3] the circle of unit vectors at an angle to an axis."""
    helper = np.array([0, 0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0, 0])
    e = unit_rows(np.cross(axis, helper))
    t = np.linspace(0, 2 * np.pi, count + 1)[:, None]
    around = np.cos(t) * e + np.sin(t) * np.cross(axis, e)
    return np.cos(angle) * axis + np.sin(angle) * around


def around(vectors: NDArray, axis: NDArray) -> NDArray:
    """Unit vectors [R, 3] in their order around a unit axis [3] that lies between them."""
    e = unit_rows(vectors[0] - (vectors[0] @ axis) * axis)
    turn = np.arctan2(vectors @ np.cross(axis, e), vectors @ e)
    return vectors[np.argsort(turn)]


def arc(start: NDArray, end: NDArray, count: int = 24) -> NDArray:
    """[count + 1, 3] the shortest way on the sphere between two of its points, not opposite."""
    share = np.linspace(0, 1, count + 1)[:, None]
    return unit_rows((1 - share) * start + share * end)


def listed(numbers: NDArray) -> str:
    """Numbers as titles show them."""
    return ", ".join(f"{x:.2f}".replace("-", "\N{MINUS SIGN}") for x in numbers)
