"""Chapter 15: what the review page says of the paper: consequences, tests, referees' comments.

The other public page holds the abstract alone, and no comment.
"""

from __future__ import annotations

from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters import ch15_tuning as tuning
from hrgradlib.chapters.ch15_balance import RULE as BALANCE_RULE
from hrgradlib.chapters.ch15_balance import terms_fall_alike
from hrgradlib.chapters.ch15_regimes import RULE as APART_RULE
from hrgradlib.chapters.ch15_regimes import one_for_all
from hrgradlib.chapters.ch15_verdicts import PEERS_RULE, Claim, Finding

__all__ = ["REVIEW"]

REVIEW = (
    # What would settle it.
    Claim(
        "settle-products",
        "review",
        "What would settle it (1): on BGK, no product of the update with a task gradient is ever "
        "negative.",
        "11_bgk",
        "ch-bgk",
        "the applied step against every current task gradient, every step of HRGrad under SOAP on "
        "`bgk-smooth`",
        "confirmed if none is negative, refuted if any is",
        measures.uphill_in(("bgk", "smooth-soap")),
        ("bgk",),
        missing="the same with the guard, and under Adam",
        front=True,
    ),
    Claim(
        "settle-curves",
        "review",
        "What would settle it (2): the losses of extreme Knudsen numbers do not stall while others "
        "fall.",
        "11_bgk",
        "ch-bgk",
        "HRGrad under SOAP on `bgk-smooth` and `transport-periodic`",
        "refuted if in some run a loss falls less than tenfold while another falls a hundredfold; "
        "undecided if a run failed by its error, which hides that",
        measures.stalled_regimes(("bgk", "smooth-soap"), ("scales", "hrgrad-soap")),
        ("bgk", "scales"),
    ),
    # If this is right.
    Claim(
        "without-handling",
        "review",
        "If this is right: one network needs no special treatment of regimes any more.",
        "05_one_network",
        "ch-one-network",
        "one network in the published formulation, without the layer's coordinate, on "
        "`transport-periodic`: HRGrad under Adam and under SOAP",
        "confirmed if no run errs by more than 10 %, refined if so in one metric only",
        measures.errors_below(
            ("failure", "published-hrgrad"), ("failure", "published-hrgrad-soap")
        ),
        ("failure",),
        missing="the same for BGK",
    ),
    Claim(
        "converges",
        "review",
        "If this is right: the optimisation is guaranteed to converge under the condition on "
        "alignment.",
        "08_convergence",
        "ch8-stall",
        "theorems of chapter 8, each with a test: a rate for the axis of the best worst cosine, a "
        "counterexample for the equiangular one, a floor under sampling",
        "a proof and a counterexample decide",
        Finding("refined", "proved for one axis, false for the other"),
        command="pytest tests/chapters/test_ch08_convergence.py",
        front=True,
        by="proof",
    ),
    Claim(
        "eliminated",
        "review",
        "If this is right: conflicts are eliminated, for BGK as for transport.",
        "12_what_matters",
        "ch-what-matters",
        "pairs uphill under HRGrad in SOAP's metric: `transport-periodic`, `bgk-smooth`",
        "confirmed if there are none, refined if on one equation, refuted if on neither",
        measures.uphill_in(("comparison", "hrgrad-soap"), ("bgk", "smooth-soap")),
        ("comparison", "bgk"),
    ),
    Claim(
        "terms-balanced",
        "review",
        "If this is right: rates stay balanced between microscopic and macroscopic terms.",
        "08_convergence",
        "ch8-eps",
        "`transport-periodic` with the two terms for tasks: by how much their losses fall from the "
        "first tenth of the steps to the last, larger over smaller",
        BALANCE_RULE,
        terms_fall_alike,
        ("term-balance",),
    ),
    # Reading between the lines.
    Claim(
        "other-pinns",
        "review",
        "Between the lines: the pattern may serve other networks with clashes between losses.",
        "14_beyond_kinetics",
        "ch-beyond",
        "four problems of others, HRGrad against the sum in SOAP's metric, equal time",
        PEERS_RULE,
        measures.peers_lower(("hrgrad-soap",), ("sum-soap",)),
        ("peers",),
        front=True,
    ),
    Claim(
        "fewer-models",
        "review",
        "Between the lines: fewer models need be trained than one per regime.",
        "13_what_it_costs",
        "cost-apart",
        "one network for four decades of ε beside one for each decade, of the same width or half "
        "of it, `transport-periodic`, the sum under SOAP; seconds of all to the same error",
        APART_RULE,
        one_for_all,
        ("apart",),
        missing="memory to the same error; other problems",
    ),
    Claim(
        "faster",
        "review",
        "Between the lines: the whole training is shorter than regime by regime.",
        "13_what_it_costs",
        "cost-apart",
        "the same",
        "as before",
        one_for_all,
        ("apart",),
        missing="the same with HRGrad, and on other problems",
    ),
    # Load-bearing premise, significance, circularity.
    Claim(
        "premise",
        "review",
        "Premise: the hidden representation suffices to keep every product positive.",
        "05_one_network",
        "ch-one-network",
        "applied steps of HRGrad and of the sum against every task gradient; all trainings have it",
        "confirmed if no product is negative, refined if none is of one of the two, else refuted",
        measures.uphill_in(("comparison", "hrgrad"), ("comparison", "sum")),
        ("comparison",),
    ),
    Claim(
        "no-tuning",
        "review",
        "Significance: it is robust without hidden tuning of parameters.",
        "12_what_matters",
        "ch-what-matters",
        "HRGrad under Adam at one β₂ over four learning rates, each twice the one before, on "
        "seeds of tuning",
        "confirmed if no rate errs more than twice as much as the best, refined if none next to "
        "the best does, else refuted; undecided of fewer than four runs a rate",
        tuning.by_default_settings,
        ("comparison-grid",),
        missing="more seeds at every learning rate; the same over β₂ and κ",
        front=True,
    ),
    Claim(
        "circularity",
        "review",
        "The derivation is not circular; the proof stands by itself.",
        "08_convergence",
        "ch-convergence",
        "a matter of the paper's text; that ours is not: the theorems name what they assume",
        "a matter of the paper's text",
        Finding("could not be checked"),
        missing="the full text",
    ),
    # The referee.
    Claim(
        "norm-bounds",
        "review",
        "Referee, major: without explicit bounds on relative norms of gradients positivity may not "
        "carry over to many scales.",
        "08_convergence",
        "ch8-eps",
        "a sharp bound of the step by the norm ratio Γ; positivity does not depend on norms; Γ is "
        "𝒪(1) over ε in micro–macro form, ε⁻² as the equation comes",
        "proofs decide",
        Finding("refined", "needed for the step, not for the products"),
        command="pytest tests/chapters/test_ch08_norms.py",
        by="proof",
    ),
    Claim(
        "norm-lemma",
        "review",
        "Authors' answer (simulated): the ratio of micro to macro norms can be bounded by the "
        "representation and the segments.",
        "08_convergence",
        "ch8-eps",
        "proposition on Γ over ε: it is the formulation that bounds it, given a least norm",
        "a proof decides",
        Finding("refined", "bounded by the formulation, for transport"),
        command="pytest tests/chapters/test_ch08_norms.py",
        by="proof",
    ),
    Claim(
        "error-bars",
        "review",
        "Referee, minor: the abstract has no error bars, no numbers of runs, no rates of failure.",
        "protocol",
        "how-judged",
        "reading it; here every comparison has runs, interval and test, by a rule whose false "
        "alarms are counted",
        "reading decides",
        Finding("confirmed", "as far as the abstract goes"),
        command="python -m hrgradlib.chapters.protocol_rates",
        by="reading",
    ),
    Claim(
        "definition",
        "review",
        "Referee, minor: metric and magnitude need an exact definition with all hyperparameters.",
        "07_harmonised_rotation",
        "ch7-reported",
        "of our rule there is one, with two hyperparameters; of the paper's penalties the notes "
        "give no form",
        "a matter of the paper's text",
        Finding("could not be checked"),
        missing="the full text",
    ),
)
