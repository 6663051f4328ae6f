"""Figures of chapter 10: linear transport with inflow. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch10_study import Group
from hrgradlib.chapters.costless import mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = [
    "approximation",
    "collocation",
    "density_profiles",
    "error_by_eps",
    "final_errors",
    "scaled_coefficients",
    "splitting",
    "truncation",
    "velocity_profiles",
    "wall_zoom",
]


def splitting(v: NDArray, cases: Sequence[tuple[float, float, float, NDArray, NDArray]]) -> Figure:
    """``f``, the split part ``S`` and ``f' = f − S`` over v, a panel each place.

    Args:
        v: [V]; cases: per panel (ε, t, x, f [V], S [V]).
    """
    fig, axes = subplots(1, len(cases), figsize=(7.4, 2.9), sharey=True)
    for axis, (eps, t, x, f, split) in zip(axes, cases, strict=True):
        axis.plot(v, f, color=BLACK, label="$f$")
        axis.plot(v, split, color=ORANGE, label="$S$")
        axis.plot(v, f - split, color=BLUE, label="$f'=f-S$")
        axis.set(xlabel="$v$", title=f"{eps_label(eps)}, $t={t:g}$, $x={x:g}$")
    axes[0].set_ylabel("distribution")
    axes[0].legend()
    return fig


def scaled_coefficients(
    eps: NDArray, delta: NDArray, panels: Mapping[str, Mapping[str, NDArray]]
) -> Figure:
    """Sizes of the unknowns over ε, a panel each place; dotted, δ itself.

    Args:
        eps, delta: [E]; panels: title → name of the unknown → values [E].
    """
    fig, axes = subplots(1, len(panels), figsize=(7.4, 3.1), sharey=True)
    colours = (BLACK, VERMILLION, ORANGE, BLUE, PURPLE)
    for axis, (title, unknowns) in zip(axes, panels.items(), strict=True):
        for colour, (name, values) in zip(colours, unknowns.items(), strict=False):
            axis.loglog(eps, np.abs(values), "o-", color=colour, label=name)
        axis.loglog(eps, delta, ":", color=GREY, label=r"$\delta$")
        axis.set(xlabel="Knudsen number ε", title=title, ylim=(2e-5, 3))
    axes[0].set_ylabel("size")
    axes[0].legend(loc="lower right", ncol=2)
    return fig


def approximation(
    counts: NDArray, panels: Mapping[str, Mapping[str, NDArray]], eps: Sequence[float]
) -> Figure:
    """Best approximation of ``f'`` in v by as many coefficients of either kind.

    Args:
        counts: [C] numbers of coefficients; panels: title → basis → errors [E, C]; eps: E of them.
    """
    fig, axes = subplots(1, len(panels), figsize=(7.4, 3.2), sharey=True)
    lines = {"half-range": "-", "legendre": "--"}
    for axis, (title, bases) in zip(axes, panels.items(), strict=True):
        for basis, errors in bases.items():
            for e, row in zip(eps, errors, strict=True):
                axis.semilogy(
                    counts,
                    row,
                    lines[basis],
                    marker="o",
                    color=eps_colour(e),
                    label=f"{basis}, {eps_label(e)}",
                )
        axis.set(xlabel="coefficients", title=title, xticks=counts)
    axes[0].set_ylabel("distance in $L^2$")
    shared_legend(fig, axes[0], "upper center", ncol=2)
    return fig


def collocation(t: NDArray, x: NDArray, eps: NDArray, groups: Mapping[str, NDArray]) -> Figure:
    """Collocation points of some tasks in the variables of the equation and of the corner.

    Args:
        t, x, eps: [N]; groups: label → [N] which points.
    """
    fig, (plain, scaled) = subplots(1, 2, figsize=(7.4, 3.2))
    for colour, (label, mine) in zip((BLUE, VERMILLION, GREEN), groups.items(), strict=False):
        plain.plot(x[mine], t[mine], ".", color=colour, ms=3, label=label, clip_on=False)
        scaled.loglog(
            np.maximum(x[mine] / eps[mine], 1e-2), t[mine] / eps[mine] ** 2, ".", color=colour, ms=3
        )
    plain.set(xlabel="$x$", ylabel="$t$")
    scaled.set(xlabel=r"$x/\varepsilon$", ylabel=r"$\tau=t/\varepsilon^2$")
    shared_legend(fig, plain, "upper center", ncol=3, markerscale=3)
    return fig


def error_by_eps(
    eps: NDArray,
    times: NDArray,
    errors: NDArray,
    final: tuple[NDArray, NDArray],
    trivial: Mapping[str, NDArray],
) -> Figure:
    """Final error against ε (every seed thin, the median thick), all errors against ``τ = t/ε²``.

    Args:
        eps: [E]; times: [T]; errors: [seeds, E, T].
        final: the Knudsen numbers [F] of the left panel, and errors [seeds, F] at the last time.
        trivial: by name, [F] errors there of what costs no training.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.6, 3.4), sharey=True)
    _, colour, marker, line = METHOD_LOOK["even-odd"]
    grid, values = final
    draw_lines(left, grid, trivial)
    left.loglog(grid, values.T, line, color=colour, lw=0.7, alpha=0.6)
    dots = max(1, len(grid) // 8)
    left.loglog(grid, np.median(values, 0), marker + line, color=colour, markevery=dots)
    left.set(xlabel="Knudsen number ε", ylabel="relative $L^2$ error of ρ", title="at $T$")
    left.legend()
    for e, row in zip(eps, np.median(errors, 0), strict=True):
        right.loglog(times / e**2, row, "o-", color=eps_colour(e), label=eps_label(e))
    right.set(xlabel=r"$\tau=t/\varepsilon^2$", title="at four times, median of the seeds")
    shared_legend(fig, right, "right center", fontsize=7.5)
    return fig


def final_errors(
    groups: Mapping[str, Group], check: float, costless: Mapping[str, float]
) -> Figure:
    """Final error over the trained range (left) and far below it (right): seeds and median.

    Args:
        groups: by key of `METHOD_LOOK`; may be empty.
        check: ε of the right panel.
        costless: by name, errors of what costs no training, over the trained range.
    """
    fig, axes = subplots(1, 2, figsize=(7.2, 3.1), sharey=True)
    mark_lines(axes[0], costless)
    for place, (name, group) in enumerate(groups.items()):
        _, colour, marker, _ = METHOD_LOOK[name]
        for axis, values in zip(axes, (group.errors, group.far), strict=True):
            axis.semilogx(values, np.full(len(values), place), marker, color=colour, ms=4)
            axis.plot([np.median(values)] * 2, [place - 0.3, place + 0.3], color=colour)
    for axis, column in zip(axes, Group._fields, strict=False):
        if not groups:
            axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
            continue
        drawn = [getattr(group, column) for group in groups.values()]
        drawn += [np.array(list(costless.values()))] if axis is axes[0] else []
        kept = np.log10(np.concatenate(drawn))
        low, high = np.floor(kept.min()), np.ceil(kept[np.isfinite(kept)].max())
        axis.set_xlim(0.8 * 10**low, 1.25 * 10**high)  # whole decades: ticks that can be read
    axes[0].set(
        xlabel="largest error at $T$ over ε",
        yticks=range(len(groups)),
        yticklabels=map(label_of, groups),
    )
    axes[1].set(xlabel=f"error at $T$, {eps_label(check)}")
    axes[0].invert_yaxis()
    shared_legend(fig, axes[0], "upper center", ncols=2)
    return fig


def truncation(
    counts: NDArray,
    errors: Mapping[str, NDArray],
    networks: Mapping[str, tuple[int, NDArray]],
    eps: float,
) -> Figure:
    """Error that cutting in v causes, over the number of coefficients; networks as dots.

    Args:
        counts: [C] numbers n; errors: "half-range" and "legendre" → [C];
        networks: key of `METHOD_LOOK` → (n, final errors [seeds]); eps: where.
    """
    fig, axis = subplots(figsize=(6.2, 3.4))
    for (basis, values), style in zip(errors.items(), ("-", "--"), strict=True):
        axis.semilogy(2 * counts, values, style, color=GREY, label=f"cut equations, {basis}")
    for name, (count, values) in networks.items():
        own, colour, marker, _ = METHOD_LOOK[name]
        axis.semilogy(np.full(len(values), 2 * count), values, marker, color=colour, label=own)
    axis.set(
        xlabel="coefficients, $2n$",
        ylabel=f"error of ρ at $T$, {eps_label(eps)}",
        xticks=2 * counts,
    )
    axis.legend()
    return fig


def density_profiles(
    x: NDArray, eps: NDArray, times: Sequence[float], exact: NDArray, found: NDArray
) -> Figure:
    """``ρ`` over x, a column each time: reference as lines, network as dots; below, differences.

    Args:
        x: [X]; eps: [E]; exact, found: [T, E, X].
    """
    fig, axes = subplots(
        2, len(times), figsize=(7.4, 4.8), height_ratios=(2, 1), sharex=True, sharey="row"
    )
    for column, t in enumerate(times):
        top, bottom = axes[:, column]
        for e, ref, net in zip(eps, exact[column], found[column], strict=True):
            top.plot(x, ref, color=eps_colour(e), label=eps_label(e))
            top.plot(x[::6], net[::6], "o", ms=2.8, color=eps_colour(e))
            bottom.plot(x, net - ref, color=eps_colour(e))
        top.set_title(f"$t={t:g}$")
        bottom.set_xlabel("$x$")
        bottom.axhline(0, color=GREY, lw=0.8)
    axes[0, 0].set_ylabel(r"density $\rho$")
    axes[1, 0].set_ylabel("network − reference")
    axes[0, -1].legend(ncol=2, fontsize=7.5)
    axes[1, 0].ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    return fig


def wall_zoom(
    depth: NDArray, eps: Sequence[float], times: Sequence[float], exact: NDArray, found: NDArray
) -> Figure:
    """Drop of ρ from the wall, over δ, against x/ε: reference as lines, network as dots.

    Args:
        depth: [X] mean free paths from the wall; exact, found: ``(ρ(0) − ρ)/δ`` [T, E, X].
    """
    fig, axes = subplots(1, len(times), figsize=(7.4, 3.0), sharey=True)
    for axis, t, references, networks in zip(axes, times, exact, found, strict=True):
        for e, ref, net in zip(eps, references, networks, strict=True):
            axis.plot(depth, ref, color=eps_colour(e), label=eps_label(e))
            axis.plot(depth[::4], net[::4], "o", ms=3, color=eps_colour(e))
        axis.set(xlabel=r"$x/\varepsilon$", title=f"$t={t:g}$")
    axes[0].set_ylabel(r"$(\rho(0)-\rho(x))/\delta$")
    axes[-1].legend()
    return fig


def velocity_profiles(
    v: NDArray, rows: Sequence[tuple[str, Sequence[tuple[str, NDArray, Mapping[str, NDArray]]]]]
) -> Figure:
    """``f(v)``: a row each ε and t, a column each place; the reference black, others as dots.

    Args:
        v: [V]; rows: (title of the row, panels), a panel (title, reference [V], label → [V]).
    """
    columns = len(rows[0][1])
    fig, axes = subplots(
        len(rows), columns, figsize=(7.4, 2.5 * len(rows)), sharex=True, squeeze=False
    )
    for line, (name, panels) in zip(axes, rows, strict=True):
        for axis, (title, exact, others) in zip(line, panels, strict=True):
            axis.plot(v, exact, color=BLACK, lw=1.0, label="reference")
            for (label, values), colour in zip(others.items(), (VERMILLION, SKY), strict=False):
                axis.plot(v[::5], values[::5], "o", ms=2.8, color=colour, label=label)
            axis.set_title(f"{name}, {title}", fontsize=9)
        line[0].set_ylabel("$f$")
    for axis in axes[-1]:
        axis.set_xlabel("$v$")
    axes[0, 0].legend()
    return fig
