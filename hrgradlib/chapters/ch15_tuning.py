"""Chapter 15: what becomes of a claim at another learning rate, or at other hyperparameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hrgradlib.chapters import ch12_inner
from hrgradlib.chapters.ch12_comparison import LEAST_RUNS
from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word, by_errors
from hrgradlib.experiments.comparison_studies import RATES
from hrgradlib.experiments.inner_studies import INNER, METHOD
from hrgradlib.experiments.verdicts import judge

__all__ = ["by_default_settings", "inner_needs_no_ablation", "lower_at_rates"]

ROBUST = 2.0  # error at a learning rate over that at the best one


def lower_at_rates(*cells: tuple[str, str, str]) -> Callable[[Reading], Finding]:
    """Is one method's error lower than another's, by the book's rule, at every rate and β₂?

    Confirmed if lower at all, refined if at some, refuted if it is higher at one and lower at none.

    Args:
        cells: a table and the labels of both methods in it.
    """

    def measure(reading: Reading) -> Finding:
        found = {}
        for table, first, second in cells:
            settings = [row["settings"] for row in reading.rows(table, first, second)]
            pairs = sorted({(own["lr"], own["beta2"]) for own in settings})
            verdict = judge(reading.errors(table, first), reading.errors(table, second))
            found[", ".join(f"{lr:g} with β₂ = {beta2:g}" for lr, beta2 in pairs)] = verdict
        words = [verdict.word for verdict in found.values()]
        won = words.count("lower")
        word: Word = "refuted" if "higher" in words else "undecided"
        if won:
            word = "confirmed" if won == len(words) else "refined"
        told = "; ".join(f"at rate {lr}: {by_errors(v).number}" for lr, v in found.items())
        return Finding(word, told, min(min(verdict.counts) for verdict in found.values()))

    return measure


def by_default_settings(reading: Reading) -> Finding:
    """Confirmed if no learning rate costs HRGrad more than twice the error of its best one.

    Refined if none next to the best does, refuted if one does; undecided of fewer than four runs a
    rate, whatever they say.
    """
    labels = (f"hrgrad-lr{lr:g}-beta0.99" for lr in RATES)
    cells = [reading.errors("comparison-grid", label) for label in labels]
    errors, runs = [float(np.median(cell)) for cell in cells], min(map(len, cells))
    best = int(np.argmin(errors))
    near, far = (max(some) / errors[best] for some in (errors[max(0, best - 1) : best + 2], errors))
    word: Word = "refuted" if near > ROBUST else "refined" if far > ROBUST else "confirmed"
    few = "" if runs >= LEAST_RUNS else f"too few runs, {runs} a rate: "
    return Finding(
        "undecided" if few else word,
        f"{few}next to the best rate up to {near:.1f} times its error, over all four {far:.1f}",
    )


def inner_needs_no_ablation(reading: Reading) -> Finding:
    """Does none of the five hyperparameters of the inner descent matter, a fifth or five times it?

    Confirmed if every change's interval lies within the margin, refuted if each of the five
    matters, refined if some do, else undecided.
    """
    control = reading.errors("finalists", METHOD)
    cells = list(INNER[ch12_inner.NAME][1]) or [METHOD]  # without a grid there are no cells
    errors = {cell: reading.errors(ch12_inner.NAME, cell) for cell in cells}
    found = ch12_inner.changes(errors, control)
    near = sum(change.near for change in found.changes)
    named = [(c, c.verdict) for c in found.changes if c.matters and c.verdict]
    told = [f"{change.label}: {by_errors(verdict).number}" for change, verdict in named]
    fields = {change.name for change, _ in named}
    word: Word = "undecided"
    if fields:
        word = "refuted" if fields == set(ch12_inner.NAMES) else "refined"
    elif near == len(found.changes):
        word = "confirmed"
    rest = f"{near} of {len(found.changes)} changes stay within the margin"
    runs = min(len(change.errors) for change in found.changes)
    return Finding(word, "; ".join([*told, rest]), min(runs, len(control)))
