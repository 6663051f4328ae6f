"""Chapter 11, two more problems: ``bgk-sod`` and ``bgk-mixed``, their figures and stored errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.looks import METHOD_LOOK, in_column, label_of
from hrgradlib.chapters.palette import BLUE, GREEN, VERMILLION
from hrgradlib.chapters.style import eps_label, shared_legend, subplots
from hrgradlib.chapters.trivial_lines import beaten_where, draw_lines, skills, trivial_lines
from hrgradlib.chapters.trivial_lines import table as by_eps
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import STUDIES, read_study
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference.bgk_mixed import MixedReference, euler_history, fourier_values
from hrgradlib.reference.bgk_riemann import RiemannReference

__all__ = [
    "Errors",
    "changed_share",
    "errors_figure",
    "lines_of",
    "mixed_profiles",
    "runs_words",
    "skill_words",
    "sod_profiles",
    "stored",
    "table",
]

_WIDEST = 26  # letters of a table's first column
_SHOWN = 8  # every so many of the dense Knudsen numbers stand in a table
_COLOURS = (BLUE, GREEN, VERMILLION)
_NAMES = ("ρ", "u", "Θ")


class Errors(NamedTuple):
    """Of one method, S runs, those without an error left out.

    Attributes:
        eps: [E] judged Knudsen numbers.
        errors: [S, E] relative L2 error, the largest over quantities and times.
        seconds: [S] of training.
        failed: runs that failed by the book's one definition, with an error or without.
    """

    eps: NDArray
    errors: NDArray
    seconds: NDArray
    failed: int


def stored(problem: str) -> dict[str, Errors]:
    """What the study of a problem holds, by method; empty if it has no rows yet."""
    if not Table.named(problem).rows:
        return {}
    rows, content = read_study(problem)
    found = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        curves = [content["curves"][row["label"]][str(row["seed"])] for row in own]
        kept = [(c, row["seconds"]) for c, row in zip(curves, own, strict=True) if c]
        if kept:
            errors = np.array([np.ravel(curve["judged"]) for curve, _ in kept])
            seconds = np.array([s for _, s in kept])
            eps = np.array(kept[0][0]["judged_eps"])
            failed = sum(bool(row["failure"]) for row in own)
            found[method] = Errors(eps, errors, seconds, failed)
    return found


def lines_of(problem: str) -> dict[str, NDArray]:
    """Stored errors of what costs no training where the problem is judged: [E] by name."""
    return trivial_lines(problem, np.array(CASES[problem].judged_eps("quick")))


def table(problem: str, found: Mapping[str, Errors]) -> str:
    """Runs and largest errors of every method; then errors by ε, with trivial lines and skill."""
    if not found:
        return "not measured yet"
    width = _WIDEST
    text = [f"{'max over eps, t, moments':{width}} runs    median      best     worst   seconds"]
    for method, own in found.items():
        worst = own.errors.max(1)
        numbers = " ".join(f"{e:9.2e}" for e in (np.median(worst), worst.min(), worst.max()))
        failed = f"  ({own.failed} failed)" if own.failed else ""
        text.append(
            f"{in_column(label_of(method), width)} {len(worst):4d} {numbers} "
            f"{np.median(own.seconds):9.0f}{failed}"
        )
    some = slice(None, None, _SHOWN)
    lines = {name: line[some] for name, line in lines_of(problem).items()}
    eps = next(iter(found.values())).eps[some]
    errors = {label_of(method): own.errors[:, some] for method, own in found.items()}
    return "\n".join([*text, "", by_eps(eps, errors, lines)])


def skill_words(problem: str, own: Errors) -> str:
    """Largest and least skill of the median run over ε, and where it is above one."""
    skill = skills(np.median(own.errors, 0), lines_of(problem))
    lost = beaten_where(own.eps, skill)
    return f"skill {skill.min():.2g} to {skill.max():.2g}; above one: {lost}"


def runs_words(problem: str) -> str:
    """How many of the runs of a problem are stored: "5 of 9"."""
    seeds, cells = STUDIES[problem]
    rows = read_study(problem)[0] if Table.named(problem).rows else []
    return f"{len(rows)} of {len(seeds) * len(cells)}"


def changed_share(reference: RiemannReference, eps: float) -> NDArray:
    """What free flight misses of what has changed since t = 0, at T: [3], of ρ, ρu, E.

    ``‖U − U_free‖ / ‖U − U_0‖`` over the window: no choice of a window enters, if it holds all
    waves.
    """
    problem = reference.problem
    x = np.linspace(*problem.window, 401)
    x = x[x != 0]
    t = problem.final_time
    # Where t/ε is tiny nothing has collided.
    found, free, start = (
        conserved(reference.moments(when, x, e)) for when, e in ((t, eps), (t, 1e9), (0.0, eps))
    )
    return np.linalg.norm(found - free, axis=1) / np.linalg.norm(found - start, axis=1)


def sod_profiles(reference: RiemannReference, eps: Sequence[float]) -> Figure:
    """ρ, u, Θ of the jump at T for some ε, and Euler's solution."""
    problem = reference.problem
    x, t = np.linspace(*problem.window, 601), problem.final_time
    fig, axes = subplots(1, 3, figsize=(7.4, 2.6), sharex=True)
    fluid = EulerRiemann(problem.left, problem.right)(t, x)
    for e, colour in zip(eps, _COLOURS, strict=False):
        for axis, values in zip(axes, reference.moments(t, x, e), strict=True):
            axis.plot(x, values, color=colour, label=eps_label(e))
    for axis, values in zip(axes, fluid, strict=True):
        axis.plot(x, values, "k:", lw=1, label="Euler")
    return _finish(fig, axes)


def mixed_profiles(reference: MixedReference, eps: Sequence[float]) -> Figure:
    """ε(x), and ρ, u, Θ at T for some ε0, with Euler's solution."""
    problem = reference.problem
    x, t = np.linspace(*problem.domain, 401), problem.final_time
    fig, axes = subplots(1, 4, figsize=(8.4, 2.6), sharex=True)
    fluid = fourier_values(euler_history(problem, (t,))[0], x - x[0])
    rho, flow, energy = fluid
    states = (rho, flow / rho, 2 * energy / rho - (flow / rho) ** 2)
    for e, colour in zip(eps, _COLOURS, strict=False):
        axes[0].semilogy(x, problem.knudsen(x, np.full_like(x, e))[0], color=colour)
        for axis, values in zip(axes[1:], reference.moments(t, x, e), strict=True):
            axis.plot(
                x, values, color=colour, label=eps_label(e).replace("varepsilon", "varepsilon_0")
            )
    for axis, values in zip(axes[1:], states, strict=True):
        axis.plot(x, values, "k:", lw=1, label="Euler")
    axes[0].set(title="ε(x)", xlabel="$x$")
    return _finish(fig, axes[1:])


def _finish(fig: Figure, axes: Sequence[Axes]) -> Figure:
    for axis, name in zip(axes, _NAMES, strict=True):
        axis.set(title=name, xlabel="$x$")
    axes[0].legend(fontsize=7)
    return fig


def errors_figure(found: Mapping[str, Mapping[str, Errors]]) -> Figure:
    """Errors by ε of the stored runs of some problems, every seed thin, the median thick.

    Args:
        found: by problem, then by method; may lack methods.
    """
    fig, axes = subplots(1, len(found), figsize=(7.4, 3.6), squeeze=False, sharey=True)
    for axis, (problem, methods) in zip(axes[0], found.items(), strict=True):
        draw_lines(axis, np.array(CASES[problem].judged_eps("quick")), lines_of(problem))
        for method, own in methods.items():
            look = METHOD_LOOK[method]
            axis.plot(own.eps, own.errors.T, look.line, color=look.colour, lw=0.6, alpha=0.6)
            axis.plot(own.eps, np.median(own.errors, 0), look.line, color=look.colour, lw=2,
                      label=look.label)  # fmt: skip
        if not methods:
            axis.text(0.5, 0.5, "not measured yet", ha="center", transform=axis.transAxes)
        axis.set(xscale="log", yscale="log", title=problem, xlabel="Knudsen number ε")
    axes[0][0].set_ylabel("largest relative error")
    shared_legend(fig, axes[0][0], "upper center", ncols=3)
    return fig
