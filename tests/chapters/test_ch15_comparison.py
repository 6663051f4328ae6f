"""Chapter 15: claims on the comparison, and runs whose network fell silent at their rate."""

import numpy as np
import pytest
from readings import HIGH, LOW, anywhere, store

from hrgradlib.chapters import ch12_comparison as comparison
from hrgradlib.chapters import ch12_uphill, ch12_words
from hrgradlib.chapters import ch15_comparison as claims
from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters.ch12_comparison import RIVALS, WEIGHTINGS
from hrgradlib.chapters.ch14_peers import Peers
from hrgradlib.chapters.ch15_reading import Lacking
from hrgradlib.experiments.store import Origin, Row

CLOSE = [1.02e-3, 1.08e-3, 0.95e-3, 1.15e-3, 1.0e-3]
STEADY_HIGH = [3.0e-3, 3.1e-3, 2.9e-3, 3.2e-3, 2.8e-3]
MUTE = comparison.trivial("transport-periodic")[comparison.UNTRAINED]
SILENT = [2e-3, 2.2e-3, MUTE, 1.0005 * MUTE, MUTE]  # three of five


def test_half_of_the_runs_silent_is_mostly_silent():
    assert comparison.silent(np.array(SILENT)).sum() == 3
    assert comparison.mostly_silent(np.array([MUTE, 1e-3]))
    assert not comparison.mostly_silent(np.array([MUTE, 1e-3, 1e-3, np.inf]))
    assert not comparison.silent(np.array([1.02 * MUTE, np.inf])).any()


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ((LOW, HIGH), (LOW, HIGH), "confirmed"),
        ((LOW, HIGH), (CLOSE, LOW), "refined"),
        ((CLOSE, LOW), (HIGH, LOW), "refuted"),
        ((CLOSE, LOW), (CLOSE, LOW), "undecided"),
        ((CLOSE, LOW), (SILENT, LOW), "undecided"),  # higher, but of a rate
        ((LOW, HIGH), (SILENT, LOW), "confirmed"),
        ((LOW, SILENT), (SILENT, LOW), "undecided"),  # lower, but than a rate
    ],
)
def test_what_fell_silent_decides_nothing(first, second, word):
    cells = dict(zip("abcd", (*first, *second), strict=True))
    ask = claims.lower_where_awake(("one", ("t", "a"), ("t", "b")), ("two", ("t", "c"), ("t", "d")))
    found = ask(store(**cells))
    assert found.word == word
    assert ("3 of 5 runs fell silent" in found.number) == any(x is SILENT for x in cells.values())


@pytest.mark.parametrize(
    ("ours", "other", "word"),
    [
        (LOW, HIGH, "refined"),  # tuned longer than they: no more can be said
        (HIGH, LOW, "refuted"),
        (LOW[:3], HIGH[:3], "refined"),
        (HIGH[:3], LOW[:3], "undecided"),
        (SILENT, LOW, "undecided"),
        (LOW, SILENT, "refined"),  # the least median, but rivals that fell silent are not beaten
    ],
)
def test_rank_of_the_method_as_reported(ours, other, word):
    runs = {"hrgrad-reported": ours, "hrgrad": LOW} | dict.fromkeys(claims.BASELINES, other)
    found = claims.ranks_first(anywhere(store(**runs)))
    assert found.word == word
    assert found.number.startswith("3 of its 5 runs fell silent") == (ours is SILENT)


@pytest.mark.parametrize(
    ("best", "others", "ours", "word"),
    [
        (LOW, HIGH, STEADY_HIGH, "confirmed"),
        (HIGH, HIGH, LOW, "refuted"),
        (CLOSE, HIGH, LOW, "undecided"),
        (SILENT, HIGH, LOW, "refuted"),  # left out
    ],
)
def test_another_rule(best, others, ours, word):
    labels = (*WEIGHTINGS, *RIVALS)
    runs = dict.fromkeys(labels, others) | {labels[3]: best, "hrgrad": ours}
    found = claims.any_rule(anywhere(store(**runs)))
    assert found.word == word and ("1 fell silent" in found.number) == (best is SILENT)


def arm(label, share, error):
    """Five runs that scatter about a share and an error."""
    spread = np.linspace(0.9, 1.1, 5)
    none = np.zeros(5, bool)
    return comparison.Arm(label, np.arange(5), error * spread, spread, share * spread, spread, none)


@pytest.mark.parametrize(
    ("adam", "soap", "word"),
    [(1, 1, "confirmed"), (1, -1, "refined"), (-1, -1, "refuted"), (None, 1, None)],
)
def test_worth_is_asked_within_a_metric(monkeypatch, adam, soap, word):
    """Over both metrics the relation would be positive in every case: SOAP's methods have less."""
    found = {}
    for metric, sign, base in (("under Adam", adam, 1.0), ("under SOAP", soap, 1e-3)):
        for place, label in enumerate(ch12_uphill.GROUPS[metric][:8] if sign else ()):
            found[label] = arm(label, base * (1 + place), base * (1 + place) ** sign)
    monkeypatch.setattr(comparison, "arms", lambda problem: found)
    reading = anywhere(store(a=LOW))
    if word is None:
        with pytest.raises(Lacking, match="too few methods"):
            claims.worth_of_descent(reading)
    else:
        assert claims.worth_of_descent(reading).word == word


def peers(ours, theirs):
    """Rows of four problems: ours and the rival's errors on each."""
    return {
        f"{problem}-{method}": [
            {"problem": problem, "method": method, "seed": seed, "error": error, "tuning": False}
            for seed, error in enumerate(errors)
        ]
        for place, problem in enumerate(measures.PROBLEMS)
        for method, errors in (("m", ours[place]), ("o", theirs[place]))
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "word"),
    [
        ([LOW] * 4, [HIGH] * 4, "confirmed"),
        ([LOW] * 4, [HIGH] * 3 + [CLOSE], "refined"),
        ([CLOSE] * 4, [LOW] * 4, "undecided"),  # no proof that it is not lower
        ([HIGH] + [CLOSE] * 3, [LOW] * 4, "refuted"),
    ],
)
def test_problems_of_others(ours, theirs, word):
    found = measures.peers_lower(("m",), ("o",))(anywhere(store(**peers(ours, theirs))))
    assert found.word == word and found.runs == 5


def test_choices_at_an_end_of_the_tried_rates_are_named():
    def row(method, lr, tuning):
        values = {"problem": "burgers", "method": method, "lr": lr, "seed": 0, "tuning": tuning}
        return Row("r", values, Origin("", "", "", "", {}))

    tried = [row(m, lr, True) for m in ("sum", "config", "hrgrad") for lr in (1.0, 2.0, 3.0)]
    used = [row("sum", 3.0, False), row("config", 2.0, False), row("hrgrad", 1.0, False)]
    told = "the smallest (HRGrad, Adam), the largest (sum, Adam)"
    assert Peers([*tried, *used]).at_edges() == told
    assert Peers([*tried, used[1]]).at_edges() == "none"


def test_methods_are_held_against_the_sum_that_is_tuned_at_full_length():
    found = {"sum": arm("sum", 0.1, 5e-3), "uw": arm("uw", 0.1, 2e-3), "rlw": arm("rlw", 0.1, 9e-3)}
    tuned = {"sum": 2.5e-3 * np.linspace(0.99, 1.01, 20)}
    said = ch12_words.against_the_tuned_sum(found, tuned, ("uw", "rlw", "mgda"))
    assert "has 0.50 times the error" in said
    assert "are lower: uncertainty weights" in said and "higher: random weights" in said
    assert "not tuned at full length" in ch12_words.against_the_tuned_sum(found, {}, ("uw",))


def test_methods_that_fell_silent_are_named():
    own = arm("mgda", 0.5, MUTE)._replace(errors=np.array(SILENT), failed=np.array(SILENT) > 0.1)
    said = ch12_words.failing({"mgda": own, "sum": arm("sum", 0.1, 5e-3)}, {})
    assert "end as the untrained ansatz of: MGDA" in said
