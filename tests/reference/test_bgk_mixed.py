"""The reference of BGK with ε(x): balances, orders, two schemes against each other, limits."""

import dataclasses

import numpy as np
import pytest
import torch

from hrgradlib.kinetics.bgk_mixed import MixedBGK, flights
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference.bgk_mixed import (
    MixedImex,
    MixedReference,
    Spectral,
    SpectralMesh,
    euler_history,
    fourier_values,
)

PROBLEM = MixedBGK()
QUANTITIES = ("density", "momentum", "energy")


@pytest.fixture(autouse=True, scope="module")
def empty_cache(tmp_path_factory):
    """Everything is computed here, not found; and nothing is left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRGRAD_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def gap(one, two):
    return np.linalg.norm(one - two, axis=-1) / np.linalg.norm(two, axis=-1)


@pytest.mark.parametrize("scheme", [Spectral, MixedImex])
def test_mass_momentum_and_energy_are_kept_to_rounding(scheme):
    solver = scheme(PROBLEM, 1e-3)
    start = (solver.sums[:3] @ solver.f).mean(1)
    end = solver.run([0.02])[0][0][:3].mean(1)
    np.testing.assert_allclose(end, start, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("eps", [0.1, 2e-3])
def test_two_schemes_agree(eps):
    """Places, velocities, equilibria, collisions and clocks differ; the equation is the same."""
    two = MixedImex(PROBLEM, eps, 160, 64)
    coarse, fine = MixedImex(PROBLEM, eps, 80, 64), Spectral(PROBLEM, eps)
    exact = fine.run([0.08])[0][0][:3]
    gaps = []
    for scheme in (coarse, two):
        found = scheme.run([0.08])[0][0][:3]
        gaps.append(gap(found, fourier_values(exact, scheme.x - fine.x[0])).max())
    assert gaps[1] < 2e-5
    assert gaps[1] < gaps[0] / 6  # at least third order


def test_clock_is_of_fourth_order_and_places_converge_faster():
    mesh = SpectralMesh(32, 49, 2.4)
    finest = Spectral(PROBLEM, 0.05, dataclasses.replace(mesh, courant=0.3)).run([0.1])[0][0]
    steps = [Spectral(PROBLEM, 0.05, dataclasses.replace(mesh, courant=c)).run([0.1])[0][0]
             for c in (2.4, 1.2)]  # fmt: skip
    errors = [gap(s, finest)[0] for s in steps]
    assert 11 < errors[0] / errors[1] < 24
    exact = Spectral(PROBLEM, 0.05, SpectralMesh(96, 49, 2.2)).run([0.1])[0][0][:3]
    found = [Spectral(PROBLEM, 0.05, SpectralMesh(n, 49, 2.2)).run([0.1])[0][0][:3]
             for n in (16, 32)]  # fmt: skip
    errors = [gap(f, exact[:, :: 96 // f.shape[1]]).max() for f in found]
    assert errors[1] < errors[0] / 30


def test_without_collisions_flight_is_free():
    solver = Spectral(PROBLEM, 1e9)
    found = solver.run([0.2])[0][0][:3]
    where = [torch.tensor(np.full_like(solver.x, a)) for a in (0.2, 0.0, 1e9)]
    where[1] = torch.tensor(solver.x)
    exact = conserved(flights(PROBLEM, *where, 1.0, 1.0).moments.numpy().T)
    np.testing.assert_allclose(found, exact, atol=1e-7)


def test_euler_is_conservative_and_of_mirrored_data_the_mirror():
    states = euler_history(PROBLEM, (0.05, 0.2))
    start = conserved(np.moveaxis(PROBLEM.initial_moments(np.arange(256) / 256)[0], -1, 0))
    np.testing.assert_allclose(states.mean(2), np.stack([start.mean(1)] * 2), atol=1e-13)
    # ∂t U at t = 0 is −∂x F: one short step by hand.
    h, x = 1e-4, -0.5 + np.arange(256) / 256
    (rho, u, temperature), (rho_x, _, temperature_x) = (a.T for a in PROBLEM.initial_moments(x))
    assert not u.any()
    found = (euler_history(PROBLEM, (h,))[0, 1]) / h
    np.testing.assert_allclose(found, -(rho_x * temperature + rho * temperature_x), atol=1e-4)


@pytest.mark.parametrize("eps", [0.1, 1e-3])
def test_estimate_bounds_the_error(eps):
    """Of the coarse reference against the fine one; a tenth of what is judged, with room."""
    fine, coarse = MixedReference(PROBLEM), MixedReference(PROBLEM, coarse=True)
    x = np.linspace(-0.5, 0.5, 97)[:-1]
    for t in PROBLEM.eval_times:
        one, two = (conserved(r.moments(t, x, eps)) for r in (coarse, fine))
        for error, quantity in zip(gap(one, two), QUANTITIES, strict=True):
            estimate = coarse.error_estimate(t, eps, quantity)
            assert error <= 1.5 * estimate + 1e-9
            assert fine.error_estimate(t, eps, quantity) < 2e-3


def test_the_error_itself_leaves_more_room():
    """At the worst ε0 and time, against half as many places and velocities more."""
    end = PROBLEM.final_time
    exact = Spectral(PROBLEM, 1e-3, SpectralMesh(96, 111)).run([end])[0][0][:3]
    solver = Spectral(PROBLEM, 1e-3)
    found = solver.run([end])[0][0][:3]
    assert gap(fourier_values(exact, solver.x - solver.x[0]), found).max() < 2e-4


def test_what_a_reference_is_asked():
    reference = MixedReference(PROBLEM, times=(0.05,), coarse=True)
    x = np.linspace(-0.5, 0.5, 9)
    start = PROBLEM.initial_moments(x)[0].T
    np.testing.assert_allclose(reference.moments(0.0, x, 0.1), start, atol=1e-14)
    assert np.abs(reference.heat_flux(0.0, x, 0.1)).max() < 1e-14
    one, two = reference.density(0.05, x, 0.1), reference.density(0.05, x + 1, 0.1)
    np.testing.assert_allclose(one, two, atol=1e-10)
    assert reference.velocity(0.05, x, 0.1).shape == reference.temperature(0.05, x, 0.1).shape
    places, v, f = reference.distribution(0.05, 0.1)
    mass = f.sum(0) * (v[1] - v[0])
    np.testing.assert_allclose(mass, reference.density(0.05, places, 0.1), rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Spectral(PROBLEM, 1e-5), "explicit collisions are unstable"),
        (lambda: MixedReference(PROBLEM, times=(0.5,)), r"expected some in \(0, 0.2\]"),
        (lambda: MixedReference(PROBLEM).density(0.1, 0.0, 0.1), "expected 0 or one of"),
        (lambda: MixedReference(PROBLEM).error_estimate(0.2, 0.1, "speed"), "found quantity"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
