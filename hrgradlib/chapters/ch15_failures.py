"""Chapter 15: failure modes, and what a weight does to an error, when these are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hrgradlib.chapters.ch04_pinn import SIZES as PINN_SIZES
from hrgradlib.chapters.ch12_comparison import LEAST_RUNS
from hrgradlib.chapters.ch15_reading import Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word
from hrgradlib.chapters.looks import label_of
from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE
from hrgradlib.experiments.failure_studies import CELLS, LONGER
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.verdicts import Rate, failure_rate
from hrgradlib.experiments.weight_studies import FACTORS, label

__all__ = [
    "OTHERS", "conflict_fails", "failure_modes", "fails_for_good",
    "formulation_decides", "formulation_repairs",
    "modes_elsewhere",
    "spread_over_weights",
]  # fmt: skip

#: Problems beside `transport-periodic` whose published form is asked the same.
OTHERS = tuple(ELSEWHERE.values())

HALF = 0.5  # share of the sum's runs from which a formulation has a failure mode
_PUBLISHED = "published"  # rung of the ladder: the asymptotic-preserving network of others
_REPORTED = "hrgrad-reported"
#: The sum in the same metric. Gauss–Newton is left out: there harmonisation is off.
_SUM_OF = {"hrgrad": "sum", _REPORTED: "sum", "hrgrad-soap": "sum-soap"}
_ELSEWHERE = ("hrgrad", "hrgrad-soap")


_Name = tuple[str, str]  # where, method
_Pair = tuple[Rate, Rate]  # of HRGrad, of the sum


def failure_modes(reading: Reading) -> Finding:
    """Where the sum fails in half of the runs of the published formulation, does HRGrad fail less?

    Every HRGrad beside the sum in its own metric, so that no metric's gain is booked to it; at the
    sum's learning rate and weight one; once with Knudsen numbers for tasks, once with the terms of
    the loss. A failure is overcome if the interval of HRGrad's rate lies below that of the sum.
    Confirmed if all are, refined if some, refuted if none; undecided if the sum does not fail.
    """
    by_eps = _failed(reading, _PUBLISHED, {*_SUM_OF, *_SUM_OF.values()})
    by_term = _divided(reading)
    found = {"by ε": _pairs(by_eps, by_eps), "by terms": _pairs(by_term["terms"], by_term["sum"])}
    return _overcome({f"tasks {tasks}": pairs for tasks, pairs in found.items()})


def modes_elsewhere(reading: Reading) -> Finding:
    """As :func:`failure_modes`, on other problems, with the terms of the loss for tasks."""
    found = {}
    for place in OTHERS:
        label = {ours: f"terms-{ours}" for ours in _ELSEWHERE}
        base = {ours: f"sum-{_SUM_OF[ours]}" for ours in _ELSEWHERE}
        rows = reading.rows(place.study, *label.values(), *base.values())
        failed: dict[str, list[bool]] = defaultdict(list)
        for row in rows:
            failed[row["label"]].append(bool(row["failure"]))
        found[place.problem] = {
            ours: (_rate(failed[label[ours]]), _rate(failed[base[ours]])) for ours in _ELSEWHERE
        }
    return _overcome(found)


def fails_for_good(reading: Reading) -> Finding:
    """With ten times the steps, does the sum at weight one fail as before, in either metric?

    Confirmed if it fails in half of its runs in both, refuted if both intervals lie below that,
    refined if one does, else undecided.
    """
    cells = {method: f"published-{method}-long" for method in ("sum", "sum-soap")}
    rates = {
        method: _rate([bool(row["failure"]) for row in reading.rows("failure-long", label)])
        for method, label in cells.items()
    }
    told = ", ".join(f"{label_of(method)} {rate}" for method, rate in rates.items())
    overcome = sum(rate.high < HALF for rate in rates.values())
    word: Word = ("undecided", "refined", "refuted")[overcome]
    if all(rate.share >= HALF for rate in rates.values()):
        word = "confirmed"
    return Finding(word, f"failed of the runs with {LONGER} times the steps: {told}")


def _overcome(found: dict[str, dict[str, tuple[Rate, Rate]]]) -> Finding:
    """The verdict on rates of HRGrad and of the sum, by where they were found and by method."""
    pairs = {(where, x): pair for where, pairs in found.items() for x, pair in pairs.items()}
    modes = {name: pair for name, pair in pairs.items() if pair[1].share >= HALF}
    if not modes:
        rates = ", ".join(f"{base}" for _, base in pairs.values())
        return Finding("undecided", f"the sum fails too rarely: {rates} of its runs")
    less = {name: pair for name, pair in modes.items() if pair[0].high < pair[1].low}
    word: Word = "confirmed" if len(less) == len(modes) else "refined" if less else "refuted"
    told = f"a rate of failure below the sum's in {len(less)} of {len(modes)} pairs"
    return Finding(word, told + _told(less, modes))


def _told(less: dict[_Name, _Pair], modes: dict[_Name, _Pair]) -> str:
    """The pairs in which fewer runs fail, each with its rates; of the others the ends alone."""
    told = "; ".join(
        f"{where}, {label_of(x)}: {ours}, the sum {base}"
        for (where, x), (ours, base) in less.items()
    )
    rest = {name: pair for name, pair in modes.items() if name not in less}
    ends = []
    for place in dict.fromkeys(where for where, _ in rest):
        own = [pair for (where, _), pair in rest.items() if where == place]
        ours, base = (_ends([pair[i].share for pair in own]) for i in (0, 1))
        ends.append(f"{place}: HRGrad {ours}, the sum {base}")
    listed = f"{'; in the others, ' if told else ': '}{'; '.join(ends)}" if ends else ""
    return (f" ({told})" if told else "") + listed


def _ends(shares: list[float]) -> str:
    first, last = (f"{100 * end:.0f}" for end in (min(shares), max(shares)))
    return f"{last} %" if first == last else f"{first} to {last} %"


def _pairs(
    ours: dict[str, list[bool]], sums: dict[str, list[bool]]
) -> dict[str, tuple[Rate, Rate]]:
    """Rates of every HRGrad and of the sum in its metric."""
    return {method: (_rate(ours[method]), _rate(sums[base])) for method, base in _SUM_OF.items()}


def conflict_fails(reading: Reading) -> Finding:
    """Does conflict make the sum fail? As :func:`failure_modes`, but undecided if none is overcome.

    What no rotation repairs may fail for another reason than conflict, which refutes nothing.
    """
    found = failure_modes(reading)
    if found.word != "refuted":
        return found
    return Finding("undecided", f"the failure may have another origin; {found.number}")


def formulation_repairs(reading: Reading) -> Finding:
    """Does the sum, with no other treatment, fail less in the book's formulation than in a PINN's?

    Confirmed if the interval of the rate lies below the other, refuted if above, else undecided.
    """
    ours, theirs = (_rate(_failed(reading, rung, ("sum",))["sum"]) for rung in ("regimes", "pinn"))
    word: Word = "undecided"
    if ours.high < theirs.low:
        word = "confirmed"
    elif ours.low > theirs.high:
        word = "refuted"
    return Finding(word, f"the sum fails in {ours} of its runs, as a PINN in {theirs}")


def formulation_decides(reading: Reading) -> Finding:
    """Does a PINN fail at ε = 10⁻³, under Adam, and an APNN not, whatever the learning rate?

    Confirmed if at every rate every PINN errs by more than 10 % and every APNN by less than 1 %;
    refined if the medians at the best rate do: it is chosen on the very runs that are quoted, which
    a claim should not rest on; else refuted.
    """
    rows = reading.rows("pinn")
    pinn, apnn = (_by_rate(rows, loss) for loss in ("pinn", "apnn"))
    word: Word = "refuted"
    if pinn.min() > FAILED_ERROR and apnn.max() < FAILED_ERROR / 10:
        word = "confirmed"
    elif _at_best(pinn) > FAILED_ERROR and _at_best(apnn) < FAILED_ERROR / 10:
        word = "refined"
    return Finding(
        word,
        f"PINN {100 * pinn.min():.0f} to {100 * pinn.max():.0f} %, APNN {100 * apnn.min():.2f} to "
        f"{100 * apnn.max():.2f} %, {pinn.size} runs of each at {len(pinn)} learning rates",
    )


def _by_rate(rows: list[dict], loss: str) -> NDArray:
    """[rates, seeds] errors of Adam at ε = 10⁻³, in chapter 4's number of steps."""
    wanted = (loss, "adam", 1e-3, PINN_SIZES["quick"]["adam"]["steps"])
    found: dict[float, list[float]] = defaultdict(list)
    for row in rows:
        if (row["loss"], row["optimizer"], row["eps"], row["steps"]) == wanted:
            found[row["lr"]].append(row["error"])
    return np.array([*found.values()])


def _at_best(errors: NDArray) -> float:
    """Median error at the best of the rates."""
    return float(np.median(errors, 1).min())


def _failed(reading: Reading, rung: str, methods: Iterable[str]) -> dict[str, list[bool]]:
    """Whether each run of a formulation failed, by method."""
    labels = {label: cell[1] for label, cell in CELLS.items() if cell[0] == rung}
    failed: dict[str, list[bool]] = defaultdict(list)
    for row in reading.rows("failure", *(x for x, method in labels.items() if method in methods)):
        failed[labels[row["label"]]].append(bool(row["failure"]))
    return failed


def _divided(reading: Reading) -> dict[str, dict[str, list[bool]]]:
    """Whether each run of the study of other tasks failed, by what the tasks are and by method."""
    wanted = {"sum": _SUM_OF.values(), "terms": _SUM_OF}
    labels = {f"{x}-{method}": (x, method) for x, methods in wanted.items() for method in methods}
    failed: dict[str, dict[str, list[bool]]] = {x: defaultdict(list) for x in wanted}
    for row in reading.rows("failure-terms", *labels):
        division, method = labels[row["label"]]
        failed[division][method].append(bool(row["failure"]))
    return failed


def _rate(failed: list[bool]) -> Rate:
    return failure_rate(sum(failed), len(failed))


def spread_over_weights(reading: Reading) -> Finding:
    """Over five decades of a weight, how far do the median errors of a method lie apart?

    Confirmed if at most by two for HRGrad in SOAP's metric, refined if by half of what the sum's do
    there, else refuted; undecided of fewer than four runs a weight.
    """
    arms = ("hrgrad-soap", "sum-soap", "hrgrad", "hrgrad-1", "config", "sum")
    spread, runs = {}, set()
    for arm in arms:
        cells = [reading.errors("weights", label(arm, factor)) for factor in FACTORS]
        medians = [float(np.median(errors)) for errors in cells]
        spread[arm] = max(medians) / min(medians)
        runs |= {len(errors) for errors in cells}
    ours, base = spread["hrgrad-soap"], spread["sum-soap"]
    word: Word = "confirmed" if ours <= 2 else "refined" if ours <= base / 2 else "refuted"
    told = ", ".join(f"{label_of(arm)} {ratio:.2g}" for arm, ratio in spread.items())
    few = "" if min(runs) >= LEAST_RUNS else "too few runs: "
    return Finding(
        "undecided" if few else word,
        f"{few}largest over smallest median: {told}; {min(runs)} runs a weight",
    )
