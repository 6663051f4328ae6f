"""Chapter 5: the error against the weight of the initial condition, over five decades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrgradlib.chapters.ch05_failure import cells_of
from hrgradlib.chapters.ch05_failure_figure import trivial
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.chapters.style import subplots
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.weight_studies import ARMS, FACTORS, WEIGHTED, label

__all__ = ["FACTORS", "Arm", "curves", "load", "table"]

NAME = "weights"
_GROUPS = {
    "sums": ("sum", "sum-soap", "sum-gn"),
    "rules of others, over terms": ("log-sum", "uw", "config", "hrgrad-reported"),
    "HRGrad, over terms": ("hrgrad-0", "hrgrad", "hrgrad-1", "hrgrad-soap"),
}
assert {arm for group in _GROUPS.values() for arm in group} == set(ARMS)


class Arm(NamedTuple):
    """Errors of a method [W, S] by weight and seed; nan where there is no run."""

    errors: NDArray

    @property
    def medians(self) -> NDArray:
        """[W]; nan where there is no run."""
        there = ~np.isnan(self.errors)
        return np.array(
            [
                np.median(row[has]) if has.any() else np.nan
                for row, has in zip(self.errors, there, strict=True)
            ]
        )

    @property
    def spread(self) -> float:
        """Largest over smallest median."""
        found = self.medians[~np.isnan(self.medians)]
        return float(found.max() / found.min())

    @property
    def decades(self) -> int:
        """Of the weights, at how many the median is no failure."""
        return int((self.medians <= FAILED_ERROR).sum())


def load() -> dict[str, Arm]:
    """Methods that have runs."""
    seeds = WEIGHTED[NAME][0]
    stored, found = cells_of(NAME), {}
    for arm in ARMS:
        rows = np.full((len(FACTORS), len(seeds)), np.nan)
        for i, factor in enumerate(FACTORS):
            if (cell := stored.get(label(arm, factor))) is not None:
                rows[i, : len(cell.errors)] = cell.errors
        if not np.isnan(rows).all():
            found[arm] = Arm(rows)
    return found


def table(found: dict[str, Arm]) -> str:
    """A line per method: median errors by weight, largest over smallest, and how many are none."""
    if not found:
        return "no run is stored yet"
    head = "".join(f"{f'w = {factor:g}':>9s}" for factor in FACTORS)
    lines = [f"{'':30s}{head}  max/min  kept"]
    for arm, cells in found.items():
        told = "".join(f"{'–' if np.isnan(m) else f'{m:.1e}':>9s}" for m in cells.medians)
        kept = f"{cells.decades}/{int((~np.isnan(cells.medians)).sum())}"
        lines.append(f"{label_of(arm):30s}{told}{cells.spread:9.2g}{kept:>6s}")
    return "\n".join(lines)


def curves(found: dict[str, Arm]) -> Figure:
    """Median errors and the range of the seeds against the weight, a panel per kind of method."""
    fig, axes = subplots(1, len(_GROUPS), figsize=(7.6, 4.0), sharey=True)
    for axis, (title, group) in zip(axes, _GROUPS.items(), strict=True):
        for arm in group:
            if arm not in found:
                continue
            look, errors = METHOD_LOOK[arm], found[arm].errors
            there = ~np.isnan(errors).all(1)
            x = np.array(FACTORS)[there]
            low, high = np.nanmin(errors[there], 1), np.nanmax(errors[there], 1)
            axis.fill_between(x, low, high, color=look.colour, alpha=0.15, lw=0)
            axis.plot(
                x, found[arm].medians[there], color=look.colour, ls=look.line,
                marker=look.marker, ms=4, label=look.label,
            )  # fmt: skip
        axis.axhline(FAILED_ERROR, color="black", lw=0.8)
        trivial(axis, np.array(CASES["transport-periodic"].judged_eps("quick")), across=False)
        axis.set(xscale="log", yscale="log", title=title, xlabel="weight of the initial loss")
        axis.set_xlim(0.7 * min(FACTORS), 1.4 * max(FACTORS))
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    axes[0].set_ylabel("error, the largest over ε and t")
    return fig
