"""Chapter 15: what this project believed or aimed at, those first that came out otherwise."""

from __future__ import annotations

from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters import ch15_tuning as tuning
from hrgradlib.chapters.ch14_peers import THEIRS
from hrgradlib.chapters.ch15_claims_costs import COSTS
from hrgradlib.chapters.ch15_claims_formulation import FORMULATION
from hrgradlib.chapters.ch15_comparison import any_rule, lower_where_awake, worth_of_descent
from hrgradlib.chapters.ch15_skill import knows_more
from hrgradlib.chapters.ch15_verdicts import NO_WORSE_RULE, PEERS_RULE, RULE, Claim
from hrgradlib.experiments.beyond_studies import PROBLEMS as MULTISCALE
from hrgradlib.experiments.finalist_studies import BETAS, RATES
from hrgradlib.experiments.scale_studies import DRAWS, SCALES

__all__ = ["OURS"]

_SCALES = "unknown factors of 10⁻³ to 10³ on every regime's loss, {} draws, {} seeds"
_INTERVAL = "confirmed if the interval of the ratio lies below {}, refuted if above"
_TRANSPORT, _MANY, _PEERS = "09_linear_transport", "many_tasks", "14_beyond_kinetics"
_MATTERS, _COMPARED = "12_what_matters", "ch-what-matters"
_BEST = f"each at the best of {len(RATES) * len(BETAS)} pairs of learning rate and β₂"


def _scales(study: str) -> str:
    """Factors, draws and seeds of a study."""
    return _SCALES.format(len(DRAWS), len(SCALES[study][0]))


OURS = (
    Claim(
        "scales-first",
        "ours",
        "Under losses of unknown scales HRGrad is the method of choice: its error is below that of "
        "dividing each loss by its first value.",
        _TRANSPORT,
        "lt-scales",
        f"`transport-periodic`, SOAP's metric: {_scales('scales')}",
        _INTERVAL.format(1),
        measures.scales_ratio("scales", "hrgrad-soap", "first-soap"),
        ("scales",),
        front=True,
    ),
    Claim(
        "scales-bounds",
        "ours",
        "Four bounds set beforehand: at most 1.5 times its own error without factors, half that of "
        "log losses and of unit gradients, a tenth of the sum's.",
        _TRANSPORT,
        "lt-scales",
        f"`transport-periodic`, SOAP's metric: {_scales('scales')}",
        "confirmed if all four are kept, refuted if two or fewer",
        measures.scales_bounds("scales"),
        ("scales",),
        front=True,
    ),
    Claim(
        "scales-sum",
        "ours",
        "Under unknown scales HRGrad's error is at most half of the sum's.",
        _TRANSPORT,
        "lt-scales",
        f"`transport-periodic`, SOAP's metric: {_scales('scales')}",
        _INTERVAL.format("½"),
        measures.scales_ratio("scales", "hrgrad-soap", "sum-soap", 0.5),
        ("scales",),
        front=True,
    ),
    Claim(
        "scales-inflow",
        "ours",
        "Under unknown scales HRGrad's error is at most half of the sum's, with walls.",
        "10_inflow",
        "in-scales",
        f"`transport-inflow`: {_scales('scales-inflow')}",
        _INTERVAL.format("½"),
        measures.scales_ratio("scales-inflow", "hrgrad-soap", "sum-soap", 0.5),
        ("scales-inflow",),
    ),
    Claim(
        "scales-bgk",
        "ours",
        "Under unknown scales HRGrad's error is at most half of the sum's, for BGK.",
        "11_bgk",
        "bgk-scales",
        f"`bgk-smooth`: {_scales('scales-bgk')}",
        _INTERVAL.format("½"),
        measures.scales_ratio("scales-bgk", "hrgrad-soap", "sum-soap", 0.5),
        ("scales-bgk",),
    ),
    Claim(
        "scales-adam",
        "ours",
        "Under unknown scales HRGrad's error is at most half of the sum's, under Adam.",
        _TRANSPORT,
        "lt-scales",
        "`transport-periodic`, unknown factors, Adam's metric",
        _INTERVAL.format("½"),
        measures.scales_ratio("scales-adam", "hrgrad", "sum", 0.5),
        ("scales-adam",),
    ),
    Claim(
        "scales-rivals",
        "ours",
        "Under unknown scales HRGrad's error is below that of others' rules, under Adam.",
        _TRANSPORT,
        "lt-scales",
        "`transport-periodic`, unknown factors: sum of logs, uncertainty weights, static weights, "
        "ConFIG, HRGrad as reported, each at the rate that it was tuned to without factors",
        "confirmed if lower than all, refined if than some and higher than none, refuted if higher "
        "than one (95 % intervals of ratios of medians); who is above 10 % without factors as well "
        "is no test",
        measures.scales_blind,
        ("scales-rivals", "scales-adam"),
    ),
    Claim(
        "soap",
        "ours",
        "With losses of one scale HRGrad's error is below the sum's in SOAP's metric.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, equal steps, at two pairs of learning rate and β₂: that which the "
        "grid chose for each method, and that of the ablations",
        "confirmed if lower at both by the book's rule, refined if at one, refuted if higher at "
        "one and lower at none",
        tuning.lower_at_rates(
            ("comparison", "hrgrad-soap", "sum-soap"), ("ablations", "base", "metric-sum")
        ),
        ("comparison", "ablations"),
    ),
    Claim(
        "adam",
        "ours",
        "In Adam's metric HRGrad's error is below the tuned sum's at equal time.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, equal tuning, the sum with as many steps as fit into HRGrad's time",
        RULE,
        measures.lower("comparison", "hrgrad", "sum-time"),
        ("comparison",),
    ),
    Claim(
        "soap-tuned",
        "ours",
        "In SOAP's metric, both tuned at full length, HRGrad's error is below the sum's.",
        _MATTERS,
        "what-matters-finalists",
        f"`transport-periodic`, losses of one scale, equal steps, {_BEST}",
        RULE,
        measures.lower("finalists", "hrgrad-soap", "sum-soap"),
        ("finalists",),
        front=True,
    ),
    Claim(
        "adam-tuned",
        "ours",
        "In Adam's metric, both tuned at full length, HRGrad's error is below the sum's at equal "
        "time.",
        _MATTERS,
        "what-matters-finalists",
        f"`transport-periodic`, losses of one scale, {_BEST}, the sum with as many steps as fit "
        "into HRGrad's time",
        RULE,
        measures.lower("finalists", "hrgrad", "sum-time"),
        ("finalists",),
        front=True,
    ),
    Claim(
        "uphill",
        "ours",
        "HRGrad pushes fewer pairs uphill than the sum.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, Adam's metric, no guard",
        "confirmed if at most half as many, refuted if at least 0.8 times as many, by the whole "
        "interval of the ratio; refined if lower by the book's rule",
        measures.uphill_beside_the_sum,
        ("comparison",),
        front=True,
    ),
    Claim(
        "worth",
        "ours",
        "A run with fewer uphill steps ends with a lower error.",
        _MATTERS,
        _COMPARED,
        "rank correlation of uphill share and final error, all methods of a metric of which no run "
        "failed, under Adam and under SOAP",
        "confirmed if its interval lies above 0 in both metrics, refined if in one; refuted if "
        "below 0 in one and above in none",
        worth_of_descent,
        ("comparison",),
    ),
    Claim(
        "harmonise-first",
        "ours",
        "Harmonised raw gradients, handed to Adam, do better than the sum.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, equal steps: against the sum at equal tuning, of rate and β₂ in "
        "short trainings, and against the sum that is tuned at full length",
        "confirmed if lower than both by the book's rule, refined than one, refuted if higher than "
        "one and lower than none",
        lower_where_awake(
            ("equal tuning", ("comparison", "harmonise-first"), ("comparison", "sum")),
            ("the better tuned sum", ("comparison", "harmonise-first"), ("finalists", "sum")),
        ),
        ("comparison", "finalists"),
        missing="harmonised raw gradients, tuned at full length",
    ),
    Claim(
        "half-harmony",
        "ours",
        "In the Gauss–Newton metric κ = ½ has a lower error than κ = 0.",
        _MANY,
        "ch-many-tasks",
        "`transport-periodic`",
        RULE,
        measures.lower("gauss-newton", "harmony-half", "hrgrad-gn"),
        ("gauss-newton",),
    ),
    Claim(
        "other-rules",
        "ours",
        "Another rule does better than HRGrad under Adam.",
        _MATTERS,
        _COMPARED,
        "loss weightings and gradient surgery of others that are compared, equal tuning and steps",
        "confirmed if one is lower by the book's rule, refuted if all are higher of those whose "
        "runs do not end as the untrained ansatz",
        any_rule,
        ("comparison",),
    ),
    Claim(
        "tenth",
        "ours",
        "On problems of others the best of our metrics has at most a tenth of ConFIG's error.",
        _PEERS,
        "ch-beyond",
        "four problems, equal time, five seeds; the better of ConFIG and M-ConFIG",
        "confirmed if so on all four in the median, refined on some",
        measures.peers_promise,
        ("peers",),
        front=True,
    ),
    Claim(
        "beyond-range",
        "ours",
        "One network holds four decades of the small parameter of other multiscale problems.",
        _PEERS,
        "beyond-multiscale",
        "Goldstein–Taylor over its diffusive parameter, convection–diffusion over the Péclet "
        "number; HRGrad in SOAP's metric, quick settings",
        "confirmed if no run errs by more than 10 % at any ε, refined if so on one problem",
        measures.errors_below(*(("beyond", f"{p}-hrgrad-soap") for p in MULTISCALE)),
        ("beyond",),
    ),
    Claim(
        "beyond-rotation",
        "ours",
        "On other multiscale problems HRGrad's error is below the sum's in SOAP's metric.",
        _PEERS,
        "beyond-multiscale",
        "the same two problems, equal steps, untuned",
        "confirmed if lower on both by the book's rule, refined on one",
        measures.lower_on("beyond", *((f"{p}-hrgrad-soap", f"{p}-sum-soap") for p in MULTISCALE)),
        ("beyond",),
    ),
    Claim(
        "beyond-formulation",
        "ours",
        "At a boundary layer the formulation decides, not the method: the sum under Adam with a "
        "layer coordinate does better than Gauss–Newton without.",
        _PEERS,
        "beyond-convection",
        "convection–diffusion, quick settings of both",
        RULE,
        measures.lower("beyond", f"{MULTISCALE[1]}-sum", f"{MULTISCALE[1]}-plain-hrgrad-gn"),
        ("beyond",),
    ),
    Claim(
        "unseen",
        "ours",
        "A network answers at Knudsen numbers on which it was not trained.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, half a decade of ε never drawn; the outer quarters never drawn",
        "confirmed if no run errs by more than 10 % at any ε, refined if so for the gap only",
        measures.errors_below(("ablations", "unseen-gap"), ("ablations", "unseen-ends")),
        ("ablations",),
    ),
    Claim(
        "skill",
        "ours",
        "Trained networks for BGK know more than formulas that cost nothing.",
        "11_bgk",
        "ch-bgk",
        "skill at the final time, three BGK problems, every quantity and ε, Gauss–Newton's metric",
        "confirmed if below 1 everywhere, refuted if nowhere",
        knows_more("bgk", {name: f"bgk-{name}" for name in ("smooth", "layer", "riemann")}),
        ("bgk", "trivial"),
        front=True,
    ),
    Claim(
        "skill-transport",
        "ours",
        "HRGrad's networks for transport know more than formulas that cost nothing.",
        _TRANSPORT,
        "ch-linear-transport",
        "skill at the final time on `transport-periodic`, every ε, HRGrad in SOAP's metric",
        "confirmed if below 1 everywhere, refuted if nowhere",
        knows_more("scales", {"hrgrad-soap": "transport-periodic"}),
        ("scales", "trivial"),
    ),
    Claim(
        "metric-first",
        "ours",
        "A better metric does without any rotation what rotation was meant for.",
        _MATTERS,
        "what-matters-finalists",
        f"the sum under SOAP against HRGrad under Adam, `transport-periodic`, equal steps, {_BEST}",
        RULE,
        measures.lower("finalists", "sum-soap", "hrgrad"),
        ("finalists",),
        front=True,
    ),
    Claim(
        "adam-peers",
        "ours",
        "On problems of others HRGrad's error is below the sum's in Adam's metric.",
        _PEERS,
        "ch-beyond",
        "four problems of others, HRGrad against the sum in Adam's metric, equal time",
        PEERS_RULE,
        measures.peers_lower(("hrgrad",), ("sum",)),
        ("peers",),
    ),
    Claim(
        "metric-peers",
        "ours",
        "On problems of others a better metric alone does better than ConFIG.",
        _PEERS,
        "ch-beyond",
        "the sum in SOAP's metric against the better of ConFIG and M-ConFIG, equal time",
        PEERS_RULE,
        measures.peers_lower(("sum-soap",), THEIRS),
        ("peers",),
        front=True,
    ),
    *FORMULATION,
    Claim(
        "guard",
        "ours",
        "The guard costs no accuracy.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, Adam's metric",
        NO_WORSE_RULE,
        measures.no_worse("comparison", "hrgrad-guard", "hrgrad"),
        ("comparison",),
    ),
    Claim(
        "axis",
        "ours",
        "The axis of the theorems costs no accuracy against equal angles.",
        _MATTERS,
        _COMPARED,
        "`transport-periodic`, SOAP's metric",
        NO_WORSE_RULE,
        measures.no_worse("ablations", "base", "axis-equiangular"),
        ("ablations",),
    ),
    Claim(
        "points",
        "ours",
        "Points chosen by residual lower the error.",
        "11_bgk",
        "ch-bgk",
        "`bgk-layer`, same size",
        RULE,
        measures.lower("points", "layer-chosen", "layer-drawn"),
        ("points",),
    ),
    *COSTS,
    Claim(
        "false-alarms",
        "ours",
        "The rule of verdicts raises at most 5 % false alarms.",
        "protocol",
        "judged-rule",
        "equal methods of four kinds, 3 to 20 runs, thousands of trials",
        "confirmed if at most 5 % in every kind",
        measures.false_alarms,
        ("verdict-rule",),
    ),
)
