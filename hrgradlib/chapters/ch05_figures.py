"""Figures of chapter 5: the network, its coordinates, its code. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLUE, CYCLE, GREEN, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = [
    "between_tasks",
    "code",
    "coordinates",
    "remainders",
    "sampling",
    "stiff_terms",
    "swapped_codes",
]


def coordinates(
    curves: Mapping[float, Mapping[str, NDArray]], final_time: float, first: float = 1e-7
) -> Figure:
    """Amplitudes of density and flux over ``t/T``, over its logarithm, and over ``s``.

    Args:
        curves: by Knudsen number, arrays [T] "t", "s", "density" and "flux".
        final_time: ``T``.
        first: left end of the logarithmic axis of ``t/T``.
    """
    fig, axes = subplots(2, 3, figsize=(8.6, 4.6), sharey="row", sharex="col")
    for eps, curve in curves.items():
        scaled = curve["t"] / final_time
        for row, name in zip(axes, ("density", "flux"), strict=True):
            for axis, place in zip(row, (scaled, scaled, curve["s"]), strict=True):
                axis.plot(place, curve[name], color=eps_colour(eps), label=eps_label(eps))
    for axis in axes[:, 1]:
        axis.set_xscale("log")
        axis.set_xlim(first, 1)
    axes[0, 0].set_ylabel(r"density: $a_\varepsilon$")
    axes[1, 0].set_ylabel(r"flux: $\beta_\varepsilon$")
    for axis, label in zip(axes[1], ("$t/T$", "$t/T$, logarithmic", "$s$"), strict=True):
        axis.set_xlabel(label)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center")
    return fig


def remainders(curves: Mapping[float, Mapping[str, NDArray]], final_time: float) -> Figure:
    """What the ansatz leaves to the network, over ``t/T``, logarithmic.

    Args:
        curves: by Knudsen number, arrays [T] "t", "micro" (``N_1``), "density" (``N_ρ``) and
            "plain" (``N_ρ`` if its factor were ``t/T``).
        final_time: ``T``.
    """
    fig, axes = subplots(1, 3, figsize=(9.2, 3.1), sharey=True)
    titles = (r"$N_1$", r"$N_\rho$", r"$N_\rho$ with the factor $t/T$")
    for axis, name, title in zip(axes, ("micro", "density", "plain"), titles, strict=True):
        for eps, curve in curves.items():
            axis.semilogx(
                curve["t"] / final_time, curve[name], color=eps_colour(eps), label=eps_label(eps)
            )
        axis.set(xlabel="$t/T$, logarithmic", xlim=(1e-7, 1), ylim=(-0.03, 1.05), title=title)
    axes[0].set_ylabel("in units of the limit at $t=0$")
    shared_legend(fig, axes[0], "right center")
    return fig


def sampling(eps: NDArray, t: NDArray, in_layer: NDArray, final_time: float) -> Figure:
    """Collocation points of a few steps in the plane of ε and t, by the half they come from.

    Args:
        eps, t: [N] points.
        in_layer: [N] whether a time was drawn uniformly in ``s``.
        final_time: ``T``.
    """
    fig, axis = subplots(figsize=(6.6, 3.8))
    for mask, colour, marker, label in (
        (~in_layer, BLUE, "o", r"uniform in $t$"),
        (in_layer, ORANGE, "^", r"uniform in $s$"),
    ):
        axis.scatter(eps[mask], t[mask], s=7, color=colour, marker=marker, lw=0, label=label)
    line = np.geomspace(eps.min(), eps.max(), 2)
    axis.plot(line, line**2, "--", color=GREY, label=r"$t=\varepsilon^2$")
    axis.axhline(final_time, color=GREY, lw=1, label="$t=T$")
    axis.set(xscale="log", yscale="log", ylim=(1e-11, 3 * final_time))
    axis.set(xlabel=r"$\varepsilon$", ylabel="$t$")
    axis.legend(loc="lower right", markerscale=2)
    return fig


def stiff_terms(
    t: NDArray, terms: Mapping[str, NDArray], rounding: Mapping[str, NDArray], eps: float
) -> Figure:
    """The two terms of the relaxation and their sum; rounding errors of two ways to the sum.

    Args:
        t: [T] times.
        terms: label → [T] signed values.
        rounding: label → [T] absolute errors in single precision.
        eps: Knudsen number, for the title.
    """
    fig, (left, right) = subplots(1, 2, figsize=(8.2, 3.4), sharex=True)
    styles = ("-", "-", "--")
    for (label, values), style in zip(terms.items(), styles, strict=True):
        left.semilogx(t, values, style, label=label)
    marks = ((VERMILLION, "x"), (BLUE, "."))
    for (label, values), (colour, mark) in zip(rounding.items(), marks, strict=True):
        seen = np.where(values > 0, values, np.nan)  # an exact value has no place on a log axis
        right.loglog(t, seen, mark, ms=3, color=colour, label=label)
    for axis in (left, right):
        axis.axvline(eps**2, color=GREY, lw=1, ls=":")
        axis.set_xlabel("$t$")
        axis.legend()
    left.set(title=f"one coefficient at {eps_label(eps)}", ylabel="value")
    right.set(title="error of the sum in single precision", ylabel="absolute error")
    low = np.nanmin([v[v > 0].min() for v in rounding.values()])
    right.set_ylim(low / 3, 1e3 * max(v.max() for v in rounding.values()))
    return fig


def code(eps: NDArray, features: NDArray, distances: NDArray) -> Figure:
    """The hidden representation over ε, and distances between codes.

    Args:
        eps: [E] Knudsen numbers.
        features: [E, C] components of ``z``.
        distances: [E, E] between codes.
    """
    fig, (left, right) = subplots(1, 2, figsize=(8.2, 3.4), width_ratios=(1.15, 1))
    for index, values in enumerate(features.T):
        left.semilogx(
            eps, values, color=CYCLE[index % len(CYCLE)], ls="-" if index < len(CYCLE) else "--"
        )
    left.set(xlabel=r"$\varepsilon$", ylabel=r"$z_i(\varepsilon)-\bar z_i$", title="the code")
    image = _pairs(right, eps, distances, cmap="cividis")
    right.set(ylabel=r"$\varepsilon'$", title=r"distance of $z(\varepsilon)$ and $z(\varepsilon')$")
    fig.colorbar(image, ax=right)
    return fig


def swapped_codes(eps: NDArray, errors: NDArray, distances: NDArray) -> Figure:
    """Error with another ε's code, beside the distance of the exact solutions.

    Args:
        eps: [E] Knudsen numbers.
        errors: [E, E] relative error at ε (column) with the code of ε' (row).
        distances: [E, E] relative distance of the exact densities.
    """
    fig, axes = subplots(1, 2, figsize=(8.2, 3.5), sharey=True)
    norm = LogNorm(max(errors.min(), 1e-4), max(errors.max(), distances.max()))
    shown = (np.maximum(distances, norm.vmin), errors)
    titles = ("exact solutions: distance", "network with the code of $\\varepsilon'$: error")
    for axis, values, title in zip(axes, shown, titles, strict=True):
        image = _pairs(axis, eps, values, cmap="cividis", norm=norm)
        axis.set_title(title)
    axes[0].set_ylabel(r"$\varepsilon'$")
    fig.colorbar(image, ax=axes)
    return fig


def _pairs(axis, eps: NDArray, values: NDArray, **options):
    """A map over pairs of Knudsen numbers, ε to the right and ε' upwards."""
    image = axis.pcolormesh(eps, eps, values, shading="nearest", rasterized=True, **options)
    axis.set(xscale="log", yscale="log", xlabel=r"$\varepsilon$", aspect="equal")
    axis.grid(False)
    return image


def between_tasks(
    eps: NDArray, amplitudes: Mapping[str, NDArray], errors: Sequence[NDArray],
    reported: tuple[NDArray, NDArray], residuals: Sequence[NDArray], borders: NDArray,
    costless: Mapping[str, NDArray],
) -> Figure:  # fmt: skip
    """The solution as a function of ε: amplitude, error and residual.

    Args:
        eps: [E] Knudsen numbers.
        amplitudes: "exact" and "network" → [E] amplitudes at the final time.
        errors: one [E] per seed, relative errors of the density.
        reported: Knudsen numbers at which results are quoted, and the errors there (first seed).
        residuals: one [E] per seed, root of the mean squared residual.
        borders: borders of the tasks.
        costless: by name, [E] errors of what costs no training.
    """
    fig, axes = subplots(1, 3, figsize=(9.4, 3.3))
    draw_lines(axes[1], eps, costless)
    axes[0].semilogx(eps, amplitudes["exact"], color=GREY, lw=4, alpha=0.5, label="exact")
    axes[0].semilogx(eps, amplitudes["network"], color=BLUE, label="network, first seed")
    axes[0].set(ylabel=r"amplitude $a_\varepsilon(T)$", title="solution")
    axes[0].legend(loc="upper left")
    colours = (BLUE, VERMILLION, GREEN)
    for axis, curves in zip(axes[1:], (errors, residuals), strict=True):
        for index, (values, colour) in enumerate(zip(curves, colours, strict=False)):
            axis.loglog(eps, values, color=colour, label=f"seed {index}")
    axes[1].plot(*reported, "o", mfc="white", mec=BLUE, label="quoted")
    axes[1].set(title="relative error of the density")
    axes[1].legend(loc="best", ncols=2)
    axes[2].set(title="root mean squared residual")
    for axis in axes:
        axis.set_xlabel(r"$\varepsilon$")
        for border in borders:
            axis.axvline(border, color="#CCCCCC", lw=0.8, ls=":", zorder=0)
    return fig
