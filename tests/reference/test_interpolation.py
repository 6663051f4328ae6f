"""Weights of Lagrange's interpolation and Gauss rules on panels, against polynomials."""

import numpy as np
import pytest

from hrgradlib.reference._interpolation import gauss_panels, lagrange


@pytest.mark.parametrize("degree", range(5))
@pytest.mark.parametrize("y", [-0.3, 0.0, 0.4, 1.7])
def test_lagrange_is_exact_for_polynomials(degree, y):
    nodes = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    assert lagrange(nodes, y) @ nodes**degree == pytest.approx(y**degree, abs=1e-12)


def test_lagrange_at_a_node_is_its_value():
    nodes = np.array([0.0, 0.2, 0.5])
    np.testing.assert_array_equal(lagrange(nodes, 0.2), [0.0, 1.0, 0.0])


@pytest.mark.parametrize("degree", range(6))
def test_panels_integrate_polynomials_exactly(degree):
    nodes, weights = gauss_panels(np.array([-1.0, -0.5, 0.1, 2.0]), 3)
    assert nodes.shape == weights.shape == (3, 3)
    exact = (2.0 ** (degree + 1) - (-1.0) ** (degree + 1)) / (degree + 1)
    assert (weights * nodes**degree).sum() == pytest.approx(exact, rel=1e-13)
    assert (np.diff(nodes.ravel()) > 0).all()
