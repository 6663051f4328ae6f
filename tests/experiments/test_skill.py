"""Skill: what an error is worth beside the best line that costs no training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.skill import best_trivial, skill, skill_of_model, skill_of_worst
from hrgradlib.experiments.specs import make_spec

SHAPE = (2, 3, 4)  # quantities, Knudsen numbers, times
ERRORS = arrays(float, SHAPE, elements=st.floats(1e-6, 10))


@given(ERRORS, ERRORS, ERRORS, st.booleans())
def test_it_is_what_it_says_entry_by_entry(errors, a, b, final):
    found, times = (
        skill(errors, {"a": a, "b": b}, final=final),
        slice(-1, None) if final else slice(None),
    )
    for q, e in np.ndindex(SHAPE[:2]):
        lines = {"a": a[q, e, times].max(), "b": b[q, e, times].max()}
        assert found[q, e] == errors[q, e, times].max() / min(lines.values())
        best = best_trivial({"a": a, "b": b}, final=final)
        assert lines[best.names[q, e]] == best.errors[q, e] == min(lines.values())


@given(ERRORS, ERRORS, st.floats(0.1, 10))
def test_a_line_has_skill_one_and_errors_scale(a, b, factor):
    lines = {"a": a, "b": b}
    assert (skill(a, lines) >= 1).all() and (skill(a, {"a": a}) == 1).all()
    np.testing.assert_allclose(skill(factor * a, lines), factor * skill(a, lines), rtol=1e-12)
    assert (skill(a, lines) >= skill(a, {"b": b})).all()  # one more line: never less skill needed


@given(ERRORS, ERRORS, ERRORS, st.booleans())
def test_of_worst_quantities(errors, a, b, final):
    times = slice(-1, None) if final else slice(None)
    worst = errors[:, :, times].max((0, 2))
    least = np.minimum(a[:, :, times].max((0, 2)), b[:, :, times].max((0, 2)))
    found = skill_of_worst(worst, {"a": a, "b": b}, final=final)
    np.testing.assert_array_equal(found, worst / least)


def test_one_line_holds_for_all_times():
    """Two lines that are each good at one time are no line that is good at both."""
    lines = {"a": [[[0.1, 1.0]]], "b": [[[1.0, 0.1]]]}
    assert skill([[[0.5, 0.5]]], lines) == 0.5 and skill([[[0.5, 0.5]]], lines, final=True) == 5


def test_a_failed_run_is_infinitely_bad():
    assert np.isinf(skill(np.full(SHAPE, np.inf), {"a": np.ones(SHAPE)})).all()


@pytest.mark.parametrize(
    ("errors", "lines", "word"),
    [
        (np.ones(SHAPE), {}, "no trivial line"),
        (np.ones(SHAPE), {"a": np.ones((1, 3, 4))}, r"shape \(2, 3, 4\); the trivial ones"),
        (np.ones(SHAPE), {"a": np.ones(SHAPE), "b": np.ones((1, 3, 4))}, "differ in shape: a"),
        (np.ones(SHAPE), {"a": np.ones((3, 4))}, r"'a': found \(3, 4\)"),
        (np.ones(SHAPE), {"a": np.zeros(SHAPE)}, "is 0"),
        (np.ones(SHAPE), {"a": np.full(SHAPE, np.nan)}, "expected finite"),
        (np.full(SHAPE, np.nan), {"a": np.ones(SHAPE)}, "counts as inf"),
        (-np.ones(SHAPE), {"a": np.ones(SHAPE)}, "is negative"),
    ],
)
def test_refusals(errors, lines, word):
    with pytest.raises(ValueError, match=word):
        skill(errors, lines)


def test_refusals_of_worst():
    with pytest.raises(ValueError, match=r"found \(2,\) errors; the trivial lines have \(3,\)"):
        skill_of_worst([1.0, 1.0], {"a": np.ones(SHAPE)})


def test_the_untrained_network_has_no_skill():
    """Its learned part is zero, so it is a trivial line itself, at any Knudsen numbers."""
    case = CASES["transport-periodic"]
    model = untrained(make_spec(case.name, "sum", "smoke").build_model())
    for eps in (None, case.judged_eps("quick")):
        found, trivial = skill_of_model(case, model, eps), case.trivial_errors(eps)
        assert (found >= 1 - 1e-9).all()
        np.testing.assert_allclose(found, skill(trivial["untrained ansatz"], trivial), rtol=1e-9)
