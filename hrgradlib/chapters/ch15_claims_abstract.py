"""Chapter 15: what the paper's abstract claims, sentence by sentence."""

from __future__ import annotations

from hrgradlib.chapters import ch15_geometry as geometry
from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters.ch15_failures import conflict_fails, failure_modes
from hrgradlib.chapters.ch15_verdicts import Claim, Finding
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.failure_studies import STEPS

__all__ = ["ABSTRACT"]

_EVERYWHERE = (
    ("gauss-newton", "hrgrad-gn"),
    ("inflow", "quick"),
    ("bgk", "smooth"),
    ("bgk", "layer"),
    ("bgk", "riemann"),
)
_LEAST = ", ".join(
    f"{min(CASES[name].judged_eps('quick')):g} (`{name}`)"
    for name in ("transport-periodic", "transport-inflow", "bgk-smooth", "bgk-layer", "bgk-riemann")
)

ABSTRACT = (
    Claim(
        "failure-modes",
        "abstract",
        "HRGrad overcomes the “failure modes” of asymptotic-preserving networks.",
        "05_one_network",
        "ch-one-network",
        f"rates of failure in {STEPS:,} steps on `transport-periodic`, the published formulation: "
        "HRGrad, as reported "
        "and ours under Adam and SOAP, each beside the sum in its own metric, at the sum's "
        "learning rate and weight one; tasks are Knudsen numbers, then terms of the loss",
        "where the sum fails in half of its runs: confirmed if HRGrad's rate lies below the sum's "
        "with its whole interval in every pair, refined in some, refuted in none",
        failure_modes,
        ("failure", "failure-terms"),
        missing="rates of failure of BGK with a jump",
        front=True,
    ),
    Claim(
        "positive",
        "abstract",
        "The final update has a positive dot product with each loss's gradient.",
        "12_what_matters",
        "ch-what-matters",
        "products of applied steps with every current task gradient, `transport-periodic`",
        "confirmed if none is negative; refined if none is with the guard; else refuted",
        measures.uphill_with_guard,
        ("comparison",),
        front=True,
    ),
    Claim(
        "conflict",
        "abstract",
        "Tasks of different regimes often conflict.",
        "06_gradient_conflict",
        "ch-conflict",
        "share of pairs of task gradients with a negative product, along the plain sum's training "
        "under Adam, on three problems",
        "confirmed if more than a tenth of the pairs of raw gradients on every problem, refuted if "
        "none on any, else refined",
        measures.conflict_share,
        ("conflict",),
        front=True,
    ),
    Claim(
        "conflict-fails",
        "abstract",
        "Such conflict can make the training of many tasks fail.",
        "05_one_network",
        "ch-one-network",
        "runs of the sum that fail where HRGrad's do not: the pairs of the failure modes",
        "as for the failure modes, but undecided if HRGrad fails as often in every pair: then the "
        "failure may have another origin than conflict",
        conflict_fails,
        ("failure", "failure-terms"),
        missing="rates of failure of BGK with a jump",
    ),
    Claim(
        "one-network",
        "abstract",
        "One network solves time-dependent kinetic problems over the whole range of the small "
        "parameter at once.",
        "09_linear_transport",
        "ch-linear-transport",
        "error of one network on two transport and three BGK problems, Gauss–Newton's metric; "
        f"ε down to {_LEAST}",
        "confirmed if no run errs by more than 10 % at any ε; refined if so on some problems only",
        measures.errors_below(*_EVERYWHERE),
        ("gauss-newton", "inflow", "bgk"),
        front=True,
    ),
    Claim(
        "one-network-rotated",
        "abstract",
        "It is the rotation of gradients that lets one network hold all ranges.",
        "many_tasks",
        "ch-many-tasks",
        "Gauss–Newton with the rotation and without, same seeds",
        "refuted if both give the same errors to the last digit; else by the book's rule",
        measures.identical("gauss-newton", "hrgrad-gn", "sum-gn"),
        ("gauss-newton",),
        front=True,
    ),
    Claim(
        "encoding",
        "abstract",
        "An explicit hidden representation of the parameters serves the training of all tasks.",
        "12_what_matters",
        "ch-what-matters",
        "the encoder against the number log ε itself, HRGrad in SOAP's metric",
        "by the book's rule for two sets of errors",
        measures.lower("ablations", "base", "encoding-raw"),
        ("ablations",),
    ),
    Claim(
        "segmentation",
        "abstract",
        "Predictions cut into segments, whose losses are the tasks, help against conflict.",
        "12_what_matters",
        "ch-what-matters",
        "ten ranges of ε as tasks against one task, HRGrad in SOAP's metric",
        "by the book's rule for two sets of errors",
        measures.lower("ablations", "base", "tasks-1"),
        ("ablations",),
    ),
    Claim(
        "novel",
        "abstract",
        "The gradient alignment metric is novel.",
        "07_harmonised_rotation",
        "ch7-reported",
        "our score of alignment is one published in 2025, and the algorithm does not use it; the "
        "paper's own was not at hand",
        "a matter of the paper's text",
        Finding("could not be checked"),
        missing="the full text",
    ),
    Claim(
        "rates",
        "abstract",
        "All task losses are optimised at consistent rates.",
        "07_harmonised_rotation",
        "ch7-random",
        "cosines of the direction with 200 sets of random gradients",
        "confirmed if they are equal by default, refined if only at κ = 1, else refuted",
        geometry.equal_cosines,
        command="pytest tests/optim/test_harmonize_properties.py",
        front=True,
    ),
    Claim(
        "magnitude",
        "abstract",
        "The size of the update follows the level of conflict.",
        "07_harmonised_rotation",
        "ch7-how-far",
        "rank correlation of the direction's length over the sum's with the worst pair's cosine, "
        "of 2, 3, 4 and 6 tasks apart, 500 sets of random gradients each",
        "confirmed if above ½ with its whole 95 % interval for each number of tasks, refined if "
        "above 0, refuted if for none, else undecided",
        geometry.length_follows_conflict,
        command="pytest tests/chapters/test_ch15_geometry.py",
    ),
    Claim(
        "proof",
        "abstract",
        "There is a mathematical proof that HRGrad converges.",
        "08_convergence",
        "ch-convergence",
        "the paper's proof was not at hand; ours is of our reconstruction",
        "a matter of the paper's text",
        Finding("could not be checked"),
        missing="the full text",
        command="pytest tests/chapters/test_ch08_convergence.py",
        front=True,
    ),
    Claim(
        "all-ranges",
        "abstract",
        "Experiments reach all ranges of the Knudsen number, for transport as for BGK.",
        "10_inflow",
        "ch-inflow",
        "`transport-inflow` at ε = 10⁻⁸, far below the trained range, in two metrics; the least ε "
        "of the BGK problems",
        "confirmed if the median errors are at most 1 % and BGK reaches 10⁻⁶; refined if one",
        measures.all_ranges,
        ("inflow",),
        missing="BGK below ε = 10⁻³",
    ),
)
