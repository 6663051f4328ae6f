"""The BGK schemes: orders, limits, conservation, positivity, and agreement with each other."""

import dataclasses

import numpy as np
import pytest

from hrgradlib.chapters import ch02_verification_bgk as verify
from hrgradlib.chapters import ch02_verification_bgk_limits as limits
from hrgradlib.chapters.ch02_naive_bgk import explicit_step_limit, upwind
from hrgradlib.experiments.cases.bgk import BGK_LAYER, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.maxwellian import conserved, half_moments, maxwellian
from hrgradlib.reference.bgk_imex import Imex, linear_faces, weno_faces
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian, collision_weights
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

NAMES = ("density", "momentum", "energy")
ROUGH = SimilarityMesh((0.0, 0.5, 1.0), degree=4, spacing=0.2, nodes=6, nv=61, n_eta=64)


def worst(row):
    return max(row[n] for n in NAMES)


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


@pytest.mark.parametrize(("eps", "least"), [(1.0, 6.2), (1e-2, 5.5), (1e-8, 4.8)])
def test_order_in_space(eps, least):
    """Seven in theory, approached as the steepened profile gets resolved."""
    rows = verify.space_orders("semi-lagrangian", eps, (80, 160), nv=61, nt=60)
    assert rows[-1]["order"] > least and worst(rows[-1]) < 3e-5


@pytest.mark.parametrize("eps", [1.0, 1e-2, 1e-8])
def test_order_in_time(eps):
    for q, least in ((1, 0.5), (2, 1.4), (3, 2.1)):
        rows = verify.time_orders(eps, (10, 20), q, nx=300, nv=41)
        assert rows[-1]["order"] > least
    assert worst(rows[-1]) < 3e-4


def test_uniformly_accurate():
    """One mesh, one step: nothing happens as ε falls through them."""
    rows = verify.uniformity((1.0, 1e-2, 1e-4, 1e-8), (50,), finest=150)
    assert max(r["50"] for r in rows) < 5e-5
    assert rows[-1]["50"] < 1.5 * rows[-2]["50"]


@pytest.mark.parametrize("weno", [True, False])
def test_second_scheme_converges(weno):
    rows = verify.space_orders("imex", 1e-2, (50, 100), nv=48, weno=weno)
    assert rows[-1]["order"] > 3 and worst(rows[-1]) < 3e-4


def test_both_schemes_agree():
    """Different meshes, velocities, integrators: 1e-4 and less on a problem with shocks ahead."""
    for problem, eps, bound in ((BGK_SMOOTH, 0.1, 3e-5), (BGK_SMOOTH, 1e-3, 3e-5),
                                (BGK_LAYER, 1.0, 1e-4), (BGK_LAYER, 1e-2, 1e-4)):  # fmt: skip
        one = SemiLagrangian(problem, eps, Mesh(900, 81, 150))
        two = Imex(problem, eps, 300, 64)
        inside = verify.in_window(problem, two.x)
        a = one.run([problem.final_time])[0][0][:3, 1::3][:, inside]
        b = two.run([problem.final_time])[0][0][:3][:, inside]
        gap = np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)
        assert gap.max() < bound


def test_conservation_to_rounding():
    for row in verify.conservation((1e8, 1.0, 1e-2, 1e-8), nx=64):
        assert worst(row) < 1e-12


def test_mass_and_energy_on_the_line():
    """No flux through the ends, and the momentum that the pressure difference makes."""
    for scheme, options in ((SemiLagrangian, (Mesh(200, 61, 40),)), (Imex, (200, 64))):
        solver = scheme(BGK_LAYER, 0.1, *options)
        start = (solver.sums[:3] @ solver.f).sum(1) * solver.dx
        end = solver.run([0.1])[0][0][:3].sum(1) * solver.dx
        pressure = 1.5**2 - 0.625 * 0.75
        np.testing.assert_allclose(end - start, [0, 0.1 * pressure, 0], atol=1e-9)


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


def test_ends_of_the_domain_are_not_felt():
    """Twice the domain changes the window by rounding; at ±1.2 nothing has arrived above 1e-8."""
    for problem, eps in ((BGK_SMOOTH, 1.0), (BGK_SMOOTH, 1e-3), (BGK_LAYER, 1.0)):
        effect = verify.domain_effect(problem, eps)
        assert effect["window"] < 1e-14 and effect["ends"] < 1e-8


def test_positivity():
    for problem in (BGK_SMOOTH, BGK_LAYER):
        for row in verify.positivity(problem, (1.0, 1e-3), nx=200):
            assert row["smallest"] > -1e-14


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
    inside = verify.in_window(BGK_RIEMANN, solver.x)
    found = solver.run([0.05])[0][0][:3, inside]
    exact = conserved(table.state(1.0, solver.x[inside] / 0.05)[:3])
    gap = np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert gap.max() < 2e-3


def test_naive_schemes():
    """First order and stable at every ε, or exploding: neither is what a reference needs."""
    exact = SemiLagrangian(verify.GENTLE, 1e-3, Mesh(600, 41, 100))
    fine = exact.run([0.1])[0][0]
    errors = []
    for cells in (100, 200):
        found = upwind(verify.GENTLE, 1e-3, cells, cells, implicit=True)
        assert found.stable and found.t == 0.1
        middle = fine[:3, 600 // cells // 2 :: 600 // cells] if cells == 200 else 0.5 * (
            fine[:3, 2::6] + fine[:3, 3::6])  # fmt: skip
        errors.append(np.linalg.norm(found.moments - middle) / np.linalg.norm(middle))
    assert 5e-3 < errors[1] < errors[0] < 5e-2 and 1.4 < errors[0] / errors[1] < 2.1
    steps = int(np.ceil(0.1 / explicit_step_limit(verify.GENTLE, 1e-4, 100)))
    assert upwind(verify.GENTLE, 1e-4, 100, steps, implicit=False).stable
    lost = upwind(verify.GENTLE, 1e-4, 100, steps // 4, implicit=False)
    assert not lost.stable and lost.t < 0.1


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
