"""The BGK schemes: weights, balances, symmetries, and agreement with each other."""

import dataclasses

import numpy as np
import pytest

from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.maxwellian import conserved, maxwellian
from hrgradlib.reference.bgk_imex import Imex, linear_faces, weno_faces
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian, collision_weights
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

ROUGH = SimilarityMesh((0.0, 0.5, 1.0), degree=4, spacing=0.2, nodes=6, nv=61, n_eta=64)


def in_window(problem, x):
    low, high = problem.window
    return (x >= low) & (x <= high)


@pytest.fixture(scope="module")
def table():
    return Similarity(solve_similarity(BGK_RIEMANN.left, BGK_RIEMANN.right, ROUGH))


def test_weights_integrate_polynomials_exactly():
    """``∫_0^h e^{−ℓ/ε} p(ℓ) dℓ/ε`` by 60 Gauss nodes, at unequal lags; they sum to 1 − e^{−h/ε}."""
    lags = np.array([0.0, 0.1, 0.17, 0.3])
    nodes, gauss = np.polynomial.legendre.leggauss(60)
    ell = 0.05 * (nodes + 1)
    for eps in (1e8, 1.0, 0.1, 0.01):
        weights, survival = collision_weights(lags, eps)
        assert abs(weights.sum() + survival - 1) < 1e-14
        for k in range(4):
            exact = (0.05 * gauss * np.exp(-ell / eps) / eps) @ ell**k
            assert abs(weights @ lags**k - exact) < 1e-13


def test_weights_become_those_of_bdf():
    h, eps = 0.1, 1e-10
    weights, survival = collision_weights(h * np.arange(4), eps)
    assert survival == 0
    np.testing.assert_allclose(weights[1:] * h / eps, [3, -1.5, 1 / 3], rtol=1e-8)
    assert collision_weights(h * np.arange(4), 1e30)[1] == 1.0


def test_both_schemes_agree():
    """Different meshes, velocities, integrators: 1e-4 and less on a problem with shocks ahead."""
    for problem, eps, bound in ((BGK_SMOOTH, 0.1, 3e-5), (BGK_SMOOTH, 1e-3, 3e-5),
                                (BGK_LAYER, 1.0, 1e-4), (BGK_LAYER, 1e-2, 1e-4)):  # fmt: skip
        one = SemiLagrangian(problem, eps, Mesh(900, 81, 150))
        two = Imex(problem, eps, 300, 64)
        inside = in_window(problem, two.x)
        a = one.run([problem.final_time])[0][0][:3, 1::3][:, inside]
        b = two.run([problem.final_time])[0][0][:3][:, inside]
        gap = np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)
        assert gap.max() < bound


def test_mass_and_energy_on_the_line():
    """No flux through the ends, and the momentum that the pressure difference makes."""
    for scheme, options in ((SemiLagrangian, (Mesh(200, 61, 40),)), (Imex, (200, 64))):
        solver = scheme(BGK_LAYER, 0.1, *options)
        start = (solver.sums[:3] @ solver.f).sum(1) * solver.dx
        end = solver.run([0.1])[0][0][:3].sum(1) * solver.dx
        pressure = 1.5**2 - 0.625 * 0.75
        np.testing.assert_allclose(end - start, [0, 0.1 * pressure, 0], atol=1e-9)


def test_rest_stays_at_rest():
    still = dataclasses.replace(BGK_SMOOTH, right=BGK_SMOOTH.left)
    for eps in (1.0, 1e-8):
        for solver in (SemiLagrangian(still, eps, Mesh(32, 61, 10)), Imex(still, eps, 32, 64)):
            f = solver.f.copy()
            solver.run([0.1])
            np.testing.assert_allclose(solver.f, f, atol=1e-13)


def test_mirror_images():
    mirrored = dataclasses.replace(BGK_LAYER, left=BGK_LAYER.right, right=BGK_LAYER.left)
    for eps in (1.0, 1e-3):
        for make in (lambda p, e: SemiLagrangian(p, e, Mesh(120, 41, 20)),
                     lambda p, e: Imex(p, e, 100, 48, weno=False)):  # fmt: skip
            one, two = (make(p, eps).run([0.1])[0][1] for p in (BGK_LAYER, mirrored))
            np.testing.assert_allclose(one, two[::-1, ::-1], atol=1e-12)


def test_similarity_moments_of_the_distribution(table):
    """Cut at the jump v = ξ, a Gauss sum over f gives the moments back."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for tau, xi in ((0.05, -1.0), (0.5, 0.4), (1.0, 1.7)):
        total = np.zeros(4)
        for a, b in ((-10, xi - 2), (xi - 2, xi), (xi, xi + 2), (xi + 2, 10)):
            v = 0.5 * (a + b) + 0.5 * (b - a) * nodes
            f = table.distribution(tau, np.full_like(v, xi), v) * 0.5 * (b - a) * weights
            assert (f > 0).all()
            total += [f.sum(), v @ f, v**2 @ f / 2, v**3 @ f / 2]
        state = table.state(tau, np.array([xi]))[:, 0]
        np.testing.assert_allclose(total, [*conserved(state[:3]), state[3]], atol=3e-5)


def test_similarity_agrees_with_the_mesh(table):
    """ε = 0.05, so that τ = 1 at the final time; the mesh limits the agreement."""
    solver = Imex(BGK_RIEMANN, 0.05, 300, 96, weno=False)
    inside = in_window(BGK_RIEMANN, solver.x)
    found = solver.run([0.05])[0][0][:3, inside]
    exact = conserved(table.state(1.0, solver.x[inside] / 0.05)[:3])
    gap = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert gap.max() < 2e-3


def test_upwind_faces():
    """Exact for parabolas; WENO keeps a jump between its values."""
    x = np.arange(12.0)
    averages = 3 * x**2 + 0.25 - x  # of 3y² − y over cells of width 1
    faces = 3 * (x[2:-2] + 0.5) ** 2 - (x[2:-2] + 0.5)
    for rule in (linear_faces, weno_faces):
        np.testing.assert_allclose(rule(averages[None])[0], faces, rtol=1e-12)
    jump = weno_faces((x > 5.5).astype(float)[None])[0]
    assert -1e-6 < jump.min() and jump.max() < 1 + 1e-6


def test_times_are_met_exactly():
    once = SemiLagrangian(BGK_SMOOTH, 0.1, Mesh(100, 41, 20)).run([0.1])[0][0]
    many = SemiLagrangian(BGK_SMOOTH, 0.1, Mesh(100, 41, 20)).run([0.0, 0.03, 0.077, 0.1])
    start = maxwellian(np.array(BGK_SMOOTH.left), many[0][1].shape[0] * np.zeros(1))
    assert many[0][1].max() >= start[0] * 0.99
    np.testing.assert_allclose(many[-1][0], once, atol=3e-6)


@pytest.mark.parametrize("scheme", [SemiLagrangian, Imex])
@pytest.mark.parametrize("eps", [0.0, -1.0, np.nan, np.inf])
def test_bad_knudsen_numbers(scheme, eps):
    with pytest.raises(ValueError, match="expected a finite eps > 0"):
        scheme(BGK_SMOOTH, eps)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SemiLagrangian(BGK_SMOOTH, 1.0, Mesh(nx=8)), "nx ≥ 16"),
        (lambda: SemiLagrangian(BGK_SMOOTH, 1.0, Mesh(degree=4)), "degree = 4"),
        (lambda: Imex(BGK_SMOOTH, 1.0, nx=4), "nx ≥ 8"),
        (lambda: Imex(BGK_SMOOTH, 1.0, courant=2.0), "courant = 2.0"),
        (lambda: SimilarityMesh(edges=(0.0, 1.0, 0.5)), "found edges"),
    ],
)
def test_bad_meshes(make, message):
    with pytest.raises(ValueError, match=message):
        make()
