"""Chapter 12: what its sentences say of the stored runs, none, some or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch12_ablations import Ablations
from hrgradlib.chapters.ch12_comparison import (
    LEAST_RUNS,
    RIVALS,
    WEIGHTINGS,
    Arm,
    best,
    common_seeds,
    mostly_silent,
    names,
    place,
)
from hrgradlib.chapters.ch12_linear_solver import Solves, enough
from hrgradlib.chapters.ch12_step_cost import stored as milliseconds
from hrgradlib.chapters.ch12_tuning import Tried, at_ends, chosen_betas
from hrgradlib.chapters.ch12_tuning import best as best_choice
from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.comparison_studies import COMPARED
from hrgradlib.experiments.verdicts import judge

__all__ = [
    "against_the_tuned_sum",
    "at_two_settings",
    "failing",
    "linear_solver",
    "places",
    "seeds",
    "stored",
    "tuning",
]


def tuning(tried: Mapping[str, Sequence[Tried]]) -> str:
    """How many methods are tuned, how often the best rate is at an end of the grid, and their β₂.

    Args:
        tried: the grid by method.
    """
    if not tried:
        return "no method is tuned yet"
    low, high, least, most = at_ends(tried)
    count = "all" if len(tried) == len(COMPARED) else f"{len(tried)} of"
    betas = ", ".join(f"{b:g} for {len(own)}" for b, own in chosen_betas(tried).items())
    return (
        f"{count} {len(COMPARED)} methods are tuned; for {len(low)} of them the first rate (of "
        f"L-BFGS: number of points) of their grid is the best, for {len(high)} the last; β₂ = "
        f"{betas}{_at_ends_of_beta2(least, most)}"
    )


def _at_ends_of_beta2(least: Sequence[str], most: Sequence[str]) -> str:
    """How many are best at an end of more than one β₂; nothing where one was tried."""
    return f", an end of what was tried for {len({*least, *most})}" if least or most else ""


def stored(problem: str, there: int, wanted: int) -> str:
    """How much of a problem's table there is: "all 190 are stored for …"."""
    share = {0: "none", wanted: f"all {wanted}"}.get(there, f"{there} of {wanted}")
    return f"{share} {'is' if there == 0 else 'are'} stored for {problem}"


def seeds(found: Mapping[str, Arm]) -> str:
    """A sentence on how many seeds every method has, and whether these decide anything."""
    if not found:
        return "No method has a run yet."
    count = common_seeds(dict(found))
    few = "" if count >= LEAST_RUNS else (
        f", of which the rule decides nothing: it needs {LEAST_RUNS} against {LEAST_RUNS}"
    )  # fmt: skip
    most = max(len(arm.seeds) for arm in found.values())
    named = names([label for label, arm in found.items() if len(arm.seeds) == most])
    more = f" {most} have: {named}." if most > count else ""
    return f"Every method has {count} seed{'s' * (count != 1)} or more{few}.{more}"


def places(found: Mapping[str, Arm]) -> str:
    """Sentences on who has the lowest median, and which place the sum and the best rivals have."""
    own = dict(found)
    if not own:
        return "So there is no order of methods yet."
    first = label_of(best(own, tuple(own)))
    named = {
        "the tuned sum under Adam": "sum",
        "HRGrad under Adam": "hrgrad",
        "the best loss weighting": best(own, WEIGHTINGS),
        "the best gradient surgery of others": best(own, RIVALS),
    }
    said = [
        f"{words}{'' if label in ('sum', 'hrgrad') else f' ({label_of(label)})'} is number "
        f"{place(own, label)}"
        for words, label in named.items()
        if label in own
    ]
    tail = f" Of {len(own)} methods, {', '.join(said)}." if said else ""
    return f"The lowest median is that of: {first}.{tail}"


def failing(found: Mapping[str, Arm], tried: Mapping[str, Sequence[Tried]]) -> str:
    """Sentences on the methods of which runs failed, and on what the grid chose for them.

    Args:
        found: final runs by method.
        tried: the grid by method.
    """
    broken = [label for label, arm in found.items() if arm.failed.any()]
    if not broken:
        return "No final run failed." if found else "No method has a run yet."
    edge = [label for label in broken if label in at_ends(tried).high]
    said = f"Final runs failed of: {names(broken)}."
    if edge:
        said += (
            f" Of these {names(edge)} ran at the largest rate of the grid: what its short "
            "trainings bore the final ones did not always."
        )
    quiet = [label for label in broken if mostly_silent(found[label].errors)]
    if quiet:
        said += (
            f" Half or more of the runs end as the untrained ansatz of: {names(quiet)}. There the "
            "network has fallen silent; their place in the table is that of a rate and a β₂, "
            "and says nothing of the method."
        )
    return said


def against_the_tuned_sum(
    found: Mapping[str, Arm], tuned: Mapping[str, NDArray], labels: Sequence[str]
) -> str:
    """Sentences on methods, tuned in short trainings, beside a sum that was tuned at full length.

    Args:
        found: final runs by method.
        tuned: errors of the finalists by method.
        labels: methods that are asked about.
    """
    if "sum" not in tuned or "sum" not in found:
        return "The sum is not tuned at full length yet."
    words = {x: judge(found[x].errors, tuned["sum"]).word for x in labels if x in found}
    told = {w: names([x for x, own in words.items() if own == w]) for w in ("lower", "higher")}
    return (
        f"The sum of the finalists, tuned at full length, has "
        f"{np.median(tuned['sum']) / found['sum'].median:.2f} times the error of the sum "
        f"above. Against it are lower: {told['lower']}; higher: {told['higher']}. The others were "
        "tuned in short trainings alone, so to be higher is no verdict on them."
    )


def at_two_settings(
    found: Mapping[str, Arm], tried: Mapping[str, Sequence[Tried]], changed: Ablations, rate: float
) -> str:
    """Sentences on HRGrad against the sum in SOAP's metric, at the tuned pair and at another.

    Args:
        found: final runs by method.
        tried: the grid by method.
        changed: the ablations, HRGrad their base.
        rate: of the ablations, at the usual β₂.
    """
    pair = ("hrgrad-soap", "sum-soap")
    summed = next(effect.errors for effect in changed.effects if effect.cell == "metric-sum")
    if not set(pair) <= {*found} & {*tried} or not len(changed.base) or not len(summed):
        return "HRGrad and the sum in SOAP's metric are not measured at two settings yet."
    picked = [best_choice(tried[x]) for x in pair]
    chosen = dict.fromkeys(f"{choice.rate:g} with β₂ = {choice.beta2:g}" for choice in picked)
    tuned, here = [found[x].errors for x in pair], [changed.base, summed]
    medians = [[float(np.median(errors)) for errors in errors_of] for errors_of in (tuned, here)]
    there, at = (f"{first:.1e} and {second:.1e}" for first, second in medians)
    less = all(h < t for t, h in zip(*medians, strict=True))
    return (
        f"In SOAP's metric HRGrad's error is, against the sum's, at the pair that the grid chose "
        f"for each ({' and '.join(chosen)}): {judge(*tuned)}; at {rate:g} with the usual β₂: "
        f"{judge(*here)}. Medians of HRGrad and of the sum are {there} at what was chosen, {at} "
        "at the other pair." + (" Both err less at the pair that was not chosen." if less else "")
    )


def linear_solver(solved: Sequence[Solves], found: Mapping[str, Arm], label: str) -> str:
    """Sentences on how few features do as well as a network, and on the time of both.

    Args:
        solved: draws by number of features, the fewest first.
        found: final runs by method.
        label: of the method that features are compared with, "" if none has run.
    """
    if not label:
        return "There is no network to compare it with yet."
    error, few = found[label].median, enough(solved, found[label].median)
    network = f"the lowest median of the networks, {error:.1e} ({label_of(label)})"
    if few is None:
        return f"In no number of features that was tried do all draws reach {network}."
    said = (
        f"With {few.features} features no draw has a larger error than {network}; its solves for "
        f"all {few.judged} Knudsen numbers take {np.median(few.seconds):.1f} s"
    )
    seconds = 1e-3 * milliseconds().get(label, np.nan) * float(np.median(found[label].work))
    if np.isnan(seconds) or label == "lbfgs":  # whose work counts gradients, several to a step
        return f"{said}."
    return (
        f"{said}, the training of that network {seconds:.0f} s. The network is the cheaper one for "
        f"more than {seconds / few.one:.0f} Knudsen numbers."
    )
