"""Solutions beside their projections: numbers, table and figure."""

import numpy as np
import pytest
from drawing import check
from torch import float64

from hrgradlib.chapters import ch11_kept as kept
from hrgradlib.chapters.kept_means import Compared, compare, correct_map, left_by_seed, table
from hrgradlib.experiments.solution import Solution
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference.periodic import PeriodicReference

T, X, EPS = np.array([0.02, 0.1]), np.arange(64) / 64, np.array([1.0, 0.1, 0.01])


def compared():
    spec = make_spec("transport-periodic", "hrgrad", "smoke")
    solution = Solution(spec, spec.build_model().to(float64), {})
    exact = PeriodicReference().density(T[:, None], X, EPS[:, None, None])
    return compare(solution, exact[None], T, X, EPS)


def test_both_are_compared_and_pythagoras_holds():
    found = compared()
    assert found.errors.shape == found.lacking.shape == (2, 1, 3, 2)
    assert np.abs(found.lacking[0]).max() > 1e-4 > 1e-12 > np.abs(found.lacking[1]).max()
    before, after = (found.errors * found.norms) ** 2
    np.testing.assert_allclose(before, after + found.lacking[0] ** 2, rtol=1e-9)
    assert (found.left < 1).all()


def test_the_table_has_a_line_for_every_moment():
    errors = np.full((2, 3, 1, 2), 0.04)
    errors[1] = 0.01, 0.02
    one = Compared(np.full((2, 3, 1, 2), [[[[1e-3]]], [[[1e-15]]]]), errors, np.ones((3, 1, 2)))
    lines = table({"a network": one, "another": compared()}).splitlines()
    assert len(lines) == 6 and {len(line) for line in lines[1:]} == {len(lines[1])}
    assert lines[2].split() == "a network mass 1.0e-03 < 1e-12 4.00e-02 2.00e-02 0.38 0.25".split()
    assert lines[4].split()[0] == "energy"


def test_what_is_left_is_told_seed_by_seed():
    """Of single errors the median, of the largest the largest after over the largest before."""

    def one(*pairs):
        errors = np.array(pairs).T[:, None, None]
        return Compared(np.zeros_like(errors), errors, np.ones_like(errors[0]))

    some = [one((0.4, 0.4), (0.2, 0.1), (0.1, 0.02)), one((0.4, 0.1), (0.1, 0.09), (0.2, 0.02))]
    assert left_by_seed(some) == ("0.25 to 0.50", "0.25 to 1.00")
    assert left_by_seed(some[:1]) == ("0.50", "1.00")


def test_a_map_keeps_all_but_its_mean():
    found = np.random.default_rng(0).normal(size=(8, 8))
    right = correct_map(found, 1.0)
    assert right.mean() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(np.ptp(right - found), 0, atol=1e-15)


def test_the_figure_of_a_short_training():
    solution = kept.short_training(2)
    x = -0.5 + X
    exact = conserved(np.moveaxis(solution.problem.initial_moments(x)[0], -1, 0))
    exact[1] = 0.1 * np.sin(2 * np.pi * x)
    found = compare(solution, np.broadcast_to(exact[:, None, None], (3, 2, 2, 64)), T, x, EPS[1:])
    assert np.abs(found.lacking[1]).max() < 1e-6 < np.abs(found.lacking[0]).max()
    check(lambda: kept.errors_and_means(EPS[1:], found))
