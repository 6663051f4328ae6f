"""Figures of chapter 2, BGK: profiles, convergence, limits. All quantities dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, SEQUENTIAL, VERMILLION
from hrgradlib.chapters.style import eps_colour, eps_label, shared_legend, subplots
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.reference.bgk import BGKReference

__all__ = ["budgets", "distributions", "euler_limit", "fluid_limits", "heat_fluxes",
           "naive_schemes", "profiles", "refinement", "sampled_maxwellians",
           "similarity_profiles", "uniformity"]  # fmt: skip

_LOWEST = 1e-3  # where the scale of colours for ε begins
_LABELS = (r"density $\rho$", r"velocity $u$", r"temperature $\Theta$")


def profiles(references: Sequence[BGKReference], eps: Mapping[str, Sequence[float]]) -> Figure:
    """ρ, u and Θ at the final time, a row per problem and a curve per ε.

    Args:
        references: solutions; eps: Knudsen numbers by name of the problem.
    """
    fig, axes = subplots(len(references), 3, figsize=(8.6, 2.3 * len(references) + 0.4),
                             sharex=True, squeeze=False)  # fmt: skip
    x = np.linspace(-0.5, 0.5, 401)
    handles: dict[str, object] = {}
    for row, reference in zip(axes, references, strict=True):
        t = reference.problem.final_time
        for e in eps[reference.problem.name]:
            for axis, values in zip(row, reference.moments(t, x, e), strict=True):
                line = axis.plot(x, values, color=eps_colour(e, _LOWEST), lw=1.3)[0]
            handles[eps_label(e)] = line
        start = reference.moments(0.0, x, 1.0)
        for axis, values in zip(row, start, strict=True):
            handles["$t=0$"] = axis.plot(x, values, ":", color=GREY, lw=1.2)[0]
        row[0].set_ylabel(f"{reference.problem.name}\n$t={t:g}$")
    for axis, label in zip(axes[0], _LABELS, strict=True):
        axis.set_title(label)
    for axis in axes[-1]:
        axis.set_xlabel("$x$")
    shown = sorted({e for values in eps.values() for e in values}, reverse=True)
    order = [eps_label(e) for e in shown] + ["$t=0$"]
    fig.legend([handles[k] for k in order], order, loc="outside lower center", ncols=6)
    return fig


def distributions(
    reference: BGKReference, eps: Sequence[float], reach: float = 4.0, count: int = 121
) -> Figure:
    """The distribution over phase space at the final time, one panel per ε; dashed: ``v = x/t``.

    Args:
        reference, eps: what to show; reach: largest |v|; count: points along x; a third more in v.
    """
    t = reference.problem.final_time
    x, v = np.linspace(-0.3, 0.3, count), np.linspace(-reach, reach, 4 * (count // 3) + 1)
    fields = [reference.distribution(t, x, v[:, None], e) for e in eps]
    fig, axes = subplots(1, len(eps), figsize=(2.7 * len(eps) + 0.8, 2.9), sharey=True)
    top = max(f.max() for f in fields)
    for axis, e, field in zip(axes, eps, fields, strict=True):
        image = axis.pcolormesh(x, v, field, vmin=0, vmax=top, cmap=SEQUENTIAL, rasterized=True)
        axis.plot(x, x / t, "--", color="white", lw=0.8)
        axis.set(title=eps_label(e), xlabel="$x$", ylim=(-reach, reach))
        axis.grid(False)
    axes[0].set_ylabel("$v$")
    fig.colorbar(image, ax=axes, label=f"$f(t={t:g},x,v)$")
    return fig


def naive_schemes(
    x: NDArray, exact: NDArray, found: Mapping[str, tuple[NDArray, NDArray]], eps: Sequence[float],
    errors: Mapping[str, Sequence[float]], title: str,
) -> Figure:  # fmt: skip
    """A front as schemes on one mesh see it (left), and their errors against ε (right).

    Args:
        x, exact: places and temperature of the reference; found: the same by scheme, with the
            places of its cells.
        eps, errors: largest relative error by scheme, nan (a mark at the top) where it exploded.
        title: problem and ε of the left panel.
    """
    fig, (left, right) = subplots(1, 2, figsize=(8.4, 3.5))
    left.plot(x, exact, color=BLACK, lw=1.2, label="reference")
    for (label, (places, values)), colour in zip(found.items(), (VERMILLION, BLUE), strict=True):
        inside = (places >= x[0]) & (places <= x[-1])
        left.plot(places[inside], values[inside], ".", color=colour, label=label)
    left.set(xlabel="$x$", ylabel=r"temperature $\Theta$", title=title)
    left.legend()
    styles = (("P", BLACK), ("o-", VERMILLION), ("^--", GREEN), ("s-", BLUE))
    for (label, sizes), (style, colour) in zip(errors.items(), styles, strict=True):
        right.loglog(eps, np.nan_to_num(sizes, nan=0.5), style, color=colour, label=label)
    right.axhspan(0.15, 1.0, color=GREY, alpha=0.25, lw=0)
    right.text(eps[0], 0.4, "exploded", ha="right", va="center", fontsize=8)
    right.set(xlabel="Knudsen number ε", ylabel="largest relative $L^2$ error", ylim=(1e-10, 1))
    right.legend(fontsize=7, loc="lower left")
    return fig


def sampled_maxwellians(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Density missed by a sampled Maxwellian against the spacing of the velocities."""
    h, sampled, predicted, repaired = (
        np.array([r[k] for r in rows]) for k in ("spacing", "sampled", "predicted", "repaired")
    )
    fig, axis = subplots(figsize=(6.0, 3.3))
    axis.semilogy(h, np.maximum(sampled, 1e-17), "o-", color=BLUE, label="sampled")
    axis.semilogy(h, predicted, "--", color=BLACK, lw=1.0, label=r"$2\,e^{-2\pi^2\Theta/h^2}$")
    axis.semilogy(h, np.maximum(repaired, 1e-17), "s-", color=VERMILLION,
                  label="discrete Maxwellian")  # fmt: skip
    axis.set(xlabel="spacing $h$ of the velocities", ylabel="largest error of a moment",
             ylim=(3e-18, 1e-1))  # fmt: skip
    axis.legend()
    return fig


def refinement(
    space: Mapping[str, Mapping[float, Sequence[Mapping]]], steps: Mapping[int, Sequence[Mapping]],
    eps: float,
) -> Figure:  # fmt: skip
    """Errors under refinement: cells of both schemes (left), steps of orders q (right).

    Args:
        space: rows with ``cells`` and ``density`` by scheme and ε.
        steps: rows with ``steps`` and ``density`` by q, all at one ε.
        eps: that ε.
    """
    fig, (left, right) = subplots(1, 2, figsize=(8.4, 3.5))
    for (scheme, by_eps), style in zip(space.items(), ("o-", "s--"), strict=True):
        for e, rows in by_eps.items():
            left.loglog(
                [r["cells"] for r in rows],
                [r["density"] for r in rows],
                style,
                color=eps_colour(max(e, 1e-4)),
                label=f"{scheme}, {eps_label(e)}",
            )
    for (q, rows), colour in zip(steps.items(), (ORANGE, GREEN, BLUE), strict=True):
        n = np.array([r["steps"] for r in rows])
        errors = np.array([r["density"] for r in rows])
        right.loglog(n, errors, "o-", color=colour, label=f"$q={q}$")
        right.loglog(n, errors[-1] * (n / n[-1]) ** -float(q), ":", color=colour, lw=1.0)
    right.plot([], [], ":", color=GREY, label="slope $-q$")
    left.set(xlabel="cells", ylabel="relative $L^2$ error of ρ")
    right.set(xlabel="time steps", title=eps_label(eps))
    for axis, ticks in ((left, (50, 100, 200)), (right, (10, 20, 40, 80))):
        axis.set_xticks(ticks, [str(n) for n in ticks])
        axis.xaxis.set_minor_formatter(NullFormatter())
    left.legend(fontsize=7)
    right.legend()
    return fig


def uniformity(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Error against ε on fixed meshes."""
    fig, axis = subplots(figsize=(6.4, 3.4))
    eps = [r["eps"] for r in rows]
    counts = [k for k in rows[0] if k != "eps"]
    for n, colour in zip(counts, (ORANGE, GREEN, BLUE), strict=False):
        axis.loglog(eps, [r[n] for r in rows], "o-", color=colour,
                    label=f"{n} steps, {4 * int(n)} cells")  # fmt: skip
    axis.set(xlabel="Knudsen number ε", ylabel="largest relative $L^2$ error")
    axis.legend()
    return fig


def fluid_limits(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Distance of BGK to Euler, to Navier–Stokes–Fourier, and of the heat flux to its law."""
    eps = np.array([r["eps"] for r in rows])
    fig, axis = subplots(figsize=(6.4, 3.5))
    for key, label, colour, slope in (
        ("euler", "moments to Euler", VERMILLION, 1),
        ("nsf", "moments to Navier–Stokes–Fourier", BLUE, 2),
        ("heat", "heat flux to Chapman–Enskog, relative", GREEN, 1),
    ):
        values = np.array([r[key] for r in rows])
        axis.loglog(eps, values, "o-", color=colour, label=label)
        axis.loglog(eps, values[0] * (eps / eps[0]) ** slope, ":", color=colour, lw=1.0)
    axis.plot([], [], ":", color=GREY, label="slopes 1, 2, 1")
    axis.set(xlabel="Knudsen number ε", ylabel="relative $L^2$ distance")
    axis.legend()
    return fig


def heat_fluxes(x: NDArray, found: Mapping[float, NDArray], law: Mapping[float, NDArray]) -> Figure:
    """``<v³ g>/2`` and its first order ``−(3/2) ρΘ ∂x Θ`` over x.

    Args:
        x: [X] places; found, law: [X] by Knudsen number, both divided by ε.
    """
    fig, axis = subplots(figsize=(6.4, 3.4))
    for e, values in found.items():
        axis.plot(x, values, color=eps_colour(e, _LOWEST), label=eps_label(e))
        axis.plot(x, law[e], "--", color=eps_colour(e, _LOWEST), lw=1.0)
    axis.plot([], [], "--", color=GREY, label=r"$-\frac{3}{2}\rho\Theta\,\partial_x\Theta$")
    axis.set(xlabel="$x$", ylabel=r"$\frac{1}{2}\langle v^3g\rangle$")
    axis.legend()
    return fig


def euler_limit(x: NDArray, curves: Mapping[str, NDArray], exact: NDArray) -> Figure:
    """ρ, u and Θ of the Riemann problem for several ε and the exact solution of Euler.

    Args:
        x: [X]; curves: [3, X] by label, from large to small ε; exact: [3, X].
    """
    fig, axes = subplots(1, 3, figsize=(8.6, 3.0), sharex=True)
    colours = (ORANGE, GREEN, VERMILLION)[: len(curves)]
    for axis, label, k in zip(axes, _LABELS, range(3), strict=True):
        axis.plot(x, exact[k], color=BLACK, lw=1.0, label="Euler, exact")
        for (name, values), colour in zip(curves.items(), colours, strict=True):
            axis.plot(x, values[k], "-", color=colour, lw=1.2, label=name)
        axis.set(title=label, xlabel="$x$")
    shared_legend(fig, axes[0], "lower center", ncols=4)
    return fig


def similarity_profiles(reference: BGKReference, taus: Sequence[float]) -> Figure:
    """ρ, u and Θ of ``bgk-riemann`` against ``ξ = x/t``, one curve per ``τ = t/ε``."""
    t = reference.problem.final_time
    xi = np.linspace(-5, 5, 401)
    x = np.clip(xi * t, *reference.problem.domain)
    fig, axes = subplots(1, 3, figsize=(8.6, 3.0), sharex=True)
    exact = EulerRiemann(reference.problem.left, reference.problem.right)(1.0, xi)
    colours = plt.get_cmap(SEQUENTIAL)(np.linspace(0.85, 0.0, len(taus)))
    for tau, colour in zip(taus, colours, strict=True):
        for axis, values in zip(axes, reference.moments(t, x, t / tau), strict=True):
            axis.plot(xi, values, color=colour, label=rf"$\tau={tau:g}$")
    for axis, values, label in zip(axes, exact, _LABELS, strict=True):
        axis.plot(xi, values, ":", color=BLACK, lw=1.0, label=r"$\tau\to\infty$ (Euler)")
        axis.set(title=label, xlabel=r"$\xi=x/t$")
    shared_legend(fig, axes[0], "lower center", ncols=6)
    return fig


def budgets(
    estimates: Sequence[Mapping], agreement: Sequence[Mapping], limits: Mapping[str, float]
) -> Figure:
    """Error estimates and differences to the second scheme against ε, with what is allowed.

    Args:
        estimates, agreement: rows with ``problem``, ``eps`` and a number per moment.
        limits: a tenth of the smallest network error to be judged, by problem.
    """
    fig, axes = subplots(1, len(limits), figsize=(8.6, 3.3), sharey=True)
    for axis, (name, limit) in zip(axes, limits.items(), strict=True):
        for rows, style, label in ((estimates, "-", "own estimate"),
                                   (agreement, "--", "second scheme")):  # fmt: skip
            chosen = [r for r in rows if r["problem"] == name]
            for key, colour in (("density", BLUE), ("momentum", VERMILLION), ("energy", GREEN)):
                axis.loglog([r["eps"] for r in chosen], [r[key] for r in chosen], style, marker=".",
                            color=colour, label=f"{key}, {label}")  # fmt: skip
        axis.axhline(limit, color=GREY, ls=":", label="allowed")
        axis.set(title=name, xlabel="ε")
    axes[0].set_ylabel("relative $L^2$ error")
    shared_legend(fig, axes[0], "lower center", ncols=4)
    return fig
