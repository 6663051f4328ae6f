"""Chapter 15: claims on trainings, each a number from the store and the rule that judges it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hrgradlib.chapters import ch06_shares, ch09_scales
from hrgradlib.chapters.ch14_peers import OURS, PROBLEMS, PROMISE, SEEDS, THEIRS, Peers
from hrgradlib.chapters.ch15_reading import Lacking, Reading
from hrgradlib.chapters.ch15_verdicts import Finding, Word, by_errors, too_few
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.results import FAILED_ERROR
from hrgradlib.experiments.store import Origin, Row
from hrgradlib.experiments.verdicts import LEVEL, Verdict, failure_rate, judge

__all__ = [
    "all_ranges", "conflict_share", "cost_of_a_step",
    "cost_of_gradients", "errors_below",
    "false_alarms", "identical", "lower", "lower_on", "memory_of_a_step",
    "no_worse", "peers_lower", "peers_promise", "scales_bounds", "scales_ratio", "stalled_regimes",
    "uphill_beside_the_sum", "uphill_in", "uphill_with_guard", "usual_step",
]  # fmt: skip

Measure = Callable[[Reading], Finding]
NO_WORSE = 1.5  # times another's error: up to it nothing that matters is lost
ALIKE = 0.8  # share of the sum's uphill pairs from which they are as many
PRICE = 1.1  # of a step with K gradients over that of the sum
DEARER = 1.5  # up to it they are still far from the K passes of others
MEMORY = 1.2
OFTEN = 0.1  # share of pairs in conflict
LIMIT = 1e-2  # error below the trained range


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share else "none"


def lower(table: str, first: str, second: str) -> Measure:
    """Is the first label's error lower than the second's, by the book's rule?"""

    def measure(reading: Reading) -> Finding:
        return by_errors(judge(reading.errors(table, first), reading.errors(table, second)))

    return measure


def lower_on(table: str, *pairs: tuple[str, str]) -> Measure:
    """Is the first label's error lower than the second's, by the book's rule, in every pair?

    Confirmed if in all, refined if in some, refuted if it is higher in one and lower in none.
    """

    def measure(reading: Reading) -> Finding:
        found = [judge(*(reading.errors(table, label) for label in pair)) for pair in pairs]
        words = [one.word for one in found]
        won = words.count("lower")
        word: Word = "refuted" if "higher" in words else "undecided"
        if won:
            word = "confirmed" if won == len(pairs) else "refined"
        few = "too few runs: " if all(map(too_few, found)) else ""
        told = f"{few}lower on {won} of {len(pairs)}: {_ratios(found)}"
        return Finding(word, told, min(min(v.counts) for v in found))

    return measure


def no_worse(table: str, first: str, second: str, bound: float = NO_WORSE) -> Measure:
    """Does the first label cost no accuracy against the second?

    Confirmed if the whole interval of the ratio lies below the bound, refuted if the error is
    higher by the book's rule, refined if both: higher, but by little. Undecided otherwise, and of
    so few runs that the rule could say nothing.
    """

    def measure(reading: Reading) -> Finding:
        found = judge(reading.errors(table, first), reading.errors(table, second))
        near, higher = found.high < bound, found.word == "higher"
        word: Word = "undecided"
        if not too_few(found) and (near or higher):
            word = "refined" if near and higher else "confirmed" if near else "refuted"
        return by_errors(found)._replace(word=word)

    return measure


def identical(table: str, first: str, second: str) -> Measure:
    """Refuted if both have the same errors to the last digit: what sets them apart did nothing."""

    def measure(reading: Reading) -> Finding:
        a, b = reading.errors(table, first), reading.errors(table, second)
        if len(a) != len(b):
            raise Lacking(f"{first} and {second} of {table} differ in seeds")
        same = int((a == b).sum())
        if same == len(a):
            return Finding("refuted", f"same error to the last digit on {same} of {len(a)} seeds")
        return by_errors(judge(a, b))

    return measure


def errors_below(*cells: tuple[str, str], bound: float = FAILED_ERROR) -> Measure:
    """Confirmed if no run of these cells errs by more, refined if some cells keep it, else refuted.

    Args:
        cells: a table and a label each.
        bound: on the error, the largest over ε and t.
    """

    def measure(reading: Reading) -> Finding:
        found = [reading.errors(*cell) for cell in cells]
        bad = sum(int((errors > bound).sum()) for errors in found)
        kept = sum(bool((errors <= bound).all()) for errors in found)
        word: Word = "confirmed" if kept == len(found) else "refined" if kept else "refuted"
        worst = max(float(np.median(errors)) for errors in found)
        rate = failure_rate(bad, sum(map(len, found)))
        return Finding(
            word, f"largest median error {worst:.1e}; above {100 * bound:.0f} %: {rate} of runs"
        )

    return measure


def all_ranges(reading: Reading) -> Finding:
    """Confirmed if transport holds in its limit and BGK reaches ε = 10⁻⁶, refined if one of them.

    Transport: the median errors of two metrics at ε = 10⁻⁸, which no network was trained on.
    """
    labels = ("quick", "soap")
    medians = [float(np.median(reading.column("inflow", x, "limit_density"))) for x in labels]
    least = min(min(c.judged_eps("quick")) for n, c in CASES.items() if n.startswith("bgk"))
    kept = (max(medians) <= LIMIT) + (least <= 1e-6)
    word: Word = "confirmed" if kept == 2 else "refined" if kept else "refuted"
    errors = " and ".join(f"{m:.0e}" for m in medians)
    return Finding(word, f"median errors of transport at ε = 1e-8 {errors}; BGK to ε = {least:g}")


def uphill_in(*cells: tuple[str, str]) -> Measure:
    """Confirmed if no (step, regime) pair is uphill, refuted if all cells have some, else refined.

    Args:
        cells: a table and a label each.
    """

    def measure(reading: Reading) -> Finding:
        shares = [float(reading.column(*cell, "uphill").mean()) for cell in cells]
        free = sum(s == 0 for s in shares)
        return Finding(
            "confirmed" if free == len(shares) else "refined" if free else "refuted",
            "uphill: " + ", ".join(map(_percent, shares)) + " of the pairs",
        )

    return measure


def uphill_with_guard(reading: Reading) -> Finding:
    """Confirmed if no pair is uphill, refined if none is with the guard, else refuted."""
    labels = ("hrgrad", "hrgrad-guard")
    free, guarded = (float(reading.column("comparison", x, "uphill").mean()) for x in labels)
    word: Word = "confirmed" if free == 0 else "refined" if guarded == 0 else "refuted"
    return Finding(
        word, f"{_percent(free)} of the pairs uphill; with the guard {_percent(guarded)}"
    )


def uphill_beside_the_sum(reading: Reading) -> Finding:
    """Confirmed if at most half as many pairs are uphill as under the sum, refuted from 0.8 on.

    Both by the whole 95 % interval of the ratio of the runs' shares; refined if neither, and still
    lower by the book's rule; else undecided.
    """
    ours, theirs = (reading.column("comparison", label, "uphill") for label in ("hrgrad", "sum"))
    told = f"{_percent(ours.mean())} of the pairs, under the sum {_percent(theirs.mean())}"
    if not ours.any() and theirs.all():
        return Finding("confirmed", told)
    found = judge(ours, theirs)
    word: Word = "refined" if found.word == "lower" else "undecided"
    if found.word == "lower" and found.high <= 0.5:
        word = "confirmed"
    elif found.low >= ALIKE:
        word = "refuted"
    ratio = f"{found.ratio:.2f} [{found.low:.2f}, {found.high:.2f}]"
    return Finding(word, f"{told}: {ratio} times, {found.counts[0]} against {found.counts[1]} runs")


def stalled_regimes(*cells: tuple[str, str]) -> Measure:
    """Confirmed if in no run a regime's loss stalls while another's falls a hundredfold.

    Of a run that failed by its error nobody has looked at the losses: undecided if there are some.
    """

    def measure(reading: Reading) -> Finding:
        rows = [row for cell in cells for row in reading.rows(*cell)]
        count = sum("a loss fell" in row["failure"] for row in rows)
        unseen = sum(bool(row["failure"]) for row in rows) - count
        word: Word = "refuted" if count else "undecided" if unseen else "confirmed"
        more = f", {unseen} of which failed by their error" if unseen else ""
        rate = failure_rate(count, len(rows))
        return Finding(word, f"in {count} of {len(rows)} runs{more}: {rate}")

    return measure


def scales_ratio(study: str, first: str, second: str, bound: float = 1.0) -> Measure:
    """Ratio of medians under unknown scales, draws and seeds resampled.

    Confirmed if the whole interval lies below the bound, refuted if it lies above, else undecided.
    """

    def measure(reading: Reading) -> Finding:
        found = _arms(reading, study)
        ratio = ch09_scales.ratio(found, first, second)
        word: Word = "undecided"
        if ratio.high < bound:
            word = "confirmed"
        elif ratio.low > bound:
            word = "refuted"
        runs = found[first].runs
        return Finding(word, f"{ratio} times the error, {runs} runs each", runs)

    return measure


def scales_blind(reading: Reading) -> Finding:
    """Others' rules under Adam: confirmed if ours is lower than all, refuted if higher than one."""
    for study in ("scales-rivals", "scales-adam"):
        reading.rows(study)  # all of it or nothing
    found = ch09_scales.beside_rivals()
    there = ch09_scales.blind(found)
    word: Word = "refuted" if there.above else "refined" if there.below else "undecided"
    if there.below and not (there.above or there.level):
        word = "confirmed"
    runs = min(arm.runs for arm in found.values())
    return Finding(word, f"{ch09_scales.blind_in_words(found)}; {runs} runs each", runs)


def scales_bounds(study: str) -> Measure:
    """The four bounds set beforehand: confirmed if all are kept, refuted if at most half are."""

    def measure(reading: Reading) -> Finding:
        lines = ch09_scales.asked(_arms(reading, study))
        kept = sum(verdict != "not kept" for *_, verdict in lines)
        word: Word = "confirmed" if kept == len(lines) else "refined"
        if 2 * kept <= len(lines):
            word = "refuted"
        return Finding(word, f"{kept} of {len(lines)} bounds kept by the median")

    return measure


def _arms(reading: Reading, study: str) -> dict[str, ch09_scales.Arm]:
    reading.rows(study)  # all of it or nothing
    return ch09_scales.arms(study)


def peers_lower(mine: Sequence[str], others: Sequence[str]) -> Measure:
    """Is the error lower, by the book's rule, on all four problems of others?

    Confirmed if on all, refined if on some, refuted if it is higher on one and lower on none; else
    undecided.
    """

    def measure(reading: Reading) -> Finding:
        found = _peers(reading, (*mine, *others))
        shares = [found.compare(problem, mine, others) for problem in PROBLEMS]
        verdicts = [share.verdict for share in shares if share is not None]
        words = [v.word for v in verdicts]
        won = words.count("lower")
        word: Word = "refuted" if "higher" in words else "undecided"
        if won:
            word = "confirmed" if won == len(PROBLEMS) else "refined"
        told = f"lower on {won} of {len(PROBLEMS)}: {_ratios(verdicts)}"
        return Finding(word, told, min(min(v.counts) for v in verdicts))

    return measure


def _ratios(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(f"{v.ratio:.2f} [{v.low:.2f}, {v.high:.2f}]" for v in verdicts)


def peers_promise(reading: Reading) -> Finding:
    """Confirmed if the best of ours has a tenth of the error on all problems, refined on some.

    By the medians; the number has the intervals.
    """
    found = _peers(reading, ("hrgrad-gn", "hrgrad-soap", *THEIRS))
    kept = found.kept()
    shares = [found.compare(problem, OURS, THEIRS) for problem in PROBLEMS]
    word: Word = (
        "confirmed" if all(kept.values()) else "refined" if any(kept.values()) else "refuted"
    )
    verdicts = [share.verdict for share in shares if share is not None]
    told = f"at most {PROMISE:g} on {sum(kept.values())} of {len(kept)}: {_ratios(verdicts)}"
    return Finding(word, told, min(min(v.counts) for v in verdicts))


def _peers(reading: Reading, methods: Sequence[str]) -> Peers:
    """The stored runs, where every problem has all its seeds of these methods."""
    empty = Origin("", "", "", "", {})
    found = Peers(Row(row["label"], row, empty) for row in reading.rows("peers"))
    short = [m for m in methods for p in PROBLEMS if len(found.errors(p, m)) < SEEDS]
    if short:
        raise Lacking(f"peers lacks runs of {', '.join(dict.fromkeys(short))}")
    return found


def cost_of_gradients(reading: Reading) -> Finding:
    """Confirmed if K gradients take at most 1.1 of the time of that of their sum, at all sizes."""
    ratios, theirs = [], []
    for cell in reading.rows("step-time"):
        took = {row["step"]: row["milliseconds"] for row in cell["rows"]}
        if "gradients" in took:
            ratios.append(took["gradients"] / took["gradient"])
        if "torchjd-gradients" in took:
            theirs.append(took["torchjd-gradients"] / took["gradients"])
    most = max(ratios)
    word: Word = "confirmed" if most <= PRICE else "refined" if most <= DEARER else "refuted"
    return Finding(
        word,
        f"{min(ratios):.2f} to {most:.2f} times, median {np.median(ratios):.2f}; TorchJD's way to "
        f"them takes {min(theirs):.1f} to {max(theirs):.0f} times as long",
    )


def cost_of_a_step(reading: Reading) -> Finding:
    """Confirmed if a step of HRGrad costs at most 1.1 of the sum's from 256 points on."""
    rows = [row for cell in reading.rows("step-time") for row in cell["rows"]]
    steps = [r for r in rows if r["step"] == "hrgrad" and r["tasks"] > 2]
    large = max(r["ratio"] for r in steps if r["points"] >= 256)
    small = max(r["ratio"] for r in steps if r["points"] < 256)
    many = max(r["ratio"] for r in steps if r["points"] >= 1024)
    word: Word = "refuted" if large > PRICE else "refined" if small > PRICE else "confirmed"
    return Finding(
        word,
        f"at most {many:.2f} from 1024 points on, {large:.2f} from 256, {small:.2f} below; "
        "K = 5 to 32",
    )


def memory_of_a_step(reading: Reading) -> Finding:
    """Confirmed if no step of HRGrad needs more than 1.2 of the sum's memory."""
    rows = [row for cell in reading.rows("step-memory") for row in cell["rows"]]
    most = max(r["ratio"] for r in rows if r.get("step") == "hrgrad")
    return Finding("confirmed" if most <= MEMORY else "refuted", f"at most {most:.2f} times")


def usual_step(reading: Reading) -> Finding:
    """Confirmed if our step is faster at equal width too; refined if that takes most of it."""
    rows = [row for cell in reading.rows("literature-step") for row in cell["rows"]]
    whole = next(r for r in rows if "width" not in r)
    equal = next((r for r in rows if "width" in r), None)
    if equal is None:
        raise Lacking("the ratio at equal width is not stored")
    word: Word = "refuted" if equal["ratio_high"] < 1 else "confirmed"
    if word == "confirmed" and whole["ratio"] > 2 * equal["ratio"]:
        word = "refined"
    return Finding(
        word,
        f"{whole['ratio']:.0f} times faster; at equal width {equal['ratio']:.0f} "
        f"[{equal['ratio_low']:.0f}, {equal['ratio_high']:.0f}]",
    )


def false_alarms(reading: Reading) -> Finding:
    """Confirmed if the rule calls equal methods different in at most 5 % of the cases."""
    rows = [r for r in reading.rows("verdict-rule") if r.get("factor") == 1]
    most = max(r["lower"] + r["higher"] for r in rows)
    return Finding("confirmed" if most <= LEVEL else "refuted", f"at most {100 * most:.1f} %")


def conflict_share(reading: Reading) -> Finding:
    """How often do the raw gradients of two tasks have a negative product, under the plain sum?

    The share of pairs over a whole training, mean over the runs of a problem. Confirmed if more
    than a tenth on every problem, refuted if none on any, else refined.

    Raises:
        Lacking: a run is missing, or all of a problem failed.
    """
    found = ch06_shares.gather(reading.rows(ch06_shares.NAME, *ch06_shares.PROBLEMS))
    if len(found) < len(ch06_shares.PROBLEMS):
        raise Lacking(f"{ch06_shares.NAME} has problems without a finished run")
    shares = [float(x.raw.mean()) for x in found.values()]
    word: Word = "refined"
    if min(shares) > OFTEN:
        word = "confirmed"
    elif max(shares) == 0:
        word = "refuted"
    raw, adam = (ch06_shares.told(found, metric) for metric in ch06_shares.METRICS)
    return Finding(word, f"raw gradients: {raw}; in Adam's metric: {adam}")
