"""Figure of the appendix on how results are judged: what the rule gets wrong, and what it sees."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from hrgradlib.chapters.style import subplots

__all__ = ["rule_rates"]

_DRAWN = {
    "normal": ("normal, σ = 0.28", BLUE, "o"),
    "stored": ("stored runs", GREEN, "s"),
    "failing": ("30 % of runs fail", ORANGE, "^"),
    "uneven": ("scatter 1 : 3", PURPLE, "D"),
}
_FACTORS = ((2.0, VERMILLION, "v"), (1.5, BLUE, "s"), (1.25, SKY, "D"), (1.1, GREY, "x"))


def rule_rates(rows: Mapping[tuple[str, int, float], Mapping], level: float) -> Figure:
    """False alarms (left) and power (right) of the rule against the runs of each method.

    Args:
        rows: of :func:`hrgradlib.chapters.protocol_rates.read_rates`.
        level: the share of false alarms that is allowed.
    """
    fig, (left, right) = subplots(1, 2, figsize=(7.6, 3.7))
    for population, (label, colour, marker) in _DRAWN.items():
        runs, found = _line(rows, population, 1.0)
        alarms = [100 * (row["lower"] + row["higher"]) for row in found]
        left.plot(runs, alarms, color=colour, marker=marker, label=label)
        if population == "uneven":
            alone = [100 * row["rank"] for row in found]
            left.plot(runs, alone, ":", color=colour, marker=marker, mfc="none", lw=1,
                      label="same, rank test alone")  # fmt: skip
    left.axhline(100 * level, color=BLACK, lw=0.8, ls="--")
    left.set(xlabel="runs of each method", ylabel="false alarms, %", ylim=(-0.3, None))
    for factor, colour, marker in _FACTORS:
        runs, found = _line(rows, "normal", factor)
        right.plot(runs, [100 * row["lower"] for row in found], color=colour, marker=marker,
                   label=f"factor {factor:g}")  # fmt: skip
        runs, found = _line(rows, "stored", factor)
        right.plot(runs, [100 * row["lower"] for row in found], ls="", color=colour,
                   marker=marker, mfc="none", ms=8)  # fmt: skip
    right.set(xlabel="runs of each method", ylabel="differences that are seen, %", ylim=(-3, 103))
    for axis in (left, right):
        axis.set(xscale="log", xticks=[3, 5, 10, 20, 30])
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.legend(fontsize=7.5, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return fig


def _line(
    rows: Mapping[tuple[str, int, float], Mapping], population: str, factor: float
) -> tuple[list[int], list[Mapping]]:
    runs = sorted(n for name, n, f in rows if (name, f) == (population, factor))
    return runs, [rows[population, n, factor] for n in runs]
