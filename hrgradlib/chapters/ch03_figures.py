"""Figures of chapter 3: micro–macro and even–odd decompositions. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, subplots
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["candidates", "micro_norm", "micro_part", "moment_decay", "spectrum", "two_ends"]


def micro_part(reference: PeriodicReference, eps_values: Sequence[float], t: float) -> Figure:
    """``g = (f − ρ)/ε`` over phase space, and its limit ``−v ∂x ρ`` in the last panel."""
    fig, axes = subplots(1, len(eps_values) + 1, figsize=(8.4, 2.8), sharey=True)
    x, v = np.linspace(0, 1, 121), np.linspace(-1, 1, 81)
    fields = [
        (reference.distribution(t, x, v[:, None], eps) - reference.density(t, x, eps)) / eps
        for eps in eps_values
    ]
    slope = sum(
        -2 * np.pi * mode * size * np.exp(-((2 * np.pi * mode) ** 2) * t / 3)
        * np.sin(2 * np.pi * mode * x)
        for mode, size in reference.modes.items()
    )  # fmt: skip
    fields.append(-v[:, None] * slope)
    titles = [eps_label(eps) for eps in eps_values] + [r"$-v\,\partial_x\rho$, diffusion limit"]
    bound = max(np.abs(field).max() for field in fields)
    image = None
    for axis, field, title in zip(axes, fields, titles, strict=True):
        image = axis.imshow(
            field, origin="lower", extent=(0, 1, -1, 1), aspect="auto", cmap="PuOr",
            vmin=-bound, vmax=bound,
        )  # fmt: skip
        axis.set(title=title, xlabel="$x$", xticks=(0, 0.5, 1), xticklabels=("0", "½", "1"))
        axis.grid(False)
    axes[0].set_ylabel("$v$")
    fig.colorbar(image, ax=axes, label=rf"$g(t={t:g}, x, v)$", shrink=0.95)
    return fig


def micro_norm(t: NDArray, norms: Mapping[float, NDArray], bound: float) -> Figure:
    """``‖g(t)‖`` and its bound ``(1 − e^{−t/ε²}) ‖∂x ρ0‖/√3``, both over the last factor.

    Args:
        t: [T] times.
        norms: [T] norms of g by Knudsen number.
        bound: ``‖∂x ρ0‖/√3``.
    """
    fig, axis = subplots(figsize=(6.6, 3.4))
    for eps, norm in norms.items():
        axis.semilogx(t, norm / bound, color=eps_colour(eps), label=eps_label(eps))
        axis.semilogx(t, -np.expm1(-t / eps**2), "--", color=eps_colour(eps), lw=1.0)
    axis.plot([], [], "--", color=GREY, lw=1.0, label="bound")
    axis.set(xlabel="$t$", ylabel=r"$\|g(t)\|\,/\,(\|\partial_x\rho_0\|/\sqrt{3})$")
    axis.set_ylim(0, 1.08)
    axis.legend(loc="upper left")
    return fig


def spectrum(eigenvalues: Mapping[float, NDArray], xi: float) -> Figure:
    """Spectrum of one Fourier mode, scaled: ``ε² λ`` in the complex plane, one panel per ε.

    Args:
        eigenvalues: eigenvalues λ of the mode on Gauss nodes, by Knudsen number.
        xi: wave number.
    """
    fig, axes = subplots(1, len(eigenvalues), figsize=(7.4, 3.0), sharey=True, sharex=True)
    for axis, (eps, values) in zip(axes, eigenvalues.items(), strict=True):
        z, scaled = eps * xi, values * eps**2
        axis.plot([-1, -1], [-z, z], color=GREY, lw=3, alpha=0.5, label="continuous spectrum")
        axis.plot(scaled.real, scaled.imag, ".", color=BLUE, ms=4, label="32 Gauss nodes")
        if z < np.pi / 2:
            axis.plot(z / np.tan(z) - 1, 0, "o", mfc="none", mec=VERMILLION, ms=9, mew=1.5,
                      label=r"$z\cot z-1$")  # fmt: skip
        axis.set(title=eps_label(eps), xlabel=r"$\mathrm{Re}\,\varepsilon^2\lambda$")
    axes[0].set_ylabel(r"$\mathrm{Im}\,\varepsilon^2\lambda$")
    axes[0].set(xlim=(-1.15, 0.15), ylim=(-2.9, 2.9), xticks=[-1, -0.5, 0])
    axes[0].legend(loc="upper right", handlelength=1.2, borderaxespad=0.1)
    return fig


def two_ends(
    small: NDArray, diffusion: NDArray, large: NDArray, free: NDArray, clock: float
) -> Figure:
    """Distance from the diffusion limit as ε → 0, and from free transport as ε → ∞, with bounds.

    Args:
        small: [E] Knudsen numbers of the first panel.
        diffusion: [E] largest distance over time, over ``‖∂xx ρ0‖``.
        large: [F] Knudsen numbers of the second panel.
        free: [F] distance at one kinetic time, over ``‖ρ0 − mean‖``.
        clock: that kinetic time.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.2))
    left.loglog(small, diffusion, color=BLUE, label="measured")
    left.loglog(small, 2 * small**2, "--", color=VERMILLION, label=r"proved: $2\varepsilon^2$")
    left.loglog(small, small**2 / 3, ":", color=GREEN, label=r"$\varepsilon^2/3$")
    left.set(
        xlabel=r"$\varepsilon$",
        ylabel=r"$\max_t\|\rho-\rho_{\mathrm{diff}}\|\,/\,\|\partial_{xx}\rho_0\|$",
        title=r"$\varepsilon\to 0$, diffusive clock",
    )
    right.loglog(large, free, color=BLUE, label="measured")
    right.loglog(large, clock / large, "--", color=VERMILLION, label=r"proved: $t'/\varepsilon$")
    right.set(
        xlabel=r"$\varepsilon$",
        ylabel=r"$\|f-f_{\mathrm{free}}\|\,/\,\|\rho_0-\bar\rho_0\|$",
        title=rf"$\varepsilon\to\infty$, kinetic clock, $t'={clock:g}$",
    )
    for axis in (left, right):
        axis.legend()
    return fig


def moment_decay(
    moments: Mapping[float, NDArray], errors: Mapping[float, tuple[NDArray, NDArray]]
) -> Figure:
    """Legendre moments of g over their index, and what leaving the higher ones out costs.

    Args:
        moments: ``|b_k|``, k = 1, 2, …, by Knudsen number.
        errors: by Knudsen number, numbers of moments and errors of the density's amplitude.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.4, 3.3))
    for eps, values in moments.items():
        k = np.arange(1, values.size + 1)
        seen = values > 1e-13 / eps  # below, division by ε shows rounding and nothing else
        left.semilogy(k[seen], values[seen], "o-", color=eps_colour(eps), label=eps_label(eps))
    for eps, (count, error) in errors.items():
        seen = error > 1e-15
        right.semilogy(count[seen], error[seen], "o-", color=eps_colour(eps))
    left.set(xlabel="index $k$", ylabel=r"$|\hat b_k|$")
    right.set(
        xlabel=r"number of moments $k_{\max}$", ylabel=r"error of the amplitude $a_\varepsilon$"
    )
    left.legend()
    return fig


def candidates(eps: NDArray, losses: Mapping[str, Mapping[str, NDArray]]) -> Figure:
    """Losses of a right and of a wrong candidate over ε, plain form and micro–macro form.

    Args:
        eps: [E] Knudsen numbers.
        losses: name of the loss ("plain", "micro–macro") → {"right": [E], "wrong": [E]}.
    """
    fig, axes = subplots(1, 2, figsize=(7.4, 3.2), sharey=True)
    for axis, (name, pair) in zip(axes, losses.items(), strict=True):
        axis.loglog(eps, pair["wrong"], color=VERMILLION, label="wrong: half the decay rate")
        axis.loglog(eps, pair["right"], color=BLUE, label="right: the diffusion limit")
        axis.fill_between(eps, pair["right"], pair["wrong"], color=ORANGE, alpha=0.15, lw=0)
        axis.set(title=name, xlabel=r"$\varepsilon$")
    axes[0].set_ylabel("mean squared residual")
    axes[0].legend(loc="upper left")
    return fig
