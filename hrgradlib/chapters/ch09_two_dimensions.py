"""Chapter 9, two dimensions: stored errors of ``transport-2d``, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.kept_means import correct_map
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.palette import SEQUENTIAL
from hrgradlib.chapters.style import eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import beaten_where, skills
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.cases.plane import square
from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import read_study
from hrgradlib.experiments.trivial import stored_trivial_errors
from hrgradlib.reference.plane import PlaneReference

__all__ = [
    "Errors",
    "cut_error",
    "density_maps",
    "error_by_eps",
    "exact_map",
    "kept_words",
    "lines",
    "lost",
    "stored",
    "table",
]

_STUDY = "transport-2d"
# Broad and pale, behind everything, as on other pages.
_TRIVIAL = {"untrained ansatz": "-", "free transport": "--", "diffusion": (0, (1, 1))}
_PALE = "#A6A6A6"


class Errors(NamedTuple):
    """Of one method, S runs, those without an error left out.

    Attributes:
        eps: [E] judged Knudsen numbers.
        errors: [S, E] final relative L2 error of ρ, the largest over the times.
        seconds: [S] of training.
        failed: runs that failed by the book's one definition, with an error or without.
    """

    eps: NDArray
    errors: NDArray
    seconds: NDArray
    failed: int


def stored() -> dict[str, Errors]:
    """What the study holds, by method; empty if it has no rows yet."""
    if not Table.named(_STUDY).rows:
        return {}
    rows, content = read_study(_STUDY)
    found = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        curves = [content["curves"][row["label"]][str(row["seed"])] for row in own]
        kept = [(c, row["seconds"]) for c, row in zip(curves, own, strict=True) if c]
        if kept:
            errors = np.array([curve["judged"] for curve, _ in kept])
            seconds = np.array([s for _, s in kept])
            eps = np.array(kept[0][0]["judged_eps"])
            failed = sum(bool(row["failure"]) for row in own)
            found[method] = Errors(eps, errors, seconds, failed)
    return found


def table(found: Mapping[str, Errors]) -> str:
    """A line a method: runs, and their largest errors over ε and the times."""
    if not found:
        return "not measured yet"
    width = max(len(label_of(method)) for method in found)
    text = [f"{'max over eps and t':{width}} runs    median      best     worst   seconds"]
    for method, own in found.items():
        worst = own.errors.max(1)
        numbers = " ".join(f"{e:9.2e}" for e in (np.median(worst), worst.min(), worst.max()))
        failed = f"  ({own.failed} failed)" if own.failed else ""
        spent = f"{np.median(own.seconds):9.0f}"
        text.append(f"{label_of(method):{width}} {len(worst):4d} {numbers} {spent}{failed}")
    return "\n".join(text)


def lines(eps: NDArray) -> dict[str, NDArray]:
    """Errors of what costs no training, by name: [E], the largest over the times; stored."""
    trivial = stored_trivial_errors(_STUDY, eps)
    return {name: errors[0].max(1) for name, errors in trivial.items()}


def lost(own: Errors, trivial: Mapping[str, NDArray]) -> str:
    """Where the best trivial line beats the median run, in words.

    Args:
        own: of a method.
        trivial: by name, [E] at its ε.
    """
    return beaten_where(own.eps, skills(np.median(own.errors, 0), trivial))


def cut_error(pairs: int, eps: NDArray) -> float:
    """Error of ρ that a cut after so many pairs of angular modes costs, the largest over ε and t.

    Args:
        pairs: M of the network; the moment system with as many modes is solved exactly.
        eps: [E].
    """
    problem = CASES[_STUDY].problem
    waves, points = dict(problem.waves), (np.array(problem.eval_times)[:, None], square(16))
    exact, cut = (
        reference.density(*points, eps[:, None, None])
        for reference in (PlaneReference(waves), PlaneReference(waves, pairs))
    )
    return float(relative_l2(cut, exact).max())


def exact_map(eps: float, side: int) -> NDArray:
    """Exact density at the final time, [side, side], rows by the first coordinate."""
    problem = CASES[_STUDY].problem
    density = PlaneReference(dict(problem.waves)).density(problem.final_time, square(side), eps)
    return density.reshape(side, side)


def kept_words(found: Mapping[float, NDArray]) -> str:
    """Errors of maps before and after the correction of their means, in words.

    Args:
        found: by ε, density at the final time, [side, side]; may be empty.
    """
    words = []
    for eps, density in found.items():
        exact = exact_map(eps, len(density)).ravel()
        pair = density.ravel(), correct_map(density, float(exact.mean())).ravel()
        before, after = (relative_l2(one, exact) for one in pair)
        words.append(f"{after:.1e} instead of {before:.1e} at ε = {eps:g}")
    return ", ".join(words) or "not measured yet"


def density_maps(exact: Mapping[float, NDArray], found: Mapping[float, NDArray]) -> Figure:
    """Density on the square, a row each ε: exact, network, difference.

    Args:
        exact: by ε, [X, Y]; rows have a scale of their own, as decay is fast at small ε.
        found: the same of a network, where there is one.
    """
    fig, axes = subplots(len(exact), 3, figsize=(7.4, 2.2 * len(exact)), sharex=True, sharey=True,
                         squeeze=False)  # fmt: skip
    for row, (eps, density) in zip(axes, exact.items(), strict=True):
        side = np.arange(len(density) + 1) / len(density)
        network = found.get(eps)
        levels = dict(vmin=density.min(), vmax=density.max(), cmap=SEQUENTIAL, rasterized=True)
        images = [row[0].pcolormesh(side, side, density.T, **levels)]
        if network is None:
            for axis in row[1:]:
                axis.pcolormesh(side, side, np.full_like(density, np.nan).T, rasterized=True)
                axis.text(0.5, 0.5, "not measured yet", ha="center", fontsize=8)
        else:
            reach = np.abs(network - density).max()
            row[1].pcolormesh(side, side, network.T, **levels)
            images.append(
                row[2].pcolormesh(side, side, (network - density).T, vmin=-reach, vmax=reach,
                                  cmap="PuOr_r", rasterized=True)
            )  # fmt: skip
            fig.colorbar(images[1], ax=row[2])
        fig.colorbar(images[0], ax=row[1])
        row[0].set_ylabel(f"{eps_label(eps)}\n$y$")
        for axis in row:
            axis.grid(False)
            axis.set_aspect("equal")
    for axis, title in zip(axes[0], ("exact", "network", "network − exact"), strict=True):
        axis.set_title(title)
    for axis in axes[-1]:
        axis.set(xlabel="$x$", xticks=(0, 0.5, 1), xticklabels=("0", "½", "1"))
    return fig


def error_by_eps(
    eps: NDArray, found: Mapping[str, Errors], trivial: Mapping[str, NDArray]
) -> Figure:
    """Largest error over t against ε: networks (every seed thin, median thick), trivial lines.

    Args:
        eps: [E] of the trivial lines.
        found: by method; may be empty.
        trivial: by name, [E]; cut where they leave the picture.
    """
    fig, axis = subplots(figsize=(6.6, 3.6))
    for name, errors in trivial.items():
        axis.loglog(eps, errors, ls=_TRIVIAL[name], color=_PALE, lw=3, zorder=0.5, label=name)
    for method, own in found.items():
        look = METHOD_LOOK[method]
        axis.loglog(own.eps, own.errors.T, look.line, color=look.colour, lw=0.6, alpha=0.6)
        axis.loglog(own.eps, np.median(own.errors, 0), look.line, color=look.colour, lw=2,
                    label=look.label)  # fmt: skip
    if not found:
        axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
    axis.set(xlabel="Knudsen number ε", ylabel="relative $L^2$ error of ρ, max over t",
             ylim=(1e-5, 1))  # fmt: skip
    shared_legend(fig, axis, "upper center", ncols=2)
    return fig
