"""Chapter 15: what this project aimed at for the price of a step."""

from __future__ import annotations

from hrgradlib.chapters import ch15_measures as measures
from hrgradlib.chapters.ch15_verdicts import Claim

__all__ = ["COSTS"]

_PAGE = "13_what_it_costs"

COSTS = (
    Claim(
        "gradients",
        "ours",
        "All task gradients come for the price of one.",
        _PAGE,
        "ch-cost",
        "gradients alone, 2 to 32 tasks of 64 to 4096 points",
        "confirmed if at most 1.1 of the sum's gradient at all sizes, refined if at most 1.5",
        measures.cost_of_gradients,
        ("step-time",),
        front=True,
    ),
    Claim(
        "price",
        "ours",
        "A step of HRGrad costs at most 1.1 of the sum's.",
        _PAGE,
        "ch-cost",
        "steps of 5 to 32 tasks, 64 to 4096 points each",
        "confirmed if at most 1.1 at all sizes, refined if from 256 points on",
        measures.cost_of_a_step,
        ("step-time",),
        front=True,
    ),
    Claim(
        "memory",
        "ours",
        "A step of HRGrad needs at most 1.2 of the sum's memory.",
        _PAGE,
        "ch-cost",
        "steps of 5 and 16 tasks, 128 to 1024 points each",
        "confirmed if at most 1.2 at all sizes",
        measures.memory_of_a_step,
        ("step-memory",),
    ),
    Claim(
        "usual-step",
        "ours",
        "Our step is a hundred times faster than the usual one.",
        _PAGE,
        "ch-cost",
        "a step on `transport-inflow` in the size of the literature",
        "refined if at equal width it is faster, but by less than half of that",
        measures.usual_step,
        ("literature-step",),
    ),
)
