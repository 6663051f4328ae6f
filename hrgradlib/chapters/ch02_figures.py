"""Figures of chapter 2, transport part: reference solvers. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SEQUENTIAL,
    VERMILLION,
)
from hrgradlib.chapters.style import eps_colour, eps_label, subplots

__all__ = [
    "agreement_by_eps",
    "collision_terms",
    "contour_and_spectrum",
    "errors_by_eps",
    "inflow_phase_space",
    "inflow_profiles",
    "upwind_failure",
    "wall_layer",
]


def inflow_profiles(
    x: NDArray, eps: Sequence[float], times: Sequence[float], density: NDArray
) -> Figure:
    """``ρ`` over x, a panel each time, a curve each ε.

    Args:
        x: [X]; density: [T, E, X].
    """
    fig, axes = subplots(1, len(times), figsize=(7.2, 3.4), sharey=True)
    for ax, t, rows in zip(np.atleast_1d(axes), times, density, strict=True):
        for e, rho in zip(eps, rows, strict=True):
            ax.plot(x, rho, color=eps_colour(e), label=eps_label(e))
        ax.set(xlabel="$x$", title=f"$t = {t:g}$")
    np.atleast_1d(axes)[0].set_ylabel(r"density $\rho$")
    np.atleast_1d(axes)[-1].legend()
    return fig


def inflow_phase_space(x: NDArray, v: NDArray, eps: Sequence[float], f: NDArray) -> Figure:
    """Colour maps of ``f(x, v)``.

    Args:
        x: [X]; v: [V]; f: [E, V, X].
    """
    fig, axes = subplots(1, len(eps), figsize=(7.2, 2.7), sharey=True)
    for ax, e, values in zip(axes, eps, f, strict=True):
        image = ax.pcolormesh(
            x, v, values, vmin=0, vmax=1, cmap=SEQUENTIAL, shading="gouraud", rasterized=True
        )
        ax.set(xlabel="$x$", title=eps_label(e))
        ax.grid(False)
    axes[0].set_ylabel("$v$")
    fig.colorbar(image, ax=axes, label="$f$")
    return fig


def upwind_failure(
    profiles: Sequence[tuple[float, NDArray, NDArray, NDArray, NDArray]],
    all_eps: NDArray,
    explicit_steps: NDArray,
    implicit_steps: int,
) -> Figure:
    """Left: implicit upwind against the solution; right: time steps that the explicit one needs.

    Args:
        profiles: per ε: (ε, cell centres, upwind densities there, x, exact densities).
        all_eps, explicit_steps: [E] each.
        implicit_steps: of the run on the left.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.2, 3.3))
    for eps, centres, upwind, x, exact in profiles:
        left.plot(x, exact, color=eps_colour(eps), label=eps_label(eps))
        left.plot(centres, upwind, "o", ms=2.8, color=eps_colour(eps))
    left.set(xlabel="$x$", ylabel=r"density $\rho$", title="implicit upwind (dots) and exact")
    left.legend()
    right.loglog(all_eps, explicit_steps, color=VERMILLION, label="explicit: least number")
    right.axhline(implicit_steps, color=BLUE, label="implicit: as many as you like")
    right.set(xlabel=r"$\varepsilon$", ylabel="time steps", title="cost")
    right.legend(loc="upper right")
    return fig


def errors_by_eps(all_eps: NDArray, upwind: NDArray, preserving: NDArray, title: str) -> Figure:
    """Relative errors of two schemes on one mesh, [E] each, against ε."""
    fig, ax = subplots(figsize=(6.0, 3.4))
    ax.loglog(all_eps, upwind, "s-", color=VERMILLION, label="implicit upwind, order 1")
    ax.loglog(all_eps, preserving, "o-", color=BLUE, label="even–odd elements, order 2")
    ax.set(xlabel=r"$\varepsilon$", ylabel=r"relative error of $\rho$", title=title)
    ax.legend(loc="center left")
    return fig


def collision_terms(
    zeta: NDArray, terms: Mapping[int, NDArray], walls: Mapping[int, float]
) -> Figure:
    """``R_n(ζ)`` for several n, and their exact values at the wall (dots).

    Args:
        zeta: [Z]; terms: n to [Z]; walls: n to ``R_n(0)``.
    """
    fig, ax = subplots(figsize=(6.0, 3.4))
    colours = (GREY, BLUE, GREEN, ORANGE, VERMILLION, PURPLE)
    for colour, (n, values) in zip(colours, terms.items(), strict=False):
        ax.plot(zeta, values, color=colour, label=f"$n = {n}$")
        ax.plot(0, walls[n], "o", color=colour, clip_on=False, zorder=5)
    ax.set(xlabel=r"$\zeta = X/\tau$", ylabel=r"$R_n(\zeta)$", xlim=(0, 1), ylim=(0, 1))
    ax.legend()
    return fig


def contour_and_spectrum(nodes: NDArray, t: float, eps: float, poles: NDArray) -> Figure:
    """The parabola of the inverse Laplace transform in the plane of ``λ t``.

    Args:
        nodes: [C] complex λ on the upper half.
        poles: real eigenvalues of the slab.
    """
    fig, ax = subplots(figsize=(6.0, 3.2))
    both = np.concatenate([nodes[::-1].conj(), nodes]) * t
    edge, left = -t / eps**2, 1.5 * both.real.min()
    ax.plot(both.real, both.imag, "o-", ms=3, lw=0.8, color=BLUE, label="quadrature nodes")
    ax.plot(poles * t, np.zeros_like(poles), "x", color=VERMILLION, label="decay rates of the slab")
    ax.plot(0, 0, "+", ms=10, color=BLACK, label="steady state")
    if edge > left:
        ax.axvspan(left, edge, color=GREY, alpha=0.25, lw=0)
        ax.text((left + edge) / 2, 0, "free flight", ha="center", va="center")
    ax.set(
        xlabel=r"$\mathrm{Re}\,\lambda t$",
        ylabel=r"$\mathrm{Im}\,\lambda t$",
        xlim=(left, 8),
        title=eps_label(eps),
    )
    ax.legend(loc="lower right")
    return fig


def agreement_by_eps(
    eps: NDArray, times: Sequence[float], estimate: NDArray, difference: NDArray
) -> Figure:
    """Own estimate of the reference and its difference from the independent scheme.

    Args:
        eps: [E]; times: [T]; estimate, difference: [T, E].
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.2, 3.3), sharey=True)
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(times)))
    for t, own, other, colour in zip(times, estimate, difference, shades, strict=True):
        left.loglog(eps, own, "o-", color=colour, label=f"$t = {t:g}$")
        right.loglog(eps, other, "o-", color=colour)
    left.set(ylabel=r"relative $L^2$ norm, $\rho$", title="error estimate of the reference")
    right.set(title="difference from the scheme")
    for ax in (left, right):
        ax.set_xlabel(r"$\varepsilon$")
        ax.axhline(1e-4, color=BLACK, lw=0.8, ls="--")
    left.text(eps.min(), 1.3e-4, "what is asked for", fontsize=8)
    left.legend(loc="lower right")
    return fig


def wall_layer(
    depth: NDArray, curves: Mapping[float, NDArray], extrapolation: float, wall: float
) -> Figure:
    """``(1 − ρ)/(ε |∂x ρ|) − x/ε`` over ``x/ε``: the Knudsen layer, one curve each ε.

    Args:
        depth: [D] x/ε; curves: ε to [D].
        extrapolation: what the curves tend to outside the layer, as ε → 0.
        wall: exact value at depth 0.
    """
    fig, ax = subplots(figsize=(6.0, 3.4))
    styles = ("-", "--", ":", "-.")
    for style, (eps, values) in zip(styles, curves.items(), strict=False):
        ax.plot(depth, values, style, color=eps_colour(eps), label=eps_label(eps))
    ax.axhline(extrapolation, color=GREY, lw=0.9, label="0.7104…")
    ax.plot(0, wall, "o", color=VERMILLION, clip_on=False, zorder=5, label=r"$1/\sqrt{3}$")
    ax.set(
        xlabel=r"$x/\varepsilon$",
        xlim=(0, depth.max()),
        ylabel=r"$(1-\rho)\,/\,(\varepsilon\,|\partial_x\rho|)\;-\;x/\varepsilon$",
    )
    ax.legend(loc="lower right")
    return fig
