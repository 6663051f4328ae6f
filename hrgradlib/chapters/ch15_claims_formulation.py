"""Chapter 15: what this project believed of formulations, tasks and weights."""

from __future__ import annotations

from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters.ch15_failures import (
    OTHERS,
    fails_for_good,
    formulation_decides,
    formulation_repairs,
    modes_elsewhere,
    spread_over_weights,
)
from hrgradlib.chapters.ch15_verdicts import NO_WORSE_RULE, RULE, Claim
from hrgradlib.experiments.failure_studies import LONGER

__all__ = ["FORMULATION"]

FORMULATION = (
    Claim(
        "formulation",
        "ours",
        "At small ε a PINN fails and an APNN does not.",
        "04_pinn_and_apnn",
        "ch-apnn",
        "one network per ε, Adam, ε = 10⁻³, three learning rates with three seeds each",
        "confirmed if at every rate every PINN errs by more than 10 % and every APNN by less than "
        "1 %, refined if the medians at the best rate do",
        formulation_decides,
        ("pinn",),
    ),
    Claim(
        "repairs",
        "ours",
        "It is the formulation that keeps the plain sum from failing.",
        "05_one_network",
        "ch-one-network",
        "rates of failure of the sum at weight one, as a PINN and in the book's formulation",
        "confirmed if the interval of the one rate lies below that of the other, refuted if above",
        formulation_repairs,
        ("failure",),
    ),
    Claim(
        "terms",
        "ours",
        "With the terms of the loss for tasks HRGrad needs no weight: its error is no higher than "
        "the sum's at its best weight.",
        "05_one_network",
        "which-fails-terms",
        "`transport-periodic`, the published formulation, SOAP's metric: HRGrad over four terms, "
        "against the sum at the best of six weights",
        NO_WORSE_RULE,
        measures.no_worse("failure-terms", "terms-hrgrad-soap", "sum-sum-soap-weighted"),
        ("failure-terms",),
        front=True,
    ),
    Claim(
        "elsewhere",
        "ours",
        "What HRGrad repairs with the terms of the loss for tasks it repairs on other problems.",
        "05_one_network",
        "which-fails-inflow",
        "rates of failure on `transport-inflow`, `bgk-smooth` and `bgk-riemann`, the published "
        "formulation: HRGrad over the terms of the loss, under Adam and SOAP, beside the sum at "
        "weight one",
        "where the sum fails in half of its runs: confirmed if HRGrad's rate lies below the sum's "
        "with its whole interval in every pair, refined in some, refuted in none",
        modes_elsewhere,
        tuple(place.study for place in OTHERS),
    ),
    Claim(
        "for-good",
        "ours",
        "What fails in the common budget of steps fails for good.",
        "05_one_network",
        "which-fails-longer",
        "rates of failure of the sum at weight one, the published formulation, one network for all "
        f"ε, with {LONGER} times the steps, under Adam and SOAP",
        "confirmed if it fails in half of the runs in both metrics, refuted if both intervals lie "
        "below that, refined if one does",
        fails_for_good,
        ("failure-long",),
        front=True,
    ),
    Claim(
        "any-weight",
        "ours",
        "With the terms of the loss for tasks HRGrad's error does not depend on the weight of the "
        "initial loss.",
        "05_one_network",
        "which-fails-weights",
        "`transport-periodic`, the published formulation, weights from a hundredth to a thousand",
        "of SOAP's metric: confirmed if the largest median error over the weights is at most twice "
        "the smallest, refined if it is at most half of what the sum's is; undecided of fewer than "
        "four runs a weight",
        spread_over_weights,
        ("weights",),
        missing="one more seed at every weight",
        front=True,
    ),
    Claim(
        "weights",
        "ours",
        "Gauss–Newton with no weight tuned has a lower error than the sum at its best weight.",
        "05_one_network",
        "ch-one-network",
        "`transport-periodic`, the published formulation: Gauss–Newton at weight one, in a "
        "fifteenth of the steps, against the sum at the best of six weights",
        RULE,
        measures.lower("failure", "published-hrgrad-gn", "published-sum-weighted"),
        ("failure",),
    ),
)
