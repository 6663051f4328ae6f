"""The registry of problems: one file per family, one line here."""

from hrgradlib.experiments.cases import (
    bgk,
    bgk_mixed,
    bgk_sod,
    convection_diffusion,
    goldstein_taylor,
    inflow,
    periodic,
    plane,
    published,
    published_bgk,
    published_bgk_plain,
    published_bgk_split,
    published_each,
    published_inflow,
)
from hrgradlib.experiments.cases._case import BookRun, Case

__all__ = ["CASES", "FIRST", "BookRun", "Case"]

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        *periodic.CASES,
        *inflow.CASES,
        *bgk.CASES,
        *plane.CASES,
        *published.CASES,
        *published_inflow.CASES,
        *published_bgk.CASES,
        *published_bgk_split.CASES,
        *published_bgk_plain.CASES,
        *published_each.CASES,
        *bgk_sod.CASES,
        *bgk_mixed.CASES,
        *goldstein_taylor.CASES,
        *convection_diffusion.CASES,
    )
}  # fmt: skip

#: The problem that commands take where none is named, and that methods are tuned on.
FIRST = next(iter(CASES))
