"""Quadrature, normalised Legendre polynomials and their recurrence."""

import numpy as np
import pytest

from hrgradlib.kinetics.velocity import gauss_legendre, legendre, recurrence


@pytest.mark.parametrize("count", [1, 2, 5, 32])
def test_quadrature_is_exact_to_its_degree(count):
    nodes, weights = gauss_legendre(count)
    for degree in range(2 * count):
        exact = 0.0 if degree % 2 else 1 / (degree + 1)
        assert weights @ nodes**degree == pytest.approx(exact, abs=1e-15)
    if count <= 5:  # and no further; at 32 nodes the miss is below rounding
        assert weights @ nodes ** (2 * count) != pytest.approx(1 / (2 * count + 1), rel=1e-6)


def test_quadrature_needs_a_node():
    with pytest.raises(ValueError, match="count = 0"):
        gauss_legendre(0)


def test_basis_is_orthonormal():
    nodes, weights = gauss_legendre(20)
    basis = legendre(nodes, 12)
    np.testing.assert_allclose(basis.T @ (weights[:, None] * basis), np.eye(13), atol=1e-13)


def test_first_polynomials():
    v = np.array([[-1.0, 0.3], [0.5, 1.0]])
    expected = [np.ones_like(v), np.sqrt(3) * v, np.sqrt(5) * (1.5 * v**2 - 0.5)]
    np.testing.assert_allclose(legendre(v, 2), np.stack(expected, -1), rtol=1e-14)
    assert legendre(0.3, 0).shape == (1,)


def test_recurrence():
    """``v φ_k = α_{k+1} φ_{k+1} + α_k φ_{k−1}``."""
    v, alpha = np.linspace(-1, 1, 11), recurrence(9)
    basis = legendre(v, 9)
    assert alpha[0] == pytest.approx(1 / np.sqrt(3))
    for k in range(1, 9):
        expected = alpha[k] * basis[:, k + 1] + alpha[k - 1] * basis[:, k - 1]
        np.testing.assert_allclose(v * basis[:, k], expected, atol=1e-13)
