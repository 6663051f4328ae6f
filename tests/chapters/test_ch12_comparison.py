"""Chapter 12: methods are sorted, judged and drawn from the runs that are there."""

import numpy as np
import pytest
from drawing import check, untried

from hrgradlib.chapters import ch12_ablations as ablations
from hrgradlib.chapters import ch12_comparison as comparison
from hrgradlib.chapters import ch12_figures as figures
from hrgradlib.chapters import ch12_step_cost as step_cost
from hrgradlib.chapters import ch12_tuning as tuning
from hrgradlib.chapters import ch12_uphill as uphill
from hrgradlib.chapters import ch12_words as words
from hrgradlib.chapters.ch12_comparison import Arm
from hrgradlib.chapters.ch12_linear_solver import Solves
from hrgradlib.chapters.looks import METHOD_LOOK, label_of
from hrgradlib.experiments.comparison_studies import BETAS, COMPARED, PERIODIC, RATES, VARIANTS

NAN = np.nan


def arm(label, errors, share=0.1, seconds=10.0):
    errors = np.array(errors, float)
    n = len(errors)
    columns = [np.arange(n), errors, np.full(n, seconds), np.broadcast_to(share, n).astype(float)]
    return Arm(label, *columns, np.full(n, 2000.0), errors > 0.1)


ARMS = {
    a.label: a
    for a in (
        arm("sum", [1.0e-2, 1.1e-2, 1.2e-2, 1.3e-2, 1.4e-2], 0.20),
        arm("upgrad", [1.0e-3, 1.1e-3, 1.2e-3, 1.3e-3, 1.4e-3], 0.02),
        arm("mgda", [0.2, 0.3, np.inf, 0.25, 0.4], 0.40),
        arm("uw", [1.05e-2, 1.15e-2, 0.9e-2, 1.3e-2, 1.2e-2], 0.19),
        arm("hrgrad", [5e-3, 6e-3, 7e-3, 4e-3, 5e-3], 0.05),
        arm("hrgrad-guard", [5e-3, 6e-3, 7e-3, 4e-3, 5.5e-3], 0.0),
        arm("hrgrad-gn", [2e-4], NAN),
    )
}


def test_every_label_has_a_look_and_a_family():
    for label in (*COMPARED, *VARIANTS):
        assert label_of(label) and METHOD_LOOK[label]
        assert comparison.family(label) in figures._FAMILIES
    assert comparison.family("sum-soap") != comparison.family("hrgrad-soap-guard")
    assert comparison.family("hrgrad-gn") == comparison.family("lbfgs") == "second order"


def test_the_table_is_sorted_by_the_median_and_says_what_the_rule_says():
    lines = comparison.standings(ARMS).splitlines()
    order = " ".join(label_of(x) for x in ("hrgrad-gn", "upgrad", "hrgrad"))
    assert " ".join(line[:30].strip() for line in lines[1:5]) == order  # the first takes two lines
    told = comparison.verdicts(ARMS, tuple(ARMS))
    assert "upgrad" in told["lower"] and "hrgrad" in told["lower"]
    assert told["higher"] == ["mgda"] and "uw" in told["undecided"]
    assert "hrgrad-gn" in told["undecided"]  # of a single run nothing can be said
    broken = next(line for line in lines if line.startswith("MGDA"))
    assert "  5  " in broken and "inf" in broken and "higher" in broken
    priced = comparison.prices(ARMS).splitlines()
    assert [line[:30] for line in priced] == [line[:30] for line in lines]
    assert max(map(len, lines + priced)) < 100


def test_places_and_champions():
    assert comparison.place(ARMS, "sum") == 6 and comparison.place(ARMS, "mgda") == 7
    assert comparison.place(ARMS, "pcgrad") == 0
    assert comparison.best(ARMS, comparison.SURGERY) == "upgrad"
    assert comparison.best(ARMS, ("cagrad",)) == ""
    assert comparison.champions({"one": ARMS})[0] == "sum"
    assert set(comparison.champions({"one": ARMS})) == {
        "sum", "hrgrad-gn", "upgrad", "hrgrad", "uw",
    }  # fmt: skip


def test_hrgrads_own_ideas_are_no_rivals_of_it():
    ours = ("hrgrad-reported", "harmonise-first")
    assert set(comparison.SURGERY) == {*comparison.RIVALS, *ours}
    found = ARMS | {label: arm(label, [1e-5] * 5) for label in ours}
    assert comparison.best(found, comparison.RIVALS) == "upgrad"
    assert not set(ours) & set(comparison.champions({"one": found}))


def test_sentences_follow_the_rows():
    assert words.seeds({}) == "No method has a run yet." and "no order" in words.places({})
    assert words.seeds(ARMS).startswith("Every method has 1 seed or more, of which the rule")
    whole = {label: a for label, a in ARMS.items() if label != "hrgrad-gn"}
    assert words.seeds(whole) == "Every method has 5 seeds or more."
    said = words.places(whole)
    assert said.startswith("The lowest median is that of: UPGrad") and "Of 6 methods" in said
    assert "the tuned sum under Adam is number 5" in said
    assert "the best gradient surgery of others (UPGrad, then Adam) is number 1" in said
    assert "weighting" not in words.places({"sum": ARMS["sum"]})
    assert words.stored("p", 0, 9).startswith("none is") and "3 of 9 are" in words.stored("p", 3, 9)
    assert words.stored("p", 9, 9) == "all 9 are stored for p"


def test_an_order_that_turns_with_the_learning_rate_is_told():
    choices = [tuning.Tried("", lr, 0.9, error) for lr, error in ((0.01, 2.0), (0.02, 1.0))]
    tried = dict.fromkeys(("hrgrad-soap", "sum-soap"), choices)
    low, high = 1e-3 * np.arange(1, 6), 1e-2 * np.arange(1, 6)
    found = {"hrgrad-soap": arm("hrgrad-soap", low), "sum-soap": arm("sum-soap", high)}
    effect = ablations.Effect("metric-sum", 0.01 * low, None)
    changed = ablations.Ablations(0.01 * high, [effect], 10, 10)
    said = words.at_two_settings(found, tried, changed, 0.01)
    assert "(0.02 with β₂ = 0.9): lower (0.10 times" in said
    assert "at 0.01 with the usual β₂: higher (10.00 times" in said
    assert "3.0e-03 and 3.0e-02 at what was chosen, 3.0e-04 and 3.0e-05 at the other pair." in said
    assert said.endswith("Both err less at the pair that was not chosen.")
    alike = {x: [tuning.Tried("", 0.01, 0.9, 1.0)] for x in tried}  # the β₂ differs alone
    said = words.at_two_settings(found, alike, changed, 0.01)
    assert "(0.01 with β₂ = 0.9): lower" in said and "at 0.01 with the usual β₂: higher" in said
    worse = changed._replace(base=high)
    assert "was not chosen" not in words.at_two_settings(found, tried, worse, 0.01)
    empty = changed._replace(base=np.array([]))
    assert "not measured" in words.at_two_settings(found, tried, empty, 0.01)
    assert "not measured" in words.at_two_settings({}, tried, changed, 0.01)


def test_a_linear_solver_is_compared_with_the_best_network(monkeypatch):
    def solves(count, errors):
        errors = np.array(errors)
        return Solves(count, 7, errors, errors, np.full(len(errors), 4.1), 41)

    monkeypatch.setattr(words, "milliseconds", lambda: {"hrgrad-gn": 100.0})
    found = [solves(25, [1e-2, 2e-2]), solves(50, [1e-4, 3e-4]), solves(100, [1e-5, 2e-5])]
    said = words.linear_solver(found, ARMS, "hrgrad-gn")
    assert said.startswith("With 100 features no draw has a larger error than the lowest median")
    assert "2.0e-04" in said and "all 41 Knudsen numbers take 4.1 s" in said
    assert said.endswith("training of that network 200 s. The network is the cheaper one for "
                         "more than 2000 Knudsen numbers.")  # fmt: skip
    assert "With 50 features" in words.linear_solver(found, ARMS, "upgrad")  # its time is unknown
    assert words.linear_solver(found, ARMS, "upgrad").endswith("take 4.1 s.")
    several = {"lbfgs": ARMS["upgrad"]}  # gradients to a step, of which the milliseconds are
    monkeypatch.setattr(words, "milliseconds", lambda: {"lbfgs": 100.0})
    assert words.linear_solver(found, several, "lbfgs").endswith("take 4.1 s.")
    assert words.linear_solver(found[:1], ARMS, "hrgrad-gn").startswith("In no number of features")
    assert words.linear_solver(found, {}, "").startswith("There is no network")


def test_failed_methods_are_named_with_what_the_grid_chose():
    assert words.failing({}, GRID) == "No method has a run yet."
    assert words.failing({"sum": ARMS["sum"]}, GRID) == "No final run failed."
    said = words.failing(ARMS, GRID)
    assert said.startswith("Final runs failed of: MGDA, then Adam. Of these MGDA, then Adam ran")
    assert "Of these" not in words.failing(ARMS, {"mgda": GRID["uw"]})


def test_what_is_said_of_the_tuning():
    assert words.tuning({}) == "no method is tuned yet"
    said = words.tuning(GRID)
    assert said.startswith(f"4 of {len(COMPARED)} methods") and "for 1 of them the first" in said
    assert said.endswith("for 2 the last; β₂ = 0.9 for 3, an end of what was tried for 3")
    one = {"sum": [choice for choice in GRID["sum"] if choice.beta2 == 0.9]}
    assert words.tuning(one).endswith("for 0 the last; β₂ = 0.9 for 1")
    assert words.tuning(dict.fromkeys(COMPARED, GRID["sum"])).startswith("all ")


def test_ranks_are_means_over_the_problems_that_have_runs():
    other = {name: ARMS[name] for name in ("sum", "mgda")} | {"upgrad": arm("upgrad", [0.5, 0.6])}
    ranks = comparison.mean_ranks({"one": ARMS, "two": other, "three": {}})
    assert ranks == {"sum": 1.5, "mgda": 2.5, "upgrad": 2.0}
    assert "over 2 problems" in comparison.rank_table({"one": ARMS, "two": other})
    assert comparison.rank_table({"one": {}}) == "not measured yet"


def test_a_profile_ends_at_all_runs_and_counts_from_the_least_median():
    factors, share = comparison.profile({"one": ARMS}, "upgrad")
    assert share[-1] == 1 and len(factors) == 5 and (np.diff(factors) >= 0).all()
    assert factors[2] == pytest.approx(1.2e-3 / 2e-4)


def grid_of(errors):
    """A grid of three rates and two β₂, the second of which is ten times worse."""
    return [
        tuning.Tried(f"lr{lr:g}-beta{beta2:g}", lr, beta2, worse * error)
        for lr, error in zip((0.005, 0.01, 0.02), errors, strict=True)
        for beta2, worse in ((0.9, 1.0), (0.99, 10.0))
    ]


GRID = {
    "sum": grid_of((3.0, 1.0, 2.0)),
    "uw": grid_of((1.0, 2.0, 5.0)),
    "mgda": grid_of((9.0, 2.0, 1.0)),
    "lbfgs": [tuning.Tried(f"points{n}", n, NAN, 100.0 / n) for n in (64, 128)],
}


def test_choices_at_an_end_are_counted_and_the_chosen_marked():
    assert tuning.at_ends(GRID) == (["uw"], ["mgda", "lbfgs"], ["sum", "uw", "mgda"], [])
    assert tuning.chosen_betas(GRID) == {0.9: ["sum", "uw", "mgda"]}
    assert [choice.error for choice in tuning.by_rate(GRID["sum"]).values()] == [3.0, 1.0, 2.0]
    assert [choice.error for choice in tuning.by_beta2(GRID["sum"]).values()] == [1.0, 10.0]
    assert tuning.by_beta2(GRID["lbfgs"]) == {}
    assert tuning.lost(GRID["sum"], 0.02, 0.99) == 20.0 and np.isnan(tuning.lost([], 0.02, 0.9))
    assert tuning.factor(GRID) == 40.0 and np.isnan(tuning.factor({}))
    lines = tuning.table(GRID).splitlines()
    assert lines[0].split() == ["0.005", "0.01", "0.02"] and lines[4].split() == ["64", "128"]
    assert " 1.0e+00 0.9*" in lines[1] and lines[1].count("*") == 1
    assert lines[5].endswith(" 7.8e-01*") and tuning.table({}) == "not measured yet"


def test_a_line_of_the_grid_fits_its_page():
    full = [tuning.Tried("", lr, beta2, 1e-3) for lr in RATES for beta2 in BETAS[PERIODIC]]
    lines = tuning.table(dict.fromkeys(COMPARED, full)).splitlines()
    assert max(map(len, lines)) <= 100


def test_a_network_that_fell_silent_is_known_by_its_error(monkeypatch):
    monkeypatch.setattr(comparison, "trivial", lambda problem: {comparison.UNTRAINED: 2.0})
    assert [c.rate for c in tuning.collapsed("one", GRID)] == [0.02, 0.01, 0.01]
    assert tuning.collapsed("one", {}) == []


def test_method_factor_is_between_quartiles():
    assert comparison.method_factor(ARMS, ("sum", "upgrad")) == pytest.approx(10**0.5, rel=1e-6)
    assert np.isnan(comparison.method_factor({}, ("sum",)))


def test_what_a_positive_product_is_worth():
    found = uphill.worth(ARMS)
    assert found.rho > 0.8 and found.low > 0 and (found.runs, found.methods) == (30, 6)
    assert "larger is its error" in found.words
    few = uphill.worth(ARMS, ("sum", "upgrad"))
    assert np.isnan(few.rho) and str(few) == few.words == "not measured yet"
    turned = {n: a._replace(uphill=1 - a.uphill) for n, a in ARMS.items()}
    assert "smaller is its error" in uphill.worth(turned).words


def test_without_a_relation_nothing_is_said():
    generator = np.random.default_rng(1)
    noise = {
        f"m{i}": arm("sum", np.exp(generator.normal(size=5)), generator.random())._replace(
            label=f"m{i}"
        )
        for i in range(12)
    }
    assert uphill.worth(noise).words == "the share of uphill steps does not tell the error"


def test_the_guard_is_told_with_its_price():
    lines = uphill.guards(ARMS).splitlines()
    assert lines[0].endswith("5.00 % without, 0.00 % with the guard; its error")
    assert lines[1].startswith("    undecided") and max(map(len, lines)) < 100
    assert "not measured yet" in lines[2]
    assert uphill.guard_words(ARMS).startswith("HRGrad, Adam: undecided")
    assert uphill.guard_words(ARMS).endswith("HRGrad, SOAP: not measured yet")


def test_before_there_is_a_run():
    assert comparison.standings({}) == comparison.prices({}) == "not measured yet"
    assert comparison.common_seeds({}) == 0
    assert comparison.names([]) == "no method" and comparison.champions({"one": {}}) == ()


DRAWN = {
    "errors": lambda: figures.errors(ARMS, {"untrained ansatz": 0.5, "best limit equation": 0.3}),
    "profiles": lambda: figures.profiles({"one": ARMS}, comparison.champions({"one": ARMS})),
    "uphill": lambda: figures.uphill({"one": ARMS, "two": dict(list(ARMS.items())[:3])}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws(name):
    check(DRAWN[name])


def test_every_figure_is_tried():
    assert not untried(figures, DRAWN)


def test_draws_before_there_is_a_row():
    figures.errors({}, {}).canvas.draw()
    figures.profiles({}, ()).canvas.draw()
    figures.uphill({"one": {}, "two": {}}).canvas.draw()


def test_every_label_has_a_step_to_be_timed():
    specs = step_cost._specs()
    assert set(specs) == {*COMPARED, *VARIANTS}
    assert specs["sum-time"] == specs["sum"] and specs["hrgrad-guard"].guard
    assert step_cost.milliseconds(specs["sum"], 1) > 0
