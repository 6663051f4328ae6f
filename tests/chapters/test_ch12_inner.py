"""The inner numbers of HRGrad as reported: what is said of made-up rows, all of them or some."""

from types import SimpleNamespace

import numpy as np
import pytest

from hrgradlib import Inner
from hrgradlib.chapters import ch12_inner as inner
from hrgradlib.chapters import protocol_rates as rates
from hrgradlib.experiments.inner_studies import CHANGES, cell_of
from hrgradlib.experiments.store import Row, Table
from hrgradlib.experiments.verdicts import judge

SPREAD = np.geomspace(0.9, 1.1, 20)
CONTROL = 0.02 * SPREAD
CELLS = [cell_of(name, value) for name, values in CHANGES.items() for value in values]


def alike(**factors):
    """All runs of a change, like the control but for these factors; names with underscores."""
    known = {name.replace("_at_", "-").replace("_p_", "."): f for name, f in factors.items()}
    assert set(known) <= set(CELLS)
    return {cell: known.get(cell, 1.0) * CONTROL[6 : 6 + inner.SEEDS] for cell in CELLS}


def test_what_is_changed_is_the_public_names_fields():
    assert list(inner.NAMES) == list(CHANGES) == list(Inner.__dataclass_fields__)
    assert inner.asked().startswith("a_min 1, 5, 25, a_max 10, 50, 250, k_std 0.02, 0.1, 0.5")
    assert (inner.COUNT, inner.SEEDS, inner.STRICT) == (10, 7, 0.005)
    assert inner.by_chance() == pytest.approx(0.40, abs=0.005)


def test_every_change_has_a_line_with_its_verdict():
    found = inner.changes(alike(margin_at_0_p_5=2.0, a_max_at_10=0.3, k_std_at_0_p_5=1.3), CONTROL)
    head, control, *lines = inner.table(found).splitlines()
    assert len(lines) == 10 and max(map(len, (head, control, *lines))) <= 80
    assert control.split() == ["nothing", "20", "2.0e-02"]
    ends = {line.split("  ")[0].strip(): line.rsplit("  ", 1)[1] for line in lines}
    assert ends["k_cos = 0.5"] == "higher" and ends["a_max = 10"] == "lower"
    assert ends["k_std = 0.5"] == "higher, within 1.5"
    assert ends["λ = 0.02"] == "undecided, within 1.5"
    assert all(head.index("verdict") == line.rindex("  ") + 2 for line in lines)
    assert inner.words(found) == (
        "By the rule the error is lower with a_max = 10 (0.30 times), and higher with k_std = 0.5 "
        "(1.29 times), k_cos = 0.5 (1.99 times); 7 of 10 changes are undecided. Of 8 the whole "
        "interval lies between 1/1.5 and 1.5. What differs by more than that at p ≤ 0.005, since "
        "10 are asked: a_max = 10 (0.30 times), k_cos = 0.5 (1.99 times)."
    )


def test_a_verdict_that_ten_questions_may_have_given_does_not_matter():
    """Enough for the rule alone, too little for one of ten; or too small a difference."""
    strong = alike(margin_at_0_p_5=1.8)
    (one,) = [c for c in inner.changes(strong, CONTROL).changes if c.label == "k_cos = 0.5"]
    assert one.matters and one.word == "higher"
    assert not one._replace(verdict=one.verdict._replace(p=0.02)).matters
    assert not one._replace(verdict=one.verdict._replace(low=1.1, high=1.4)).matters


def test_before_all_runs_are_there_nothing_is_judged():
    errors = alike(margin_at_0_p_5=3.0)
    part = {cell: own[:-1] if cell == "margin-0.5" else own for cell, own in errors.items()}
    found = inner.changes(part, CONTROL)
    assert inner.words(found) == "Not tested yet: 69 of 70 runs are stored."
    line = inner.table(found).splitlines()[-1]
    assert "2.97" in line and line.endswith("–")
    none = inner.changes({}, CONTROL)
    assert inner.words(none) == "Not tested yet: 0 of 70 runs are stored."
    assert len(inner.table(none).splitlines()) == 12
    assert inner.words(inner.changes(errors, np.array([]))).startswith("Not tested yet")
    assert inner.table(inner.changes(errors, np.array([]))) == "the control is not stored yet"


def test_the_lowest_change_stands_against_the_sum():
    found = inner.changes(alike(margin_at_0_p_5=0.3), CONTROL)
    said = inner.against_sum(found, CONTROL / 10)
    assert said.startswith("is that with k_cos = 0.5: 2.98 [") and "(higher by the rule)" in said
    assert inner.against_sum(found, np.array([])) == "is not known yet"
    assert inner.against_sum(inner.changes({}, CONTROL), CONTROL) == "is not known yet"


def test_failed_runs_are_the_worst():
    errors = alike() | {"margin-0.5": np.full(inner.SEEDS, np.inf)}
    found = inner.changes(errors, CONTROL)
    assert "k_cos = 0.5 (inf times)" in inner.words(found) and "inf" in inner.table(found)


def test_the_store_is_read(monkeypatch):
    tables = {
        "inner": {f"{cell}-s{s}": 0.01 * (1 + s) for cell in CELLS[:2] for s in range(3)},
        "finalists": {f"hrgrad-reported-s{s}": 0.02 for s in range(4)},
    }

    def named(name):
        rows = {
            key: Row(key, {"seed": 0, "failure": "", "max_error": e, "settings": {}}, None)
            for key, e in tables.get(name, {}).items()
        }
        return SimpleNamespace(rows=rows)

    monkeypatch.setattr(Table, "named", named)
    found = inner.load()
    assert found.control.tolist() == [0.02] * 4 and found.there == 6 and not found.complete
    assert found.changes[1].errors.tolist() == [0.01, 0.02, 0.03]
    tables.clear()
    assert inner.load().there == 0 and len(inner.load().control) == 0


def test_what_these_runs_can_see_follows_the_scatter():
    """Twice the scatter of the stored shares: the square of their factor."""
    logs = np.linspace(-1, 1, 20)
    logs *= 2 * rates.SIGMA / logs.std(ddof=1)
    said = inner.power(inner.changes({}, np.exp(logs)))
    share = 100 * rates.read_rates()["normal", inner.SEEDS, 1.5]["lower"]
    assert f"a factor of 1.5 is seen in {share:.0f} % of all cases" in said
    assert said.endswith("scatter by 0.56, where the same holds for a factor of 2.2.")
    assert 0.5 < share / 100 < 0.95
    wide = np.exp(2 * rates.SIGMA * np.random.default_rng(0).standard_normal((2, 300, inner.SEEDS)))
    seen = np.mean([judge(a / 1.5**2, b).word == "lower" for a, b in zip(*wide, strict=True)])
    assert abs(seen - share / 100) < 0.1
    assert inner.power(inner.changes({}, CONTROL[:1])).endswith("not known yet.")
