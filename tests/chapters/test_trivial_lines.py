"""Lines of what costs no training: values, words, and how they are drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure

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
