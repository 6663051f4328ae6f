"""Figures of chapter 7: the geometry of harmonised rotation. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from numpy.typing import NDArray

from hrgradlib.chapters.ch07_cone import Preset, Sweep, cosines_with, sweep, unit_rows
from hrgradlib.chapters.ch07_space import TASKS, Space, arc, listed, ring
from hrgradlib.chapters.ch07_steps import Moved
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.palette import BLACK, GREY
from hrgradlib.chapters.style import shared_legend, subplots, use_style

__all__ = ["against_kappa", "cone", "heads", "outside_cone", "scales", "two_gradients"]

_SUM = METHOD_LOOK["sum"].colour
_KAPPAS = {
    kappa: METHOD_LOOK[name].colour
    for kappa, name in ((0.0, "hrgrad-0"), (0.5, "hrgrad"), (1.0, "hrgrad-1"))
}


# --- the picture in space ------------------------------------------------------------------------


def cone(preset: Preset, kappa: float) -> Figure:
    """Left: unit gradients, their sum, the axis and its cone. Right: after the rotation.

    Args:
        preset: three gradients.
        kappa: harmony of the right panel.
    """
    gradients = preset.gradients()
    found, units = sweep(gradients, [kappa]), unit_rows(gradients)
    total, theta = unit_rows(gradients.sum(0)), float(found.theta[0])
    fig, axes = subplots(1, 2, figsize=(8.6, 4.4))
    for panel, axis in enumerate(axes):
        space = Space(axis)
        space.line(ring(found.axis, found.angle), BLACK, 1.0, (0, (4, 3)))
        space.line(np.stack([0 * found.axis, 1.1 * found.axis]), BLACK, 1.1, (0, (5, 3)))
        space.text(1.1 * found.axis, "$\\boldsymbol{a}$", BLACK, 0.08)
        if panel:
            rim = ring(found.axis, theta)
            space.fan(rim, BLACK, 0.09)
            space.line(rim, BLACK, 1.3)
        for k, (color, unit) in enumerate(zip(TASKS, units, strict=True)):
            name = rf"$\hat{{\boldsymbol{{u}}}}_{k + 1}$"
            space.arrow(unit, color, 1.4 if panel else 2.4, name, 0.45 if panel else 1.0)
            if panel:
                space.line(arc(unit, found.rotated[0, k]), color, 1.3, (0, (2, 1.5)))
                space.arrow(found.rotated[0, k], color, 2.4)
        space.arrow(total, _SUM, 2.4, "sum")
        if panel:
            direction = unit_rows(found.direction[0])
            space.line(arc(total, direction), GREY, 1.5, (0, (2, 1.5)))
            space.arrow(direction, BLACK, 3.2, "$\\boldsymbol{d}$")
    axes[0].set_title(f"before: cosines with the sum {listed(cosines_with(total, gradients))}")
    axes[1].set_title(rf"after, $\kappa={kappa:g}$: cosines with $d$ {listed(found.cosines[0])}")
    return fig


# --- against the harmony -------------------------------------------------------------------------


def against_kappa(found: Sweep) -> Figure:
    """How far the gradients are turned, what every task gets, and how long the step is."""
    fig, axes = subplots(1, 3, figsize=(8.6, 2.9))
    axes[0].plot(found.kappa, found.theta / found.angle, color=BLACK)
    axes[0].set(ylabel=r"$\theta^*/\varphi$", ylim=(-0.03, 1.05))
    for k, cosines in enumerate(found.cosines.T):
        color = TASKS[k % 3]
        axes[1].plot(found.kappa, cosines, color=color, label=rf"$j={k + 1}$")
    axes[1].plot(found.kappa, found.kappa * found.cosine, "--", color=GREY, label=r"$\kappa c$")
    axes[1].set(ylabel=r"$\cos(\boldsymbol{d},\hat{\boldsymbol{u}}_j)$")
    axes[1].legend()
    axes[2].plot(found.kappa, found.length, color=BLACK)
    axes[2].set(ylabel=r"$\|\boldsymbol{d}\|\;/\;\|\mathrm{sum}\|$", ylim=(0, 1.05))
    for axis in axes:
        axis.set(xlabel=r"harmony $\kappa$", xlim=(0, 1))
    return fig


# --- two gradients in the plane ------------------------------------------------------------------


def two_gradients(ratio: float, shown: Sequence[float]) -> Figure:
    """Two gradients of lengths ``ratio`` and 1 at growing angles, and where the direction goes.

    Args:
        ratio: length of the first gradient; the second has length one.
        shown: angles in degrees, one panel each.
    """
    use_style()
    fig = plt.figure(figsize=(8.6, 5.2))
    rows = fig.add_gridspec(2, 1, height_ratios=(1, 1.35))
    upper = rows[0].subgridspec(1, len(shown))
    for place, angle in enumerate(shown):
        axis = fig.add_subplot(upper[place])
        _plane(axis, ratio, angle)
        axis.set_title(rf"$\psi={angle:g}^\circ$")
    lower = rows[1].subgridspec(1, 2)
    angles = np.linspace(20, 179, 160)
    _curves([fig.add_subplot(lower[i]) for i in range(2)], ratio, angles)
    return fig


def _pair(ratio: float, angle: float) -> NDArray:
    psi = np.radians(angle)
    return np.array([[ratio, 0.0], [np.cos(psi), np.sin(psi)]])


def _plane(axis: Axes, ratio: float, angle: float) -> None:
    gradients = _pair(ratio, angle)
    total = gradients.sum(0)
    style = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 11}
    center, radius = total / 2, np.linalg.norm(total) / 2
    axis.add_patch(Circle(center, radius, fill=False, color="#BBBBBB", lw=0.9, ls=(0, (3, 2))))
    for vector in gradients:
        axis.annotate("", vector, (0, 0), arrowprops=style | {"color": BLACK, "lw": 1.3})
    axis.annotate("", total, (0, 0), arrowprops=style | {"color": _SUM, "lw": 1.3, "ls": "-"})
    found = sweep(gradients, list(_KAPPAS))
    for color, direction in zip(_KAPPAS.values(), found.direction, strict=True):
        axis.annotate("", direction, (0, 0), arrowprops=style | {"color": color, "lw": 2})
    axis.set(xlim=(-1.05, 3.65), ylim=(-0.6, 1.9), aspect="equal")
    axis.axis("off")


def _curves(axes: Sequence[Axes], ratio: float, angles: NDArray) -> None:
    sweeps = [sweep(_pair(ratio, angle), list(_KAPPAS)) for angle in angles]
    totals = np.stack([_pair(ratio, angle).sum(0) for angle in angles])
    weak = [cosines_with(t, _pair(ratio, a))[1] for t, a in zip(totals, angles, strict=True)]
    axes[0].plot(angles, weak, color=_SUM, label="sum")
    axes[1].plot(angles, np.linalg.norm(totals, axis=1), color=_SUM)
    for place, (kappa, color) in enumerate(_KAPPAS.items()):
        cosines = [one.cosines[place, 1] for one in sweeps]
        lengths = [np.linalg.norm(one.direction[place]) for one in sweeps]
        axes[0].plot(angles, cosines, color=color, label=rf"$\kappa={kappa:g}$")
        axes[1].plot(angles, lengths, color=color)
    axes[0].axhline(0, color=BLACK, lw=0.8)
    axes[0].set(ylabel=r"cosine with the shorter gradient")
    axes[1].set(ylabel=r"length $\|\boldsymbol{d}\|$", ylim=(0, None))
    axes[0].legend()
    for axis in axes:
        axis.set(xlabel=r"angle $\psi$ between the gradients (degrees)", xlim=(20, 180))


# --- the axis outside the cone -------------------------------------------------------------------


def outside_cone(examples: Mapping[str, Preset], below_one: float = 1 - 1e-9) -> Figure:
    """Top: the cone seen along its axis. Bottom: cosines against κ, with the value at κ = 1.

    Args:
        examples: title and three gradients, one column each.
        below_one: the κ taken for the limit from below.
    """
    fig, axes = subplots(
        2, len(examples), figsize=(4.2 * len(examples), 6.4), height_ratios=(1.25, 1),
        squeeze=False,
    )  # fmt: skip
    kappas = [*np.linspace(0, 1, 201)[:-1].tolist(), below_one]
    for (upper, lower), (title, preset) in zip(axes.T, examples.items(), strict=True):
        gradients = preset.gradients()
        found, level = sweep(gradients, kappas), sweep(gradients, [1.0])
        _along_axis(upper, gradients, found)
        upper.set_title(title)
        for k, color in enumerate(TASKS):
            lower.plot(found.kappa, found.cosines[:, k], color=color, label=rf"$j={k + 1}$")
        lower.plot([1], level.cosines[0, :1], "o", color=BLACK, clip_on=False, zorder=5)
        lower.plot(found.kappa, found.kappa * found.cosine, "--", color=GREY, label=r"$\kappa c$")
        lower.set(xlabel=r"harmony $\kappa$", xlim=(0, 1))
        lower.set_ylabel(r"$\cos(\boldsymbol{d},\hat{\boldsymbol{u}}_j)$")
    axes[1, 0].legend()
    handles, _ = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return fig


def _along_axis(axis: Axes, gradients: NDArray, found: Sweep) -> None:
    """Intersections with the plane ``y·a = c`` that holds the tips of the unit gradients."""
    units = unit_rows(gradients)
    e = unit_rows(units[0] - found.cosine * found.axis)
    basis = np.stack([e, np.cross(found.axis, e)])
    tips = units @ basis.T
    axis.add_patch(Polygon(tips, facecolor="#E8EDF3", edgecolor="#9AA4B2", zorder=0))
    axis.add_patch(Circle((0, 0), np.sin(found.angle), fill=False, color="#9AA4B2", lw=0.9))
    for k, (color, tip) in enumerate(zip(TASKS, tips, strict=True)):
        axis.plot(*tip, "o", color=color, ms=7)
        name = rf"$\hat{{\boldsymbol{{u}}}}_{k + 1}$"
        axis.text(*(1.16 * tip), name, color=color, ha="center", va="center", fontsize=11)
    through = np.vstack([found.direction, gradients.sum(0)])
    path = through @ basis.T / (through @ found.axis)[:, None] * found.cosine
    axis.plot(*path[-1], "o", color=_SUM, ms=6, label="sum")
    axis.plot(*path[:-1].T, color=BLACK, lw=2.4, label=r"$\boldsymbol{d}$, $0\leq\kappa<1$")
    axis.plot(0, 0, "P", color=BLACK, ms=7, label=r"$\boldsymbol{a}$")
    hull = _best_worst(units) @ basis.T
    best, colour, marker, _ = METHOD_LOOK["maxmin"]
    axis.plot(*hull, marker, color=colour, ms=5, label=best)
    axis.set(xlim=(-1.25, 1.25), ylim=(-1.2, 1.2), aspect="equal")
    axis.axis("off")


def _best_worst(units: NDArray) -> NDArray:
    """Point where the axis of the best worst cosine meets the plane of the tips (K = n = 3)."""
    import torch

    from hrgradlib.optim import harmonize

    hull = harmonize(torch.from_numpy(units @ units.T), 1.0, "maxmin").weights.numpy()
    return hull @ units / hull.sum()


# --- single numbers, and scales ------------------------------------------------------------------


def heads(runs: Mapping[str, Moved], bound: NDArray) -> Figure:
    """Two heads on one trunk: the farthest that a number moves, and the weak task's loss.

    Args:
        runs: by name of the method, of :data:`METHOD_LOOK`.
        bound: [T] proved, in learning rates.
    """
    fig, axes = subplots(1, 2, figsize=(8.6, 3.1))
    for name, run in runs.items():
        label, colour, _, line = METHOD_LOOK[name]
        steps = np.arange(1, len(run.farthest) + 1)
        axes[0].loglog(steps, run.farthest, line, color=colour, label=label)
        axes[1].loglog(steps, run.losses[:, 1], line, color=colour)
    axes[0].loglog(steps, bound, ":", color=BLACK, label="bound")
    axes[0].set(ylabel=r"farthest number moves, in $\eta$")
    axes[1].set(ylabel="second loss, unscaled")
    for axis in axes:
        axis.set_xlabel("step $t$")
    shared_legend(fig, axes[0], "upper center", ncols=4)
    return fig


def scales(errors: Mapping[str, NDArray]) -> Figure:
    """Errors without scaling (first) and with the losses scaled at random.

    Args:
        errors: by name of the method, of :data:`METHOD_LOOK`; [1 + draws].
    """
    fig, axis = subplots(figsize=(6.4, 2.9))
    for name, values in errors.items():
        label, colour, marker, _ = METHOD_LOOK[name]
        axis.semilogy(values, marker, color=colour, ms=8, label=label)
    count = len(values)
    names = ["none"] + [f"draw {i}" for i in range(1, count)]
    axis.set(xticks=range(count), xticklabels=names, xlabel="scaling of the losses")
    axis.set_ylabel("worst residual at the end,\nrelative")
    fig.legend(loc="outside upper center", ncols=3)
    return fig
