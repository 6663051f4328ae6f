"""The study behind chapter 14: two multiscale problems that are no kinetic equation of the others.

Every method runs with its quick settings, chosen on other problems; sizes were chosen on a seed
that is reported nowhere.
"""

from __future__ import annotations

from hrgradlib.experiments.scale_studies import DECADES, Study

__all__ = ["BEYOND", "METHODS", "PROBLEMS"]

PROBLEMS = ("goldstein-taylor", "convection-diffusion")
METHODS = ("sum", "sum-soap", "hrgrad", "hrgrad-soap", "hrgrad-gn")
_SCALED = ("sum-soap", "hrgrad-soap")  # also under one draw of unknown scales
_PLAIN = ("sum-soap", "hrgrad-gn")  # also without a layer coordinate


def _cells(problem: str) -> dict[str, dict]:
    cells = {method: dict(method=method) for method in METHODS}
    scaled = {f"{m}-d0": dict(method=m, decades=DECADES, draw=0) for m in _SCALED}
    return {
        f"{problem}-{label}": c | dict(problem=problem) for label, c in (cells | scaled).items()
    }


BEYOND: dict[str, Study] = {
    "beyond": (
        (0, 1, 2, 3, 4),
        _cells(PROBLEMS[0])
        | _cells(PROBLEMS[1])
        | {
            f"convection-diffusion-plain-{method}": dict(
                method=method, problem="convection-diffusion", formulation="plain"
            )
            for method in _PLAIN
        },
    )
}
