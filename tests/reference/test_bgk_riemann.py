"""The continued reference of a jump: balances, the integral equation further on, Euler's limit."""

import dataclasses

import numpy as np
import pytest

from hrgradlib.experiments.cases.bgk import BGK_SMOOTH
from hrgradlib.experiments.cases.bgk_sod import BGK_SOD
from hrgradlib.kinetics.euler import EulerRiemann
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference.bgk_riemann import (
    Continuation,
    RiemannMesh,
    RiemannReference,
    continue_similarity,
)
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

LEFT, RIGHT = BGK_SOD.left, BGK_SOD.right
ROUGH = RiemannMesh().coarser()
XI = np.linspace(-3, 3, 601)


@pytest.fixture(autouse=True, scope="module")
def empty_cache(tmp_path_factory):
    """Everything is computed here, not found; and nothing is left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRGRAD_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def table():
    return continue_similarity(LEFT, RIGHT, 60.0, dataclasses.replace(ROUGH, dx=0.8, dt=0.6))


@pytest.fixture(scope="module")
def solution(table):
    return Continuation(table)


def gap(one, two):
    return np.linalg.norm(one - two, axis=1) / np.linalg.norm(two, axis=1)


def test_balances_on_the_line(table):
    """Mass and energy stay, momentum is what the pressures at both ends have pushed."""
    x, dx = table["x"], table["x"][1] - table["x"][0]
    start = conserved(np.where(x < 0, *(np.array(s)[:, None] for s in (LEFT, RIGHT))))
    # The jump lies inside a cell.
    edge = x[x < 0][-1] + dx / 2
    start_sum = start.sum(1) * dx - edge * (start[:, 0] - start[:, -1])
    pressure = LEFT[0] * LEFT[2] - RIGHT[0] * RIGHT[2]
    for tau, moments in zip(table["tau"], table["continued"], strict=True):
        change = moments[:3].sum(1) * dx - start_sum
        np.testing.assert_allclose(change, [0, tau * pressure, 0], atol=2e-3 * tau)


def test_it_joins_the_table_and_agrees_with_one_that_goes_on(solution):
    """The integral equation has no mesh in v and no steps; here it is solved up to τ = 6."""
    rough = SimilarityMesh((0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), degree=3, spacing=0.3,
                           nodes=4, nv=51, n_eta=48)  # fmt: skip
    further = Similarity(solve_similarity(LEFT, RIGHT, rough))
    for tau, bound in ((4.99, 1e-3), (5.01, 1e-3), (6.0, 1e-3)):
        one, two = (conserved(s.state(tau, XI)[:3]) for s in (solution, further))
        assert gap(one, two).max() < bound


def test_far_into_the_fluid_it_is_eulers(solution):
    exact = conserved(EulerRiemann(LEFT, RIGHT)(1.0, XI))
    gaps = np.array([gap(conserved(solution.state(tau, XI)[:3]), exact) for tau in (7, 20, 60)])
    assert (gaps[1:] < 0.85 * gaps[:-1]).all() and gaps[-1].max() < 0.2


def test_distribution_has_the_moments(solution):
    v = np.linspace(-10, 10, 401)
    for tau in (3.0, 40.0):
        for xi in (-1.0, 2.2):
            f = solution.distribution(tau, np.full_like(v, xi), v)
            rho, u, temperature, _ = solution.state(tau, np.array([xi]))[:, 0]
            mass = f.sum() * (v[1] - v[0])
            assert mass == pytest.approx(rho, rel=5e-3)
            assert (v * f).sum() * (v[1] - v[0]) / mass == pytest.approx(u, abs=1e-2)
            second = (v**2 * f).sum() * (v[1] - v[0]) / mass
            assert second - u**2 == pytest.approx(temperature, rel=2e-2)


@pytest.mark.slow
def test_estimates_leave_room_everywhere():
    """A tenth of 2e-2, what is judged, at every ε and time that errors are quoted at."""
    reference, t = RiemannReference(BGK_SOD), np.array(BGK_SOD.eval_times)[:, None]
    for quantity in ("density", "momentum", "energy"):
        assert reference.error_estimate(t, BGK_SOD.eval_eps, quantity).max() < 1e-3


def test_refusals():
    with pytest.raises(ValueError, match="expected 'sign'"):
        RiemannReference(BGK_SMOOTH)
    with pytest.raises(ValueError, match="expected t/eps up to 350"):
        RiemannReference(BGK_SOD).density(0.35, 0.1, 1e-4)
    with pytest.raises(ValueError, match="found times"):
        RiemannReference(BGK_SOD, times=(0.5,))
