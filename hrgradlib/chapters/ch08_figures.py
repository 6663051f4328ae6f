"""Figures of chapter 8: bounds, rates, stalls, trajectories and noise. All dimensionless."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch08_convergence import Trials
from hrgradlib.chapters.ch08_norms import Terms, ratio_of_terms
from hrgradlib.chapters.ch08_runs import Backtracked, Problem, Trace, stationarity
from hrgradlib.chapters.looks import METHOD_LOOK
from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION
from hrgradlib.chapters.style import shared_legend, subplots

__all__ = ["decay", "largest_rates", "noise", "norm_ratios", "stall", "valleys"]

_BAND = "#CFE3F1"
#: In the order in which descents are compared: the sum, a weaker demand on HRGrad, HRGrad, κ = 1.
_DESCENTS = (
    METHOD_LOOK["sum"],
    METHOD_LOOK["hrgrad"]._replace(colour=ORANGE),
    METHOD_LOOK["hrgrad"],
    METHOD_LOOK["hrgrad-1"],
)


# --- one step ------------------------------------------------------------------------------------


def largest_rates(trials: Mapping[int, Mapping[float, Trials]], ratios: NDArray) -> Figure:
    """Largest learning rates and the bounds on them, times Γ, against Γ.

    Args:
        trials: by number of tasks and by harmony.
        ratios: [R] norm ratios Γ.
    """
    harmonies = list(next(iter(trials.values())))
    fig, axes = subplots(
        len(harmonies), len(trials), figsize=(8.6, 2.3 * len(harmonies) + 0.5), sharex=True,
        sharey="row", squeeze=False,
    )  # fmt: skip
    for column, (tasks, by_harmony) in enumerate(trials.items()):
        for row, harmony in enumerate(harmonies):
            axis = axes[row, column]
            _rates(axis, by_harmony[harmony], ratios)
            axis.set_title(rf"$K={tasks}$, $\kappa={harmony:g}$")
    for axis in axes[-1]:
        axis.set_xlabel(r"norm ratio $\Gamma$")
    for axis in axes[:, 0]:
        axis.set_ylabel(r"$\Gamma\,\eta$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=3)
    return fig


def _rates(axis: Axes, found: Trials, ratios: NDArray) -> None:
    scale = ratios[:, None]
    measured = scale * found.measured
    axis.fill_between(
        ratios, measured.min(1), measured.max(1), color=_BAND, label="measured, all problems"
    )
    for values, color, style, name in (
        (found.measured, BLUE, "-", "measured"),
        (found.bounds.step, GREEN, "-", r"of the step, $2\min\pi_j$"),
        (found.bounds.uniform, VERMILLION, "-", "uniform, this chapter"),
        (found.bounds.first, BLACK, "--", r"$2\kappa c/(K\Gamma)$"),
    ):
        label = name if name != "measured" else "measured, median"
        axis.plot(ratios, np.median(scale * values, 1), style, color=color, label=label)
    axis.set(xscale="log", yscale="log")


# --- many steps ----------------------------------------------------------------------------------


def decay(panels: Mapping[str, Mapping[str, Trace]], bounds: Mapping[str, NDArray]) -> Figure:
    """Least δ² so far against the number of steps, beside what is proved of it.

    Args:
        panels: title, then label, of the descents; the median over problems is drawn.
        bounds: title of [m] bounds at the recorded steps.
    """
    fig, axes = subplots(1, len(panels), figsize=(8.6, 3.6), squeeze=False)
    for axis, (title, traces) in zip(axes[0], panels.items(), strict=True):
        for look, (name, trace) in zip(_DESCENTS, traces.items(), strict=True):
            best = np.minimum.accumulate(trace.stationarity**2)
            axis.plot(trace.times + 1, np.median(best, 1), color=look.colour, label=name)
        proved = bounds[title]
        axis.plot(
            trace.times + 1, proved, "--", color=BLACK, label=r"$2\Lambda D_\Sigma/\mathcal{T}$"
        )
        axis.set(xscale="log", yscale="log", xlabel=r"steps $\mathcal{T}$", title=title)
    axes[0, 0].set_ylabel(r"$\min_{t<\mathcal{T}}\,\delta_t^2$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=3)
    return fig


def stall(corners: NDArray, traces: Mapping[str, Trace]) -> Figure:
    """Three distance losses in space, seen from the side of the plane of their minimisers.

    Args:
        corners: [3, 3] minimisers, the third coordinate zero.
        traces: label and descent of one problem, every step recorded.
    """
    fig, axes = subplots(1, 3, figsize=(8.6, 3.2), width_ratios=(1.2, 1, 1))
    across = corners[:, 1]
    axes[0].plot([across.min(), across.max()], [0, 0], color=BLACK, lw=4, solid_capstyle="butt")
    axes[0].text(across.mean(), 0.012, "triangle, edge on", ha="center", va="bottom", fontsize=8.5)
    looks = (METHOD_LOOK[m] for m in ("hrgrad-1", "hrgrad", "maxmin"))
    for (_, color, marker, _), (name, trace) in zip(looks, traces.items(), strict=True):
        path = trace.positions[:, 0]
        axes[0].plot(*path[:, 1:].T, marker + "-", color=color, lw=1.2, ms=3.5)
        axes[1].semilogy(trace.times, np.maximum(trace.cosine[:, 0], 1e-9), color=color)
        delta = np.maximum(trace.stationarity[:, 0], 1e-9)
        axes[2].semilogy(trace.times, delta, marker + "-", ms=3, color=color, label=name)
    axes[0].set(xlabel="$y_2$, across the plane", ylabel="height $h$ above the plane")
    axes[0].set_title("from the side")
    axes[1].set(xlabel="step $t$", title="$c$ of the axis used", ylim=(5e-10, 2))
    axes[2].set(xlabel="step $t$", title=r"stationarity $\delta$", ylim=(5e-10, 2))
    shared_legend(fig, axes[2], "upper center", ncols=3)
    return fig


def valleys(
    problem: Problem,
    runs: Mapping[str, Backtracked],
    span: tuple[float, float, float, float] = (-2.3, 2.3, -2.4, 3.1),
) -> Figure:
    """Trajectories over a map of the stationarity measure, and the two losses at their ends.

    Args:
        problem: two losses in the plane.
        runs: label and descents from the same starts: of the sum, and of HRGrad twice.
        span: of the map.
    """
    fig, axes = subplots(1, 2, figsize=(8.6, 4.0), width_ratios=(1.35, 1))
    x, z = np.linspace(*span[:2], 141), np.linspace(*span[2:], 141)
    grid = np.stack(np.meshgrid(x, z), -1).reshape(-1, 2)
    measure = np.log10(np.maximum(stationarity(problem.gradients(grid)), 1e-3)).reshape(141, 141)
    shown = axes[0].contourf(
        x, z, measure, levels=np.linspace(-2, 2, 17), cmap="Greys", extend="both", alpha=0.4
    )
    fig.colorbar(shown, ax=axes[0], label=r"$\log_{10}\delta$", ticks=[-2, -1, 0, 1, 2])
    for look, marker, (name, run) in zip(_DESCENTS, "Dos", runs.items(), strict=False):
        color = look.colour
        for path in run.positions.transpose(1, 0, 2):
            axes[0].plot(*path.T, look.line, color=color, lw=1.6)
        axes[0].plot(*run.positions[-1].T, marker, color=color, ms=6, mec=BLACK, label=name)
        axes[1].plot(*run.losses[-1].T, marker, color=color, ms=6, mec=BLACK, label=name)
    axes[0].plot(*run.positions[0].T, "x", color=BLACK, ms=7, label="start")
    axes[0].set(xlim=span[:2], ylim=span[2:], xlabel="$x$", ylabel="$z$")
    axes[0].grid(False)
    axes[1].set(xlabel="$F_1$ at the end", ylabel="$F_2$ at the end")
    shared_legend(fig, axes[0], "upper center", ncols=4)
    return fig


# --- noise ---------------------------------------------------------------------------------------


def noise(
    levels: NDArray,
    shares: Mapping[str, NDArray],
    proved: NDArray,
    rates: NDArray,
    balls: Mapping[str, Mapping[str, NDArray]],
) -> Figure:
    """What is left of the guarantee under noise.

    Args:
        levels: [m] noise over ``c``; ``shares``: label and [m] share of draws that descend on
            all true losses; ``proved``: [m] lower bound for HRGrad's.
        rates: [r] learning rates; ``balls``: title, then label, of [r] final mean ``δ²``.
    """
    fig, axes = subplots(1, 1 + len(balls), figsize=(8.6, 3.5), width_ratios=(1.3, 1, 1))
    palette = (GREY, SKY, GREEN, BLUE, VERMILLION)
    for color, (name, values) in zip(palette, shares.items(), strict=False):
        axes[0].plot(levels, values, "--" if color == GREY else "-", color=color, label=name)
    axes[0].plot(levels, proved, ":", color=BLACK, label="proved")
    axes[0].set(
        xscale="log",
        xlabel=r"noise level $\nu/c$",
        ylim=(-0.03, 1.03),
        title="share of steps that\ndescend on every true loss",
    )
    axes[0].legend(loc="center left", bbox_to_anchor=(0, 0.4))
    for axis, (title, lines) in zip(axes[1:], balls.items(), strict=True):
        looks = (METHOD_LOOK[m] for m in ("sum", "harmonise-first", "hrgrad"))
        for (_, color, marker, line), (name, values) in zip(looks, lines.items(), strict=True):
            axis.loglog(rates, np.maximum(values, 1e-6), marker + line, color=color, label=name)
        axis.set(xlabel=r"learning rate $\eta$", title=title)
    axes[1].set_ylabel(r"mean $\delta^2$ at the end")
    shared_legend(fig, axes[-1], "lower right", ncols=3)
    return fig


# --- norms over ε --------------------------------------------------------------------------------


def norm_ratios(panels: Mapping[str, Mapping[str, Terms]]) -> Figure:
    """Micro over macro gradient against ε, of one network and two forms, beside what is proved.

    Args:
        panels: title of "layer" and "plain", the networks.
    """
    fig, axes = subplots(1, len(panels), figsize=(8.6, 3.5), sharey=True, squeeze=False)
    for axis, (title, found) in zip(axes[0], panels.items(), strict=True):
        terms = found["layer"]
        eps, macro = terms.eps, np.linalg.norm(terms.macro, axis=1)
        bound = np.full(len(eps), terms.bounds[1] / macro.min())
        for name, form in (("apnn", "micro–macro"), ("pinn", "PINN")):
            label, color, marker, line = METHOD_LOOK[name]
            axis.loglog(eps, ratio_of_terms(terms, form), marker + line, color=color, label=label)
            power = 0 if form == "micro–macro" else -2
            axis.loglog(eps, eps**power * bound, ":", color=color, label=f"{label}: bound")
        label, color, marker, line = METHOD_LOOK["plain"]
        plain = ratio_of_terms(found["plain"])
        axis.loglog(
            eps, plain, marker + line, color=color, label="micro–macro, no layer coordinate"
        )
        axis.set(xlabel=r"Knudsen number $\varepsilon$", title=title)
    axes[0, 0].set_ylabel("micro over macro gradient")
    shared_legend(fig, axes[0, 0], "upper center", ncols=3)
    return fig
