"""Chapter 15: rules of verdicts on synthetic tables; every claim has source, page and table."""

import re

import numpy as np
import pytest
from drawing import check, untried
from readings import HIGH, LOW, anywhere, store

from hrgradlib.chapters import ch15_figures as figures
from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters import ch15_tables as tables
from hrgradlib.chapters.ch04_pinn import SIZES as PINN_SIZES
from hrgradlib.chapters.ch09_scales import Arm
from hrgradlib.chapters.ch15_claims import (
    CLAIMS,
    by_runs,
    count,
    earlier_words,
    negative_first,
    outcome,
)
from hrgradlib.chapters.ch15_failures import (
    conflict_fails,
    fails_for_good,
    failure_modes,
    formulation_decides,
    formulation_repairs,
    modes_elsewhere,
    spread_over_weights,
)
from hrgradlib.chapters.ch15_reading import Lacking
from hrgradlib.chapters.ch15_verdicts import (
    GRADES,
    WORDS,
    Claim,
    Finding,
    Judged,
    by_errors,
    judged,
)
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.scale_rival_studies import RIVALS
from hrgradlib.experiments.verdicts import judge
from hrgradlib.experiments.weight_studies import FACTORS, label
from hrgradlib.paths import checkout


def claim(measure, **fields):
    known = dict(
        name="c", grade="ours", text="C.", page="09_linear_transport", label="x", test="t",
        rule="r", measure=measure, tables=("t",),
    )  # fmt: skip
    return Claim(**(known | fields))


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        (LOW, HIGH, "confirmed"),
        (HIGH, LOW, "refuted"),
        (LOW, LOW, "undecided"),
        (LOW[:3], HIGH[:3], "undecided"),  # of three against three nothing follows
    ],
)
def test_errors_are_judged_by_the_books_rule(a, b, word):
    found = judged(claim(measures.lower("t", "a", "b")), store(a=a, b=b))
    assert found.word == found.verdict == word
    assert f"{len(a)} against {len(b)} runs" in found.number
    assert found.number.startswith("too few runs: ") == (len(a) == 3)


CLOSE = [1.02e-3, 1.08e-3, 0.95e-3, 1.15e-3, 1.0e-3]
A_LITTLE = [1.30e-3, 1.32e-3, 1.28e-3, 1.31e-3, 1.29e-3]
STEADY = [1.0e-3, 1.01e-3, 0.99e-3, 1.02e-3, 0.98e-3]
STEADY_HIGH = [3.0e-3, 3.1e-3, 2.9e-3, 3.2e-3, 2.8e-3]
WIDE = [0.3e-3, 0.5e-3, 1.0e-3, 2.0e-3, 4.0e-3]


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [
        (LOW, HIGH, "confirmed"),
        (LOW, CLOSE, "confirmed"),  # not lower, and no worse by a half
        (A_LITTLE, STEADY, "refined"),
        (HIGH, LOW, "refuted"),
        (WIDE, LOW, "undecided"),
        (LOW[:3], CLOSE[:3], "undecided"),  # the interval is narrow, but of three runs
    ],
)
def test_no_loss_of_accuracy_is_confirmed_by_a_narrow_interval(a, b, word):
    found = judged(claim(measures.no_worse("t", "a", "b")), store(a=a, b=b))
    assert found.word == word
    assert found.number.startswith("too few runs: ") == (len(a) == 3)


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ((LOW, HIGH), (LOW, HIGH), "confirmed"),
        ((LOW, HIGH), (LOW, LOW), "refined"),
        ((LOW, HIGH), (HIGH, LOW), "refined"),
        ((HIGH, LOW), (LOW, LOW), "refuted"),
        ((LOW, LOW), (LOW, LOW), "undecided"),
        ((LOW[:3], HIGH[:3]), (LOW[:3], HIGH[:3]), "undecided"),
    ],
)
def test_lower_in_every_pair(first, second, word):
    reading = store(**dict(zip("abcd", (*first, *second), strict=True)))
    found = measures.lower_on("t", ("a", "b"), ("c", "d"))(reading)
    assert found.word == word and " of 2: " in found.number
    assert found.number.startswith("too few runs: ") == (len(first[0]) == 3)


def test_a_failed_run_counts_as_worst():
    failed = [{"failure": "not finite"}] * 5
    found = judged(claim(measures.lower("t", "a", "b")), store(a=failed, b=HIGH))
    assert found.word == "refuted" and "∞" in found.number


def test_rows_of_earlier_code_decide_nothing_but_are_told():
    found = judged(claim(measures.lower("t", "a", "b")), store("stale", a=LOW, b=HIGH))
    assert found.word == "not tested" and found.earlier
    assert found.verdict == "not tested yet; on results of earlier code: confirmed"
    assert judged(claim(measures.lower("t", "a", "b")), store("unknown", a=LOW, b=HIGH)).earlier


@pytest.mark.parametrize(
    "reading",
    [store(), store(a=LOW), store(missing=["b-s4"], a=LOW, b=HIGH[:4]), store(missing=["a-s0"])],
)
def test_what_is_missing_or_not_whole_is_not_tested_yet(reading):
    found = judged(claim(measures.lower("t", "a", "b")), reading)
    assert found.verdict == "not tested yet" and found.word == "not tested"
    assert found.number == found.lacking != ""


def test_a_missing_row_of_another_label_is_no_hindrance():
    reading = store(missing=["c-s0"], a=LOW, b=HIGH)
    assert judged(claim(measures.lower("t", "a", "b")), reading).word == "confirmed"


def test_the_same_errors_to_the_last_digit_refute_that_something_was_done():
    assert measures.identical("t", "a", "b")(store(a=LOW, b=LOW)).word == "refuted"
    assert measures.identical("t", "a", "b")(store(a=LOW, b=HIGH)).word == "confirmed"
    with pytest.raises(Lacking, match="differ in seeds"):
        measures.identical("t", "a", "b")(store(a=LOW, b=LOW[:3]))


@pytest.mark.parametrize(
    ("a", "b", "word"),
    [(LOW, LOW, "confirmed"), (LOW, [0.2] * 5, "refined"), ([0.2], [np.inf], "refuted")],
)
def test_errors_below_a_bound(a, b, word):
    found = measures.errors_below(("t", "a"), ("t", "b"))(store(a=a, b=b))
    assert found.word == word and found.number.startswith("largest median error")


@pytest.mark.parametrize(
    ("shares", "word"),
    [((0.0, 0.0), "confirmed"), ((0.02, 0.0), "refined"), ((0.02, 0.03), "refuted")],
)
def test_uphill_pairs(shares, word):
    a, b = ([{"uphill": share}] * 3 for share in shares)
    found = measures.uphill_in(("t", "a"), ("t", "b"))(store(a=a, b=b))
    assert found.word == word


def guard_store(**shares):
    runs = {k.replace("_", "-"): [{"uphill": v}] * 3 for k, v in shares.items()}
    return anywhere(store(**runs))


@pytest.mark.parametrize(
    ("free", "guarded", "word"),
    [(0.0, 0.0, "confirmed"), (0.03, 0.0, "refined"), (0.03, 0.01, "refuted")],
)
def test_positive_products_with_and_without_the_guard(free, guarded, word):
    assert measures.uphill_with_guard(guard_store(hrgrad=free, hrgrad_guard=guarded)).word == word


@pytest.mark.parametrize(
    ("factor", "scatter", "word"),
    [
        (0.0, 0.1, "confirmed"),
        (0.3, 0.1, "confirmed"),
        (0.65, 0.1, "refined"),
        (1.0, 0.02, "refuted"),
        (1.0, 0.6, "undecided"),  # the sum against itself, with its scatter
    ],
)
def test_uphill_pairs_beside_the_sums(factor, scatter, word):
    shares = 0.05 * np.exp(scatter * np.linspace(-1, 1, 10))
    runs = {"hrgrad": factor * shares[::-1], "sum": shares}
    cells = {name: [{"uphill": share} for share in own] for name, own in runs.items()}
    assert measures.uphill_beside_the_sum(anywhere(store(**cells))).word == word


@pytest.mark.parametrize(
    ("factor", "word"), [(0.2, "confirmed"), (5.0, "refuted"), (1.0, "undecided")]
)
def test_ratio_under_unknown_scales(monkeypatch, factor, word):
    noise = np.exp(0.2 * np.random.default_rng(0).normal(size=(5, 5)))
    arms = {"a": Arm(np.ones(5), factor * noise), "b": Arm(np.ones(5), noise.T.copy())}
    monkeypatch.setattr(measures.ch09_scales, "arms", lambda study: arms)
    assert measures.scales_ratio("t", "a", "b")(store(a=LOW)).word == word


@pytest.mark.parametrize(
    ("levels", "word"),
    [
        ((9, 9, 9, 9, 9), "confirmed"),
        ((9, 9, 9, 9, 1), "refined"),
        ((9, 9, 9, 9, 0.1), "refuted"),
        ((1, 1, 1, 1, 1), "undecided"),
        ((9, 9, 9, 9, np.nan), "confirmed"),  # the last fails without factors: no test
    ],
)
def test_rules_that_are_blind_to_scales(monkeypatch, levels, word):
    noise = np.exp(0.2 * np.random.default_rng(0).normal(size=(6, 5, 2)))
    names = ("hrgrad", *RIVALS)
    arms = {
        name: Arm(np.full(2, 0.2 if np.isnan(level) else 0.01), np.nan_to_num(level, nan=0.1) * own)
        for name, level, own in zip(names, (1, *levels), noise, strict=True)
    }
    monkeypatch.setattr(measures.ch09_scales, "beside_rivals", lambda: arms)
    assert measures.scales_blind(anywhere(store(a=LOW))).word == word


@pytest.mark.parametrize(
    ("failures", "word"),
    [
        (["", ""], "confirmed"),
        (["", "a loss fell 2 times"], "refuted"),
        (["", "error 0.2"], "undecided"),  # its losses were not looked at
    ],
)
def test_stalled_regimes(failures, word):
    found = measures.stalled_regimes(("t", "a"))(store(a=[{"failure": f} for f in failures]))
    assert found.word == word


def failures(**counts):
    """A table `failure`, ten runs a cell, so many of them failed."""
    runs = {
        label.replace("_", "-"): [{"failure": "error 0.2" if i < n else ""} for i in range(10)]
        for label, n in counts.items()
    }
    return anywhere(store(**runs))


def published(of_sum, ours, of_soap=0, ours_soap=0, reported=None, terms=None):
    """Failed runs of ten in the published formulation, and what must not count beside them.

    With the terms of the loss for tasks as many fail as with Knudsen numbers, or ``terms``.
    """
    reported = ours if reported is None else reported
    by_term = [ours, ours_soap, reported] if terms is None else [terms] * 3
    return failures(
        published_sum=of_sum, published_hrgrad=ours, published_sum_soap=of_soap,
        published_hrgrad_soap=ours_soap, published_hrgrad_reported=reported,
        sum_sum=of_sum, sum_sum_soap=of_soap, terms_hrgrad=by_term[0],
        terms_hrgrad_soap=by_term[1], terms_hrgrad_reported=by_term[2],
        pinn_sum=10, pinn_hrgrad=0, published_sum_weighted=10, published_hrgrad_gn=0,
        sum_sum_weighted=10, both_hrgrad=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("of_sum", "ours", "word"),
    [(10, 0, "confirmed"), (10, 9, "refuted"), (2, 0, "undecided"), (5, 2, "refuted")],
)
def test_failure_modes(of_sum, ours, word):
    assert failure_modes(published(of_sum, ours)).word == word


def test_some_failures_overcome_refine_the_claim():
    found = failure_modes(published(10, 0, reported=10))
    assert found.word == "refined" and "in 2 of 4 pairs" in found.number


def test_a_metrics_gain_is_not_booked_to_rotation():
    """Under SOAP nothing fails, with the rotation or without; under Adam all does, with it too."""
    assert failure_modes(published(10, 10, of_soap=0, ours_soap=0)).word == "refuted"
    assert failure_modes(published(10, 10, of_soap=10, ours_soap=0)).word == "refined"


def test_what_the_terms_overcome_and_knudsen_numbers_do_not_refines_the_claim():
    found = failure_modes(published(10, 10, terms=0))
    assert found.word == "refined" and "in 2 of 4 pairs" in found.number
    assert "(tasks by terms, HRGrad, Adam: 0 %" in found.number
    assert "in the others, tasks by ε: HRGrad 100 %, the sum 100 %" in found.number


def test_failure_modes_need_the_published_rung_alone():
    with pytest.raises(Lacking):
        failure_modes(failures(pinn_sum=10, pinn_hrgrad=0))


@pytest.mark.parametrize(
    ("of_sum", "ours", "soap", "word"),
    [
        (10, 0, 0, "confirmed"),
        (10, 0, 10, "refined"),
        (10, 10, 10, "refuted"),
        (2, 0, 0, "undecided"),
    ],
)
def test_what_is_repaired_elsewhere_is_counted_by_metric(of_sum, ours, soap, word):
    read = failures(
        sum_sum=of_sum, sum_sum_soap=of_sum, terms_hrgrad=ours, terms_hrgrad_soap=soap,
        regimes_hrgrad=10, sum_sum_weighted=0, layer_sum=0,
    )  # fmt: skip
    found = modes_elsewhere(read)
    assert found.word == word
    if word != "undecided":
        assert all(x in found.number for x in ("transport-inflow", "bgk-smooth", "bgk-riemann"))


@pytest.mark.parametrize(
    ("adam", "soap", "word"),
    [(10, 5, "confirmed"), (0, 0, "refuted"), (10, 0, "refined"), (3, 3, "undecided")],
)
def test_what_fails_for_good(adam, soap, word):
    assert (
        fails_for_good(failures(published_sum_long=adam, published_sum_soap_long=soap)).word == word
    )


def test_three_runs_decide_nothing_of_what_fails_for_good():
    few = {f"published-{m}-long": [{"failure": ""}] * 3 for m in ("sum", "sum-soap")}
    assert fails_for_good(anywhere(store(**few))).word == "undecided"


@pytest.mark.parametrize(
    ("of_sum", "ours", "word"), [(10, 0, "confirmed"), (10, 10, "undecided"), (2, 0, "undecided")]
)
def test_what_rotation_does_not_repair_does_not_refute_that_conflict_makes_fail(of_sum, ours, word):
    found = conflict_fails(published(of_sum, ours))
    assert found.word == word
    assert ("another origin" in found.number) == (ours == 10)


@pytest.mark.parametrize(
    ("ours", "theirs", "word"), [(0, 10, "confirmed"), (10, 0, "refuted"), (0, 1, "undecided")]
)
def test_what_the_formulation_repairs(ours, theirs, word):
    assert formulation_repairs(failures(regimes_sum=ours, pinn_sum=theirs)).word == word


@pytest.mark.parametrize(
    ("ours", "runs", "word"),
    [
        ([1.0, 1.5], 4, "confirmed"),
        ([1.0, 3.0], 4, "refined"),
        ([1.0, 6.0], 4, "refuted"),
        ([1.0, 1.5], 3, "undecided"),  # medians of three, which judge nothing elsewhere
    ],
)
def test_spread_over_weights(ours, runs, word):
    arms = ("hrgrad-soap", "sum-soap", "hrgrad", "hrgrad-1", "config", "sum")
    spread = dict.fromkeys(arms, [1.0, 10.0]) | {"hrgrad-soap": ours}
    cells = {
        label(arm, factor): [1e-3 * spread[arm][factor > 1]] * runs
        for arm in arms
        for factor in FACTORS
    }
    found = spread_over_weights(anywhere(store(**cells)))
    assert found.word == word and found.number.endswith(f"{runs} runs a weight")


@pytest.mark.parametrize(
    ("pinn", "apnn", "word"),
    [
        ([0.2, 0.3], [0.001, 0.002], "confirmed"),
        ([0.2, 0.3], [0.001, 0.02], "refined"),  # one rate is too large for the APNN
        ([0.2, 0.05], [0.001, 0.002], "refuted"),
    ],
)
def test_the_formulation_decides_at_every_learning_rate(pinn, apnn, word):
    """Two rates of two seeds each: the best one is no choice of the claim."""
    steps = PINN_SIZES["quick"]["adam"]["steps"]
    fixed = {"optimizer": "adam", "eps": 1e-3, "steps": steps}
    rows = {
        f"{loss}-{lr}": [{"loss": loss, "lr": lr, "error": error, **fixed}] * 2
        for loss, errors in (("pinn", pinn), ("apnn", apnn))
        for lr, error in zip((0.01, 0.02), errors, strict=True)
    }
    found = formulation_decides(anywhere(store(**rows)))
    assert found.word == word and "4 runs of each at 2 learning rates" in found.number


# --- the list -------------------------------------------------------------------------------------


def page_of(one):
    folder = "chapters" if one.page[0].isdigit() else "appendices"
    return checkout() / "book" / folder / f"{one.page}.md"


def test_names_are_unique_and_every_grade_is_there():
    assert len({one.name for one in CLAIMS}) == len(CLAIMS)
    assert {one.grade for one in CLAIMS} == set(GRADES)


@pytest.mark.parametrize("one", CLAIMS, ids=lambda one: one.name)
def test_every_claim_has_a_source_a_page_and_what_tests_it(one):
    assert one.text.endswith(".") and one.test and one.rule
    assert f"({one.label})=" in page_of(one).read_text(encoding="utf-8")
    assert all(table in RESULTS for table in one.tables)
    assert callable(one.measure) == bool(one.tables or one.command) or one.command
    if isinstance(one.measure, Finding):
        assert not one.tables and (one.missing or one.command)
        assert one.measure.number or one.measure.word in ("not tested", "could not be checked")
    # A verdict that is typed says what it rests on; one that code gives says nothing.
    typed = isinstance(one.measure, Finding) and one.measure.word not in (
        "not tested", "could not be checked",
    )  # fmt: skip
    assert typed == (one.by != "code")
    if one.command.startswith("pytest"):
        assert (checkout() / one.command.removeprefix("pytest ")).is_file()
    if one.front:
        assert one.tables or one.command


def test_what_no_number_decides_is_marked():
    found = judged(claim(Finding("refined", "a theorem"), by="proof"))
    assert found.word == "refined" and found.verdict == "refined (by proof)"
    assert judged(claim(Finding("confirmed", "it"), by="reading")).verdict.endswith("(by reading)")
    marked = {one.name: one.by for one in CLAIMS if one.by != "code"}
    proofs = dict.fromkeys(("converges", "norm-bounds", "norm-lemma"), "proof")
    assert marked == proofs | {"error-bars": "reading"}


def test_chapters_are_said_in_words():
    assert claim(LOW, page="10_inflow").chapter == "chapter 10"
    assert claim(LOW, page="protocol").chapter == "appendix: protocol"


# --- tables and figure ----------------------------------------------------------------------------

LINES = [
    Judged(claim(Finding("confirmed"), name="a"), Finding("confirmed", "0.5 | 0.6"), True),
    Judged(claim(Finding("refuted"), name="b", grade="review"), Finding("refuted", "2.0")),
    Judged(claim(Finding("not tested"), name="c"), Finding("not tested"), lacking="no rows of t"),
    Judged(
        claim(Finding("not tested"), name="d", tables=(), missing="more runs"),
        Finding("not tested"),
    ),
]


def test_rows_of_earlier_code_count_as_not_tested_and_are_told_apart():
    found, had = count(LINES), earlier_words(LINES)
    assert found["ours"]["confirmed"] == 0 and found["ours"]["not tested"] == 3
    assert found["review"]["refuted"] == 1 and had["ours"]["confirmed"] == 1
    assert sum(sum(row.values()) for row in found.values()) == len(LINES)
    assert sum(sum(row.values()) for row in had.values()) == 1
    assert outcome(LINES) == (
        "1 refuted, 1 not tested and 2 not tested yet (earlier code had said: 1 confirmed)"
    )
    assert outcome(LINES[1:2]) == "1 refuted"


def test_verdicts_are_counted_by_the_fewest_runs():
    found = [
        Judged(
            claim(Finding("confirmed")), by_errors(judge([1.0 + i for i in range(n)], [9.5] * m))
        )
        for n, m in ((20, 25), (5, 20), (3, 3), (4, 4))
    ]
    told = by_runs([*found, *LINES])
    assert told == "of 4 such verdicts 1 on 20 or more, 2 on 4 to 9 and 1 on fewer"


def test_the_negative_ones_come_first():
    assert [line.claim.name for line in negative_first(LINES)] == ["b", "a", "c", "d"]


def test_every_table_has_a_line_per_claim_and_whole_cells():
    for text in (tables.claims_table(LINES), tables.readme_table(LINES)):
        head, _, *rows = text.splitlines()
        assert len(rows) == len(LINES)
        assert {row.count("|") for row in rows} == {head.count("|")}
    assert "({ref}`x`)" in tables.claims_table(LINES)
    ours, review, *_ = tables.claims_table(LINES).splitlines()[2:]
    assert "[ours]{.grade-ours}" in ours and "*(review)*" in review
    ours, review, *_ = tables.readme_table(LINES).splitlines()[2:]
    assert "| ours |" in ours and "| review |" in review  # GitHub shows no badge
    assert tables.missing_table(LINES).splitlines()[2:] == ["| more runs | *d* |"]
    assert tables.claims_table([]) == "There is none."


def test_a_sentence_does_not_begin_with_another_symbol():
    line = judged(claim(Finding("refined", "κ = 1 about an axis")))
    assert "**Refined.** κ = 1 about an axis." in tables.claims_table([line])


def test_figures():
    assert untried(figures, {"summary": figures.summary}) == set()
    check(lambda: figures.summary(LINES))


def test_the_bar_is_as_long_as_the_claims_are_many():
    """What earlier code had said is a part of what is not tested, drawn once."""
    bars = figures.summary(LINES).axes[0].patches
    assert sum(bar.get_width() for bar in bars) == len(LINES)
    assert sum(bar.get_width() for bar in bars if bar.get_hatch()) == 1


QUOTED = re.compile(r"`([^`]*)15_claims_and_verdicts\.ipynb::ch15-([^`:]*)(:?\w*)`")
KEPT = {"claims", "outcome", "runs", "seconds", "draws", "draw-seeds"}
KEPT |= {name for one in CLAIMS for name in (one.name, f"{one.name}-found")}


def test_the_page_types_no_verdict():
    text = (checkout() / "book/chapters/15_claims_and_verdicts.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\{glue:text\}`ch15-([^`:]*)", text))
    assert names and names <= KEPT
    assert all(f"**{word}**" in text for word in WORDS)


def test_other_pages_quote_what_the_page_keeps_in_words():
    book = checkout() / "book"
    quoted = {}
    for path in (*book.glob("*.md"), *book.glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        place = {"chapters": "", "book": "chapters/"}.get(path.parent.name, "../chapters/")
        for folder, name, kind in QUOTED.findall(text):
            quoted.setdefault(path.stem, set()).add(name)
            assert (folder, kind) == (place, ":s"), f"{path.name}: {name}"
    assert len(quoted) > 10 and set().union(*quoted.values()) <= KEPT
