"""The cut moment system: its limits in N and in the mesh."""

import numpy as np
import pytest

from hrgradlib.chapters.ch10_truncated import truncated_density
from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.reference.inflow import InflowReference


@pytest.fixture(scope="module")
def reference():
    return InflowReference()


def error(reference, kind, count, cells=300):
    x, found = truncated_density(kind, count, 0.1, 0.3, cells, reach=0.5)
    return float(relative_l2(found, reference.density(0.1, x, 0.3)))


@pytest.mark.parametrize("kind", ["half-range", "legendre"])
def test_more_functions_come_closer_to_the_kinetic_solution(reference, kind):
    few, some, many = (error(reference, kind, count) for count in (2, 4, 8))
    assert many < 0.5 * some < 0.25 * few < 0.02


def test_half_range_functions_need_fewer(reference):
    assert error(reference, "half-range", 4) < 0.5 * error(reference, "legendre", 4)


def test_mesh_does_not_matter(reference):
    coarse, fine = (error(reference, "half-range", 4, cells) for cells in (300, 900))
    assert coarse == pytest.approx(fine, rel=0.05)


def test_nothing_is_ahead_of_the_fastest_front():
    x, found = truncated_density("half-range", 3, 0.02, 1.0, cells=400)
    assert np.abs(found[x > 0.04]).max() < 1e-10
    assert found[0] > 0.4
