"""One look per method, for the whole book: what it is called, its colour, its marker, its line.

HRGrad in Adam's metric is vermillion on every page, in the Gauss–Newton metric blue, and a sum is
grey. In the Gauss–Newton metric nothing is left to rotate: the method is called what its steps are.
Curves that are drawn together differ in colour as the colour-blind see it, or in their line, and
always in their marker. A method has no other label either: pages print these.
"""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from hrgradlib.chapters.palette import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

__all__ = ["METHOD_LOOK", "Look", "in_column", "label_of"]


class Look(NamedTuple):
    """How a method is shown."""

    label: str
    colour: str
    marker: str
    line: str = "-"


_GAUSS_NEWTON = Look("Gauss–Newton (SPRING), harmonisation inactive", BLUE, "s")
_ADAM = Look("HRGrad, Adam", VERMILLION, "o")

#: By the name of the method on the command line, or by the label of its runs in a stored study.
METHOD_LOOK: dict[str, Look] = {
    # the sum, and what is not a method of this project
    "sum": Look("sum, Adam", GREY, "x", "--"),
    "sum-longer": Look("sum, 20 % more steps", BLACK, "+", "--"),
    "sum-gn": Look("Gauss–Newton (SPRING), sum", BLACK, "d", "--"),
    "sum-soap": Look("sum, SOAP", BLACK, "*", ":"),
    "log-soap": Look("sum of log losses, SOAP", PURPLE, "v", "--"),
    "unit-soap": Look("unit gradients, SOAP", SKY, "P", "-."),
    "first-soap": Look("first-value weights, SOAP", ORANGE, "X", ":"),
    "harmonise-first": Look("harmonised, then Adam", PURPLE, "^", "-."),
    "unbounded": Look("HRGrad, unbounded steps", PURPLE, "^", "-."),
    "maxmin": Look("best worst cosine", PURPLE, "D"),
    "backwards": Look("K backward passes", SKY, "s"),
    "torchjd": Look("TorchJD autojac", PURPLE, "^"),
    "conflictfree": Look("conflictfree ConFIG", GREEN, "D"),
    # published rules
    "hrgrad-reported": Look("HRGrad as reported (rotating)", GREEN, "s", "-."),
    "hrgrad-reported-anchor": Look("HRGrad as reported (word by word)", BLUE, "h", ":"),
    "m-config": Look("M-ConFIG", BLACK, "X", "-."),
    "config": Look("ConFIG, then Adam", SKY, "<", "--"),
    "upgrad": Look("UPGrad, then Adam", PURPLE, "v", "-."),
    "harmonic": Look("HARMONIC, then Adam", ORANGE, "H", ":"),
    # others' rules under Adam, of chapter 12
    "sum-time": Look("sum, Adam, equal time", BLACK, "1", "--"),
    "log-sum": Look("sum of log losses, Adam", PURPLE, "p", "--"),
    "geometric-mean": Look("geometric mean, Adam", GREEN, "p", "--"),
    "first-norm": Look("static 1/‖g‖, Adam", ORANGE, "p", "--"),
    "uw": Look("uncertainty weights, Adam", ORANGE, "p", "--"),
    "dwa": Look("DWA, Adam", BLUE, "p", "--"),
    "rlw": Look("random weights (RLW), Adam", GREY, "p", "--"),
    "famo": Look("FAMO, Adam", VERMILLION, "p", "--"),
    "graddrop": Look("GradDrop, then Adam", GREY, "<", ":"),
    "pcgrad": Look("PCGrad, then Adam", BLUE, "<", ":"),
    "cagrad": Look("CAGrad, then Adam", GREEN, "<", ":"),
    "mgda": Look("MGDA, then Adam", ORANGE, "<", ":"),
    "imtl-g": Look("IMTL-G, then Adam", PURPLE, "<", ":"),
    "nash-mtl": Look("Nash-MTL, then Adam", VERMILLION, ">", ":"),
    "aligned-mtl": Look("Aligned-MTL, then Adam", BLUE, ">", ":"),
    "dcgd": Look("DCGD (Center), then Adam", GREEN, ">", ":"),
    "lbfgs": Look("L-BFGS, fixed points", BLACK, "D", "-."),
    "sum-soap-watched": Look("sum, SOAP (watched)", BLACK, "*", ":"),
    "log-soap-watched": Look("sum of log losses, SOAP (watched)", PURPLE, "v", "--"),
    "unit-soap-watched": Look("unit gradients, SOAP (watched)", SKY, "P", "-."),
    "first-soap-watched": Look("first-value weights, SOAP (watched)", ORANGE, "X", ":"),
    # HRGrad
    "hrgrad": _ADAM,
    "hrgrad-guard": Look("HRGrad, Adam, guard", ORANGE, "P"),
    "hrgrad-identity": Look("HRGrad, identity", ORANGE, "v"),
    "hrgrad-0": Look("HRGrad, κ = 0", ORANGE, "<"),
    "hrgrad-1": Look("HRGrad, κ = 1", SKY, ">"),
    "hrgrad-soap": Look("HRGrad, SOAP", GREEN, "D"),
    "hrgrad-soap-0": Look("HRGrad, SOAP, κ = 0", ORANGE, "^"),
    "hrgrad-soap-1": Look("HRGrad, SOAP, κ = 1", SKY, "h"),
    "hrgrad-soap-guard": Look("HRGrad, SOAP, guard", BLUE, "P"),
    "hrgrad-gn": _GAUSS_NEWTON,
    "hrgrad-gn-half": Look("HRGrad, Gauss–Newton, κ = ½", SKY, "v"),
    "hrgrad-gn-0": _GAUSS_NEWTON._replace(label="HRGrad, Gauss–Newton, κ = 0"),
    # other formulations
    "plain": Look("plain, Adam", GREEN, "v", ":"),
    "apnn": Look("APNN: micro–macro", BLUE, "o"),
    "pinn": Look(r"PINN, $f=\rho+\varepsilon g$", ORANGE, "s", "--"),
    "pinn-plain": Look(r"PINN, $f=\rho+h$", VERMILLION, "^", ":"),
    # labels of the study "inflow"
    "even-odd": _GAUSS_NEWTON._replace(label="even–odd, Gauss–Newton (SPRING)"),
    "micro-macro": Look("micro–macro, Gauss–Newton (SPRING)", GREEN, "^"),
    "adam": _ADAM._replace(label="even–odd, Adam"),
    "soap": Look("even–odd, SOAP", PURPLE, "D"),
}


def label_of(method: str) -> str:
    """What figures and pages call a method."""
    return METHOD_LOOK[method].label


def in_column(label: str, width: int) -> str:
    """A label padded to the width of a column; a longer one goes on in a line below, set in.

    Printed tables of the pages have room for a hundred letters in a line.
    """
    *first, last = wrap(label, width, subsequent_indent="  ") or [""]
    return "\n".join([*first, f"{last:{width}}"])
