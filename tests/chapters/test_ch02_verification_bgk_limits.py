"""Limits that the BGK schemes have to meet: free flight, Euler, Navier–Stokes–Fourier."""

import numpy as np
import pytest

from hrgradlib.chapters import ch02_verification_bgk_limits as limits
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.maxwellian import conserved, half_moments
from hrgradlib.reference.bgk_semilagrangian import Mesh
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

ROUGH = SimilarityMesh((0.0, 0.5, 1.0), degree=4, spacing=0.2, nodes=6, nv=61, n_eta=64)


def worst(row):
    return max(row[n] for n in ("density", "momentum", "energy"))


@pytest.fixture(scope="module")
def table():
    return Similarity(solve_similarity(BGK_RIEMANN.left, BGK_RIEMANN.right, ROUGH))


@pytest.mark.parametrize("problem", [BGK_SMOOTH, BGK_LAYER], ids=lambda p: p.name)
def test_free_flight(problem):
    semi, imex = limits.free_flight(problem, mesh=Mesh(600, 121, 100), nx=300)
    assert worst(semi) < 2e-6 and worst(imex) < 5e-5


def test_free_flight_of_the_jump_is_an_error_function(table):
    x, t = np.linspace(-0.4, 0.4, 33), BGK_RIEMANN.final_time
    exact = limits.free_flight_moments(BGK_RIEMANN, t, x)
    left, right = (np.array(s)[:, None] for s in (BGK_RIEMANN.left, BGK_RIEMANN.right))
    sides = half_moments(left, x / t) + half_moments(right * [[1], [-1], [1]], -x / t) * [
        [1], [-1], [1], [-1]]  # fmt: skip
    np.testing.assert_allclose(sides[:3], exact, atol=1e-12)
    np.testing.assert_allclose(conserved(table.state(0.0, x / t)[:3]), exact, atol=1e-4)


def test_euler_riemann_problem():
    """ε = 1e-8: first order in L1, as any scheme at a contact and a shock."""
    rows = limits.euler_riemann((100, 200))
    assert rows[-1]["order"] > 0.8 and worst(rows[-1]) < 1e-2


def test_fluid_limits():
    """Euler to first order, heat conduction to second, the heat flux to first, relatively."""
    rows = limits.fluid_orders((4e-4, 2e-3), mesh=Mesh(300, 41, 120))
    orders = {k: np.log(rows[1][k] / rows[0][k]) / np.log(5) for k in ("euler", "nsf", "heat")}
    assert abs(orders["euler"] - 1) < 0.1
    assert abs(orders["nsf"] - 2) < 0.15
    assert abs(orders["heat"] - 1) < 0.1 and rows[0]["heat"] < 1e-2


def test_similarity_obeys_conservation_laws_it_never_used(table):
    for row in limits.similarity_conservation(table, (0.05, 0.3, 0.7)):
        assert worst(row) < 2e-5
