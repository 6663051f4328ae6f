"""`BGKReference`: what is asked, refused, kept on disk, and whether its error estimate holds."""

import dataclasses

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_PROBLEMS, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.free_flight import free_flight
from hrgradlib.kinetics.maxwellian import conserved, maxwellian
from hrgradlib.reference import _bgk_solutions as solutions
from hrgradlib.reference.bgk import BGKReference
from hrgradlib.reference.bgk_semilagrangian import Mesh, SemiLagrangian

WINDOW = np.linspace(-0.5, 0.5, 201)
QUANTITIES = ("density", "momentum", "energy")


@pytest.fixture(autouse=True, scope="module")
def empty_cache(tmp_path_factory):
    """Everything is computed here, not found; and nothing is left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRGRAD_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def coarse():
    return {name: BGKReference(p, coarse=True) for name, p in BGK_PROBLEMS.items()}


def difference(one, two, t, eps):
    a, b = (conserved(r.moments(t, WINDOW, eps)) for r in (one, two))
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("name", [
    "bgk-smooth", "bgk-layer", pytest.param("bgk-riemann", marks=pytest.mark.slow)
])  # fmt: skip
def test_estimate_bounds_the_error(name, coarse):
    """Of the coarse reference, against the fine one; and it is no wild exaggeration."""
    fine = BGKReference(BGK_PROBLEMS[name])
    problem = fine.problem
    for eps in (problem.eps_range[0], 0.3):
        t = problem.final_time
        errors = difference(coarse[name], fine, t, eps)
        estimates = [coarse[name].error_estimate(t, eps, q) for q in QUANTITIES]
        assert (errors <= estimates).all()
        assert max(estimates) < 2e-3
        assert all(fine.error_estimate(t, eps, q) <= 5e-5 for q in QUANTITIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", BGK_PROBLEMS)
def test_estimates_leave_room_everywhere(name):
    """Every ε and time that errors are quoted at: a tenth of the tightest budget, and more."""
    reference = BGKReference(BGK_PROBLEMS[name])
    allowed = {"bgk-smooth": 1e-4, "bgk-layer": 3e-4, "bgk-riemann": 1e-3}[name]
    t = np.array(reference.times)[:, None]
    for quantity in QUANTITIES:
        assert reference.error_estimate(t, reference.problem.eval_eps, quantity).max() < allowed


def test_single_precision_does_not_leave_the_table(coarse):
    """``float32(0.01) < 0.01``: still the self-similar solution, not the first-order scheme."""
    eps = float(np.float32(0.01))
    near = coarse["bgk-riemann"].moments(0.05, WINDOW, [[0.01], [eps]])
    assert eps < 0.01 and np.abs(near[:, 0] - near[:, 1]).max() < 1e-6


@pytest.mark.parametrize("name", BGK_PROBLEMS)
def test_initial_time(name, coarse):
    reference = coarse[name]
    start = reference.problem.initial_moments(WINDOW)[0].T
    np.testing.assert_allclose(reference.moments(0.0, WINDOW, 0.1), start, rtol=1e-15)
    assert np.abs(reference.heat_flux(0.0, WINDOW, 0.1)).max() < 1e-15
    f = reference.distribution(0.0, WINDOW, 0.7, 0.1)
    rho, _, temperature = start
    expected = rho / np.sqrt(2 * np.pi * temperature) * np.exp(-0.245 / temperature)
    np.testing.assert_allclose(f, expected, rtol=1e-13)
    assert reference.error_estimate(0.0, 0.1) == 0


@pytest.mark.parametrize("name", BGK_PROBLEMS)
def test_moments_of_the_distribution(name, coarse):
    """``<m f>`` by quadrature, cut where the jump is, gives back what `moments` says."""
    reference, eps = coarse[name], 0.3
    t = reference.problem.final_time
    nodes, weights = np.polynomial.legendre.leggauss(24)
    for x in (-0.2, 0.013, 0.1):
        edges = np.unique([-10, -6, -3, -1, 0, 1, 3, 6, 10, x / t])
        half = 0.5 * np.diff(edges)[:, None]
        v = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
        f = reference.distribution(t, x, v, eps) * (half * weights).ravel()
        rho, u, temperature = reference.moments(t, x, eps)
        found = [f.sum(), v @ f, v**2 @ f / 2, (v - u) ** 3 @ f / 2]
        energy = reference.energy(t, x, eps)
        expected = [rho, reference.momentum(t, x, eps), energy, reference.heat_flux(t, x, eps)]
        np.testing.assert_allclose(found, expected, atol=2e-4)
        assert abs(energy - 0.5 * rho * (u**2 + temperature)) < 1e-14
        assert (f >= 0).all()


def test_free_flight_and_fluid_ends(coarse):
    """Far outside the range of ε the same object answers: 1e8, and Euler's 1e-8."""
    for reference in coarse.values():
        t = reference.problem.final_time
        x = torch.from_numpy(WINDOW)
        one = torch.ones_like(x)
        flown = free_flight(reference.problem, t * one, x, one, 1.0).moments
        exact = conserved(flown.T.numpy())
        found = conserved(reference.moments(t, WINDOW, 1e8))
        assert np.abs(found - exact).max() < 1e-3
        assert reference.temperature(t, WINDOW, 1e-8).min() > 0.5
        assert reference.error_estimate(t, 1e-8) < 0.05


def test_shapes_and_convenience(coarse):
    reference = coarse["bgk-smooth"]
    assert reference.moments(0.1, 0.2, 0.3).shape == (3,)
    t, eps = np.array([0.03, 0.1])[:, None], 0.3
    assert reference.density(t, [0.1, 0.2, 0.3], eps).shape == (2, 3)
    assert reference.distribution(0.1, [[0.1], [0.2]], [0.0, 0.5, 1.0], eps).shape == (2, 3)
    rows = reference.velocity([0.03, 0.1], 0.1, [[0.3], [1.0]])
    for i, e in enumerate((0.3, 1.0)):
        for j, s in enumerate((0.03, 0.1)):
            assert rows[i, j] == reference.velocity(s, 0.1, e)
    assert reference.error_estimate([0.0, 0.1], [[0.3], [1.0]]).shape == (2, 2)
    assert reference.density(0.1, [-1.2, 1.2], eps).shape == (2,)


def test_interpolation_between_cells(coarse):
    """Half a cell apart from any node, against a mesh that has nodes there."""
    reference = coarse["bgk-smooth"]
    fine = SemiLagrangian(BGK_SMOOTH, 0.3, Mesh(1200, 61, 80))
    inside = np.abs(fine.x) < 0.5
    values, f = fine.run([0.1])[0]
    found = conserved(reference.moments(0.1, fine.x[inside], 0.3))
    assert np.abs(values[:3, inside] - found).max() < 1e-5
    interpolated = reference.distribution(0.1, fine.x[inside], fine.v[::7, None] * 0.999, 0.3)
    near = reference.distribution(0.1, fine.x[inside], fine.v[::7, None], 0.3)
    assert np.abs(near - f[::7, inside]).max() < 1e-5
    assert (interpolated > 0).all()


def test_distribution_in_free_flight(coarse):
    """``f_0(x − vt, v)`` at velocities between the nodes; the fine mesh is far better."""
    reference = coarse["bgk-smooth"]
    x, v = WINDOW[::10], np.linspace(-5, 5, 37)[:, None]
    start = np.moveaxis(BGK_SMOOTH.initial_moments(x - 0.1 * v)[0], -1, 0)
    exact = maxwellian(start, v)
    assert np.abs(reference.distribution(0.1, x, v, 1e8) - exact).max() < 2e-4


def test_found_again_on_disk(monkeypatch, coarse):
    """A second object computes nothing; another ε, time or state does."""
    expected = coarse["bgk-layer"].density(0.1, WINDOW, 0.3)

    def fail(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(solutions, "_run", fail)
    again = BGKReference(BGK_LAYER, coarse=True)
    np.testing.assert_array_equal(again.density(0.1, WINDOW, 0.3), expected)
    np.testing.assert_array_equal(
        again.distribution(0.1, 0.1, 0.5, 0.3), coarse["bgk-layer"].distribution(0.1, 0.1, 0.5, 0.3)
    )
    other = dataclasses.replace(BGK_LAYER, steepness=19.0)
    for reference, eps in ((again, 0.31), (BGKReference(BGK_LAYER, [0.1]), 0.3),
                           (BGKReference(other, coarse=True), 0.3)):  # fmt: skip
        with pytest.raises(AssertionError, match="computed again"):
            reference.density(0.1, 0.0, eps)


def test_one_table_serves_every_eps(monkeypatch, coarse):
    coarse["bgk-riemann"].density(0.05, 0.0, 1.0)

    def fail(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(solutions, "solve_similarity", fail)
    other = BGKReference(BGK_RIEMANN, times=[0.01, 0.02], coarse=True)
    assert other.density(0.02, 0.0, 0.0123).shape == ()
    one = other.moments(0.01, 0.01 * WINDOW, 0.02)  # (t, x, ε) and twice that: the same point
    np.testing.assert_allclose(other.moments(0.02, 0.02 * WINDOW, 0.04), one, rtol=1e-13)


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("density", (-0.1, 0.0, 0.1), "found t = -0.1; expected t ≥ 0"),
        ("density", (0.2, 0.0, 0.1), "found t = 0.2; expected 0 or one of"),
        ("density", (0.1, 1.3, 0.1), "found x = 1.3; expected x in"),
        ("density", (0.1, np.nan, 0.1), "NaN or inf in x"),
        ("moments", (0.1, 0.0, 0.0), "found eps = 0.0; expected eps > 0"),
        ("moments", (0.1, 0.0, [0.1, -1.0]), "found eps = -1.0"),
        ("moments", (0.1, 0.0, np.inf), "NaN or inf in eps"),
        ("distribution", (0.1, 0.0, 11.0, 0.1), "found velocity = 11.0; expected at most 10"),
        ("distribution", (0.1, 0.0, np.nan, 0.1), "NaN or inf in velocity"),
        ("distribution", (0.1, -2.0, 0.0, 0.1), "found x = -2.0"),
        ("error_estimate", (0.1, -0.1), "found eps = -0.1"),
        ("error_estimate", (0.1, 0.1, "flux"), "found quantity 'flux'; expected one of"),
        ("error_estimate", (0.07, 0.1), "found t = 0.07"),
    ],
)
def test_bad_arguments(method, arguments, message, coarse):
    with pytest.raises(ValueError, match=message):
        getattr(coarse["bgk-smooth"], method)(*arguments)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], r"found times \(\)"),
        ([0.0, 0.1], "found times"),
        ([0.2], "found times"),
        ([np.nan], "NaN or inf in times"),
    ],
)
def test_bad_references(times, message):
    with pytest.raises(ValueError, match=message):
        BGKReference(BGK_SMOOTH, times)
