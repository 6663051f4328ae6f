"""Lines of what costs no training: values, words, and how they are drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from hrgradlib.chapters.costless import in_line, in_words, judged_lines, largest, mark_lines
from hrgradlib.chapters.trivial_lines import (
    LIMITS,
    UNTRAINED,
    beaten_where,
    draw_lines,
    skills,
    table,
    trivial_lines,
)
from hrgradlib.experiments.skill import skill_of_worst
from hrgradlib.experiments.trivial import stored_trivial_errors

EPS = np.array([1.0, 0.1, 0.01, 0.001])


@pytest.mark.parametrize("problem", ["transport-inflow", "bgk-layer"])
@pytest.mark.parametrize("final", [False, True])
def test_skills_are_those_of_the_library(problem, final):
    lines = trivial_lines(problem, EPS, final=final)
    errors = np.array([0.1, 0.2, 0.3, 0.4])
    expected = skill_of_worst(errors, stored_trivial_errors(problem, EPS), final=final)
    np.testing.assert_allclose(skills(errors, lines), expected)
    assert lines[UNTRAINED].shape == lines[LIMITS].shape == (4,)


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        ([0.5, 0.1, 0.9, 1.0], "nowhere"),
        ([2, 2, 2, 2], "all ε"),
        ([2, 0, 0, 3], "ε ≤ 0.001 and ε ≥ 1"),
        ([0, 2, 2, 0], "0.01 ≤ ε ≤ 0.1"),
        ([0, 2, 0, 2], "ε ≤ 0.001 and ε = 0.1"),
    ],
)
def test_where_training_loses_in_words(skill, words):
    assert beaten_where(EPS, np.array(skill)) == words
    assert beaten_where(EPS[::-1], np.array(skill)[::-1]) == words


def test_a_table_has_errors_and_skills():
    lines = {UNTRAINED: np.full(4, 0.2), LIMITS: np.array([0.4, 0.4, 0.1, 0.1])}
    rows = table(EPS, {"mine": np.array([[0.1] * 4, [0.1] * 4, [9.0] * 4])}, lines).splitlines()
    firsts = ["error", "untrained", "best", "mine", "skill:", "mine"]
    assert [row.split()[0] for row in rows] == firsts
    assert rows[-1].split()[1:] == ["0.5", "0.5", "1", "1"]


def test_lines_are_drawn_behind_and_named():
    axis = Figure().subplots()
    draw_lines(axis, EPS, {UNTRAINED: EPS, LIMITS: 2 * EPS})
    assert [line.get_label() for line in axis.lines] == [UNTRAINED, LIMITS]
    assert all(line.get_zorder() < 1 for line in axis.lines)
    np.testing.assert_allclose(axis.lines[1].get_xdata(), EPS[::-1])


@pytest.mark.parametrize("final", [False, True])
def test_the_largest_are_over_what_is_judged(final):
    lines = judged_lines("transport-periodic", final=final)
    assert lines[UNTRAINED].shape == (41,)
    assert largest("transport-periodic", final=final) == {n: v.max() for n, v in lines.items()}
    few = largest("transport-periodic", EPS, final=final)
    assert all(few[name] <= v.max() for name, v in lines.items())


def test_the_last_line_of_a_table_of_largest_errors():
    costless = {UNTRAINED: 0.2, LIMITS: 0.1}
    told = "costs no training: untrained ansatz 2.0e-01, best limit equation 1.0e-01"
    assert in_words(costless, []) == in_words(costless, [np.inf, np.nan]) == told
    assert in_line(costless) == told
    assert in_line(costless, "all eps") == told.replace("training:", "training, all eps:")
    least = "the least median is 0.2 times the lesser of these"
    assert in_words(costless, [0.5, 0.02]) == f"{told}\n{least}"


@pytest.mark.parametrize("across", [True, False])
def test_marks_are_named_and_lie_behind(across):
    axis = Figure().subplots()
    mark_lines(axis, {UNTRAINED: 0.2, LIMITS: 0.1}, across=across)
    assert [line.get_label() for line in axis.lines] == [UNTRAINED, LIMITS]
    place = [(line.get_xdata() if across else line.get_ydata())[0] for line in axis.lines]
    assert place == [0.2, 0.1] and all(line.get_zorder() < 1 for line in axis.lines)
