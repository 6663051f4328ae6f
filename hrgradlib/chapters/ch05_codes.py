"""Chapter 5: a network with trained codes, at Knudsen numbers that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.code_table import KINDS, NAME
from hrgradlib.experiments.store import Table, read

__all__ = [
    "SAID", "Codes", "by_loss", "gain", "load", "misled", "not_found", "own", "table", "whole",
]  # fmt: skip

#: What the page calls the ways to a code for another ε.
SAID = {
    "nearest": "the code of the nearest trained ε",
    "between": "on the line between its neighbours' codes",
    "fitted": "fitted there, the network fixed",
}
assert set(SAID) == set(KINDS)


class Codes(NamedTuple):
    """What is stored of a network.

    Attributes:
        eps: [E] judged Knudsen numbers, rising.
        trained: [K] those that have a code by training.
        errors, losses: by kind of code, [E] error, max over t, and mean square of the residuals.
        middle: [K − 1] halfway between the trained ones, in log ε.
        whole: [K − 1] error there after all weights have been trained on.
        seconds: of that, for one ε, on one core.
    """

    eps: NDArray
    trained: NDArray
    errors: dict[str, NDArray]
    losses: dict[str, NDArray]
    middle: NDArray
    whole: NDArray
    seconds: float


def load() -> list[Codes]:
    """All that is stored, by seed; empty if nothing is."""
    if not Table.named(NAME).rows:
        return []
    found = [row.values for row in read(NAME)]
    return [
        Codes(
            eps=np.array(row["eps"]),
            trained=np.array(row["trained"]),
            errors={kind: np.array(row[kind]) for kind in KINDS},
            losses={kind: np.array(row[f"{kind}_loss"]) for kind in KINDS},
            middle=np.array(row["middle"]),
            whole=np.array(row["whole"]),
            seconds=row["whole_seconds"],
        )
        for row in found
    ]


def own(codes: Codes, errors: NDArray) -> float:
    """The largest of these errors at the judged ε that are nearest to the trained ones."""
    near = [int(np.argmin(abs(np.log(codes.eps / eps)))) for eps in codes.trained]
    return float(errors[near].max())


def gain(found: Sequence[Codes]) -> str:
    """The largest error with fitted codes over that with the nearest ones, median and range."""
    if not found:
        return "not measured yet"
    ratios = [float(c.errors["fitted"].max() / c.errors["nearest"].max()) for c in found]
    return f"{np.median(ratios):.2f} times its error ({min(ratios):.2f} to {max(ratios):.2f})"


def by_loss(found: Sequence[Codes]) -> str:
    """Loss and error with fitted codes over those with the nearest, where the latter err most."""
    if not found:
        return "not measured yet"
    ratios = [_at_worst(codes) for codes in found]
    loss, error = (f"{min(r):.2f} to {max(r):.2f}" for r in zip(*ratios, strict=True))
    return f"its loss is {loss} times that of the nearest code, its error {error} times"


def misled(found: Sequence[Codes]) -> str:
    """At how many judged ε a fit has the smaller loss and the larger error than the nearest."""
    if not found:
        return "not measured yet"
    counts = [
        int(
            (
                (c.losses["fitted"] < c.losses["nearest"])
                & (c.errors["fitted"] > c.errors["nearest"])
            ).sum()
        )
        for c in found
    ]
    return (
        f"At {_range(counts)} of the {len(found[0].eps)} judged ε, by network, its loss is lower "
        "than that of the nearest code and its error larger"
    )


def not_found(found: Sequence[Codes]) -> str:
    """In how many networks the nearest code has the smaller loss, where it errs most."""
    if not found:
        return "not measured yet"
    missed = sum(_at_worst(codes)[0] > 1 for codes in found)
    return (
        f"in {missed} of {len(found)} networks the nearest code has the smaller loss there, so "
        "that the best code was not found"
        if missed
        else "in no network has the nearest code the smaller loss there"
    )


def _at_worst(codes: Codes) -> tuple[float, float]:
    """Loss and error of the fit over those of the nearest code, where the latter errs most."""
    worst = int(np.argmax(codes.errors["nearest"]))
    loss, error = (
        float(of["fitted"][worst] / of["nearest"][worst]) for of in (codes.losses, codes.errors)
    )
    return loss, error


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def whole(found: Sequence[Codes]) -> str:
    """Errors halfway between trained ε: fitted codes against weights that were trained on."""
    if not found:
        return "not measured yet"
    at = [np.interp(np.log(c.middle), np.log(c.eps), c.errors["fitted"]).max() for c in found]
    worst = [c.whole.max() for c in found]
    return (
        f"{np.median(worst):.1e} against {np.median(at):.1e} with a fitted code, for "
        f"{np.median([c.seconds for c in found]):.1f} s of one core for every ε"
    )


def table(found: Sequence[Codes]) -> str:
    """A line per kind of code: medians over the networks of the largest error."""
    if not found:
        return "not measured yet"
    lines = [f"{'code':44s}{'at its own':>12s}{'all judged ε':>14s}   range over networks"]
    for kind, name in SAID.items():
        near = [own(codes, codes.errors[kind]) for codes in found]
        most = [codes.errors[kind].max() for codes in found]
        lines.append(
            f"{name:44s}{np.median(near):12.1e}{np.median(most):14.1e}   "
            f"{min(most):.1e}–{max(most):.1e}"
        )
    return "\n".join(lines)
