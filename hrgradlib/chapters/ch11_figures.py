"""Figures of chapter 11: one network for BGK against its reference. All quantities dimensionless.

Values of a network are dots, those of the reference lines, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.costless import mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SEQUENTIAL, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, log_ticks, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = [
    "QUANTITIES",
    "chosen_points",
    "conservation",
    "distributions",
    "errors_by_eps",
    "growth",
    "heat_fluxes",
    "histories",
    "profiles",
    "study_errors",
    "truncation",
]

QUANTITIES = {"density": BLUE, "momentum": VERMILLION, "energy": GREEN}
_LOWEST = 1e-3  # where the scale of colours for ε begins
_LABELS = (r"density $\rho$", r"velocity $u$", r"temperature $\Theta$")
_EVERY = 6  # of the points of a curve, those shown as dots


def truncation(rows: Sequence[Mapping]) -> Figure:
    """Error of the momentum against the number of modes, expanding f or what has collided of it.

    Args:
        rows: with ``eps``, ``modes``, ``split`` and ``momentum``.
    """
    fig, axis = subplots(figsize=(6.0, 3.5))
    for e in sorted({r["eps"] for r in rows}, reverse=True):
        for split, style in ((False, "s--"), (True, "o-")):
            chosen = [r for r in rows if r["eps"] == e and r["split"] is split]
            axis.semilogy(
                [r["modes"] for r in chosen],
                [r["momentum"] for r in chosen],
                style,
                color=eps_colour(e, 1e-2),
                lw=1.2,
                label=eps_label(e) if split else None,
            )
    axis.plot([], [], "s--", color=GREY, lw=1.2, label="$f$ expanded")
    axis.plot([], [], "o-", color=GREY, lw=1.2, label="free flight split off")
    axis.set(xlabel="micro modes $n$", ylabel="relative $L^2$ error of $\\rho u$")
    fig.legend(loc="outside right center")
    return fig


def growth() -> Figure:
    """Shares of particles that have collided at least once, twice; the first's mean over time."""
    tau = np.geomspace(1e-3, 1e2, 300)
    once = -np.expm1(-tau)
    twice = once - tau * np.exp(-tau)
    lag = np.where(tau < 1e-2, tau / 2 - tau**2 / 6, 1 - once / tau)
    fig, axis = subplots(figsize=(6.0, 3.0))
    for values, colour, style, label in (
        (once, BLUE, "-", r"$\sigma=1-e^{-\tau}$"),
        (lag, GREEN, "--", r"$\omega/t$"),
        (twice, VERMILLION, "-.", r"$\sigma_2=1-(1+\tau)e^{-\tau}$"),
    ):
        axis.loglog(tau, values, style, color=colour, label=label)
    axis.set(xlabel=r"$\tau=t/\varepsilon$", ylim=(1e-6, 2), ylabel="share")
    axis.legend()
    return fig


def chosen_points(panels: Mapping[str, tuple[NDArray, NDArray, NDArray]]) -> Figure:
    """Collocation points over x and t, a panel per way of choosing; colour is ``log10 ε``.

    Args:
        panels: (t, x, ε), each [N], by title.
    """
    fig, axes = subplots(1, len(panels), figsize=(8.4, 3.2), sharex=True, sharey=True)
    for axis, (title, (t, x, eps)) in zip(axes, panels.items(), strict=True):
        dots = axis.scatter(x, t, c=np.log10(eps), s=3, cmap=SEQUENTIAL, rasterized=True)
        axis.set(title=title, xlabel="$x$")
    axes[0].set_ylabel("$t$")
    fig.colorbar(dots, ax=axes, label=r"$\log_{10}\varepsilon$")
    return fig


def profiles(
    x: NDArray, eps: Sequence[float], exact: NDArray, found: NDArray, title: str
) -> Figure:
    """ρ, u and Θ over x for every ε, and below the difference network − reference.

    Args:
        x: [X]; exact, found: [3, E, X], of ρ, u and Θ.
    """
    fig, axes = subplots(2, 3, figsize=(8.8, 4.4), height_ratios=(2, 1), sharex=True)
    for column, label in enumerate(_LABELS):
        upper, lower = axes[:, column]
        for e, ref, net in zip(eps, exact[column], found[column], strict=True):
            colour = eps_colour(e, _LOWEST)
            upper.plot(x, ref, color=colour, lw=1.2, label=eps_label(e))
            upper.plot(x[::_EVERY], net[::_EVERY], "o", ms=2.6, color=colour)
            lower.plot(x, net - ref, color=colour, lw=1.1)
        upper.set_title(label)
        lower.axhline(0, color=GREY, lw=0.8)
        lower.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
        lower.set_xlabel("$x$")
    axes[0, 0].set_ylabel(title)
    axes[1, 0].set_ylabel("difference")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(eps))
    return fig


def distributions(
    v: NDArray, places: Sequence[float], eps: Sequence[float], exact: NDArray, found: NDArray
) -> Figure:
    """``f`` over v at some places, a column per ε; below the difference network − reference.

    Args:
        v: [V]; exact, found: [E, P, V].
    """
    fig, axes = subplots(
        2,
        len(eps),
        figsize=(2.5 * len(eps) + 0.6, 4.2),
        sharex=True,
        height_ratios=(2, 1),
        sharey="row",
    )
    for column, e in enumerate(eps):
        upper, lower = axes[:, column]
        for place, colour, ref, net in zip(
            places, (BLUE, VERMILLION, GREEN, ORANGE), exact[column], found[column], strict=False
        ):
            upper.plot(v, ref, color=colour, lw=1.2, label=f"$x={place:g}$")
            upper.plot(v[::_EVERY], net[::_EVERY], "o", ms=2.6, color=colour)
            lower.plot(v, net - ref, color=colour, lw=1.0)
        upper.set_title(eps_label(e))
        lower.set(xlabel="$v$", xticks=(-4, 0, 4))
        lower.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    axes[0, 0].set_ylabel("$f$")
    axes[1, 0].set_ylabel("difference")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(places))
    return fig


def conservation(t: NDArray, eps: Sequence[float], defects: NDArray, title: str) -> Figure:
    """What mass, momentum and energy in the domain lack of their balance, over time.

    Args:
        t: [T]; defects: [3, E, T].
    """
    fig, axes = subplots(1, 3, figsize=(8.6, 2.9), sharex=True)
    for axis, name, values in zip(axes, QUANTITIES, defects, strict=True):
        for e, curve in zip(eps, values, strict=True):
            axis.plot(t, curve, color=eps_colour(e, _LOWEST), lw=1.3, label=eps_label(e))
        axis.axhline(0, color=GREY, lw=0.8)
        axis.set(title={"density": "mass"}.get(name, name), xlabel="$t$")
        axis.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    axes[0].set_ylabel(f"{title}: defect")
    shared_legend(fig, axes[0], "lower center", ncols=len(eps))
    return fig


def heat_fluxes(
    x: NDArray, eps: Sequence[float], found: NDArray, exact: NDArray, law: NDArray
) -> Figure:
    """Heat flux over ε: network (dots), reference (line), Chapman–Enskog (dashed); a panel per ε.

    Args:
        x: [X]; found, exact, law: [E, X], divided by ε.
    """
    fig, axes = subplots(1, len(eps), figsize=(2.8 * len(eps) + 0.3, 3.1), sharey=True)
    for axis, e, *curves in zip(axes, eps, found, exact, law, strict=True):
        axis.plot(x, curves[1], color=BLUE, lw=1.3, label="reference")
        axis.plot(x, curves[2], "--", color=BLACK, lw=1.0, label="Chapman–Enskog")
        axis.plot(x[::_EVERY], curves[0][::_EVERY], "o", ms=3, color=VERMILLION, label="network")
        axis.set(title=eps_label(e), xlabel="$x$")
    axes[0].set_ylabel(r"$\frac{1}{2}\langle(v-u)^3f\rangle/\varepsilon$")
    shared_legend(fig, axes[0], "lower center", ncols=3)
    return fig


def errors_by_eps(
    eps: Mapping[str, NDArray],
    errors: Mapping[str, NDArray],
    own: Mapping[str, NDArray],
    trivial: Mapping[str, Mapping[str, NDArray]],
) -> Figure:
    """Final errors against ε by problem: seeds thin, median thick; dotted, the reference's own.

    Args:
        eps: [E] by problem; errors: [seeds, 3, E]; own: [3, E].
        trivial: by problem and name, [E] errors of what costs no training.
    """
    fig, axes = subplots(1, len(eps), figsize=(8.8, 3.7), sharey=True)
    for axis, name in zip(axes, eps, strict=True):
        draw_lines(axis, eps[name], trivial[name])
        for k, (quantity, colour) in enumerate(QUANTITIES.items()):
            values = errors[name][:, k]
            axis.loglog(eps[name], values.T, color=colour, lw=0.6, alpha=0.6)
            axis.loglog(
                eps[name], np.median(values, 0), "o-", color=colour, label=quantity,
                markevery=max(1, len(eps[name]) // 8),
            )  # fmt: skip
            axis.loglog(eps[name], own[name][k], ":", color=colour, lw=1.2)
        axis.plot([], [], ":", color=GREY, label="reference's own")
        axis.set(title=name, xlabel="ε")
    axes[0].set_ylabel("relative $L^2$ error at the final time")
    shared_legend(fig, axes[0], "lower center", ncols=3)
    return fig


def study_errors(
    rows: Sequence[Mapping], names: Mapping[str, str], costless: Mapping[str, NDArray]
) -> Figure:
    """Final errors by label: dots for seeds, a bar for the median, a panel per quantity.

    Broad and pale: the best of what costs no training.

    Args:
        rows: with ``label`` and ``final_density``, …; names: label → what to call it, in order;
            may be empty.
        costless: [3] errors by quantity, by label.
    """
    fig, axes = subplots(1, 3, figsize=(8.8, 0.4 * max(2, len(names)) + 1.2), sharey=True)
    for number, (axis, (quantity, colour)) in enumerate(zip(axes, QUANTITIES.items(), strict=True)):
        for place, label in enumerate(names):
            best = [costless[label][number]] * 2
            axis.plot(best, [place - 0.4, place + 0.4], color="#A6A6A6", lw=3.5, zorder=0.5)
            values = [r[f"final_{quantity}"] for r in rows if r["label"] == label]
            axis.plot(values, np.full(len(values), place), "o", color=colour, ms=4, clip_on=False)
            if len(values) > 1:
                axis.plot([np.median(values)] * 2, [place - 0.3, place + 0.3], color=BLACK, lw=1.8)
        axis.set(
            title=quantity,
            xscale="log",
            xlabel="max error over seven ε",
            yticks=range(len(names)),
            yticklabels=list(names.values()),
        )
        if names:
            log_ticks(axis)
        else:
            axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    axes[0].invert_yaxis()
    return fig


def histories(
    curves: Mapping[tuple[str, str], Sequence[tuple[NDArray, NDArray]]],
    costless: Mapping[str, float],
) -> Figure:
    """Error against seconds of training; dots end the curves, and are the results.

    Args:
        curves: a pair (seconds, error) per seed, by key of `METHOD_LOOK` and a remark to print
            (may be empty).
        costless: by name, errors of what costs no training, over the same ε.
    """
    fig, axis = subplots(figsize=(6.4, 3.4))
    mark_lines(axis, costless, across=False)
    for (method, remark), runs in curves.items():
        name, colour, marker, line = METHOD_LOOK[method]
        for k, (seconds, errors) in enumerate(runs):
            own = None if k else f"{name} ({remark})" if remark else name
            axis.loglog(seconds, errors, line, color=colour, lw=1.1, label=own)
            axis.plot(seconds[-1], errors[-1], marker, color=colour)
    axis.set(xlabel="seconds of training", ylabel="max error over ε, t and the moments")
    axis.legend()
    return fig
