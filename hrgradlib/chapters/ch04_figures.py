"""Figures of chapter 4: one network, the losses of a PINN and of an APNN. All dimensionless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from hrgradlib.chapters.ch04_pinn import Outcome
from hrgradlib.chapters.costless import mark_lines
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.palette import BLACK, GREY, SEQUENTIAL
from hrgradlib.chapters.style import eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import draw_lines

__all__ = ["descents", "eigenvalues", "errors_over_eps", "landscapes", "loss_and_error", "profiles"]

Trained = Mapping[tuple[str, str, float], Outcome]  # by loss, optimizer and ε

_LOSSES = ("apnn", "pinn", "pinn-plain")
_METHODS = {"adam": "Adam", "gauss-newton": "Gauss–Newton"}


def landscapes(
    diffusivity: NDArray, flux: NDArray, losses: Mapping[float, Mapping[str, NDArray]]
) -> Figure:
    """Losses of candidates with diffusivity D and flux γ: a row a loss, a column an ε.

    Args:
        diffusivity: [D].
        flux: [G].
        losses: by ε and by loss, [G, D].
    """
    names = list(next(iter(losses.values())))
    fig, axes = subplots(len(names), len(losses), figsize=(8.2, 4.9), sharex=True, sharey=True)
    levels = np.arange(-3, 2.6, 0.5)
    for row, name in zip(axes, names, strict=True):
        for axis, (eps, found) in zip(row, losses.items(), strict=True):
            shown = axis.contourf(
                diffusivity, flux, np.log10(found[name]), levels, cmap=SEQUENTIAL, extend="both"
            )
            axis.plot(1 / 3, 1, "x", color="white", ms=7, mew=2)
            axis.set_title(f"{label_of(name).split(',')[0].split(':')[0]}, {eps_label(eps)}")
            axis.grid(False)
        row[0].set_ylabel(r"flux $\gamma$")
    for axis in axes[-1]:
        axis.set(xlabel="diffusivity $D$", xticks=(0, 0.5, 1))
    fig.colorbar(shown, ax=axes, label=r"$\log_{10}$ loss")
    return fig


def eigenvalues(
    eps: NDArray,
    least: Mapping[str, NDArray],
    largest: Mapping[str, NDArray],
    floors: Mapping[str, NDArray],
) -> Figure:
    """Smallest and largest quotient of loss and squared error, against ε.

    Args:
        eps: [E].
        least, largest: by loss, [E].
        floors: by loss, [E] proved lower bounds of ``least``.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.8, 3.5))
    for name, values in least.items():
        _, color, marker, _ = METHOD_LOOK[name]
        left.loglog(eps, values, marker + "-", color=color, label=label_of(name))
        left.loglog(eps, floors[name], "--", color=color, lw=1)
        right.loglog(eps, largest[name] / values, marker + "-", color=color)
    left.plot([], [], "--", color=GREY, lw=1, label="proved from below")
    left.set(xlabel=r"$\varepsilon$", ylabel=r"$\lambda_{\min}$: least loss per squared error")
    right.set(xlabel=r"$\varepsilon$", ylabel=r"condition number $\lambda_{\max}/\lambda_{\min}$")
    shared_legend(fig, left, "upper center", ncols=4)
    return fig


def descents(
    steps: NDArray,
    errors: Mapping[float, Mapping[str, NDArray]],
    costless: Mapping[float, Mapping[str, float]],
) -> Figure:
    """Error of the linearised network against the number of gradient steps, one panel an ε.

    Args:
        steps: [S].
        errors: by ε and loss, [S]; costless: by ε, errors at T of what costs no training.
    """
    fig, axes = subplots(1, len(errors), figsize=(8.6, 3.2), sharey=True)
    for axis, (eps, curves) in zip(axes, errors.items(), strict=True):
        for name, values in curves.items():
            _, color, _, style = METHOD_LOOK[name]
            axis.loglog(steps, values, style, color=color, label=label_of(name))
        mark_lines(axis, costless[eps], across=False)
        axis.set(xlabel="steps of gradient descent", title=eps_label(eps))
    axes[0].set_ylabel(r"relative error of $\rho(T)$")
    shared_legend(fig, axes[0], "upper center", ncols=5)
    return fig


def errors_over_eps(
    errors: Mapping[tuple[str, str], NDArray], eps: Sequence[float], lines: Mapping[str, NDArray]
) -> Figure:
    """Error against ε for every loss, one panel an optimizer: median, and a dot a seed.

    Args:
        errors: by loss and optimizer, [E, S] over seeds.
        eps: [E].
        lines: [E] errors of what costs no training, by name.
    """
    fig, axes = subplots(1, len(_METHODS), figsize=(7.8, 3.6), sharey=True)
    for axis, (method, title) in zip(axes, _METHODS.items(), strict=True):
        for name in _LOSSES:
            _, color, marker, style = METHOD_LOOK[name]
            found = np.asarray(errors[name, method])
            if found.shape[1] > 1:
                axis.loglog(eps, found, ".", color=color, ms=4, alpha=0.6)
            axis.loglog(eps, np.median(found, 1), marker + style, color=color, label=label_of(name))
        draw_lines(axis, np.asarray(eps), lines)
        axis.set(title=title, xlabel=r"$\varepsilon$")
        axis.invert_xaxis()
    axes[0].set_ylabel(r"largest relative error of $\rho$")
    shared_legend(fig, axes[0], "upper center", ncols=5)
    return fig


def loss_and_error(trained: Trained, slope: float, costless: Mapping[str, float]) -> Figure:
    """Error against the loss that was minimised, every training one point.

    Args:
        costless: largest errors over ε of what costs no training, by name.
        trained: outcomes; at ε = 1, where the losses are one, the first alone is drawn.
        slope: the proved bound of the APNN is ``slope · √loss``.
    """
    fig, axis = subplots(figsize=(6.6, 4.2))
    for (name, method, eps), outcome in trained.items():
        if eps == 1 and name != "apnn":
            continue
        _, color, marker, _ = METHOD_LOOK[name]
        at = outcome.squares["own"], outcome.error
        axis.loglog(*at, marker, color=color, mfc=color if method == "adam" else "white", ms=6)
        if name != "apnn":
            left = name == "pinn-plain" or eps == 1e-4  # crowded where trainings failed
            axis.annotate(
                rf"$10^{{{np.log10(eps):.0f}}}$",
                at,
                fontsize=7.5,
                textcoords="offset points",
                xytext=(-4 if left else 4, 3),
                ha="right" if left else "left",
            )
    span = np.array(axis.get_xlim())
    axis.loglog(span, slope * np.sqrt(span), color=BLACK, lw=1, label="proved for the APNN")
    axis.set(
        xlabel="loss at the end, as it was minimised",
        xlim=span,
        ylabel=r"largest relative error of $\rho$",
    )
    mark_lines(axis, costless, across=False)
    handles = [
        Line2D([], [], ls="", marker=look.marker, color=look.colour, label=look.label)
        for look in (METHOD_LOOK[name] for name in _LOSSES)
    ]
    handles += [
        Line2D([], [], ls="", marker="o", color=GREY, mfc=fill, label=_METHODS[n])
        for n, fill in (("adam", GREY), ("gauss-newton", "white"))
    ]
    told = [line for line in axis.get_lines() if not line.get_label().startswith("_")]
    fig.legend(handles=[*handles, *told], loc="outside upper center", ncols=3)
    return fig


def profiles(
    x: NDArray, start: NDArray, exact: Mapping[float, NDArray], trained: Trained
) -> Figure:
    """Density at the final time: a row an optimizer, a column an ε.

    Args:
        x: [X].
        start: [X] initial density.
        exact: by ε, [X].
        trained: outcomes, with densities [X].
    """
    fig, axes = subplots(len(_METHODS), len(exact), figsize=(8.6, 4.6), sharex=True, sharey=True)
    for row, method in zip(axes, _METHODS, strict=True):
        for axis, eps in zip(row, exact, strict=True):
            found = {n: trained[n, method, eps].density for n in _LOSSES}
            _profile(axis, x, start, exact[eps], found)
            axis.set_title(f"{_METHODS[method]}, {eps_label(eps)}")
    for axis in axes[-1]:
        axis.set_xlabel("$x$")
    for axis in axes[:, 0]:
        axis.set_ylabel(r"$\rho(T,x)$")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return fig


def _profile(
    axis: Axes, x: NDArray, start: NDArray, exact: NDArray, found: Mapping[str, NDArray]
) -> None:
    axis.plot(x, start, color=GREY, lw=0.9, label=r"$\rho_0$")
    axis.plot(x, exact, color=BLACK, lw=3, alpha=0.25, label="exact")
    for name, values in found.items():
        _, color, _, style = METHOD_LOOK[name]
        axis.plot(x, values, style, color=color, label=label_of(name))
