"""Chapter 15: what a third party's notes report of the paper's full text; no word is copied."""

from __future__ import annotations

from hrgradlib.chapters import ch15_geometry as geometry
from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters.ch15_comparison import lower_where_awake, ranks_first
from hrgradlib.chapters.ch15_tuning import inner_needs_no_ablation
from hrgradlib.chapters.ch15_verdicts import RULE, Claim, Finding

__all__ = ["REPORTED"]

_CHAPTER, _LABEL = "07_harmonised_rotation", "ch7-reported"
_MATTERS, _MATTERS_LABEL = "12_what_matters", "ch-what-matters"
_TESTS = "pytest tests/optim/test_reported.py"
_NOT_HERE = Finding("not tested")
_TEXT = Finding("could not be checked")

REPORTED = (
    Claim(
        "stage-2",
        "reported",
        "Stage 2 rotates the gradients that oppose the anchor.",
        _CHAPTER,
        _LABEL,
        "proposition: none opposes it; and 200 sets of random gradients",
        "refuted if nothing is rotated in any case",
        geometry.rotates_as_worded,
        command=_TESTS,
        front=True,
    ),
    Claim(
        "m-config",
        "reported",
        "Where nothing is rotated the update is ConFIG's, of moments M-ConFIG's.",
        _CHAPTER,
        _LABEL,
        "200 sets of random gradients, against ConFIG's formula on the vectors (a test holds that "
        "to its authors' code); with the row above, the method as worded is M-ConFIG",
        "confirmed if they agree to rounding",
        geometry.is_config,
        command="pytest tests/chapters/test_ch15_geometry.py",
    ),
    Claim(
        "norms-kept",
        "reported",
        "The rotation keeps the norms.",
        _CHAPTER,
        _LABEL,
        "200 sets of random gradients, the reading under which something turns",
        "confirmed if lengths agree to rounding",
        geometry.keeps_norms,
        command=_TESTS,
    ),
    Claim(
        "rotated-positive",
        "reported",
        "The update opposes no rotated gradient and has the same cosine with all of them.",
        _CHAPTER,
        _LABEL,
        "200 sets of independent random gradients",
        "confirmed if the least cosine is positive and all are equal to rounding",
        geometry.opposes_rotated,
        command=_TESTS,
    ),
    Claim(
        "originals-positive",
        "reported",
        "The update opposes no gradient as it was, either (the guarantee is for rotated ones).",
        _CHAPTER,
        _LABEL,
        "eight random gradients in eight dimensions, 50 cases",
        "refuted if a gradient as it was is opposed",
        geometry.opposes_originals,
        command=_TESTS,
        front=True,
    ),
    Claim(
        "moments",
        "reported",
        "Harmonised moments, handed to Adam as if they were the gradient, do better than the sum.",
        _MATTERS,
        _MATTERS_LABEL,
        "the method as reported against the sum on `transport-periodic`, equal steps: tasks as "
        "reported, one drawn ε each, and ranges of ε, at one learning rate for both; and each at "
        "the rate and β₂ that a grid at full length chose",
        "confirmed if lower in all by the book's rule, refined in some, refuted if higher in one "
        "and lower in none; where half of the runs end as the untrained ansatz, the rate is "
        "judged and not the method: that decides nothing",
        lower_where_awake(
            ("drawn ε", ("failure", "layer-hrgrad-reported"), ("failure", "layer-sum")),
            ("ranges", ("failure", "regimes-hrgrad-reported"), ("failure", "regimes-sum")),
            ("tuned at full length", ("finalists", "hrgrad-reported"), ("finalists", "sum")),
        ),
        ("failure", "finalists"),
        front=True,
    ),
    Claim(
        "rank",
        "reported",
        "It ranks above ten published methods (there by mean rank over the problems).",
        _MATTERS,
        _MATTERS_LABEL,
        "the same ten on `transport-periodic`, equal steps; the method as reported tuned at full "
        "length, the ten in short trainings: to its advantage",
        "refuted if one of the ten is lower by the book's rule; refined if its median is the "
        "least, which the tuning may have done; undecided if half of its runs end as the "
        "untrained ansatz",
        ranks_first,
        ("comparison", "finalists"),
        missing="the ten tuned at full length, too; other problems",
        front=True,
    ),
    Claim(
        "convex",
        "reported",
        "It converges in the convex case.",
        "08_convergence",
        "ch-convergence",
        "the proof was not at hand; for our rule, chapter 8",
        "a matter of the paper's text",
        _TEXT,
        missing="the full text",
    ),
    Claim(
        "ergodic",
        "reported",
        "Otherwise the mean over K rounds falls as 1/K, with a constant in (0, 1].",
        "08_convergence",
        "ch-convergence",
        "the proof was not at hand; for our rule, chapter 8",
        "a matter of the paper's text",
        _TEXT,
        missing="the full text",
    ),
    Claim(
        "many-tasks",
        "reported",
        "The bound degrades at most in proportion to the number of tasks.",
        "08_convergence",
        "ch-convergence",
        "the proof was not at hand; for our rule, chapter 8",
        "a matter of the paper's text",
        _TEXT,
        missing="the full text",
    ),
    Claim(
        "meta-code",
        "reported",
        "ε enters through a code per task (meta-auto-decoder), and that is better than an encoder.",
        _MATTERS,
        _MATTERS_LABEL,
        "a code per task against the encoder, HRGrad in SOAP's metric",
        RULE,
        measures.lower("ablations", "encoding-code", "base"),
        ("ablations",),
    ),
    Claim(
        "drawn-tasks",
        "reported",
        "A task is the whole loss at one drawn ε, and that is better than a range.",
        _MATTERS,
        _MATTERS_LABEL,
        "one drawn ε per task against a range of ε per task, HRGrad in SOAP's metric",
        RULE,
        measures.lower("ablations", "segmentation-drawn", "base"),
        ("ablations",),
    ),
    Claim(
        "inner",
        "reported",
        "Five hyperparameters of the inner descent need no ablation.",
        _MATTERS,
        "what-matters-inner",
        "each at a fifth and at five times its value, seven runs a change, `transport-periodic`, "
        "rate and β₂ as tuned; the two penalties are ours, as their form is not reported",
        "confirmed if the whole interval of all ten ratios lies between 1/1.5 and 1.5; a change "
        "matters if it does not and the error differs by the book's rule at p ≤ 0.005, as ten are "
        "asked: refuted if one of each of the five does, refined if of some, else undecided",
        inner_needs_no_ablation,
        ("finalists", "inner"),
        missing="other problems, several of them changed at once",
    ),
    Claim(
        "rays",
        "reported",
        "Own limit: the cost of the double-description step was not measured.",
        _CHAPTER,
        _LABEL,
        "extreme rays of nearly orthogonal gradients, counted",
        "confirmed, as a limit, if ten tasks have more than 1,000 rays",
        geometry.rays_explode,
        command=_TESTS,
    ),
    Claim(
        "riemann",
        "reported",
        "One network solves the Riemann problem of BGK.",
        "11_bgk",
        "ch-bgk",
        "`bgk-riemann`, Gauss–Newton's metric, ε from 1e-2 to 1",
        "confirmed if no run errs by more than 10 %",
        measures.errors_below(("bgk", "riemann")),
        ("bgk",),
        missing="the same by first-order HRGrad",
    ),
    Claim(
        "plane",
        "reported",
        "Transport in two dimensions is solved as well.",
        "09_linear_transport",
        "lt-plane",
        "`transport-2d` in two metrics",
        "confirmed if no run errs by more than 10 %, refined if so in one metric",
        measures.errors_below(("transport-2d", "hrgrad-gn"), ("transport-2d", "hrgrad-soap")),
        ("transport-2d",),
    ),
    Claim(
        "es-bgk",
        "reported",
        "ES-BGK and the semiconductor equation with its field are solved as well.",
        "11_bgk",
        "ch-bgk",
        "none: neither equation is in the book",
        "confirmed if no run errs by more than 10 %",
        _NOT_HERE,
        missing="two more equations and their references",
    ),
    Claim(
        "velocities",
        "reported",
        "Own limit: many velocity dimensions.",
        "11_bgk",
        "ch-bgk",
        "none: one velocity dimension here, two for transport in the plane",
        "no rule: a limit",
        _NOT_HERE,
        missing="BGK in two and three velocity dimensions",
    ),
)
