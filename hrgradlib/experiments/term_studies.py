"""The study behind the end of chapter 8: do both terms of the loss fall alike?

The micro and the macro residual are the two tasks, over all ε; the sum, which does not look at
tasks, is what HRGrad is compared with, in Adam's and in SOAP's metric.
"""

from __future__ import annotations

from hrgradlib.experiments.scale_studies import Study

__all__ = ["METHODS", "NAME", "TERM_STUDIES"]

NAME = "term-balance"
METHODS = ("sum", "hrgrad", "sum-soap", "hrgrad-soap")

TERM_STUDIES: dict[str, Study] = {
    NAME: (
        tuple(range(10)),
        {name: dict(method=name, segmentation="terms", steps=2000) for name in METHODS},
    )
}
