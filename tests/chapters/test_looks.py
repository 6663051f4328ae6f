"""One look per method: told apart by everybody, and there for every method."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from hrgradlib.chapters.looks import METHOD_LOOK, in_column, label_of
from hrgradlib.experiments.specs import METHODS

# Methods whose curves or dots meet in one panel.
TOGETHER = (
    ("hrgrad", "hrgrad-gn", "sum", "sum-longer"),  # chapter 9
    ("hrgrad-gn", "hrgrad-soap"),  # chapter 11
    ("even-odd", "micro-macro", "adam", "soap"),  # chapter 10
    ("torchjd", "conflictfree", "backwards", "hrgrad-identity", "hrgrad"),  # chapter 13
    (
        "hrgrad-gn",
        "sum-gn",
        "hrgrad-gn-half",
        "hrgrad",
        "sum",
        "sum-soap",
        "hrgrad-soap",
    ),  # appendix
    ("sum", "hrgrad", "sum-soap", "hrgrad-soap", "hrgrad-gn"),  # chapter 13
    ("hrgrad-soap", "sum-soap", "log-soap", "unit-soap"),  # chapter 9
    ("apnn", "pinn", "pinn-plain"),  # chapter 4
    ("sum", "hrgrad-0", "hrgrad", "hrgrad-1"),  # chapters 7 and 8
    ("hrgrad-1", "hrgrad", "maxmin"),  # chapter 8
    ("sum", "harmonise-first", "hrgrad"),  # chapter 8
    ("hrgrad-gn", "hrgrad-soap", "hrgrad", "sum-soap", "sum", "config", "m-config", "upgrad"),  # 14
)
# What a dichromat sees of linear RGB (Viénot, Brettel and Mollon, 1999).
EYES = {
    "all cones": np.eye(3),
    "protanope": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranope": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}
WHITE = np.array([0.9505, 1.0, 1.089])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, eye: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as an eye sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    f = np.cbrt(np.clip(TO_XYZ @ eye @ linear, 1e-6, None) / WHITE)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("methods", TOGETHER, ids=" ".join)
def test_looks_that_meet_are_told_apart(methods, eye):
    for one, other in combinations((METHOD_LOOK[m] for m in methods), 2):
        apart = np.linalg.norm(lab(one.colour, EYES[eye]) - lab(other.colour, EYES[eye]))
        assert apart > 15 or one.line != other.line, (one, other, apart)
        assert one.marker != other.marker and one.label != other.label


@pytest.mark.parametrize("method", METHOD_LOOK)
def test_colours_are_seen_on_white(method):
    lightness = lab(METHOD_LOOK[method].colour, EYES["all cones"])[0]
    assert lightness < 75


def test_every_method_has_a_look():
    assert set(METHODS) <= set(METHOD_LOOK)


def test_labels_are_unique():
    labels = [label_of(method) for method in METHOD_LOOK]
    assert len(set(labels)) == len(labels)


def test_a_long_label_takes_two_lines_of_a_column():
    assert in_column("sum, Adam", 12) == "sum, Adam   "
    lines = in_column(label_of("hrgrad-gn"), 26).splitlines()
    assert [line.strip() for line in lines] == ["Gauss–Newton (SPRING),", "harmonisation inactive"]
    assert lines[1].startswith("  ") and len(lines[1]) == 26
