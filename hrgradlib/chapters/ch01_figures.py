"""Figures of chapter 1: kinetic equations and the Knudsen number. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLUE, GREEN, GREY, ORANGE, SEQUENTIAL, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, subplots
from hrgradlib.reference.periodic import PeriodicReference

__all__ = [
    "ap_diagram",
    "density_profiles",
    "initial_layer",
    "knudsen_map",
    "particles",
    "phase_space",
]


def particles(
    samples: Mapping[float, NDArray], reference: PeriodicReference, t: float, bins: int = 40
) -> Figure:
    """Histograms of simulated particles against the exact density, one panel per Knudsen number.

    Args:
        samples: positions in [0, 1) of the particles at time t, by Knudsen number.
        reference: exact solution.
        t: time.
        bins: number of bins of the histogram.
    """
    fig, axes = subplots(1, len(samples), figsize=(2.3 * len(samples), 2.7), sharey=True)
    edges, x = np.linspace(0, 1, bins + 1), np.linspace(0, 1, 201)
    for axis, (eps, positions) in zip(np.atleast_1d(axes), samples.items(), strict=True):
        axis.hist(positions, edges, density=True, color=ORANGE, alpha=0.55, label="particles")
        axis.plot(x, reference.density(t, x, eps), color=BLUE, label="kinetic equation")
        axis.set(title=eps_label(eps), xlabel="$x$", ylim=(0.4, 1.6))
    np.atleast_1d(axes)[0].set_ylabel(rf"density $\rho(t={t:g}, x)$")
    np.atleast_1d(axes)[0].legend(loc="upper center")
    return fig


def density_profiles(
    reference: PeriodicReference, times: Sequence[float], eps_values: Sequence[float]
) -> Figure:
    """``ρ(t, x; ε)`` over x, one panel per time, with the diffusion limit dashed."""
    fig, axes = subplots(1, len(times), figsize=(7.0, 3.1), sharey=True)
    x = np.linspace(0, 1, 201)
    for axis, t in zip(axes, times, strict=True):
        for eps in eps_values:
            axis.plot(x, reference.density(t, x, eps), color=eps_colour(eps), label=eps_label(eps))
        limit = sum(
            amplitude * np.exp(-((2 * np.pi * mode) ** 2) * t / 3) * np.cos(2 * np.pi * mode * x)
            for mode, amplitude in reference.modes.items()
        )
        axis.plot(x, limit, "--", color=VERMILLION, lw=1.2, label="diffusion limit")
        axis.set(xlabel="$x$", title=f"$t = {t:g}$")
    axes[0].set_ylabel(r"density $\rho(t, x)$")
    axes[0].legend(loc="upper center")
    return fig


def phase_space(reference: PeriodicReference, eps_values: Sequence[float], t: float) -> Figure:
    """``f(t, x, v; ε)`` over phase space, one panel per Knudsen number and one colour scale."""
    fig, axes = subplots(1, len(eps_values), figsize=(7.4, 2.9), sharey=True)
    x, v = np.linspace(0, 1, 121), np.linspace(-1, 1, 81)
    image = None
    for axis, eps in zip(axes, eps_values, strict=True):
        f = reference.distribution(t, x[None, :], v[:, None], eps)
        image = axis.imshow(
            f, origin="lower", extent=(0, 1, -1, 1), aspect="auto", vmin=0.5, vmax=1.5,
            cmap=SEQUENTIAL,
        )  # fmt: skip
        axis.contour(x, v, f, levels=np.arange(0.6, 1.5, 0.1), colors="white", linewidths=0.6)
        axis.set(title=eps_label(eps), xlabel="$x$")
        axis.grid(False)
    axes[0].set_ylabel("$v$")
    fig.colorbar(image, ax=axes, label=rf"$f(t={t:g}, x, v)$", shrink=0.95)
    return fig


def initial_layer(
    t: NDArray, amplitude: NDArray, rate: NDArray, eps_values: Sequence[float], limit: float
) -> Figure:
    """Amplitude of a Fourier mode, and how fast it decays, against the logarithm of time.

    Args:
        t: [T] times.
        amplitude: [E, T] amplitude of the mode.
        rate: [E, T] its relative decay rate, −a'/a.
        eps_values: E Knudsen numbers.
        limit: decay rate of the diffusion limit.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.3))
    for eps, a, r in zip(eps_values, amplitude, rate, strict=True):
        left.semilogx(t, a, color=eps_colour(eps), label=eps_label(eps))
        right.semilogx(t, r / limit, color=eps_colour(eps))
        if eps**2 >= t[0]:
            right.axvline(eps**2, color=eps_colour(eps), lw=0.7, ls=":")
    left.semilogx(t, np.exp(-limit * t), "--", color=VERMILLION, lw=1.2, label="diffusion limit")
    right.axhline(1, color=VERMILLION, ls="--", lw=1.2)
    left.set(xlabel="$t$", ylabel=r"amplitude $a_\varepsilon(t)$", ylim=(0, 1.05))
    right.set(xlabel="$t$", ylabel=r"decay rate, in units of $\xi^2/3$", ylim=(-0.05, 1.25))
    left.legend(loc="lower left")
    return fig


def knudsen_map(
    eps: NDArray, diffusion_error: NDArray, free_error: NDArray, range_: tuple[float, float]
) -> Figure:
    """How far the exact density is from each of its two limits, over the Knudsen number.

    Args:
        eps: [E] Knudsen numbers, increasing.
        diffusion_error: [E] relative distance from the diffusion limit.
        free_error: [E] relative distance from free transport.
        range_: the range of Knudsen numbers that the book trains on.
    """
    fig, axis = subplots(figsize=(6.8, 3.5))
    axis.loglog(eps, diffusion_error, color=BLUE, label="from the diffusion limit")
    axis.loglog(eps, free_error, color=VERMILLION, label="from free transport")
    axis.axvspan(*range_, color=GREEN, alpha=0.09, lw=0)
    top = 3.0
    axis.text(np.sqrt(range_[0] * range_[1]), 1.25 * top, "range of the book", color=GREEN,
              ha="center", va="bottom", fontsize=9)  # fmt: skip
    axis.set(
        xlabel=r"Knudsen number $\varepsilon$", ylabel="relative $L^2$ distance",
        ylim=(1e-10, top), xlim=(eps[0], eps[-1]),
    )  # fmt: skip
    axis.legend(loc="lower center")
    return fig


def ap_diagram() -> Figure:
    """The commuting square of asymptotic preservation."""
    fig, axis = subplots(figsize=(6.0, 2.9))
    corners = {
        (0, 1): (r"$\mathcal{P}^{\varepsilon}$", "kinetic equation"),
        (1, 1): (r"$\mathcal{P}^{\varepsilon}_{h}$", r"its discretisation"),
        (0, 0): (r"$\mathcal{P}^{0}$", "limit equation"),
        (1, 0): (r"$\mathcal{P}^{0}_{h}$", "discretised limit"),
    }
    for (x, y), (symbol, words) in corners.items():
        axis.text(x, y + 0.05, symbol, ha="center", va="center", fontsize=17)
        axis.text(x, y - 0.16, words, ha="center", va="center", fontsize=9, color=GREY)
    _arrow(axis, (0.84, 1.03), (0.16, 1.03), BLUE, r"$h \to 0$", (0.5, 1.12))
    _arrow(axis, (0.84, 0.03), (0.16, 0.03), BLUE, r"$h \to 0$", (0.5, 0.12))
    _arrow(axis, (0, 0.74), (0, 0.22), VERMILLION, r"$\varepsilon \to 0$", (-0.09, 0.48))
    _arrow(axis, (1, 0.74), (1, 0.22), VERMILLION, r"$\varepsilon \to 0$, $h$ fixed", (1.16, 0.48))
    axis.set(xlim=(-0.3, 1.4), ylim=(-0.3, 1.3))
    axis.axis("off")
    return fig


def _arrow(axis, start, end, colour, words, place) -> None:
    axis.annotate(
        "", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.6}
    )
    axis.text(*place, words, ha="center", va="center", color=colour, fontsize=9)
