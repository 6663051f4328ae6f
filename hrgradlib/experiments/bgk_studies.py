"""Studies of two BGK problems that chapter 11 shows by their stored errors."""

from __future__ import annotations

from hrgradlib.experiments.scale_studies import Study

__all__ = ["BGK_STUDIES"]

_METHODS = ("hrgrad-gn", "hrgrad-soap", "sum-soap")
_SEEDS = (10, 11, 12)

# A long way into the fluid, and every regime in one domain: what does each method reach?
BGK_STUDIES: dict[str, Study] = {
    name: (_SEEDS, {method: dict(method=method, problem=name) for method in _METHODS})
    for name in ("bgk-sod", "bgk-mixed")
}
