"""Chapter 15: claims that ask at several learning rates, and one network against several."""

import numpy as np
import pytest
from readings import HIGH, LOW, anywhere, store

from hrgradlib.chapters import ch13_apart as apart
from hrgradlib.chapters import ch15_tuning as tuning
from hrgradlib.chapters.ch15_reading import Lacking
from hrgradlib.chapters.ch15_regimes import one_for_all
from hrgradlib.experiments.comparison_studies import RATES
from hrgradlib.experiments.inner_studies import CHANGES, INNER, METHOD, cell_of
from hrgradlib.experiments.specs import make_spec


@pytest.mark.parametrize(
    ("errors", "word"),
    [
        ((1.5, 1.2, 1.0, 1.9), "confirmed"),
        ((3.0, 1.2, 1.0, 1.9), "refined"),  # far from the best only
        ((1.5, 1.2, 1.0, 3.0), "refuted"),
        ((1.0, 3.0, 1.0, 1.0), "refuted"),  # the best is the first
    ],
)
def test_a_method_that_needs_no_tuning(errors, word):
    rates = zip(RATES, errors, strict=True)
    cells = {f"hrgrad-lr{lr:g}-beta0.99": [error] * 4 for lr, error in rates}
    assert tuning.by_default_settings(anywhere(store(**cells))).word == word
    alone = {label: runs[:1] for label, runs in cells.items()}
    found = tuning.by_default_settings(anywhere(store(**alone)))
    assert found.word == "undecided" and found.number.startswith("too few runs, 1 a rate: ")


def at_rate(lr, errors):
    return [{"max_error": error, "settings": {"lr": lr, "beta2": 0.9}} for error in errors]


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ((LOW, HIGH), (LOW, HIGH), "confirmed"),
        ((LOW, HIGH), (HIGH, LOW), "refined"),
        ((LOW, LOW), (HIGH, LOW), "refuted"),
        ((LOW, LOW), (LOW, LOW), "undecided"),
    ],
)
def test_an_order_of_methods_is_asked_at_every_rate(first, second, word):
    cells = dict(zip("ab", (at_rate(0.02, e) for e in first), strict=True))
    cells |= dict(zip("cd", (at_rate(0.01, e) for e in second), strict=True))
    found = tuning.lower_at_rates(("t", "a", "b"), ("t", "c", "d"))(store(**cells))
    assert found.word == word
    assert found.number.startswith("at rate 0.02 with β₂ = 0.9: ")
    assert "; at rate 0.01 with β₂ = 0.9: " in found.number


SPREAD = 0.02 * np.geomspace(0.9, 1.1, 20)
FIVE = [cell_of(name, values[1]) for name, values in CHANGES.items()]


@pytest.mark.parametrize(
    ("factors", "word"),
    [
        ({}, "confirmed"),
        ({FIVE[0]: 1.3}, "confirmed"),  # higher by the rule, and by less than the margin
        ({FIVE[0]: 2.0}, "refined"),
        ({cell: 0.5 for cell in FIVE[:4]}, "refined"),
        ({cell: 0.5 for cell in FIVE}, "refuted"),
        ({FIVE[0]: np.geomspace(0.3, 3, 10)}, "undecided"),  # too wide an interval
    ],
)
def test_inner_numbers_that_need_no_ablation(factors, word):
    cells = {cell: SPREAD[5:15] * factors.get(cell, 1.0) for cell in INNER["inner"][1]}
    assert set(FIVE) < set(cells)
    found = tuning.inner_needs_no_ablation(anywhere(store(**cells, **{METHOD: SPREAD})))
    assert found.word == word and found.runs == 10
    assert ("a_min = 25: " in found.number) == (word in ("refined", "refuted"))
    assert found.number.endswith("of 10 changes stay within the margin")


def test_inner_numbers_wait_for_all_rows():
    cells = {cell: SPREAD[5:15] for cell in INNER["inner"][1]}
    part = store(**cells, **{METHOD: SPREAD}, missing=("margin-0.5-s10",))
    with pytest.raises(Lacking, match="rows of inner are missing"):
        tuning.inner_needs_no_ablation(anywhere(part))
    del cells["margin-0.5"]
    with pytest.raises(Lacking, match="nothing of margin-0.5 in inner"):
        tuning.inner_needs_no_ablation(anywhere(store(**cells, **{METHOD: SPREAD})))


CHEAP = 5.0
SPEC = make_spec("transport-periodic", "sum-soap", "quick")


def choice(seconds, errors, runs=4):
    return apart.Choice("c", runs, 1, np.array(seconds), np.array(errors), SPEC)


@pytest.mark.parametrize(
    ("seconds", "error", "word"), [(CHEAP, 1e-3, "confirmed"), (12 * CHEAP, 1e-3, "refuted")]
)
def test_one_network_against_one_for_each_decade(monkeypatch, seconds, error, word):
    fours = choice([CHEAP] * 4, [error] * 4)
    monkeypatch.setattr(apart, "choices", lambda: [choice([seconds], [error]), fours])
    found = one_for_all(anywhere(store(a=LOW)))
    assert found.word == word and " s against " in found.number
    few = [choice([seconds], [error], 3), fours]
    monkeypatch.setattr(apart, "choices", lambda: few)
    assert one_for_all(anywhere(store(a=LOW))).word == "undecided"
    monkeypatch.setattr(apart, "choices", lambda: [])
    with pytest.raises(Lacking, match="no choices"):
        one_for_all(anywhere(store(a=LOW)))


def test_where_a_decade_has_no_network_as_good_the_one_wins(monkeypatch):
    both = [choice([CHEAP], [1e-3]), choice([1.0] * 4, [1e-4, 1e-4, 1e-4, 1e-2])]
    monkeypatch.setattr(apart, "choices", lambda: both)
    found = one_for_all(anywhere(store(a=LOW)))
    assert found.word == "confirmed" and found.number.endswith("no networks as good")
    with pytest.raises(Lacking, match="are missing"):
        one_for_all(anywhere(store(missing=["a-s9"], a=LOW)))
